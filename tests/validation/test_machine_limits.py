"""Physical limits of every machine that is a model, and what must only rise or fall, each through the run of a small plant.

Limits at the kernel (no feed, one material and class in all, mass, linearity) are in ``tests/kernels/test_machine_kernels.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import twin
from twin.results.findings import findings_of

BOUNDS = (1.0, 2.0, 4.0, 8.0, 16.0, 31.5, 63.0, 125.0, 250.0, 400.0)
"""mm; class k ends at ``BOUNDS[k]``."""


@dataclass(frozen=True)
class Case:
    """A machine on its own behind a stock: its keys, its rate in t/h, a feed, and the port that collects ``target``.

    ``sizes``: share of each size class, from the one that ends at 1 mm, of every material or by material.
    """

    keys: Mapping[str, Any]
    rate: float
    composition: Mapping[str, str]
    sizes: Any
    port: str
    target: str
    other: str
    catalogue: str = "weee"


COARSE = [0, 0, 0, "5 %", "15 %", "30 %", "30 %", "20 %", 0, 0]
SMALL = [0, 0, "5 %", "15 %", "40 %", "30 %", "10 %", 0, 0, 0]
GRANULATE = ["10 %", "40 %", "40 %", "10 %", 0, 0, 0, 0, 0, 0]
LARGE = [0, 0, 0, 0, 0, 0, "10 %", "30 %", "40 %", "20 %"]
BRITTLE = {"plastics": "45 %", "steel": "40 %", "glass": "15 %"}
FINE = {"glass": ["5 %", "10 %", "15 %", "30 %", "30 %", "10 %", 0, 0, 0, 0], "default": COARSE}
METALS = {"steel": "40 %", "aluminium": "10 %", "copper": "5 %", "plastics": "45 %"}
BOTTLES = {"pet_clear": "25 %", "hdpe": "25 %", "paper": "30 %", "pp": "20 %"}
HOLDING = {"kind": "magnetic_drum", "duty": "holding", "field": "0.05 T", "pole_pitch": "12 cm", "radius": "40 cm", "drum_speed": "36 rpm"}
TROMMEL = {"kind": "trommel", "floating": "0 kg/m2", "aperture": "30 mm", "diameter": "2.5 m", "length": "6 m", "speed": "12 rpm"}
DENSE_MEDIUM = {"kind": "density_separator", "cut": "2000 kg/m3", "nominal": "6 t/h"}

CASES: dict[str, Case] = {
    "shredder": Case({"kind": "shredder", "nominal": "10 t/h"}, 10.0, BRITTLE, COARSE, "fine", "glass", "steel"),
    "hammer_mill": Case({"kind": "hammer_mill", "nominal": "10 t/h"}, 10.0, BRITTLE, COARSE, "fine", "glass", "steel"),
    "granulator": Case({"kind": "granulator", "nominal": "2 t/h"}, 2.0, BRITTLE, SMALL, "fine", "glass", "steel"),
    "screen": Case({"kind": "screen", "floating": "0 kg/m2", "aperture": "20 mm", "area": "6 m2"}, 40.0, BRITTLE, FINE, "undersize", "glass", "steel"),
    "trommel": Case(TROMMEL, 20.0, BRITTLE, FINE, "undersize", "glass", "steel"),
    "overband_magnet": Case({"kind": "overband_magnet", "field": "0.26 T"}, 40.0, METALS, COARSE, "steel", "steel", "plastics"),
    "magnetic_drum": Case({"kind": "magnetic_drum", "field": "0.12 T"}, 20.0, METALS, COARSE, "steel", "steel", "plastics"),
    "holding_drum": Case(HOLDING, 20.0, METALS, SMALL, "steel", "steel", "plastics"),
    "eddy_current": Case({"kind": "eddy_current"}, 5.0, {"aluminium": "40 %", "plastics": "60 %"}, SMALL, "light", "aluminium", "plastics"),
    "air_classifier": Case({"kind": "air_classifier"}, 4.0, {"plastics": "60 %", "copper": "40 %"}, SMALL, "light", "plastics", "copper"),
    "dense_medium": Case(DENSE_MEDIUM, 6.0, {"plastics": "50 %", "aluminium": "50 %"}, SMALL, "sink", "aluminium", "plastics"),
    "jig": Case({**DENSE_MEDIUM, "medium": "jig"}, 6.0, {"plastics": "50 %", "aluminium": "50 %"}, SMALL, "sink", "aluminium", "plastics"),
    "corona_separator": Case({"kind": "corona_separator"}, 0.7, {"copper": "40 %", "plastics": "60 %"}, GRANULATE, "conductor", "copper", "plastics"),
    "sensor_sorter": Case({"kind": "sensor_sorter", "sensor": "nir", "eject": ["pet"]}, 3.0, BOTTLES, LARGE, "eject", "pet_clear", "hdpe", "lvp"),
    "manual_picking": Case({"kind": "manual_picking", "targets": ["hdpe"], "pickers": 4}, 1.0, BOTTLES, LARGE, "picked", "hdpe", "pet_clear", "lvp"),
    "robot": Case({"kind": "robot", "targets": ["hdpe"], "arms": 4}, 1.0, BOTTLES, LARGE, "picked", "hdpe", "pet_clear", "lvp"),
}
MILLS = ("shredder", "hammer_mill", "granulator")
BY_SIZE = ("screen", "trommel")
SIEVES = {"shredder": 8.0, "hammer_mill": 8.0, "granulator": 4.0}
"""mm; what a mill makes is sieved, finer to ``fine``."""
OPENINGS = {"shredder": "gap", "hammer_mill": "grate", "granulator": "aperture"}
PORTS = {
    **dict.fromkeys(MILLS, ("fine", "rest")),
    **dict.fromkeys(BY_SIZE, ("oversize", "undersize")),
    **dict.fromkeys(("overband_magnet", "magnetic_drum", "holding_drum"), ("steel", "rest")),
    **dict.fromkeys(("dense_medium", "jig"), ("sink", "float")),
    "eddy_current": ("light", "heavy", "rest"),
    "air_classifier": ("light", "heavy"),
    "corona_separator": ("conductor", "middling", "insulator"),
    "sensor_sorter": ("eject", "pass"),
    "manual_picking": ("picked", "rest"),
    "robot": ("picked", "rest"),
}


@dataclass(frozen=True)
class Outcome:
    """Share of each material that went to each port, whether the machine left its valid range, the worst residual of the plant, and what a run warns of."""

    shares: Mapping[str, Mapping[str, float]]
    warned: bool
    residual: float
    told: tuple[str, ...] = ()

    def share(self, port: str, *materials: str) -> float:
        """Mean share of some materials, or of all that came in, that went to a port."""
        return float(np.mean([self.shares[port][name] for name in materials or self.shares[port]]))


def line(name: str, k: int, factor: float = 1.0, composition: Any = None, sizes: Any = None, sieve: float | None = None, **keys: Any) -> dict[str, Any]:
    """Units of one variant of a case: a stock for an hour, the machine at ``factor`` times its rate, and what takes its products."""
    case = CASES[name]
    rate = case.rate * factor
    mass, lot = f"{rate!r} t", f"{rate / 12!r} t"
    initial = {"mass": mass, "composition": dict(composition or case.composition), "size": sizes or case.sizes}
    machine = {**case.keys, **keys, "from": f"stock_{k}", "rate": f"{rate!r} t/h", "lot": lot}
    units: dict[str, Any] = {f"stock_{k}": {"kind": "bunker", "capacity": mass, "initial": initial}, f"machine_{k}": machine}
    if name in MILLS:
        sieve = SIEVES[name] if sieve is None else sieve
        shares = {f"{0.99 * sieve} mm": "100 %", f"{1.01 * sieve} mm": 0}
        units[f"sieve_{k}"] = {"kind": "separator", "from": f"machine_{k}", "partition": {"fine": {"default": shares}}}
    return units | {f"{port}_{k}": {"kind": "product", "from": f"{last(name)}_{k}.{port}"} for port in PORTS[name]}


def last(name: str) -> str:
    """The unit whose ports are looked at."""
    return "sieve" if name in MILLS else "machine"


def run(name: str, *variants: Mapping[str, Any]) -> list[Outcome]:
    """Run variants of a case side by side in one plant, four lots of each."""
    units: dict[str, Any] = {}
    for k, variant in enumerate(variants):
        units |= line(name, k, **variant)
    time, record = {"horizon": "21 min"}, {"every": "21 min"}
    bounds = [f"{bound} mm" for bound in BOUNDS]
    plant = {"twin": 1, "name": "limits", "time": time, "record": record, "catalogue": [CASES[name].catalogue], "size_bounds": bounds, "units": units}
    with twin.run(twin.load(plant)) as result:
        told = findings_of(result)
        materials, streams, names = (result.array(key).tolist() for key in ("material", "stream", "unit"))
        flow, warned = result.array("streams/mass_flow")[0], result.array("units/range_warnings")
        outcomes = []
        for k in range(len(variants)):
            out = {port: flow[streams.index(f"{last(name)}_{k}.{port}")] for port in PORTS[name]}
            total = sum(out.values())
            there = [m for m in range(len(materials)) if total[m] > 0.0]
            shares = {port: {materials[m]: float(row[m] / total[m]) for m in there} for port, row in out.items()}
            outcomes.append(Outcome(shares, bool(warned[names.index(f"machine_{k}")].any()), float(result.attrs["worst_residual"]), tuple(told)))
    return outcomes


FACTORS = (1e-5, 1e-3, 0.1, 0.5, 1.0, 2.0, 60.0)


@cache
def by_load(name: str) -> dict[float, Outcome]:
    """Run a case at shares of its rate."""
    return dict(zip(FACTORS, run(name, *({"factor": factor} for factor in FACTORS)), strict=True))


def contrast(name: str, outcome: Outcome) -> float:
    """Share of the target less share of the other material in the port that collects the target."""
    case = CASES[name]
    return outcome.share(case.port, case.target) - outcome.share(case.port, case.other)


# --- no load, full load ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_hardly_any_load_is_no_load(name: str) -> None:
    thinner, thin = by_load(name)[1e-5], by_load(name)[1e-3]
    for port, shares in thin.shares.items():
        for material, share in shares.items():
            assert share == pytest.approx(thinner.share(port, material), abs=4e-3), (port, material)
    assert thin.warned == (name == "screen")  # which also counts too little load


@pytest.mark.parametrize("name", CASES)
def test_far_above_its_range_a_machine_closes_is_counted_and_sorts_worse(name: str) -> None:
    flooded = by_load(name)[60.0]
    assert flooded.residual <= 1e-12
    assert flooded.warned
    assert not by_load(name)[1.0].warned
    assert all(0.0 <= share <= 1.0 for shares in flooded.shares.values() for share in shares.values())
    assert any(f"machine_{FACTORS.index(60.0)}: valid range left in 5 of 5 lots (100 %)" in text for text in flooded.told), flooded.told
    assert contrast(name, flooded) < contrast(name, by_load(name)[1.0]) - 0.01


@pytest.mark.parametrize("name", CASES)
def test_what_a_machine_collects_falls_with_load_at_every_step(name: str) -> None:
    case = CASES[name]
    collected = [by_load(name)[factor].share(case.port, case.target) for factor in (0.1, 0.5, 1.0, 2.0)]
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(collected)), collected


# --- one material ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in CASES if name not in BY_SIZE])
def test_a_material_alone_is_known_for_what_it_is(name: str) -> None:
    """Nothing to be parted from: the target still goes to its port, the other does not, and a mill breaks the brittle more."""
    case = CASES[name]
    target, other = run(name, *({"composition": {material: "100 %"}} for material in (case.target, case.other)))
    assert target.share(case.port) > other.share(case.port) + 0.1


@pytest.mark.parametrize("name", BY_SIZE)
def test_materials_of_one_size_distribution_alone_are_sized_alike(name: str) -> None:
    alone = run(name, *({"composition": {material: "100 %"}, "sizes": COARSE} for material in ("glass", "steel", "plastics")))
    shares = [outcome.share("undersize") for outcome in alone]
    assert shares == pytest.approx([shares[0]] * 3, rel=1e-9)


# --- one size --------------------------------------------------------------------------------------------------------------------------


def only(bound: float) -> list[str]:
    """Shares of a feed that is all in the class that ends at ``bound`` mm."""
    return ["100 %" if each == bound else "0 %" for each in BOUNDS]


@pytest.mark.parametrize("name", BY_SIZE)
def test_pieces_of_one_size_go_one_way_and_are_not_sorted(name: str) -> None:
    outcomes = run(name, *({"factor": 0.1, "sizes": only(bound)} for bound in (125.0, 31.5, 4.0)))
    large, near, small = (list(outcome.shares["undersize"].values()) for outcome in outcomes)
    for shares in (large, near, small):
        assert shares == pytest.approx([shares[0]] * 3, rel=1e-9)
    assert large[0] == pytest.approx(0.0, abs=1e-9)
    assert 0.05 < near[0] < 0.95
    assert small[0] == pytest.approx(1.0, abs=2e-3)


ONE_SIZE = {name: 16.0 for name in CASES if name not in (*BY_SIZE, *MILLS)} | {
    "corona_separator": 2.0,
    "sensor_sorter": 125.0,
    "manual_picking": 250.0,
    "robot": 250.0,
}


@pytest.mark.parametrize("name", ONE_SIZE)
def test_pieces_of_one_size_are_still_sorted_by_what_they_are(name: str) -> None:
    (outcome,) = run(name, {"sizes": only(ONE_SIZE[name])})
    assert contrast(name, outcome) > 0.3


@pytest.mark.parametrize("name", MILLS)
def test_pieces_of_one_size_leave_a_mill_no_larger_than_its_opening(name: str) -> None:
    (outcome,) = run(name, {"sizes": only(125.0), "sieve": 16.0, OPENINGS[name]: "16 mm"})
    assert outcome.share("fine") == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("name", MILLS)
def test_small_pieces_of_one_size_are_broken_less_than_large_ones(name: str) -> None:
    """What a class loses to finer ones is what is broken on the way through."""
    small, large = run(name, *({"sizes": only(bound), "sieve": 0.51 * bound, OPENINGS[name]: "63 mm"} for bound in (4.0, 31.5)))
    assert 0.0 < small.share("fine") < large.share("fine")


# --- monotonicity ----------------------------------------------------------------------------------------------------------------------

UP, DOWN = 1, -1
STEPS: list[tuple[str, str, list[Any], str, tuple[str, ...], int]] = [
    ("screen", "aperture", ["10 mm", "15 mm", "20 mm", "25 mm", "35 mm"], "undersize", (), UP),
    ("screen", "free_area", ["30 %", "50 %", "70 %", "100 %"], "undersize", (), UP),
    ("screen", "inclination", ["5 deg", "10 deg", "20 deg", "25 deg"], "undersize", (), DOWN),
    ("trommel", "aperture", ["15 mm", "20 mm", "30 mm", "40 mm", "50 mm"], "undersize", (), UP),
    ("trommel", "length", ["3 m", "5 m", "7 m", "9 m"], "undersize", (), UP),
    ("overband_magnet", "field", ["0.25 T", "0.35 T", "0.45 T", "0.6 T", "0.8 T"], "steel", ("steel",), UP),
    ("overband_magnet", "height", ["15 cm", "25 cm", "35 cm", "45 cm"], "steel", ("steel",), DOWN),
    ("magnetic_drum", "field", ["0.15 T", "0.2 T", "0.25 T", "0.35 T", "0.5 T"], "steel", ("steel",), UP),
    ("holding_drum", "field", ["0.06 T", "0.09 T", "0.12 T", "0.2 T"], "steel", ("steel",), UP),
    ("holding_drum", "drum_speed", ["24 rpm", "36 rpm", "50 rpm", "66 rpm"], "steel", ("steel",), DOWN),
    ("eddy_current", "field", ["0.1 T", "0.15 T", "0.2 T", "0.25 T", "0.35 T"], "light", ("aluminium",), UP),
    ("eddy_current", "rotor_speed", ["1500 rpm", "2000 rpm", "3000 rpm", "4000 rpm"], "light", ("aluminium",), UP),
    ("eddy_current", "splitter", ["1 m", "1.1 m", "1.2 m", "1.4 m"], "light", ("aluminium",), DOWN),
    ("air_classifier", "velocity", ["5 m/s", "7 m/s", "9 m/s", "12 m/s", "15 m/s"], "light", (), UP),
    ("dense_medium", "cut", ["1500 kg/m3", "2000 kg/m3", "2500 kg/m3", "2700 kg/m3", "2900 kg/m3"], "sink", (), DOWN),
    ("jig", "cut", ["1300 kg/m3", "1700 kg/m3", "2200 kg/m3", "2700 kg/m3"], "sink", (), DOWN),
    ("corona_separator", "voltage", ["20 kV", "26 kV", "32 kV", "40 kV", "45 kV"], "insulator", ("plastics",), UP),
    ("corona_separator", "voltage", ["20 kV", "26 kV", "32 kV", "40 kV", "45 kV"], "conductor", ("copper",), UP),
    ("sensor_sorter", "belt_speed", ["1.5 m/s", "2 m/s", "2.5 m/s", "3 m/s", "3.5 m/s"], "eject", ("pet_clear",), UP),
    ("sensor_sorter", "belt_width", ["1 m", "1.5 m", "2 m", "2.8 m"], "eject", ("pet_clear",), UP),
    ("sensor_sorter", "blocked_valves", ["0 %", "5 %", "20 %", "50 %"], "eject", ("pet_clear",), DOWN),
    ("manual_picking", "pickers", [0, 1, 2, 4, 8, 16], "picked", ("hdpe",), UP),
    ("manual_picking", "picks", ["10 min-1", "20 min-1", "30 min-1", "45 min-1"], "picked", ("hdpe",), UP),
    ("sensor_sorter", "unevenness", [0, 0.25, 0.5, 1], "eject", ("pet_clear",), DOWN),
    ("robot", "arms", [0, 1, 2, 4, 8], "picked", ("hdpe",), UP),
    ("robot", "unevenness", [0, 0.5, 1], "picked", ("hdpe",), DOWN),
    ("shredder", "gap", ["15 mm", "25 mm", "40 mm", "80 mm"], "fine", (), DOWN),
    ("shredder", "energy", ["8 kWh/t", "12 kWh/t", "18 kWh/t", "40 kWh/t"], "fine", (), UP),
    ("hammer_mill", "rotor_speed", ["500 rpm", "700 rpm", "900 rpm", "1100 rpm"], "fine", (), UP),
    ("hammer_mill", "grate", ["15 mm", "25 mm", "40 mm", "60 mm"], "fine", (), DOWN),
    ("granulator", "aperture", ["10 mm", "15 mm", "20 mm", "30 mm"], "fine", (), DOWN),
    ("granulator", "rotor_knives", [2, 3, 5, 8], "fine", (), UP),
]


@pytest.mark.parametrize(("name", "key", "values", "port", "materials", "direction"), STEPS, ids=[f"{step[0]}-{step[1]}-{step[3]}" for step in STEPS])
def test_only_rises_or_only_falls(name: str, key: str, values: list[Any], port: str, materials: tuple[str, ...], direction: int) -> None:
    shares = [outcome.share(port, *materials) for outcome in run(name, *({key: value} for value in values))]
    assert np.all(direction * np.diff(shares) >= -1e-9), shares
    assert direction * (shares[-1] - shares[0]) > 0.01, shares


def test_every_voltage_parts_conductors_from_insulators_further() -> None:
    """Fewer insulators land between the two products or among the conductors."""
    runs = run("corona_separator", *({"voltage": f"{kv} kV"} for kv in (20, 26, 32, 40)))
    between = [outcome.share("middling", "plastics") for outcome in runs]
    wrong = [outcome.share("conductor", "plastics") for outcome in runs]
    assert all(later < earlier for earlier, later in pairwise(between)), between
    assert all(later < earlier for earlier, later in pairwise(wrong)), wrong
