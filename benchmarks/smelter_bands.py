"""What the smelter of ``scenarios/copper_smelter.yaml`` gives beside the published bands, alone and over samples of its assumed parameters.

``python benchmarks/smelter_bands.py`` prints the base run; ``--samples 64`` adds a Latin hypercube over every number of basis ``assumed`` that has a
range and is in doubt: parameters of units, thermochemistry and catalogue, but not what the example chose (tonnages, sizes, prices). The bands are
compared with, nothing is fitted to them.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import yaml

import twin
from twin.materials import ELEMENTS

SCENARIO = Path(__file__).parent.parent / "scenarios" / "copper_smelter.yaml"
CATALOGUE = "copper_scrap"
CHOSEN = ("choice of this example", "round number", "any number")
"""Words in the source of a number that is a choice, not a doubt."""


@dataclass(frozen=True)
class Band:
    """A figure, the band it is compared with (None: listed only), and its boundary in words."""

    name: str
    low: float | None
    high: float | None
    unit: str
    boundary: str


class Batches:
    """The table of batches after the warm-up."""

    def __init__(self, result: twin.Result) -> None:
        begin = float(result.attrs["warmup"]) * 1e9
        self.units, self.phases = result.array("batches/batch_unit"), result.array("batches/phase")
        self.kept = result.array("batches/phase_start") >= begin
        self.result = result

    def sum(self, column: str, unit: str, phase: Callable[[str], bool]) -> Any:
        """A column of masses by element, summed over some phases of a unit, kg."""
        rows = [k for k in np.flatnonzero(self.kept) if self.units[k] == unit and phase(str(self.phases[k]))]
        return self.result.array(f"batches/{column}")[rows].sum(axis=0)


def share(masses: Any, element: str) -> float:
    """Mass fraction of an element."""
    total = float(masses.sum())
    return float(masses[ELEMENTS.index(element)]) / total if total > 0.0 else math.nan


def figures(result: twin.Result, names: Mapping[str, Any]) -> dict[str, tuple[float, Band]]:
    """All figures with their bands; ``names`` says which units and products they are of."""
    batches = Batches(result)
    found: dict[str, tuple[float, Band]] = {}

    def put(value: float, name: str, low: float | None, high: float | None, unit: str, boundary: str) -> None:
        found[name] = (value, Band(name, low, high, unit, boundary))

    for name, unit, low, high in (("black copper", names["lance"], 75, 85), ("converter copper", names["converter"], 94, 97)):
        tapped = batches.sum("element_out", unit, lambda phase: phase.startswith("tap") and "metal" in phase)
        put(100 * share(tapped, "Cu"), f"Cu in {name}", low, high, "%", f"all metal tapped from {unit}")
    anodes = sum(batches.sum("element_out", unit, lambda phase: "metal" in phase and phase.startswith(("tap", "cast"))) for unit in names["anode"])
    put(100 * share(anodes, "Cu"), "Cu in anode copper", 98.5, 99.7, "%", "all metal tapped from the anode furnaces")
    cu = ELEMENTS.index("Cu")
    for name, unit, low, high in (("slag of the lance furnace", names["lance"], None, None), ("cleaned slag", names["slag"], 0.5, 2.0)):
        slag = batches.sum("slag", unit, lambda phase: phase.startswith("tap"))
        drops = batches.sum("entrained", unit, lambda phase: phase.startswith("tap"))
        put(100 * float(slag[cu] + drops[cu]) / float((slag + drops).sum()), f"Cu in {name}", low, high, "%", f"dissolved and entrained, tapped from {unit}")
        put(100 * float(drops[cu]) / float((slag + drops).sum()), f"Cu of drops in {name}", None, None, "%", "of the slag's mass")
    out = result.array("balance/out_by_product")
    products = [str(name) for name in result.array("product")]
    kpis = result.kpis
    for element, low in (("Au", 98), ("Pd", 98), ("Ag", 95)):
        row = out[ELEMENTS.index(element)]
        kept = sum(float(row[products.index(name)]) for name in names["valued"])
        put(
            100 * kept / float(row.sum()),
            f"{element} to doré and cathodes",
            low,
            100,
            "%",
            "doré, selenium, cathodes and sulphate over all that left, whole run",
        )
        for name in products:
            if name not in names["valued"] and row[products.index(name)] > 5e-5 * row.sum():
                put(100 * float(row[products.index(name)] / row.sum()), f"{element} lost in {name}", None, None, "%", "over all that left")
    zinc = out[ELEMENTS.index("Zn")]
    for name in products:
        if zinc[products.index(name)] > 5e-4 * zinc.sum():
            put(100 * float(zinc[products.index(name)] / zinc.sum()), f"Zn in {name}", None, None, "%", "over all that left")
    for unit in (names["lance"], names["slag"], names["converter"], *names["anode"]):
        gone = batches.sum("element_out", unit, lambda phase: True)[ELEMENTS.index("Zn")]
        gas = batches.sum("element_out", unit, lambda phase: not phase.startswith(("tap", "cast")) and "slag" not in phase)[ELEMENTS.index("Zn")]
        put(100 * float(gas / gone) if gone > 0.0 else math.nan, f"Zn fumed in {unit}", None, None, "%", "with off-gas, over all that left it")
    bought = 0.0
    for name, kpi in kpis.items():
        if name.startswith("energy_per_mass."):
            bought += kpi.value
            put(kpi.value / 3600.0, f"energy, {name.partition('.')[2]}", None, None, "kWh/t", "per tonne charged, oxygen's electricity included")
    put(bought / 1e6, "energy, bought", 2.0, 4.0, "GJ/t", "per tonne charged, all carriers, fuels by lower heating value")
    charged = kpis["throughput"].value * (float(result.attrs["horizon"]) - float(result.attrs["warmup"]))
    made = kpis["steam_used"].value / charged
    put((bought + made) / 1e6, "energy, bought, if no boiler made steam", None, None, "GJ/t", "likewise")
    fuming = float(batches.sum("energy", names["slag"], lambda phase: True).sum()) / charged
    put((bought - fuming) / 1e6, "energy, bought, without what the fuming furnace takes", None, None, "GJ/t", "likewise")
    put(kpis["steam_exported"].value / charged / 3600.0, "steam exported", None, None, "kWh/t", "per tonne charged")
    put(kpis["feed_heating_value"].value / 3600.0, "feed's heating value", None, None, "kWh/t", "apart from what is bought")
    return found


NAMES: dict[str, Any] = {
    "lance": "lance_furnace",
    "slag": "slag_furnace",
    "converter": "converter",
    "anode": ("anode_1", "anode_2"),
    "valued": ("dore", "selenium", "cathodes", "nickel_sulphate"),
}


def sampled(scenario: twin.Scenario, levels: Mapping[str, float]) -> twin.Scenario:
    """The scenario with its assumed numbers at ``levels`` (0 at low, 1 at high) by path."""
    known = {parameter.path: parameter for parameter in scenario.parameters()}
    values = {path: _between(known[path], level) for path, level in levels.items()}
    for path in values:
        if ".to_" in path:  # what the other ports take, this one cannot
            unit, _, rest = path.partition(".to_")
            others = [p for p in known if p.startswith(f"{unit}.to_") and p.endswith("." + rest.partition(".")[2]) and p != path]
            values[path] = min(values[path], max(1.0 - sum(values.get(p, known[p].value) for p in others), 0.0))
    for path in values:  # nor is there more coal than what is blown in
        if path.endswith("injection.burnt"):
            entrained = path.replace("burnt", "entrained")
            values[path] = min(values[path], 0.98 - values.get(entrained, known[entrained].value))
    changes: dict[str, object] = {}
    tree = yaml.safe_load(scenario.files[CATALOGUE])
    for path, value in values.items():
        unit = known[path].unit
        if path.startswith("materials."):
            _put(tree, path.split("."), value, unit)
        elif path.startswith("thermochemistry.") or unit == "1":
            changes[path] = value
        else:
            changes[path] = f"{value!r} {unit}"
    _fit(tree, yaml.safe_load(scenario.files[CATALOGUE]))
    from twin.scenario import load

    files = {**scenario.files, CATALOGUE: yaml.safe_dump(tree, allow_unicode=True)}
    return load(cast("Mapping[str, Any]", scenario.merged), files=files).change(changes)


def _uncertain(parameter: Any) -> bool:
    """Whether a number is assumed because nobody knows it better; what the example is free to choose, such as tonnages, sizes and prices, is not.

    Nor are origins of carbon, on which no figure hangs, and the use of a reductant that a phase of fuming divides by other numbers.
    """
    if parameter.path.endswith(("biogenic_carbon", "carbonate_carbon", ".fume.reductant.use")):
        return False
    return parameter.basis == "assumed" and not any(words in parameter.source for words in CHOSEN)


def _between(parameter: Any, level: float) -> float:
    value: float = parameter.low + level * (parameter.high - parameter.low)
    counted = all(x == int(x) for x in (parameter.low, parameter.value, parameter.high)) and parameter.high - parameter.low >= 2
    return round(value) if parameter.unit == "1" and counted else value  # a number of things stays one


def _put(tree: Any, path: list[str], value: float, unit: str) -> None:
    node = tree
    for part in path[:-1]:
        node = node[part]
    about = node.get(path[-1])
    if isinstance(about, dict):
        about["value"] = value if unit == "1" else f"{value!r} {unit}"
        about.pop("low", None)
        about.pop("high", None)


def _fit(tree: Any, before: Any) -> None:
    """An assay whose samples add up to more than 100 % goes back toward the catalogue's as far as needed."""
    for name, material in tree["materials"].items():
        for part in ("assay", "constituents"):
            if part not in material:
                continue
            new = {key: _number(about["value"]) for key, about in material[part].items()}
            old = {key: _number(about["value"]) for key, about in before["materials"][name][part].items()}
            exact = part == "constituents"
            if exact:
                total = sum(new.values())
                new = {key: value / total for key, value in new.items()}
            elif sum(new.values()) > 1.0:
                step = (1.0 - sum(old.values())) / (sum(new.values()) - sum(old.values()))
                new = {key: old[key] + 0.999 * step * (new[key] - old[key]) for key in new}
            for key, value in new.items():
                material[part][key] = {k: v for k, v in material[part][key].items() if k not in ("low", "high")} | {"value": value}


