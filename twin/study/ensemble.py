"""Ensembles: values of some numbers of a scenario that are equally likely together, as a calibration leaves them; a CSV of decimal text."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from twin.errors import UsageError
from twin.quantities import parse, shown
from twin.results.replace import check_replaceable, replacing, text_mark
from twin.scenario import Scenario
from twin.scenario.cluster import Cluster
from twin.scenario.places import Plain
from twin.scenario.tables import Files, read_rows
from twin.study.cluster_changes import plant_or_cluster_with
from twin.study.factors import written

_HEAD = "# ensemble of twin"
MARK = text_mark("an ensemble of twin", _HEAD.encode(), begins=_HEAD.encode())
MOST = 100_000
_COLUMN = re.compile(r"(\S+)(?: \[([^\]]+)\])?")


@dataclass(frozen=True)
class Ensemble:
    """``members`` (member, path): values in the SI unit of each path."""

    paths: tuple[str, ...]
    units: tuple[str, ...]
    members: tuple[tuple[float, ...], ...]

    def __len__(self) -> int:
        """Return the number of members."""
        return len(self.members)

    def changes(self, member: int) -> dict[str, Plain]:
        """Return what a member changes in a scenario; counted round where there are more runs than members."""
        row = self.members[member % len(self.members)]
        return {path: written(value, unit) for path, unit, value in zip(self.paths, self.units, row, strict=True)}

    def without(self, paths: Sequence[str]) -> Ensemble:
        """Return the ensemble without some numbers, which keep the value that the scenario gives them."""
        kept = [k for k, path in enumerate(self.paths) if path not in paths]
        members = tuple(tuple(member[k] for k in kept) for member in self.members)
        return Ensemble(tuple(self.paths[k] for k in kept), tuple(self.units[k] for k in kept), members)

    def changed_in(self, variant: Scenario | Cluster, base: Scenario | Cluster) -> list[str]:
        """Return those of its numbers that a variant sets to something else than the base does: they are the change, and no member undoes it."""
        own, other = ({number.path: number.value for number in scenario.parameters()} for scenario in (variant, base))
        aside = isinstance(base, Cluster) and not base.linked  # its links and networks are the variant's too, and count nowhere
        return [path for path in self.paths if own.get(path) != other.get(path) and not (aside and path not in other and path in own)]

    def apply(self, scenario: Scenario | Cluster, member: int) -> Scenario | Cluster:
        """Return the scenario, or the cluster, of a member. Raises :class:`~twin.errors.ScenarioError` where the scenario has not the numbers."""
        return plant_or_cluster_with(scenario, self.changes(member))


def write_ensemble(path: Path, ensemble: Ensemble, notes: Sequence[str]) -> None:
    """Write an ensemble; one that twin wrote is replaced, any other file is not. Raises ``FileError``, ``UsageError``."""
    out = io.StringIO()
    out.write(_HEAD + "\n")
    for note in notes:
        out.write(f"# {note}\n")
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["member", *(f"{name} [{unit}]" for name, unit in zip(ensemble.paths, ensemble.units, strict=True))])
    for number, member in enumerate(ensemble.members):
        rows.writerow([number, *(repr(value) for value in member)])
    with replacing(path, MARK) as temporary:
        temporary.write_text(out.getvalue(), encoding="utf-8")


def read_ensemble(path: str | os.PathLike[str]) -> Ensemble:
    """Return the ensemble in a file. Raises ``UsageError`` with the line of what is wrong."""
    name = os.fspath(path)
    rows = read_rows(name, Files())
    head = [cell.strip() for cell in rows[0][1]] if rows else []
    columns = [_COLUMN.fullmatch(cell) for cell in head[1:]]
    if head[:1] != ["member"] or not columns or None in columns:
        raise UsageError(f"{name}: is no ensemble: columns 'member' and 'PATH [UNIT]' are needed, as 'twin calibrate' writes them")
    found = [match for match in columns if match is not None]
    paths, units = tuple(match[1] for match in found), tuple(match[2] or "1" for match in found)
    if len(set(paths)) < len(paths):
        raise UsageError(f"{name}: a path stands twice")
    if not 2 <= len(rows) - 1 <= MOST:
        raise UsageError(f"{name}: 2 to {MOST} members are needed (got {len(rows) - 1})")
    members = []
    for line, row in rows[1:]:
        if len(row) != len(head):
            raise UsageError(f"{name}:{line} has {len(row)} values, {len(head)} are needed: one for each column")
        try:
            members.append(tuple(parse(f"{cell.strip()} {unit}" if unit != "1" else cell.strip(), unit) for cell, unit in zip(row[1:], units, strict=True)))
        except UsageError as error:
            raise UsageError(f"{name}:{line}: {error} in {shown(','.join(row))}") from None
    return Ensemble(paths, units, tuple(members))


def check_ensemble_file(out: Path) -> None:
    """Raise ``FileError`` where something stands at ``out`` that an ensemble must not replace."""
    check_replaceable(out, MARK)
