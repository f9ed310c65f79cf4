"""What was measured, and where a run shows the same: one reading each of a key figure, an assay, a piece of a series, a point of a curve, a batch test."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from statistics import median
from typing import Any

from twin.errors import UsageError
from twin.fit.calibrate.target_models import CurveModel, Errors, SeriesModel, TargetModel
from twin.measurement import Measurement
from twin.quantities import Quantity, kind_of, parse, shown
from twin.scenario import Scenario
from twin.scenario.calendars import read_moment
from twin.scenario.problems import Faults, nearest, wrong
from twin.scenario.quantity_names import PATTERNS
from twin.scenario.tables import Files, read_table
from twin.study.probes import Over, Probe, unit_of_figure

MOST_READINGS = 120
"""More readings than runs could tell the chance of; a longer series is averaged over pieces (``every``)."""
GAPS = ("", "-", "–", "nan", "NaN", "NA")
"""Cells of a series that say that there is no reading."""
_PM = re.compile(r"(.*?)(?:±|\+/-|\+-)(.*)", re.DOTALL)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TAIL = re.compile(r"[-+]?[\d.]+(?:[eE][-+]?\d+)?\s*(.*)", re.DOTALL)


@dataclass(frozen=True)
class Target:
    """One reading: ``value`` in the SI unit ``unit``, its ``measurement``, and where a run shows it.

    ``shared`` (SI) is the deviation of the bias that all readings of ``instrument`` have in common, ``discrepancy`` (SI) that of what the model leaves out.
    ``held_out`` readings judge the model and are not fitted to; those that are not ``used`` are only shown.
    """

    probe: Probe
    value: float
    unit: str
    measurement: Measurement
    instrument: str
    shared: float = 0.0
    discrepancy: float = 0.0
    held_out: bool = False
    used: bool = True

    @property
    def name(self) -> str:
        """Its name."""
        return self.probe.name

    @property
    def deviation(self) -> float:
        """Standard deviation of the reading by itself, without what it shares."""
        return self.measurement.deviation(self.value)

    @property
    def is_share(self) -> bool:
        """Whether it may be a share: whether it is one, from 0 to 1, is for runs to show."""
        return self.unit == "1"


@dataclass(frozen=True)
class Setting:
    """What holds for all targets of a study: its scenario and files, and what is said where a target does not."""

    scenario: Scenario
    files: Files
    error: str | None
    discrepancy: str | None
    held_from: float | None


def targets_of(name: str, model: TargetModel, setting: Setting) -> list[Target]:
    """Return the readings of one entry of ``targets``. Raises ``UsageError`` or pydantic's error."""
    if model.series is not None:
        return _series(name, model, model.series, setting)
    if model.curve is not None:
        return _curve(name, model, model.curve, setting)
    probe, unit = _probe(name, model, setting)
    if model.value is None:
        raise UsageError("'value' is missing: what was measured, e.g. '41.3 t ± 2 %'")
    value, deviation = read_value(model.value, unit)
    return [_target(model, probe, value, unit, deviation, setting)]


def _target(model: TargetModel, probe: Probe, value: float, unit: str, deviation: float | None, setting: Setting, pieces: int = 0) -> Target:
    if deviation is not None and model.error is not None:
        raise UsageError("its error is said twice: after the value, and as 'error'")
    measurement = _measurement(model, probe, unit, value, deviation, setting, pieces)
    shared = _size(model.bias, value, unit, "bias") if model.bias is not None else 0.0
    written = model.discrepancy if model.discrepancy is not None else setting.discrepancy
    discrepancy = _size(written, value, unit, "discrepancy") if written is not None else 0.0
    if measurement.deviation(value) == shared == discrepancy == 0.0 and not probe.of == "figure":
        raise UsageError("its error is missing: write '41.3 t ± 2 %', or give 'error'")
    begin = next((at for at in (probe.begin, probe.end if probe.over == "instant" else None) if at is not None), setting.scenario.warmup)
    held = setting.held_from is not None and begin >= setting.held_from - 1e-9
    return Target(probe, value, unit, measurement, model.instrument or probe.name.partition("@")[0], shared, discrepancy, model.hold_out or held, model.use)


