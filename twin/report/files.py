"""Writes a report: the page, and beside it a PDF and figures where they are asked for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from twin.report.page import render
from twin.report.pdf import has_end
from twin.report.source import Source, gather
from twin.results.held import contradictions
from twin.results.read import Result, open_file
from twin.results.replace import Mark, check_replaceable, make_folder, replacing, text_mark

PAGE = text_mark("a report of twin", b'<meta name="generator" content="twin report">', 2048)
PRINTED = Mark("a report of twin", has_end)


@dataclass(frozen=True)
class Written:
    """The files of a report."""

    page: Path
    pdf: Path | None
    figures: tuple[Path, ...]


def report(
    files: Sequence[Result | str | os.PathLike[str]],
    out: str | os.PathLike[str] = "report.html",
    *,
    pdf: bool = False,
    figures: str | os.PathLike[str] | None = None,
) -> Written:
    """Write a report of one run, or of several replications of one scenario, to ``out``; returns the files.

    ``pdf`` writes a PDF beside it, ``figures`` names a folder for SVG and PNG files of its figures. An existing report is replaced, any other file refused.
    Raises :class:`~twin.errors.UsageError` for runs of different scenarios and where a package is missing, :class:`~twin.errors.FileError` for files that
    cannot be read or written.
    """
    page = Path(out)
    opened = [file if isinstance(file, Result) else open_file(os.fspath(file)) for file in files]
    try:
        names = [result.path.name if result.path is not None else f"run {k + 1}" for k, result in enumerate(opened)]
        check_replaceable(page, PAGE)
        beside = page.with_suffix(".pdf") if pdf else None
        if beside is not None:
            check_replaceable(beside, PRINTED)
        with contradictions(", ".join(names)):
            source = gather(opened, names)
            text = render(source)
        printed = _printed(text) if beside is not None else b""
        with contradictions(", ".join(names)):
            drawn = _figures(source, Path(figures)) if figures is not None else ()
        with replacing(page, PAGE) as temporary:
            temporary.write_bytes(text.encode("utf-8"))
        if beside is not None:
            with replacing(beside, PRINTED) as temporary:
                temporary.write_bytes(printed)
    finally:
        for file, result in zip(files, opened, strict=True):
            if file is not result:
                result.close()
    return Written(page, beside, drawn)


def _printed(text: str) -> bytes:
    from twin.report.pdf import pdf_of

    return pdf_of(text)


def _figures(source: Source, folder: Path) -> tuple[Path, ...]:
    from twin.report.figure_files import write_figures

    make_folder(folder)
    return write_figures(source, folder)
