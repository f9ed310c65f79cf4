"""Whether melts are more than saturated at the ends of a plant's furnace phases, and what share of their slags is solid.

``python tests/plant/saturation.py "3 d" scenarios/copper_smelter.yaml …`` runs each scenario for so long and prints, for each solid oxide, its largest
activity and where that was, and for each furnace and phase the largest share of the slag that is solid oxide.
"""

from __future__ import annotations

import math
import sys
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import twin
from twin.materials import ELEMENTS
from twin.materials.thermochemistry import thermochemistry

Floats = NDArray[np.float64]
METAL, COLDEST = 100.0, 1380.0
"""kg of metal beside which a slag is judged, and K, above which melts are at equilibrium."""


class Place(NamedTuple):
    """A furnace and its phase."""

    unit: str
    phase: str


def solid_activities(metal: Floats, temperature: float, log_po2: float) -> dict[str, float]:
    """Activity of each solid oxide beside a metal (element,) in kg, from its line, the coefficient in copper and the pressure; not the kernel's code."""
    data = thermochemistry()
    molar = np.array([data.elements[name].molar_mass.value if name in data.elements else 0.06 for name in ELEMENTS])
    x = metal / molar / (metal / molar).sum()
    found = {}
    for name, element in data.elements.items():
        part = float(x[ELEMENTS.index(name)])
        if not element.solids or part <= 0.0:
            continue
        line, in_copper = next(iter(element.solids.values())), next(iter(element.metal.values()))
        dg = 0.5 * element.solid_oxygen * line.at(temperature)
        if line.metal == "gas" and element.vapour is not None:
            dg += element.vapour.at(temperature)
        falls = in_copper.self_.value * min(part, in_copper.clamp.value) if in_copper.self_ is not None and in_copper.clamp is not None else 0.0
        exponent = -dg / (8.314462618 * temperature) - falls + 0.5 * element.solid_oxygen * log_po2 * math.log(10.0)
        found[name] = in_copper.at(temperature) * part * math.exp(exponent)
    return found


def judged(result: Any) -> list[int]:
    """Rows of the batch table that stand for the end of a phase of a molten bath with metal; taps are none."""
    metal, temperature, log_po2 = (result.array(f"batches/{name}") for name in ("metal", "temperature", "log_po2"))
    phases = result.array("batches/phase")
    return [k for k in range(len(metal)) if metal[k].sum() > METAL and temperature[k] > COLDEST and np.isfinite(log_po2[k]) and " " not in str(phases[k])]


def largest(result: Any) -> dict[str, tuple[float, Place]]:
    """The largest activity of each solid oxide by its element, and where it was."""
    columns = [result.array(f"batches/{name}") for name in ("metal", "temperature", "log_po2", "batch_unit", "phase")]
    found: dict[str, tuple[float, Place]] = {}
    for k in judged(result):
        metal, temperature, log_po2, unit, phase = (column[k] for column in columns)
        for name, activity in solid_activities(metal, float(temperature), float(log_po2)).items():
            if activity > found.get(name, (0.0, None))[0]:
                found[name] = activity, Place(str(unit), str(phase))
    return found


def solid_shares(result: Any) -> dict[Place, float]:
    """The largest share of the slag that is solid oxide, without its oxygen, of each phase in which some was solid."""
    slag, solids, units, phases = (result.array(f"batches/{name}") for name in ("slag", "solids", "batch_unit", "phase"))
    found: dict[Place, float] = {}
    for k in judged(result):
        if solids[k].sum() > 0.0:
            place = Place(str(units[k]), str(phases[k]))
            found[place] = max(found.get(place, 0.0), float(solids[k].sum() / slag[k].sum()))
    return found


def main() -> int:
    """Print both of each scenario. Returns 1 where a melt is more than saturated."""
    horizon, *paths = sys.argv[1:]
    worst = 0.0
    for path in paths:
        result = twin.run(twin.load(path).change({"time.horizon": horizon, "time.warmup": "0 s", "record.genealogy": False}))
        print(f"{path}, {horizon}: {len(judged(result))} phases")
        for name, (activity, place) in sorted(largest(result).items()):
            print(f"  activity of the solid oxide of {name:2s} at most {activity:.6f}  {place.unit} {place.phase}")
            worst = max(worst, activity)
        for place, share in sorted(solid_shares(result).items()):
            print(f"  {100 * share:5.1f} % of the slag is solid  {place.unit} {place.phase}")
    return 1 if worst > 1.0 + 1e-6 else 0


if __name__ == "__main__":
    sys.exit(main())
