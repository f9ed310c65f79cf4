"""The page as PDF, by weasyprint."""

from __future__ import annotations

import os
import re
from pathlib import Path

from twin.errors import UsageError
from twin.report.palette import rules

_BULK = re.compile(r'<tr class="bulk".*?</tr>\n|<details class="bulk">.*?</details>', re.DOTALL)
_END = b"%% twin report\n"
"""A comment after the end of the file, by which our own are known. Readers look for the end in the last kilobyte."""


def pdf_of(page: str) -> bytes:
    """Return the page as it prints. Raises :class:`~twin.errors.UsageError` where weasyprint is not installed; nothing is fetched from anywhere."""
    return pages_of(page)[0]


def pages_of(page: str) -> tuple[bytes, int]:
    """Return the same with the number of its pages."""
    try:
        import weasyprint
    except (ImportError, OSError) as error:  # OSError: its C libraries (pango) are missing
        raise UsageError("--pdf needs weasyprint and the library pango: pip install 'twin[pdf]'; or print the page from a browser") from error

    document = weasyprint.HTML(string=_coloured(page), url_fetcher=_refuse, media_type="print").render()
    return bytes(document.write_pdf()) + _END, len(document.pages)


def has_end(path: Path) -> bool:
    """Return whether a file is a PDF that twin wrote."""
    with path.open("rb") as file:
        begins = file.read(5) == b"%PDF-"
        file.seek(-min(len(_END), path.stat().st_size), os.SEEK_END)
        return begins and file.read() == _END


def _coloured(page: str) -> str:
    """Give each figure its style, as weasyprint does not hand the page's to them, and leave out what is not printed, which takes it long."""
    return re.sub(r"(<svg [^>]*>)", lambda match: f"{match[1]}<style>{rules()}</style>", _BULK.sub("", page))


def _refuse(url: str, *_: object, **__: object) -> dict[str, object]:
    raise ValueError(f"a report refers to nothing outside ({url})")
