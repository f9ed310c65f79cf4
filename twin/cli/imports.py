"""``twin import``: an export of a weighbridge, a laboratory, a sieve or a shift book, as the CSV that scenarios read."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.errors import FileError, UsageError

if TYPE_CHECKING:
    from twin.fit.tables.importing import Imported
    from twin.fit.tables.options import Options

NAMED = ("kind", "decimal", "dates", "zone", "repeated_hour", "encoding", "separator", "sheet", "trucks", "basis", "material", "only", "every", "hours")


def add_parser(commands: Any) -> None:
    """Declare the command and its arguments."""
    summary = "read an export (CSV, XLSX, Parquet) into the CSV that scenarios read"
    parser = commands.add_parser("import", help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False)
    parser.add_argument("file", metavar="FILE", help="export of a weighbridge, a laboratory, a sieve or a shift book")
    parser.add_argument("-o", "--output", metavar="OUT", help="table to write (default: ./NAME-KIND.csv); one that exists is refused")
    parser.add_argument("--force", action="store_true", help="replace the table where it exists")
    parser.add_argument("--kind", metavar="KIND", help="deliveries, stops, sieve or assays, where it is not clear")
    add_options(parser)
    parser.add_argument("--trucks", metavar="MASS", help="spread the total of a day or a month over trucks, e.g. '24 t'; 'none': a row is a delivery")
    parser.add_argument("--hours", metavar="HOURS", help="when those trucks come, e.g. 06:00-18:00 or 'weekdays 06:00-18:00, saturday 06:00-12:00'")
    parser.add_argument("--every", metavar="SPAN", help="sum weighings over each 'hour' or 'day'")
    parser.add_argument("--from", dest="begin", metavar="TIME", help="read rows of this date or later, e.g. 2026-03-01")
    parser.add_argument("--to", dest="end", metavar="TIME", help="read rows before this date")
    parser.add_argument("--basis", metavar="BASIS", help="deliver mass 'wet', as weighed (default), or 'dry', by the column of moisture")
    parser.add_argument("--material", metavar="NAME", help="material that assays are of")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments that say how a table is read."""
    parser.add_argument("--map", metavar="COLUMN=ROLE", action="append", default=[], help='e.g. "Netto kg=mass", "Papier=paper [short ton]", "Preis=ignore"')
    parser.add_argument(
        "--only", metavar="COLUMN=TEXT", action="append", help="read only rows with this text in a column, e.g. Sorte=Mischschrott; may be repeated"
    )
    parser.add_argument("--mapping", metavar="YAML", help="file with 'columns' and other options; what is said here goes before it")
    parser.add_argument("--decimal", metavar="SIGN", help="'comma' or 'point', for columns that can be read with both")
    parser.add_argument("--dates", metavar="ORDER", help="'day-first' or 'month-first', for dates that can be read with both")
    parser.add_argument("--zone", metavar="ZONE", help="zone of the clock that wrote the times, e.g. Europe/Berlin or +01:00; they become standard time")
    parser.add_argument("--repeated-hour", metavar="WHICH", help="'first' or 'second', for times in the hour that is repeated when summer time ends")
    parser.add_argument("--encoding", metavar="NAME", help="encoding of a text file, e.g. cp1252")
    parser.add_argument("--separator", metavar="SIGN", help="semicolon, comma, tab or pipe")
    parser.add_argument("--sheet", metavar="NAME", help="sheet of a workbook")


def options_of(options: argparse.Namespace) -> Options:
    """Return how a table is to be read, by the mapping file and what the command line says."""
    from twin.fit.tables.mapping import ColumnMap, Entry, read_entry, read_mapping
    from twin.fit.tables.options import options_from

    entries: dict[str, Entry] = {}
    said: dict[str, Any] = {}
    if options.mapping is not None:
        entries, said = read_mapping(Path(options.mapping))
    entries |= dict(read_entry(text) for text in options.map)
    for key in NAMED:
        if getattr(options, key, None) is not None:
            said[key] = getattr(options, key)
    if options.command == "import":  # of a stop log they say what was watched
        said |= {key: text for key, text in (("from", options.begin), ("to", options.end)) if text is not None}
    return options_from(said, ColumnMap(entries))


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from twin.fit.tables.importing import import_file

    source = Path(options.file)
    found = import_file(source, options_of(options))
    out = Path(options.output or f"{source.stem}-{found.made.kind}.csv")
    _write(found, source, out, force=options.force)
    print(json.dumps(as_object(found, out), indent=2, ensure_ascii=False)) if options.json else _show(found, out)
    return 0


def _write(found: Imported, source: Path, out: Path, *, force: bool) -> None:
    from twin.results.replace import Mark, replacing, what_stands_at
    from twin.scenario.tables import MOST_BYTES

    content = found.text().encode("utf-8")
    if len(content) > MOST_BYTES:
        raise FileError(f"{out}: the table would have {len(content)} bytes, and a scenario reads at most {MOST_BYTES}: import fewer rows or columns")
    if what_stands_at(out) == "":
        if out.samefile(source):
            raise UsageError(f"{out} is the file that is read: give another name with -o")
        if not force:
            raise FileError(f"{out} exists: give another name with -o, or --force to replace it")
    with replacing(out, Mark("a table", (lambda path: True) if force else None)) as temporary:
        temporary.write_bytes(content)


def as_object(found: Imported, out: Path) -> dict[str, Any]:
    """Return what was detected and written as a JSON object."""
    columns = [{"column": f.column, "read_as": f.read_as, "unit": f.unit, "decimal": f.decimal, "notes": list(f.notes)} for f in found.findings]
    source = {"file": found.source.name, "sha256": found.source.sha256, "form": found.source.form}
    rows = len(found.made.rows)
    return {
        "source": source,
        "kind": found.made.kind,
        "columns": columns,
        "notes": list(found.notes),
        "rows": rows,
        "summary": found.made.summary,
        "file": str(out),
    }


def _show(found: Imported, out: Path) -> None:
    from rich.markup import escape

    from twin.cli.figures import new_table
    from twin.cli.terminal import console

    print(f"{found.source.name}: {found.source.form}")
    table = new_table("column", "read as", "unit", "decimal", "notes")
    for heading in table.columns:
        heading.justify = "left"
    for f in found.findings:
        table.add_row(*(escape(text) for text in (f.column, f.read_as, f.unit, f.decimal, "; ".join(f.notes))))
    console(width=200).print(table)
    for note in found.notes:
        print(f"note: {note}")
    print(f"{out}: {found.made.summary}")
