"""The WEEE line with four hidden parameters, found by the commands of docs/calibrating.md.

``python benchmarks/calibrate_weee.py FOLDER`` makes a plant whose sifter, fines screen, pickers and air table differ from the scenario, replays deliveries and
stops that it draws, measures it for some weeks with errors, one scale that reads 15 % too much and one that was down for a week, and calibrates the scenario:
first with all scales, then without the one that the verdict names. It prints both, and whether the truth lies in the intervals. A third scale stands before the
table: without it a parameter of the table takes up what the broken one reads too much (seen in a first run), the model fits, and the intervals miss the truth.

What was held out is told by weeks and, for each instrument, over the whole time that was held out. The latter was chosen after the weeks had been seen to
miss together; it is shown only (``use: false``), and has no part in the verdict.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

import twin
from twin.cli.parser import main as command
from twin.plant import simulate
from twin.study.changes import with_changes
from twin.study.probes import Probe, take

DAY = 86_400.0
START = datetime(2026, 1, 5)
PRIORS = {
    "units.sifter.velocity": ("4.5 m/s", "7 m/s", "5.9 m/s", 5.9),
    "units.fines_screen.aperture": ("3 mm", "8 mm", "5.6 mm", 0.0056),
    "units.picking.partition.picked.copper": ("40 %", "80 %", "52 %", 0.52),
    "units.table.partition.heavy.pcb": ("10 %", "40 %", "32 %", 0.32),
}
"""By path: from, to, the truth as written and in SI."""
SCALES = {
    "fines": ("quantity", "flow.fines_screen.undersize"),
    "fluff_belt": ("quantity", "flow.sifter.light"),
    "table_heavy": ("quantity", "flow.table.heavy"),
    "table_light": ("quantity", "flow.table.light"),
    "table_feed": ("quantity", "flow.granule_magnet.rest"),
    "picked": ("quantity", "flow.picking.picked"),
}
ASSAYS = {"steel_copper": ("share.picking.steel.Cu", 0.0004), "table_copper": ("share.table.heavy.Cu", 0.008)}
BROKEN, WITH_GAP = "table_light", "fluff_belt"


def write_plant(folder: Path, weeks: int, generator: np.random.Generator) -> None:
    """Write the scenario with deliveries and stops that are replayed."""
    rows, stops = ["timestamp,mass_t"], ["begin,end,reason"]
    for day in range(7 * weeks):
        date = START + timedelta(days=day)
        hours = 12.0 if date.weekday() < 5 else 6.0 if date.weekday() == 5 else 0.0
        times = np.sort(generator.uniform(0.0, hours, round(hours / 0.75))).tolist()
        rows += [f"{date + timedelta(hours=6.0 + at):%Y-%m-%dT%H:%M},{generator.normal(7.5, 1.2):.2f}" for at in times]
        if hours and generator.random() < 0.5:
            begin = date + timedelta(hours=6.0 + float(generator.uniform(0.0, hours)))
            stops.append(f"{begin:%Y-%m-%dT%H:%M},{begin + timedelta(minutes=float(generator.uniform(20, 180))):%Y-%m-%dT%H:%M},jam")
    (folder / "deliveries.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "stops.csv").write_text("\n".join(stops) + "\n", encoding="utf-8")
    base = Path(__file__).resolve().parents[1] / "scenarios" / "weee_line.yaml"
    scenario = twin.load(base).merged
    assert isinstance(scenario, dict)
    tree = json.loads(json.dumps(scenario))
    tree["name"] = "weee_replayed"
    tree["time"] = {"start": START.isoformat(), "horizon": f"{7 * weeks} d"}
    tree["lot"], tree["record"] = "400 kg", {"every": "1 d"}
    feed = tree["units"]["deliveries"]
    for key in ("every", "mass", "calendar"):
        feed.pop(key)
    feed["schedule"] = "deliveries.csv"
    shredder = tree["units"]["shredder"]
    for key in ("failures", "repair"):
        shredder.pop(key)
    shredder["stops"] = {"list": "stops.csv"}
    (folder / "weee.yaml").write_text(json.dumps(tree, indent=1, ensure_ascii=False), encoding="utf-8")


def measure(folder: Path, weeks: int, generator: np.random.Generator) -> None:
    """Run the true plant once and write what its instruments show, week by week."""
    real = with_changes(twin.load(folder / "weee.yaml"), {path: row[2] for path, row in PRIORS.items()})
    windows = [(7 * w * DAY, 7 * (w + 1) * DAY) for w in range(weeks)]
    probes = [Probe(f"{name}@{w}", "quantity", what, *windows[w], "sum") for name, (_, what) in SCALES.items() for w in range(weeks)]
    probes += [Probe(f"{name}@{w}", "quantity", what, *windows[w]) for name, (what, _) in ASSAYS.items() for w in range(weeks)]
    with simulate.run(real, replication=990_001) as result:
        shown = take(probes, result, real)
    lines = [",".join(["time", *(f"{name} [t]" for name in SCALES), *(f"{name} [%]" for name in ASSAYS)])]
    for w in range(weeks):
        cells = [(START + timedelta(days=7 * w)).isoformat(timespec="minutes")]
        for name in SCALES:
            factor = (1.15 if name == BROKEN else 1.0) * (1.0 + 0.02 * float(generator.standard_normal()))
            cells.append("" if name == WITH_GAP and w == 1 else f"{shown[f'{name}@{w}'].value * factor / 1e3:.4g}")
        for name, (_, deviation) in ASSAYS.items():
            cells.append(f"{100.0 * (shown[f'{name}@{w}'].value + deviation * float(generator.standard_normal())):.4g}")
        lines.append(",".join(cells))
    (folder / "weeks.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def study(weeks: int, held: int, runs: tuple[int, int]) -> str:
    """The calibration as a file."""
    parameters = "".join(f"  {path}: {{low: {low}, high: {high}}}\n" for path, (low, high, _, _) in PRIORS.items())
    scales = "".join(
        f"  {name}: {{quantity: {what}, over: sum, series: {{csv: weeks.csv, column: {name}}}, error: 2 %}}\n" for name, (_, what) in SCALES.items()
    )
    assays = "".join(
        f"  {name}: {{quantity: {what}, series: {{csv: weeks.csv, column: {name}}}, error: {100 * deviation:g} %}}\n"
        for name, (what, deviation) in ASSAYS.items()
    )
    held_sums = "".join(
        f"  {name}_month: {{quantity: {what}, over: sum, series: {{csv: weeks.csv, column: {name}, every: {7 * held} d}}, from: {7 * (weeks - held)} d, "
        f"error: {2.0 / held**0.5:.4g} %, instrument: {name}, use: false}}\n"
        for name, (_, what) in SCALES.items()
    )
    from_when = (START + timedelta(days=7 * (weeks - held))).date().isoformat()
    head = "calibrate: 1\ntitle: WEEE line, four hidden parameters\nbase: weee.yaml\n"
    return f"{head}parameters:\n{parameters}targets:\n{scales}{assays}{held_sums}hold_out_from: {from_when}\nruns: [{runs[0]}, {runs[1]}]\n"


def calibrated(arguments: list[str]) -> dict[str, object]:
    """Run the command and return what it says as JSON."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        command(["calibrate", *arguments, "--json"])
    found: dict[str, object] = json.loads(text.getvalue())
    return found


