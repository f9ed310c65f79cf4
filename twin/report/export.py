"""``twin export``: runs, studies and comparisons as spreadsheets."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from twin.errors import UsageError
from twin.report import sheets, spreadsheets
from twin.report.inventory import inventory
from twin.report.spreadsheets import Decimal
from twin.results.check import divided, open_hdf5
from twin.results.held import contradictions
from twin.results.read import Result, open_file
from twin.study.compare import compare
from twin.study.comparison import Comparison
from twin.study.read import Study

INVENTORY = ".zip"
"""The suffix of a package that openLCA imports."""
Exported = Result | Study | Comparison | str | os.PathLike[str]


def export(
    *items: Exported,
    out: str | os.PathLike[str],
    table: str | None = None,
    quantities: Sequence[str] = (),
    decimal: Decimal = "point",
    replace: bool = False,
) -> str:
    """Write a run, a study or a comparison to ``out`` (.xlsx, .csv or .parquet), or a run to a package for openLCA (.zip); returns what was written, in words.

    Several results files are compared, the first being the base. ``table`` names one of the tables; ``quantities`` are those of a run that are written over
    time. Raises ``UsageError`` and ``FileError`` as the readers and :func:`~twin.report.spreadsheets.write` do.
    """
    if Path(out).suffix.lower() == INVENTORY:
        if table is not None or quantities:
            raise UsageError("an inventory is of a whole run: leave out --table and --quantity")
        return _inventory(items, Path(out), replace)
    if len(items) > 1 or isinstance(items[0], Comparison):
        if quantities:
            raise UsageError("quantities over time are those of one run: give one results file")
        found = items[0] if isinstance(items[0], Comparison) else _compared(items)
        tables = sheets.of_comparison(found)
    else:
        tables = _tables_of(items[0], quantities)
    return spreadsheets.write(tables, Path(out), table=table, decimal=decimal, replace=replace)


def _inventory(items: Sequence[Exported], target: Path, replace: bool) -> str:
    """An inventory of a run, or of replications of one scenario."""
    opened: list[Result] = []
    try:
        for item in items:
            if isinstance(item, (Study, Comparison)):
                raise UsageError("an inventory is of a run, or of replications of one scenario")
            opened.append(item if isinstance(item, Result) else open_file(os.fspath(item)))
        names = [result.path.name if result.path is not None else f"run {k + 1}" for k, result in enumerate(opened)]
        with contradictions(", ".join(names)):
            content = inventory(opened, names)
        spreadsheets.put(content, target, replace)
    finally:
        for item, result in zip(items, opened, strict=False):
            if item is not result:
                result.close()
    return f"{target}: an inventory of 1 t of input, for openLCA"


def _compared(items: Sequence[Exported]) -> Comparison:
    files = []
    for item in items:
        if isinstance(item, (Study, Comparison)):
            raise UsageError("several files are a comparison of results: a study is exported alone")
        files.append(item)
    return compare(*files)


def _tables_of(item: Exported, quantities: Sequence[str]) -> list[sheets.Sheet]:
    if isinstance(item, Result):
        return sheets.of_run(item, quantities)
    assert not isinstance(item, Comparison)
    study = item if isinstance(item, Study) else _study(item)
    if study is not None:
        if quantities:
            raise UsageError("quantities over time are those of one run: a study holds key figures only")
        return sheets.of_study(study)
    assert not isinstance(item, Study)
    with open_file(os.fspath(item)) as result, contradictions(os.fspath(item)):
        return sheets.of_run(result, quantities)


def _study(path: str | os.PathLike[str]) -> Study | None:
    """The study that a file holds, None where it holds something else."""
    file = open_hdf5(divided(Path(path))[0])
    with file:
        return Study(path) if "twin_study" in file.attrs else None
