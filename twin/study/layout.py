"""The layout of a study file: what it holds of each run, and how it is written. All arrays stand in the root, stacked along ``run``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from twin.results.create import ENCODING, create_counted, create_variable, text_array, text_type, write_once
from twin.results.digest import blocks, dataset_paths
from twin.results.held import Attribute, Held, damaged, is_count, is_seed, is_text
from twin.results.kpis import KPIS, Kpi
from twin.results.layout import Variable
from twin.study.design import Points
from twin.study.runs import Outcome

LAYOUT = 1
"""Version of the layout of a study file, in its attribute ``twin_study``."""
ATTRIBUTES: tuple[Attribute, ...] = (
    *(Attribute(name, "a text", is_text) for name in ("study_name", "study_title", "study_kind", "study_sha256", "scenario_name", "scenario_sha256", "digest")),
    *(Attribute(name, "a text", is_text) for name in ("twin_version", "environment", "created")),
    Attribute("platform", "a JSON text", is_text),
    Attribute("design", "a JSON object", lambda value: is_json(value, dict)),
    Attribute("responses", "a JSON list of texts", lambda value: is_json(value, list) and all(isinstance(name, str) for name in json.loads(value))),
    *(Attribute(name, "a whole number", is_count) for name in ("points", "replications", "design_seed")),
    Attribute("seed", "a whole number", is_seed),
    Attribute("complete", "true or false", lambda value: isinstance(value, (bool, np.bool_))),
)
"""Attributes of the root of a study file."""
OPEN = "open"
"""The status of a run that was not made yet."""
BLOCK = 1024
"""Rows that are read and written at once."""

COLUMNS: tuple[tuple[Variable, int], ...] = (
    (Variable("point", ("run",), "1", "point of the design, counted from 0", "rows", "int"), 0),
    (Variable("replication", ("run",), "1", "replication, counted from 0; equal ones have the same random numbers at all points", "rows", "int"), 0),
    (Variable("status", ("run",), "", "done, failed, lost (whatever made the run died) or open (not made yet)", "rows", "text"), 8),
    (Variable("error", ("run",), "", "why there is no result", "rows", "text"), 400),
    (Variable("digest", ("run",), "", "digest of the run's results file, kept or not", "rows", "text"), 64),
    (Variable("key", ("run",), "", "SHA-256 of all that the run depends on", "rows", "text"), 64),
    (Variable("cpu", ("run",), "s", "processor time that the run took", "rows"), 0),
    (Variable("events", ("run",), "1", "events of the run", "rows", "int"), 0),
    (Variable("range_warnings", ("run",), "1", "how often a kernel left its valid range", "rows", "int"), 0),
    (Variable("factor_level", ("run", "factor"), "1", "place of a factor in its range or list, from 0 to 1", "rows"), 0),
    (Variable("factor_value", ("run", "factor"), "factor_unit", "value of a factor; of words, their place in the list", "rows"), 0),
    (Variable("response_value", ("run", "response"), "response_unit", "key figure of the run", "rows"), 0),
)
"""What a study file holds of each run, and how many bytes a text may have."""
_NOT_IN_DIGEST = ("/cpu", "/key")
"""What may differ between two studies with equal results."""


@dataclass(frozen=True)
class Plan:
    """The runs that a file holds: the replications of the first point, then those of the second, …; ``keys`` (run) are theirs."""

    points: Points
    replications: int
    keys: Any

    def __len__(self) -> int:
        return len(self.keys)

    def key(self, run: int) -> str:
        """Return the key of a run."""
        return bytes(self.keys[run]).decode()


def create(file: Any, plan: Plan, units: Mapping[str, str]) -> None:
    """Make the arrays; ``units`` are those of the key figures."""
    create_counted(file, "/", "run", len(plan))
    factors = plan.points.factors
    _label(file, "factor", [factor.path for factor in factors], "what varies, by its path")
    _label(file, "response", list(units), "key figure")
    for name, texts, about in (
        ("factor_unit", [factor.unit for factor in factors], "SI unit of a factor, nothing for words"),
        ("response_unit", list(units.values()), "SI unit of a key figure"),
    ):
        write_once(file, Variable(name, (name.partition("_")[0],), "", about, "once", "text"), texts)
    for variable, width in COLUMNS:
        shape = (len(plan), *(file[dim].shape[0] for dim in variable.dims[1:]))
        create_variable(file, variable, shape, min(BLOCK, len(plan)), width or 1)


def is_json(value: Any, kind: type) -> bool:
    """Whether a value is the JSON text of an object, or a list."""
    try:
        return isinstance(value, str) and isinstance(json.loads(value), kind)
    except (ValueError, RecursionError):
        return False


def check(file: Any, path: Path) -> None:
    """Hold an open study file against the layout. Raises ``FileError``."""
    held = Held(file, path)
    with damaged(path):
        held.attributes(ATTRIBUTES)
        lengths = {"run": held.scale("run"), "factor": held.labels("factor"), "response": held.labels("response")}
        for variable, _ in COLUMNS:
            held.array(variable.path, variable.kind, tuple(lengths[dim] for dim in variable.dims), whole=variable.kind != "text")
        for name in ("factor", "response"):
            held.array(f"{name}_unit", "text", (lengths[name],))
        for group in ("study", "scenario"):
            count = held.scale(f"{group}/{group}_file")
            for name in ("file_name", "file_text"):
                held.array(f"{group}/{name}", "text", (count,))
            held.array(f"{group}/yaml", "text", ())
        held.array("study/factors", "text", ())
        points, replications = int(file.attrs["points"]), int(file.attrs["replications"])
        if points * replications != lengths["run"] or replications < 1:
            raise held.refuse("run", f"counts {lengths['run']} runs, not {points} points x {replications} replications")
        unknown = {status for block in blocks(file["status"]) for status in block.tolist()} - {b"done", b"failed", b"lost", b"open"}
        if unknown:
            raise held.refuse("status", f"says {sorted(unknown)[0]!r}")


def _label(file: Any, dim: str, labels: Sequence[str], about: str) -> None:
    texts = text_array(labels)
    scale = file.create_dataset(dim, data=texts, dtype=text_type(texts.dtype.itemsize))
    scale.attrs.update({ENCODING: "utf-8", "long_name": about})
    scale.make_scale(dim)


def fill(file: Any, plan: Plan, names: list[str], first: int, outcomes: Sequence[Outcome | None]) -> None:
    """Write a block of runs."""
    stop = first + len(outcomes)
    points, replications = np.divmod(np.arange(first, stop), plan.replications)
    file["point"][first:stop] = points
    file["replication"][first:stop] = replications
    for name, values in {
        "status": [o.status if o is not None else OPEN for o in outcomes],
        "error": [o.error if o is not None else "" for o in outcomes],
        "digest": [o.digest if o is not None else "" for o in outcomes],
        "key": [plan.key(k) for k in range(first, stop)],
    }.items():
        width = file[name].dtype.itemsize
        file[name][first:stop] = text_array(values, width).astype(f"S{width}").view(file[name].dtype)
    file["cpu"][first:stop] = [o.cpu if o is not None else np.nan for o in outcomes]
    file["events"][first:stop] = [o.events if o is not None else 0 for o in outcomes]
    file["range_warnings"][first:stop] = [o.warnings if o is not None else 0 for o in outcomes]
    if plan.points.factors:
        values_at = {point: plan.points.values(point) for point in dict.fromkeys(points.tolist())}
        file["factor_level"][first:stop] = plan.points.levels[points]
        file["factor_value"][first:stop] = np.array([values_at[point] for point in points.tolist()])
    if names:
        nothing: dict[str, Kpi] = {}
        kpis = [(o.kpis or nothing) if o is not None else nothing for o in outcomes]
        file["response_value"][first:stop] = np.array([[own[name].value if name in own else np.nan for name in names] for own in kpis])


def write_text(file: Any, name: str, text: str | Sequence[str]) -> None:
    """Write a text, or several along a dimension that bears the name of the group."""
    group = name.partition("/")[0]
    dims = () if isinstance(text, str) else (f"{group}_file",)
    if dims and f"{group}/{dims[0]}" not in file:
        create_counted(file, group, dims[0], len(text))
    write_once(file, Variable(name, dims, "", name.replace("/", ": "), "once", "text"), text)


def statuses(file: Any) -> Iterator[str]:
    """Yield the status of every run."""
    for block in blocks(file["status"]):
        yield from (status.decode() for status in block)


def digest_of(file: Any, study_sha256: str) -> str:
    """Return the SHA-256, in hex, over all arrays but those that two equal studies may differ in."""
    total = hashlib.sha256()
    for path in dataset_paths(file):
        if path in _NOT_IN_DIGEST:
            continue
        dataset = file[path]
        kind = dataset.dtype.newbyteorder("<")
        total.update(f"{path}\0{kind.str}\0{json.dumps(dataset.shape)}\0".encode())
        for block in blocks(dataset):
            total.update(np.ascontiguousarray(block, dtype=kind).data.cast("B") if block.size else b"")
    total.update(study_sha256.encode())
    return total.hexdigest()


def in_order(units: Mapping[str, str]) -> dict[str, str]:
    """Return key figures in the order of their table, whatever run was the first to have them."""
    return dict(sorted(units.items(), key=lambda item: (_place(item[0]), item[0])))


@cache
def _place(name: str) -> int:
    """Where a key figure stands in the table: at the row with the same stem whose number of dots is nearest."""
    stem, dots = name.partition(".")[0], name.count(".")
    rows = [(abs(d.pattern.count(".") - dots), k) for k, d in enumerate(KPIS) if d.pattern.partition(".")[0] == stem]
    return min(rows)[1] if rows else len(KPIS)