def main() -> None:
    """Make the plant, its data and the calibrations."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weeks", type=int, default=8)
    parser.add_argument("--held", type=int, default=4)
    parser.add_argument("--runs", type=int, nargs=2, default=(150, 250))
    options = parser.parse_args()
    generator = np.random.Generator(np.random.Philox(2026))
    write_plant(options.folder, options.weeks, generator)
    measure(options.folder, options.weeks, generator)
    (options.folder / "study.yaml").write_text(study(options.weeks, options.held, tuple(options.runs)), encoding="utf-8")
    files = [str(options.folder / "study.yaml"), "-o", str(options.folder / "found.yaml")]
    found = told(files)
    named = [one["name"] for one in found["fit"]["suspects"] if one["fits"]][:1]  # type: ignore[index]
    print("" if named else f"  no instrument is named; left out all the same: {BROKEN}")
    told([*files, "--leave-out", *(named or [BROKEN])])


def told(arguments: list[str]) -> dict[str, object]:
    """Calibrate and print what was found beside the truth."""
    found = calibrated(arguments)
    print(" ".join(["twin calibrate", *arguments]))
    for one in found["parameters"]:  # type: ignore[attr-defined]
        truth = PRIORS[one["path"]][3]
        where = "inside" if one["low"] <= truth <= one["high"] else "OUTSIDE"
        print(f"  {one['path']}: {one['mean']:.4g} ({one['low']:.4g} to {one['high']:.4g} {one['unit']}), truth {truth:.4g} {where}, width {one['width']:.2f}")
    targets: list[dict[str, object]] = found["targets"]  # type: ignore[assignment]
    held = [one for one in targets if one["role"] == "held out"]
    print(f"  held out: {sum(bool(one['inside']) for one in held)} of {len(held)} weeks inside")
    for one in targets:
        if "_month@" in str(one["name"]):
            name, tonnes = str(one["name"]).partition("_month@")[0], [float(str(one[key])) / 1e3 for key in ("value", "low", "high")]
            where = "inside" if one["inside"] else "OUTSIDE"
            print(f"  {name} over the time held out: {tonnes[0]:.4g} t ({tonnes[1]:.4g} to {tonnes[2]:.4g} t) {where}")
    print(f"  {found['fit']['verdict']}", flush=True)  # type: ignore[index]
    return found


if __name__ == "__main__":
    main()
