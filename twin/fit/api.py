"""A plant's own data from Python: what ``twin import`` and ``twin stops`` do."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from twin.fit.stop_logs import Reliability, read_log
from twin.fit.stop_logs import reliability as reliability_of
from twin.fit.tables.importing import Imported, import_file
from twin.fit.tables.mapping import ColumnMap, read_entry
from twin.fit.tables.options import Options, options_from


def _options(columns: Mapping[str, str], said: Mapping[str, str | None]) -> Options:
    entries = dict(read_entry(f"{column}={role}") for column, role in columns.items())
    return options_from({key: value for key, value in said.items() if value is not None}, ColumnMap(entries))


def import_table(path: str | os.PathLike[str], columns: Mapping[str, str] | None = None, **said: str | None) -> Imported:
    """Read an export of a weighbridge, a laboratory, a sieve or a shift book; ``text()`` of what is returned is the CSV that scenarios read.

    ``columns`` maps headings to what they are, e.g. ``{"Netto kg": "mass", "Preis": "ignore"}``; further arguments are the options of the command ``twin
    import`` by name, as text: ``kind``, ``decimal``, ``dates``, ``zone``, ``trucks`` and so on. Raises ``TableError`` for what is wrong or can be read in two
    ways, with both readings, and ``UsageError``.
    """
    return import_file(Path(path), _options(columns or {}, said))


def reliability(
    path: str | os.PathLike[str],
    *,
    begin: datetime | None = None,
    end: datetime | None = None,
    planned: Sequence[str] = (),
    confidence: float = 0.9,
    columns: Mapping[str, str] | None = None,
    **said: str | None,
) -> list[Reliability]:
    """Fit times between failures and to repair to a stop log, machine by machine and cause by cause, in calendar time.

    ``begin`` and ``end`` say what was watched; ``planned`` are reasons that are no failures. ``columns`` and further arguments as in :func:`import_table`.
    Raises ``TableError`` and ``UsageError``.
    """
    log = read_log(Path(path), _options(columns or {}, said), begin, end)
    return reliability_of(log, planned, {}, confidence)
