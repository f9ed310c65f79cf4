"""Makes a run again from its results file alone and says how equal the two are: to the last bit, within a tolerance, or where they part.

A difference is relative to the largest magnitude of its series: of a value's column over time or over the rows of a table, of a single number itself; but at
least to a millionth of the largest in its array, so that the rounding of what is nearly nothing does not count. What a balance leaves over is relative to what
came in.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from twin.errors import FileError, UsageError
from twin.plant import simulate, topology
from twin.plant.deciding import actions_in
from twin.plant.simulate import Progress
from twin.quantities import NANOSECONDS, format_quantity
from twin.results.held import contradictions
from twin.results.layout import BY_PATH, SERIES, TABLES
from twin.results.read import Result, open_file
from twin.results.sources import changes_since
from twin.scenario import Scenario, load_stored
from twin.scenario.kind import Kind
from twin.scenario.model import Parameter
from twin.scenario.policy import Policy
from twin.units.control.policy import Row

TOLERANCE = 1e-9
"""Largest relative difference of a run that counts as reproduced on another machine."""
FLOOR = 1e-6
"""Share of the largest magnitude in an array below which a series is measured against that."""
INPUTS = ("scenario", "parameters")
"""Groups that hold what a run was told: where they differ it is named, and what follows from it stands in the other arrays."""
MOST_NAMED = 8
"""Parameters that are named at most."""

Verdict = Literal["equal", "close", "different"]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ArrayDifference:
    """How far an array of the file and of the rerun are apart: the largest relative difference (inf where they cannot be measured), and where or why."""

    name: str
    largest: float
    where: str = ""


@dataclass(frozen=True)
class Reproduction:
    """What came out of a rerun.

    ``verdict`` is "equal" (to the last bit), "close" (below :data:`TOLERANCE`, with as many events) or "different". ``changes`` names what differs between the
    machine and code that made the file and these, ``arrays`` the arrays that are not equal, the worst first, of ``compared`` in all, ``first`` the first event
    or row that differs. ``digests`` and ``events`` are those of the file and of the rerun.
    """

    verdict: Verdict
    digests: tuple[str, str]
    events: tuple[int, int]
    changes: tuple[str, ...]
    arrays: tuple[ArrayDifference, ...] = ()
    compared: int = 0
    first: str = ""

    @property
    def reproduced(self) -> bool:
        """Whether the file may be said to be reproduced."""
        return self.verdict != "different"

    @property
    def largest(self) -> float:
        """The largest relative difference of all arrays, 0 where all are equal."""
        return max((array.largest for array in self.arrays), default=0.0)


def reproduce(file: Path | str, progress: Progress | None = None) -> Reproduction:
    """Make the run of a results file again, from the scenario, the catalogues, the seed and the replication in it, and compare.

    The rerun goes to a temporary file. Raises :class:`~twin.errors.FileError` for what is no finished run or says of itself what its scenario does not,
    :class:`~twin.errors.UsageError` for a run that was resumed with other code, and what a run raises.
    """
    with open_file(file) as stored:
        scenario = stored_scenario(stored)
        with tempfile.TemporaryDirectory(prefix="twin-reproduce-") as folder:
            replication = int(stored.attrs["replication"])
            out = Path(folder) / "rerun.h5"
            with contradictions(stored.path):
                actions = _actions(stored, scenario)
            with simulate.run(scenario, out=out, replication=replication, progress=progress, actions=actions) as rerun, contradictions(stored.path):
                return compare_runs(stored, rerun, scenario.code)


def stored_scenario(stored: Result) -> Scenario:
    """The scenario in a file, if the file alone can be rerun."""
    if "resumed_with_other_code" in stored.attrs:
        raise UsageError(
            f"{stored.path} was resumed with other code than it began with ({stored.attrs['resumed_with_other_code']}): no one code gives this run. "
            "Run its scenario anew to have a file that can be reproduced"
        )
    scenario = load_stored(stored.scenario, stored.files)
    topology.derive(scenario)
    scenario = _with_parameters(scenario, stored)
    if int(stored.attrs["seed"]) != scenario.seed:
        raise FileError(
            f"{stored.path} states the seed {stored.attrs['seed']}, but the scenario in it has {scenario.seed}: it was changed after it was made; "
            "get it again from where it came"
        )
    return scenario


def _absent(scenario: Scenario) -> list[str]:
    """The policies that are not installed here."""
    return [name for name, spec in scenario.policies.items() if spec.code is None]


def _actions(stored: Result, scenario: Scenario) -> dict[str, list[Row]]:
    """What policies did that are not installed here; the others are asked again, as the rest of the plant is computed again."""
    absent = _absent(scenario)
    if not absent:
        return {}
    known = actions_in(stored)
    for name in absent:
        points = {point.path: point for point in scenario.policies[name].sets}
        last = 0
        for time, path, value, _ in known.get(name, []):
            if time < last or not points[path].low <= value <= points[path].high:
                raise ValueError(f"policies.{name} cannot have set {path} to {value} at {time} ns")
            last = time
    return {name: known.get(name, []) for name in absent}


def _with_parameters(scenario: Scenario, stored: Result) -> Scenario:
    """The scenario with the parameters of policies that are not installed, whose units and defaults only they know, as the file states them."""
    prefixes = tuple(f"policies.{name}." for name in _absent(scenario))
    if not prefixes:
        return scenario
    own = {number.path: number for number in scenario.numbers}
    with contradictions(stored.path):
        names = ("path", "value", "unit_of_measure", "basis", "source", "low", "high")
        rows = list(zip(*(stored.array(f"parameters/{name}").tolist() for name in names), strict=True))
    found = {}
    for path, value, unit, basis, source, low, high in rows:
        if path in own:
            found[path] = own[path]
        elif any(prefix in path for prefix in prefixes):
            found[path] = Parameter(path, value, unit, basis, source, None if math.isnan(low) else low, None if math.isnan(high) else high)
    return replace(scenario, numbers=tuple({**found, **{path: number for path, number in own.items() if path not in found}}.values()))


def compare_runs(stored: Result, rerun: Result, kinds: Iterable[Kind | Policy] | None = None) -> Reproduction:
    """Compare two results, the second of which was made from what stands in the first."""
    digests = (stored.digest, rerun.digest)
    events = (int(stored.attrs["events"]), int(rerun.attrs["events"]))
    changes = changes_since(stored.attrs, kinds)
    if digests[0] == digests[1]:
        return Reproduction("equal", digests, events, tuple(changes))
    changes += _changed_inputs(stored, rerun)
    there, here = (dict.fromkeys(_arrays(result)) for result in (stored, rerun))  # once: a list of all arrays opens every one of them
    names = [name for name in {**there, **here} if name.partition("/")[0] not in INPUTS]
    apart = [found for name in names if (found := _difference(stored, rerun, name, name in there, name in here)) is not None]
    apart.sort(key=lambda array: -array.largest)
    close = events[0] == events[1] and all(array.largest < TOLERANCE for array in apart)
    first = "" if close else _first(stored, rerun)
    return Reproduction("close" if close else "different", digests, events, tuple(changes), tuple(apart), len(names), first)


def _arrays(result: Result) -> list[str]:
    return [*result.variables(), *(f"{group}/{name}" for group in result.groups for name in result.variables(group))]


def _changed_inputs(stored: Result, rerun: Result) -> list[str]:
    """Parameters that this version reads otherwise from the same scenario, and whether the scenario itself is read otherwise."""
    there, here = (dict(zip(map(str, r.array("parameters/path")), r.array("parameters/value").tolist(), strict=True)) for r in (stored, rerun))
    names = [name for name in dict.fromkeys([*there, *here]) if there.get(name) != here.get(name) and not _both_nan(there.get(name), here.get(name))]
    found = [f"{name} {_shown(there.get(name))} there, {_shown(here.get(name))} here" for name in names[:MOST_NAMED]]
    if len(names) > MOST_NAMED:
        found.append(f"{len(names) - MOST_NAMED} more parameters")
    if stored.attrs["scenario_sha256"] != rerun.attrs["scenario_sha256"]:
        found.append("the scenario in the file is read otherwise")
    return found


def _both_nan(a: float | None, b: float | None) -> bool:
    return a is not None and b is not None and math.isnan(a) and math.isnan(b)


def _shown(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.12g}"


def _difference(stored: Result, rerun: Result, name: str, there: bool, here: bool) -> ArrayDifference | None:
    """How far an array is apart; None where it is equal to the last bit. ``there`` and ``here`` say whether the file and the rerun have it."""
    if not (there and here):
        return ArrayDifference(name, math.inf, "not in the rerun" if there else "not in the file")
    a, b = np.asarray(stored.array(name)), np.asarray(rerun.array(name))
    if a.shape != b.shape:
        return ArrayDifference(name, math.inf, f"{_length(a)} there, {_length(b)} here")
    if a.dtype.kind in "US" or b.dtype.kind in "US":
        unlike = np.argwhere(a != b)
        return ArrayDifference(name, math.inf, f"text differs at {_place(unlike[0])}") if len(unlike) else None
    a, b = a.astype(np.float64), b.astype(np.float64)
    if a.size == 0 or np.array_equal(a.view(np.int64), b.view(np.int64)):
        return None
    relative = relative_difference(a, b, _scale(stored, name, a, b))
    worst = np.unravel_index(int(np.argmax(relative)), relative.shape) if relative.ndim else ()
    return ArrayDifference(name, float(relative[worst]), _described(stored, name, worst))


def _length(array: Any) -> str:
    return f"{array.shape[0]} rows" if array.ndim == 1 else " x ".join(map(str, array.shape))


def _place(index: Any) -> str:
    return ", ".join(str(int(k)) for k in index) or "its only place"


def relative_difference(a: Floats, b: Floats, scale: Floats) -> Floats:
    """|a - b| / scale; inf where only one has a value."""
    with np.errstate(invalid="ignore", divide="ignore"):
        relative = np.abs(a - b) / scale
    relative = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, relative)
    return np.where(np.isnan(relative), np.inf, relative)


def _scale(stored: Result, name: str, a: Floats, b: Floats) -> Floats:
    """What differences in an array are relative to; broadcasts to its shape."""
    if name.endswith("residual"):
        sizes = _turnover(stored, name)
    else:
        sizes = np.fmax(np.abs(a), np.abs(b))
        if name in _COLUMNS:
            sizes = np.fmax.reduce(sizes, axis=0, keepdims=True)
    if name == "summary/value":
        units = stored.array("summary/unit_of_measure")
        floor = np.array([_largest(sizes[units == unit]) for unit in units])
    else:
        floor = np.asarray(_largest(sizes))
    return np.fmax(sizes, FLOOR * floor)


_COLUMNS = frozenset(variable.path for variable in BY_PATH.values() if variable.when != "once") | {"time", "time_bounds"}
"""Arrays whose first axis is time or the rows of a table."""


def _turnover(stored: Result, name: str) -> Floats:
    """What came in, and was there, of each element, material or carrier."""
    stem = name.removesuffix("residual")
    parts = [np.abs(stored.array(stem + part)) for part in ("initial", "in", "source") if stem + part in BY_PATH]
    return np.asarray(sum(parts), dtype=np.float64)


def _largest(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.max()) if finite.size else 0.0


def _described(stored: Result, name: str, index: tuple[Any, ...]) -> str:
    """The labels of a place in an array, e.g. "26 h, sort.good, bad"."""
    parts = []
    for dim, k in zip(stored.dims(name), index, strict=True):
        path = "summary/kpi" if dim == "kpi" else dim
        if dim == "time":
            parts.append(format_quantity(float(stored.array("time")[k]), "s"))
        elif dim in TABLES.values():
            parts.append(f"row {int(k)}")
        else:
            parts.append(str(stored.array(path)[k]) if path in stored.variables() or dim == "kpi" else str(int(k)))
    return ", ".join(parts)


def _first(stored: Result, rerun: Result) -> str:
    """The first event that differs; if none does, the first lot or phase of a batch, and then the first record step."""
    limit = TOLERANCE * float(stored.attrs["horizon"]) * NANOSECONDS
    k = _first_row(stored, rerun, "events", limit)
    if k is not None:
        return f"event {k}: {_event(stored, k)} there, {_event(rerun, k)} here"
    for table, columns in (("lots", ("lot", "at_unit", "at_time")), ("batches", ("batch_unit", "phase", "phase_start"))):
        k = _first_row(stored, rerun, table, limit)
        if k is not None:
            return f"{table} row {k}: {_row(stored, table, columns, k)} there, {_row(rerun, table, columns, k)} here"
    steps = [(found, variable.path) for variable in SERIES if (found := _first_step(stored, rerun, variable.path)) is not None]
    if not steps:
        return ""
    k, name = min(steps)
    return f"record step {k}, which ends at {format_quantity(float(stored.array('time')[k]), 's')}: {name}"


def _first_row(stored: Result, rerun: Result, table: str, limit: float) -> int | None:
    """The first row of a table that differs: in a text, in a time by more than ``limit`` (ns), or in a number by more than the tolerance of its column."""
    firsts: list[int] = []
    for name in stored.variables(table):
        path = f"{table}/{name}"
        a, b = stored.array(path), rerun.array(path)
        both = min(len(a), len(b))
        if len(a) != len(b):
            firsts.append(both)
        if both:
            firsts += _unlike(a[:both], b[:both], limit if BY_PATH[path].unit == "time" else None)
    return min(firsts, default=None)


def _unlike(a: Any, b: Any, limit: float | None) -> Iterator[int]:
    """Yield the first place along the first axis where two columns differ."""
    if a.dtype.kind == "U":
        unlike = a != b
    elif limit is not None:
        unlike = np.abs(a - b) > limit
    elif a.dtype.kind == "i":
        unlike = a != b
    else:
        scale = np.fmax.reduce(np.fmax(np.abs(a), np.abs(b)), axis=0, keepdims=True)
        unlike = relative_difference(a, b, np.fmax(scale, FLOOR * _largest(scale))) >= TOLERANCE
    rows = np.flatnonzero(unlike.reshape(len(a), -1).any(axis=1))
    if len(rows):
        yield int(rows[0])


def _first_step(stored: Result, rerun: Result, name: str) -> int | None:
    a, b = stored.array(name), rerun.array(name)
    if a.shape[1:] != b.shape[1:] or a.size == 0:
        return None
    both = min(len(a), len(b))
    return next(_unlike(a[:both], b[:both], None), None)


def _event(result: Result, k: int) -> str:
    return _row(result, "events", ("event_time", "event_unit", "what"), k)


def _row(result: Result, table: str, columns: tuple[str, ...], k: int) -> str:
    """A row in words, e.g. "3.2 h sort failed"; "none" after the last."""
    paths = [f"{table}/{name}" for name in columns]
    if k >= len(result.array(paths[0])):
        return "none"
    return " ".join(_moment(result.array(path)[k]) if BY_PATH[path].unit == "time" else str(result.array(path)[k]) for path in paths)


def _moment(nanoseconds: Any) -> str:
    return f"{int(nanoseconds) / NANOSECONDS:.9g} s"
