"""Runs that the tests of reports share, and the pages made of them."""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path
from typing import Any

import twin
from twin.report.comparing import render_comparison
from twin.report.language import language
from twin.report.page import render
from twin.report.source import Source, gather
from twin.results.read import Result

ROOT = Path(__file__).parents[2]
ATTACK = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;"
ABOUT = {"purpose": "To size the sorter.", "author": "A. Author", "organisation": "A plant", "question": "Does a better sorter pay?", "access": "On request."}
SMALL: dict[str, Any] = {
    "twin": 1,
    "name": "small",
    "title": "A small plant",
    "time": {"horizon": "2 d", "warmup": "12 h"},
    "lot": "200 kg",
    "record": {"every": "1 h"},
    "materials": {"good": {}, "bad": {}},
    "units": {
        "trucks": {"kind": "feed", "every": {"exponential": {"mean": "2 h"}}, "mass": "3 t", "composition": {"good": "60 %", "bad": "40 %"}},
        "yard": {"kind": "bunker", "from": "trucks", "capacity": "30 t"},
        "sort": {
            "kind": "separator",
            "from": "yard",
            "rate": "2 t/h",
            "ports": ["good", "bad"],
            "partition": {"good": {"good": "90 %", "bad": "5 %"}},
            "power": {"idle": "5 kW"},
        },
        "good_out": {"kind": "product", "from": "sort.good", "price": "100 EUR/t"},
        "bad_out": {"kind": "product", "from": "sort.bad"},
    },
}


def hostile() -> dict[str, Any]:
    """The small plant with an attack in every text that a scenario may hold."""
    plant = copy.deepcopy(SMALL)
    plant["title"] = ATTACK
    plant["about"] = dict.fromkeys(("purpose", "author", "organisation", "question", "assumptions"), ATTACK)
    for unit in plant["units"].values():
        unit |= {"title": ATTACK, "basis": "assumed", "source": ATTACK}
    plant["units"]["sort"]["rate"] = {"value": "2 t/h", "basis": "measured", "source": ATTACK}
    return plant


WOOD: dict[str, Any] = {
    "twin": 1,
    "name": "wood",
    "title": "Waste wood: one thick flow through three lines, thin ones to the side",
    "time": {"horizon": "1 d"},
    "lot": "500 kg",
    "catalogue": ["weee"],
    "size_bounds": "4 8 16 31.5 63 125 250 500 mm",
    "materials": {"wood": {"density": "550 kg/m3", "moisture": "18 %", "nir": "wood"}},
    "units": {
        "deliveries": {
            "kind": "feed",
            "every": {"constant": "2 h"},
            "first": "0 s",
            "mass": "24 t",
            "composition": {"wood": "93 %", "steel": "4 %", "aluminium": "1 %", "copper": "0.5 %", "plastics": "1.5 %"},
            "size": {"rosin_rammler": {"x63": "200 mm", "n": 1.3}},
        },
        "yard": {"kind": "bunker", "from": "deliveries", "capacity": "2000 t"},
        "crusher": {"kind": "shredder", "from": "yard", "rate": "28 t/h", "gap": "150 mm", "power": {"idle": "60 kW"}},
        "magnet": {"kind": "overband_magnet", "from": "crusher"},
        "between": {"kind": "bunker", "from": "magnet.rest", "capacity": "60 t"},
        "mill": {"kind": "hammer_mill", "from": "between", "rate": "22 t/h", "grate": "40 mm"},
        "drum": {"kind": "magnetic_drum", "from": "mill"},
        "sieve": {"kind": "screen", "from": "drum.rest", "aperture": "6 mm", "area": "8 m2"},
        "metals": {"kind": "bunker", "from": "sieve.oversize", "capacity": "30 t"},
        "eddy": {"kind": "eddy_current", "from": "metals", "rate": "9 t/h"},
        "sifter": {"kind": "air_classifier", "from": "eddy.rest"},
        "steel_out": {"kind": "product", "from": ["magnet.steel", "drum.steel"], "price": "180 EUR/t"},
        "light_out": {"kind": "product", "from": "eddy.light"},
        "heavy_out": {"kind": "product", "from": "eddy.heavy"},
        "minerals": {"kind": "product", "from": "sifter.heavy"},
        "fines": {"kind": "product", "from": "sieve.undersize"},
        "chips": {"kind": "product", "from": "sifter.light", "price": "45 EUR/t"},
    },
}
"""A plant in the shape of one from the field, whose thick flow folded in the diagram."""


@cache
def short(name: str, horizon: str) -> Source:
    """A report's source of a shipped scenario over a short horizon, or of ``WOOD``."""
    scenario = twin.load(WOOD) if name == "wood" else twin.load(ROOT / "scenarios" / f"{name}.yaml")
    return gather([twin.run(scenario.change({"time.horizon": horizon, "time.warmup": "0 s"}))], [name])


@cache
def run(which: str, replication: int = 0) -> Result:
    """A run by the name of its plant, kept for all tests."""
    if which in ("weee", "no_streams"):
        scenario = twin.load(ROOT / "scenarios" / "weee_line.yaml").change({"time.horizon": "4 d", "time.warmup": "1 d"})
        scenario = scenario.change({"record.streams": False}) if which == "no_streams" else scenario
    elif which == "copper":
        scenario = twin.load(ROOT / "scenarios" / "copper_smelter.yaml").change({"time.horizon": "3 d", "time.warmup": "1 d"})
    else:
        scenario = twin.load(finer() if which == "finer" else hostile() if which == "hostile" else {**SMALL, "record": "none"} if which == "none" else SMALL)
    return twin.run(scenario, replication=replication)


@cache
def source(which: str, replications: int = 1) -> Source:
    """What a report is made from."""
    return gather([run(which, k) for k in range(replications)], [f"{which}-r{k}.h5" for k in range(replications)])


@cache
def page(which: str, replications: int = 1, code: str = "en") -> str:
    """The page of a plant."""
    return render(source(which, replications), language(code))


@cache
def comparison_page(code: str, replications: int, brief: bool) -> str:
    """The page that compares the small plant with one that sorts better."""
    runs = [run(which, k) for which in ("small", "finer") for k in range(replications)]
    return render_comparison(runs, [f"run-{k}.h5" for k in range(len(runs))], language(code), brief)


def finer() -> dict[str, Any]:
    """The small plant with another partition, all of whose products have a price."""
    plant = copy.deepcopy(SMALL) | {"name": "finer", "about": ABOUT}
    plant["units"]["sort"]["partition"] = {"good": {"good": "97 %", "bad": "5 %"}}
    return plant