def _measurement(model: TargetModel, probe: Probe, unit: str, value: float, deviation: float | None, setting: Setting, pieces: int) -> Measurement:
    over: Over = probe.over
    written = model.error if model.error is not None else setting.error
    if deviation is not None:
        return Measurement(probe.name, over, absolute=deviation, pieces=pieces)
    if isinstance(written, Errors):
        absolute = parse(written.absolute, unit) if written.absolute is not None else 0.0
        return Measurement(probe.name, over, absolute=absolute, relative=written.relative, pieces=written.pieces or pieces)
    if written is None:
        if not pieces:
            raise UsageError("its error is missing: write '41.3 t ± 2 %', '41.3 t exact', or give 'error' for it or for all")
        return Measurement(probe.name, over, pieces=pieces)
    if _is_relative(written, unit) or model.error is None:  # what is said for all is a share of each
        return Measurement(probe.name, over, relative=parse(written, "1"), pieces=pieces)
    return Measurement(probe.name, over, absolute=_size(written, value, unit, "error"), pieces=pieces)


def _is_relative(written: str, unit: str) -> bool:
    return unit != "1" and written.strip().endswith(("%", "‰"))


def _size(written: str, value: float, unit: str, what: str) -> float:
    """A deviation as written: in the unit of the value, or as a share of it; of a share, ``%`` is points."""
    try:
        size = parse(written, "1") * abs(value) if _is_relative(written, unit) else parse(written, unit)
    except UsageError as error:
        raise UsageError(f"{what}: {error}") from None
    if size < 0.0:
        raise UsageError(f"{what}: at least 0 is needed (got {shown(written)})")
    return size


def read_value(written: object, si: str) -> tuple[float, float | None]:
    """Return a value and the deviation after ±, SI; 0.0 for ``exact`` and None where nothing is said. After a share ``%`` is points, else a share of the value.

    >>> read_value("36 t ± 5 %", "kg"), read_value("12 % ± 0.5 %", "1"), read_value("3 t exact", "kg")
    ((36000.0, 1800.0), (0.12, 0.005), (3000.0, 0.0))
    """
    if not isinstance(written, str):
        return parse(written, si), None
    text = written.strip()
    if text.endswith("exact"):
        return parse(text.removesuffix("exact").strip(), si), 0.0
    match = _PM.fullmatch(text)
    if match is None:
        return parse(text, si), None
    first, after = match[1].strip(), match[2].strip()
    tail, own = _TAIL.fullmatch(after), _TAIL.fullmatch(first)
    if tail is None or own is None:
        raise UsageError(f"a number before and after ± is needed, e.g. '41.3 t ± 2 %' (got {shown(written)})")
    if not own[1] and tail[1] and not _is_relative(after, si):  # 100 ± 10 t
        first = f"{first} {tail[1]}"
    value = parse(first, si)
    deviation = _size(after if tail[1] else f"{after} {own[1]}".strip(), value, si, "after ±")
    if not deviation > 0.0:
        raise UsageError(f"an error is more than 0; write 'exact' for a value without one (got {shown(written)})")
    return value, deviation


def moment(written: str | None, scenario: Scenario) -> float | None:
    """Return a date, or a time since the start, as s from the start."""
    if written is None:
        return None
    if _DATE.match(written):
        try:
            return (read_moment(written) - scenario.start).total_seconds()
        except ValueError as error:
            raise UsageError(str(error)) from None
    return parse(written, "s")


def _window(model: TargetModel, setting: Setting) -> tuple[float | None, float | None]:
    begin, end, at = (moment(text, setting.scenario) for text in (model.begin, model.end, model.at))
    if at is not None:
        if begin is not None or end is not None:
            raise UsageError("'at' is a moment, 'from' and 'to' a time: give one of them")
        return None, at
    if begin is not None and end is not None and begin >= end:
        raise UsageError(f"'to' comes after 'from' (got {model.begin} and {model.end})")
    return begin, end


