"""Writes a report: the page, and beside it a PDF and figures where they are asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from twin.errors import UsageError
from twin.report.language import Language
from twin.report.language import language as language_of
from twin.report.page import render
from twin.report.pdf import has_end
from twin.report.source import Source, gather
from twin.results.held import contradictions
from twin.results.investment import Investment
from twin.results.read import Result, open_file
from twin.results.replace import Mark, check_replaceable, make_folder, replacing, text_mark
from twin.study.apart import Apart, parts_of_results
from twin.study.executors import Executor

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
    brief: bool = False,
    language: str = "en",
    investment: Investment | None = None,
    ensemble: str | os.PathLike[str] | None = None,
    executor: str | Executor = "processes",
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Written:
    """Write a report of one run, of several replications of one scenario, or of a comparison of scenarios, the first of which is the base; returns the files.

    ``brief`` writes two pages of A4, ``language`` is ``"en"`` or ``"de"``. ``pdf`` writes a PDF beside the page, ``figures`` names a folder for SVG and PNG
    files of its figures. ``investment``: of a comparison, what each
    variant costs more than the base. ``ensemble``: a file of values that a calibration leaves possible; each replication is run again with one, on
    ``executor`` with ``workers``, and the page tells chance and parameters apart. An existing report is replaced, any other file refused.

    Raises :class:`~twin.errors.UsageError` for a language that there is not,
    figures of a comparison, and where a package is missing, :class:`~twin.errors.FileError` for files that cannot be read or written.
    """
    page, words = Path(out), language_of(language)
    opened = [file if isinstance(file, Result) else open_file(os.fspath(file)) for file in files]
    try:
        names = [result.path.name if result.path is not None else f"run {k + 1}" for k, result in enumerate(opened)]
        check_replaceable(page, PAGE)
        beside = page.with_suffix(".pdf") if pdf else None
        if beside is not None:
            check_replaceable(beside, PRINTED)
        with contradictions(", ".join(names)):
            doubt = _doubt(opened, names, os.fspath(ensemble), brief, executor, workers, progress) if ensemble is not None else {}
            write, most = _pages(opened, names, words, brief, figures is not None, investment, doubt)
            text = write(most)
        printed = b""
        if beside is not None:
            text, printed = _fitted(write, text, most) if brief else (text, _printed(text))
        with contradictions(", ".join(names)):
            drawn = _figures(gather(opened, names), Path(figures)) if figures is not None else ()
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


def _pages(
    opened: Sequence[Result],
    names: Sequence[str],
    words: Language,
    brief: bool,
    drawn: bool,
    investment: Investment | None,
    doubt: Mapping[str, Apart],
) -> tuple[Callable[[int], str], int]:
    """What writes the page with so many rows, which only two pages are short of, and how many rows those have at most."""
    from twin.report import brief as two_pages
    from twin.report import comparing

    if len({str(result.attrs["scenario_sha256"]) for result in opened}) > 1:
        if drawn:
            raise UsageError("--figures is for a report of one scenario, and these are runs of several: make a report of each to get its figures")
        return (lambda rows: comparing.render_comparison(opened, names, words, brief, rows, investment)), comparing.MOST_ROWS
    source = replace(gather(opened, names), doubt=doubt)
    if brief:
        return (lambda rows: two_pages.render_brief(source, words, rows)), two_pages.MOST_ROWS
    return (lambda rows: render(source, words)), 0


def _doubt(
    opened: Sequence[Result],
    names: Sequence[str],
    file: str,
    brief: bool,
    executor: str | Executor,
    workers: int | None,
    progress: Callable[[int, int], None] | None,
) -> dict[str, Apart]:
    """Chance and parameters apart, by replications that are run again with members of an ensemble."""
    from twin.study.ensemble import read_ensemble
    from twin.study.replicate import opened as ready

    if brief:
        raise UsageError("--ensemble needs the whole report: two pages have no room for it")
    if len({str(result.attrs["scenario_sha256"]) for result in opened}) > 1:
        raise UsageError("--ensemble is for a report of replications of one scenario; 'twin compare --ensemble' tells both doubts of a difference")
    source, found = gather(opened, names), read_ensemble(file)
    with ready(executor, workers) as own:
        return parts_of_results(opened, source.scenario, found, own, progress)


def _fitted(write: Callable[[int], str], text: str, most: int) -> tuple[str, bytes]:
    """The page and its PDF with as many rows as two pages hold."""
    from twin.report.pdf import pages_of

    printed, count = pages_of(text)
    for rows in range(most - 1, 0, -1):
        if count <= 2:
            break
        text = write(rows)
        printed, count = pages_of(text)
    return text, printed


def _printed(text: str) -> bytes:
    from twin.report.pdf import pdf_of

    return pdf_of(text)


def _figures(source: Source, folder: Path) -> tuple[Path, ...]:
    from twin.report.figure_files import write_figures

    make_folder(folder)
    return write_figures(source, folder)