def _number(text: object) -> float:
    return float(str(text).removesuffix("%")) / 100 if str(text).strip().endswith("%") else float(str(text))


def one(arguments: tuple[str, dict[str, float], str]) -> dict[str, float] | str:
    """The figures of one sample, or why it has none. Runs in a worker process."""
    path, levels, horizon = arguments
    try:
        scenario = sampled(twin.load(path), levels)
        warmup = scenario.warmup * min(1.0, _days(horizon) * 86400 / scenario.horizon) if horizon else scenario.warmup
        scenario = scenario.change({"record.genealogy": False, **({"time.horizon": horizon, "time.warmup": f"{warmup} s"} if horizon else {})})
        with twin.run(scenario) as result:
            return {name: value for name, (value, _) in figures(result, NAMES).items()}
    except twin.TwinError as error:
        return f"{type(error).__name__}: {str(error)[:200]}"


def _days(text: str) -> float:
    return float(text.split()[0])


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--horizon", default="", help='of the samples, e.g. "30 d"; that of the scenario where not given')
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    scenario = twin.load(SCENARIO)
    with twin.run(scenario.change({"record.genealogy": False})) as result:
        base = figures(result, NAMES)
    spread: dict[str, list[float]] = {name: [] for name in base}
    if options.samples:
        from scipy.stats import qmc

        swept = [p.path for p in scenario.parameters() if p.low is not None and p.high is not None and p.low < p.high and _uncertain(p)]
        design = qmc.LatinHypercube(len(swept), seed=options.seed).random(options.samples)
        jobs = [(str(SCENARIO), dict(zip(swept, row.tolist(), strict=True)), options.horizon) for row in design]
        failed: list[str] = []
        with concurrent.futures.ProcessPoolExecutor(options.workers) as pool:
            for outcome in pool.map(one, jobs):
                if isinstance(outcome, str):
                    failed.append(outcome)
                    continue
                for name, value in outcome.items():
                    spread.setdefault(name, []).append(value)
        print(f"{len(swept)} assumed numbers, {options.samples} samples (seed {options.seed}), {len(failed)} without result")
        for reason in dict.fromkeys(failed):
            print(f"  {failed.count(reason)} x {reason}")
    _table(base, spread)
    return 0


def _table(base: Mapping[str, tuple[float, Band]], spread: Mapping[str, list[float]]) -> None:
    sampled_too = any(spread.values())
    print("| figure | boundary | band | base |" + (" 5 % | median | 95 % | in band |" if sampled_too else ""))
    print("|---|---|---|---|" + ("---|---|---|---|" if sampled_too else ""))
    for name, (value, band) in base.items():
        limits = "" if band.low is None else f"{band.low:g} to {band.high:g}"
        cells = [name, band.boundary, limits, f"{value:.3g} {band.unit}" if value < 90 else f"{value:.4g} {band.unit}"]
        values = sorted(v for v in spread.get(name, []) if not math.isnan(v))
        if sampled_too:
            if values:
                low, middle, high = (values[round(q * (len(values) - 1))] for q in (0.05, 0.5, 0.95))
                inside = "" if band.low is None or band.high is None else f"{sum(band.low <= v <= band.high for v in values)} of {len(values)}"
                cells += [f"{low:.3g}", f"{middle:.3g}", f"{high:.3g}", inside]
            else:
                cells += ["", "", "", ""]
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    sys.exit(main())
