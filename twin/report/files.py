"""Writes a report: the page, and beside it a PDF and figures where they are asked for."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from twin.errors import FileError
from twin.report.page import render
from twin.report.source import Source, gather
from twin.results.read import Result, open_file

_OURS = b'<meta name="generator" content="twin report">'
_HEAD = 2048


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
        _check(page, _OURS)
        beside = page.with_suffix(".pdf") if pdf else None
        if beside is not None:
            _check(beside, b"%PDF-")
        source = gather(opened, names)
        text = render(source)
        printed = _printed(text) if beside is not None else b""
        drawn = _figures(source, Path(figures)) if figures is not None else ()
        _write(page, text.encode("utf-8"))
        if beside is not None:
            _write(beside, printed)
    finally:
        for file, result in zip(files, opened, strict=True):
            if file is not result:
                result.close()
    return Written(page, beside, drawn)


def _check(path: Path, mark: bytes) -> None:
    """Refuse to replace what is not of our making."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except FileNotFoundError:
        return
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror}") from None
    if head and mark not in head:
        raise FileError(f"{path} exists and is no report: give another name, or remove it")


def _write(path: Path, content: bytes) -> None:
    """Write under another name, then rename, so that a reader never sees half a file."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise FileError(f"{path} cannot be written: {error.strerror}") from None


def _printed(text: str) -> bytes:
    from twin.report.pdf import pdf_of

    return pdf_of(text)


def _figures(source: Source, folder: Path) -> tuple[Path, ...]:
    from twin.report.figure_files import write_figures

    try:
        folder.mkdir(parents=True, exist_ok=True)
        return write_figures(source, folder)
    except OSError as error:
        raise FileError(f"{folder} cannot be written: {error.strerror}") from None
