"""The page as PDF, by weasyprint."""

from __future__ import annotations

import re

from twin.errors import UsageError
from twin.report.palette import rules

_BULK = re.compile(r'<tr class="bulk".*?</tr>\n|<details class="bulk">.*?</details>', re.DOTALL)


def pdf_of(page: str) -> bytes:
    """Return the page as it prints. Raises :class:`~twin.errors.UsageError` where weasyprint is not installed; nothing is fetched from anywhere."""
    try:
        import weasyprint
    except (ImportError, OSError) as error:  # OSError: its C libraries (pango) are missing
        raise UsageError("--pdf needs weasyprint and the library pango: pip install 'twin[pdf]'; or print the page from a browser") from error

    document = weasyprint.HTML(string=_coloured(page), url_fetcher=_refuse, media_type="print")
    return bytes(document.write_pdf())


def _coloured(page: str) -> str:
    """Give each figure its style, as weasyprint does not hand the page's to them, and leave out what is not printed, which takes it long."""
    return re.sub(r"(<svg [^>]*>)", lambda match: f"{match[1]}<style>{rules()}</style>", _BULK.sub("", page))


def _refuse(url: str, *_: object, **__: object) -> dict[str, object]:
    raise ValueError(f"a report refers to nothing outside ({url})")