def _probe(name: str, model: TargetModel, setting: Setting) -> tuple[Probe, str]:
    begin, end = _window(model, setting)
    if model.figure is not None:
        unit = unit_of_figure(model.figure)
        if unit is None:
            raise UsageError(f"no key figure begins with {model.figure.partition('.')[0]!r}; 'twin run' shows those of a plant")
        return Probe(name, "figure", model.figure, begin, end), unit
    if model.batch is not None:
        if model.product is None:
            raise UsageError("'product' is missing: into which product of the batch test it went")
        mass = Quantity("kg", gt=0.0).read(model.batch.mass)
        return Probe(name, "batch", model.share_of, mass=mass, feed=model.batch.feed, streams=(model.product,)), "1"
    if model.quantity is not None:
        return _of_quantity(name, model, model.quantity, begin, end)
    raise UsageError("one of 'figure', 'quantity', 'curve' and 'batch' is needed")


def _of_quantity(name: str, model: TargetModel, quantity: str, begin: float | None, end: float | None) -> tuple[Probe, str]:
    known = {pattern.word: pattern for pattern in PATTERNS if pattern.word not in ("kpi", "wear")}
    word = quantity.partition(".")[0]
    if word not in known:
        raise UsageError(f"unknown quantity {shown(quantity)}; {nearest(word, known)}; a key figure stands under 'figure'")
    over: Over = model.over or ("instant" if model.at is not None or known[word].when == "instant" else "mean")
    if over == "instant" and end is None:
        raise UsageError("a moment is needed: 'at', a date or a time since the start")
    if over == "sum" and word != "flow":
        raise UsageError(f"a sum over time is of a flow, which makes a mass (got {quantity})")
    return Probe(name, "quantity", quantity, begin, end, over), "kg" if over == "sum" else known[word].si


def _series(name: str, model: TargetModel, series: SeriesModel, setting: Setting) -> list[Target]:
    """Pieces of a series, each as long as ``every``; a piece in which a reading is missing is left out."""
    if model.quantity is None or model.value is not None:
        raise UsageError("a series is of a 'quantity', and has its values in a file")
    probe, unit = _of_quantity(name, model, model.quantity, 0.0, 1.0)
    times, values, step = _rows_of(series, unit, setting)
    every = Quantity("s", gt=0.0).read(series.every) if series.every is not None else step
    count = round(every / step)
    if count < 1 or abs(every / step - count) > 1e-6:
        raise UsageError(f"'every' is a whole number of steps of the series, which has a reading each {step:g} s (got {series.every})")
    by_place = {round(time / step, 3): value for time, value in zip(times, values, strict=True)}
    begin, end = _window(model, setting)
    first, last = begin if begin is not None else times[0], end if end is not None else times[-1] + step
    found, at = [], first
    while at + every <= last + 1e-6:
        rows = [by_place.get(round((at + k * step) / step, 3), math.nan) for k in range(count)]
        if not any(math.isnan(row) for row in rows):
            whole = rows[-1] if probe.over == "instant" else math.fsum(rows) / (1.0 if probe.over == "sum" else count)
            piece = replace(probe, name=f"{name}@{_place(setting, at)}", begin=at, end=at + every)
            found.append(_target(model, piece, whole, unit, None, setting))
        at += every
    if not found:
        raise UsageError(f"{series.csv}: no piece of {every:g} s has all its readings between its window's ends")
    return found


def _place(setting: Setting, at: float) -> str:
    return (setting.scenario.start + timedelta(seconds=at)).isoformat(timespec="minutes").removesuffix("T00:00")


