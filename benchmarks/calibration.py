"""How often 90 % intervals of a calibration hold the truth, whether ranks are even, and whether wrong models are told: small plants with hidden truth.

``python benchmarks/calibration.py 200`` calibrates 200 plants that are as the model and prints coverage, ranks and how many are called "does not fit";
``--wear 0.12`` plants whose sorter finds 12 % less each day, which the model does not know. ``--first`` begins at another plant.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "fit"))

import hidden_plants

import twin
from twin.fit.calibrate.adequacy import LEVEL
from twin.study.statistics import clopper_pearson

LOOKS = {"the misfit": "p", "one instrument": "offset_p", "what was held out": "held_p"}
LIMIT = 21.67
"""Chi-square of 9 degrees of freedom at 1 %."""


def one(number: int, wear: float) -> dict[str, object]:
    """Calibrate one plant: the rank of each true parameter in the posterior, and what is said of the model."""
    truth = hidden_plants.true_plant(number, wear=wear)
    began = time.process_time()
    found = twin.calibrate(truth.study, base=truth.scenario, executor="serial")
    ranks = (found.draws < np.array(truth.u)).mean(axis=0).tolist()
    own = found.adequacy
    inside, held = found.held_inside
    return {
        "plant": number,
        "ranks": ranks,
        "widths": [p.width for p in found.parameters],
        "fits": found.fits,
        "p": own.p,
        "offset_p": own.offset_p,
        "held_p": own.held_out_p,
        "inside": inside,
        "held": held,
        "cpu": time.process_time() - began,
    }


def summary(rows: list[dict[str, object]]) -> str:
    """Return what all plants say together."""
    ranks: NDArray[np.float64] = np.array([row["ranks"] for row in rows])
    inside = ((ranks >= 0.05) & (ranks <= 0.95)).mean(axis=0)
    lines = []
    for k, prior in enumerate(hidden_plants.PRIORS):
        counts = np.histogram(ranks[:, k], 10, (0.0, 1.0))[0]
        even = len(rows) / 10.0
        square = float(((counts - even) ** 2 / even).sum())
        width = float(np.mean([row["widths"][k] for row in rows]))  # type: ignore[index]
        lines.append(f"{prior.path}: {inside[k]:.3f} of {len(rows)} intervals hold the truth, width {width:.2f}, ranks {square:.1f} of at most {LIMIT}")
    wrong = sum(not row["fits"] for row in rows)
    low, high = clopper_pearson(wrong, len(rows))
    by = ", ".join(f"{name} {sum(float(str(row[key])) <= LEVEL for row in rows)}" for name, key in LOOKS.items())
    lines.append(f"called 'does not fit': {wrong} of {len(rows)} ({100 * low:.1f} to {100 * high:.1f} %); by {by}")
    lines.append(f"held out inside: {sum(int(str(row['inside'])) for row in rows)} of {sum(int(str(row['held'])) for row in rows)}")
    cpu = [float(str(row["cpu"])) for row in rows]
    lines.append(f"CPU: mean {np.mean(cpu):.1f} s, most {max(cpu):.1f} s a plant")
    return "\n".join(lines)


def main() -> None:
    """Run the plants that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plants", type=int)
    parser.add_argument("--wear", type=float, default=0.0)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--rows", help="file that gets a line of JSON for each plant; those in it are not made again")
    options = parser.parse_args()
    rows: list[dict[str, object]] = []
    kept = Path(options.rows) if options.rows else None
    if kept is not None and kept.exists():
        rows = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
    done = {row["plant"] for row in rows}
    for number in range(options.first, options.first + options.plants):
        if number in done:
            continue
        rows.append(one(number, options.wear))
        if kept is not None:
            with kept.open("a", encoding="utf-8") as out:
                out.write(json.dumps(rows[-1]) + "\n")
    print(summary(rows))


if __name__ == "__main__":
    main()