def _rows_of(series: SeriesModel, unit: str, setting: Setting) -> tuple[list[float], list[float], float]:
    """Times (s from the start), values (SI, NaN for a gap) and the step, s."""
    table = read_table(series.csv, setting.files, {"time": "s", "*": unit})
    clock = "timestamp" if "timestamp" in table else "time"
    for needed in (clock, series.column):
        if needed not in table:
            of = f", of a {kind_of(unit)}" if needed == series.column else ""
            raise UsageError(f"{series.csv}: there is no column {shown(needed)}{of}; {nearest(needed, table)}")
    faults, column = Faults(), table[series.column]
    there = [k for k, cell in enumerate(column.cells) if cell not in GAPS]
    known = replace(column, cells=tuple(column.cells[k] for k in there), lines=tuple(column.lines[k] for k in there))
    values = [math.nan] * len(column.cells)
    for k, value in zip(there, known.numbers(Quantity(unit), faults, series.csv), strict=True):
        values[k] = value
    times = []
    for line, cell in zip(table[clock].lines, table[clock].cells, strict=True):
        try:
            found = moment(cell if _DATE.match(cell) or not cell[-1:].isdigit() else f"{cell} {table['time'].unit or ''}", setting.scenario)
            times.append(0.0 if found is None else found)
        except UsageError as error:
            faults.add(f"{series.csv}:{line} column {clock!r}: {error}")
    faults.stop_if_any()
    gaps = [after - before for before, after in pairwise(times)]
    if not gaps or min(gaps) <= 0.0:
        raise UsageError(f"{series.csv}: at least two rows with times that ascend are needed")
    return times, values, median(gaps)


def _curve(name: str, model: TargetModel, curve: CurveModel, setting: Setting) -> list[Target]:
    """Points of a partition curve: of each size class the share that goes to one stream of a machine."""
    machine = curve.stream.partition(".")[0]
    among = curve.among or _ports(machine, setting.scenario)
    if curve.stream not in among:
        raise UsageError(f"{curve.stream} is no stream that leaves {machine!r}; {nearest(curve.stream, among)}")
    table = read_table(curve.csv, setting.files, {"size": "m", "share": "1", "error": "1"})
    for needed in ("size", "share"):
        if needed not in table:
            raise UsageError(f"{curve.csv}: there is no column {needed!r}: it has 'size', 'share' and, where known, 'error' or 'pieces'")
    faults = Faults()
    sizes = table["size"].numbers(Quantity("m", gt=0.0), faults, curve.csv)
    shares = table["share"].numbers(Quantity("1", ge=0, le=1), faults, curve.csv)
    errors = table["error"].numbers(Quantity("1", gt=0.0), faults, curve.csv) if "error" in table else [None] * len(sizes)
    pieces = [int(cell) if cell.isdigit() else 0 for cell in table["pieces"].cells] if "pieces" in table else [0] * len(sizes)
    faults.stop_if_any()
    lower, upper = setting.scenario.sizes.lower, setting.scenario.sizes.upper
    begin, end = _window(model, setting)
    found: dict[int, Target] = {}
    for size, share, error, count in zip(sizes, shares, errors, pieces, strict=True):
        place = next((k for k, (low, high) in enumerate(zip(lower, upper, strict=True)) if low <= size < high), -1)
        if place < 0:
            raise UsageError(f"{curve.csv}: {size * 1e3:g} mm is in no size class of the scenario")
        if place in found:
            raise UsageError(
                f"{curve.csv}: two sizes are in the class from {lower[place] * 1e3:g} to {upper[place] * 1e3:g} mm; one reading for each is possible"
            )
        probe = Probe(f"{name}@{size * 1e3:g}mm", "passage", curve.stream, begin, end, streams=tuple(among), size=place)
        found[place] = _target(model, probe, share, "1", error, setting, count)
    return list(found.values())


def _ports(machine: str, scenario: Scenario) -> list[str]:
    model: Any = scenario.units.get(machine)
    if model is None:
        raise wrong(f"no unit {machine!r}; {nearest(machine, scenario.units)}")
    kind = scenario.kinds[machine]
    return [f"{machine}.{port}" for port in kind.ports(model)]
