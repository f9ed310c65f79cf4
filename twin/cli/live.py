"""``twin live``: follows a plant."""

from __future__ import annotations

import argparse
import contextlib
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twin.cli.live_access import add_opcua_options, opcua_access

SHOWN = 0.01
"""Materials of a smaller share of what lies in a bunker are not printed,"""
MOST_SHOWN = 3
"""and of a bunker or furnace so many."""


def add_parser(commands: Any) -> None:
    """Declare the command and its arguments."""
    summary = "follow a plant by its signals: where it stands, what comes, what does not fit"
    parser = commands.add_parser("live", help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False)
    parser.add_argument("scenario", metavar="PLANT", help="scenario of the plant")
    parser.add_argument("tags", metavar="TAGS", help="tags file")
    parser.add_argument("--folder", metavar="DIR", default="live", help="where history, state and log are kept (default: ./live); it goes on from there")
    parser.add_argument("--patience", metavar="TIME", default="1 min", help="how long a window waits for late readings (default: '1 min')")
    parser.add_argument("--rest", metavar="PORT", type=int, help="serve REST at this port")
    parser.add_argument("--host", metavar="HOST", default="127.0.0.1", help="address of REST (default: 127.0.0.1)")
    parser.add_argument("--open", action="store_true", help="let REST be reached from other machines")
    parser.add_argument("--token-from", metavar="NAME", help="environment variable with the token of REST (default: one is made, and kept in the folder)")
    parser.add_argument("--opcua", metavar="ADDRESS", help="serve estimates by OPC UA, e.g. opc.tcp://127.0.0.1:4841/twin")
    add_opcua_options(parser)
    parser.add_argument("--no-alarms", action="store_true", help="raise none, and begin at once: their limits need days of a plant in memory")
    parser.add_argument("--detects", action="store_true", help="print which faults alarms would find, and how large they must be, and end")
    parser.add_argument("--archive", metavar="FILE", help="write the readings of the folder's history to a Parquet file, and end (extra 'data')")
    parser.add_argument("--from", metavar="DATE", dest="begin", help="archive readings from this date and time on, e.g. 2026-01-05T06:00+01:00")
    parser.add_argument("--to", metavar="DATE", dest="end", help="archive readings before this date and time")
    parser.add_argument("--until", metavar="TIME", help="end when the plant is so far, from its start; else at Ctrl-C")
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    import json

    from twin.cli import terminal
    from twin.errors import UsageError
    from twin.live.following import RowFollower
    from twin.live.running import LiveTwin
    from twin.live.serving.opcua import EstimateServer
    from twin.live.serving.rest import RestServer
    from twin.live.tags import load_tags
    from twin.plant.api import load
    from twin.quantities import parse

    until = parse(options.until, "s") if options.until is not None else math.inf
    tags = load_tags(Path(options.tags), scenario=load(options.scenario))
    if options.archive is not None:
        return _archive(options)
    if options.begin is not None or options.end is not None:
        raise UsageError("--from and --to say what --archive FILE writes; give it too")
    if options.detects:
        return _detects(tags, as_json=options.json)
    follower = RowFollower(tags, parse(options.patience, "s"), watched=not options.no_alarms)
    twin = LiveTwin(tags, follower, Path(options.folder))
    if not options.no_alarms:
        terminal.say("following plants with and without faults in memory, to find the limits of alarms; minutes where a plant is large")
        follower.follower.prepare()
    with contextlib.ExitStack() as stack:
        if options.rest is not None:
            rest = RestServer(twin, _token(options, twin.folder), options.host, options.rest, open_to_all=options.open)
            stack.callback(rest.close)
            stack.enter_context(_address(twin.folder, "127.0.0.1" if options.host == "0.0.0.0" else options.host, options.rest))
        own = EstimateServer(twin, options.opcua, opcua_access(options)) if options.opcua is not None else None
        if own is not None:
            stack.callback(own.close)
        code = 0
        try:
            twin.run(until, own.update if own is not None else None)
        except KeyboardInterrupt:
            terminal.say(f"interrupted; {twin.folder} holds all, the same command goes on from there")
            code = 130
    if options.json:
        ensemble = follower.follower.ensemble
        known = {name: [row._asdict() for row in rows] for name, rows in (("estimates", ensemble.levels()), ("inside", ensemble.inside()))}
        print(json.dumps({"health": twin.health(), **known}, indent=2))
    elif code == 0:
        _show(twin)
    return code


def _archive(options: argparse.Namespace) -> int:
    import json

    from twin.errors import UsageError
    from twin.live.history.archive import archive
    from twin.live.sources.growing_file import read_time

    limits = []
    for name, text, default in (("--from", options.begin, 0.0), ("--to", options.end, math.inf)):
        try:
            limits.append(default if text is None else read_time(text))
        except ValueError:
            raise UsageError(f"{name}: a date and time is needed, e.g. 2026-01-05T06:00+01:00 (got {text[:80]!r})") from None
    if not limits[0] < limits[1]:
        raise UsageError(f"--from must lie before --to (got {options.begin!r} and {options.end!r})")
    count = archive(Path(options.folder) / "history.sqlite", options.archive, *limits)
    print(json.dumps({"file": options.archive, "readings": count}) if options.json else f"{options.archive}: {count} readings")
    return 0


def _detects(tags: Any, *, as_json: bool) -> int:
    import json

    from rich.markup import escape

    from twin.cli import terminal
    from twin.cli.figures import new_table, print_whole
    from twin.live.follower import Follower
    from twin.quantities import format_quantity

    terminal.say("following plants with and without faults in memory")
    names = {tag.input: tag.signal for tag in tags.inputs}
    rows: list[dict[str, Any]] = []
    for signature in Follower(tags).prepare().signatures:
        suspect = signature.suspect
        found = suspect.smallest(signature.smallest) if math.isfinite(signature.smallest) else None
        delay, late = (value if math.isfinite(value) else None for value in (signature.delay, signature.late))
        subject = names.get(suspect.subject, suspect.subject)
        of = {"of": subject, "cause": suspect.cause, "form": suspect.form, "smallest": found, "tried": suspect.smallest(1.0)}
        rows.append(of | {"delay": delay, "late": late})
    if as_json:
        print(json.dumps({"detects": rows}, indent=2))
        return 0
    table = new_table("fault of", "is", "smallest found in a week", "tried", "found after", "nine of ten")
    for row in rows:
        times = [format_quantity(row[key], "s") if row[key] is not None else "not found" for key in ("delay", "late")]
        table.add_row(escape(row["of"]), f"{row['cause']}, {row['form']}", row["smallest"] or "none", row["tried"], *times)
    print_whole(terminal.console(150), table)
    return 0


def _token(options: argparse.Namespace, folder: Path) -> str:
    from twin.errors import UsageError

    if options.token_from is not None:
        token = os.environ.get(options.token_from, "")
        if len(token) < 16:
            raise UsageError(f"--token-from: the environment variable {options.token_from} must hold at least 16 characters")
        return token
    import secrets

    path = folder / "token"
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32))
    return path.read_text().strip()


@contextlib.contextmanager
def _address(folder: Path, host: str, port: int) -> Iterator[None]:
    """As long as REST is served, its address stands in the folder, beside the token: ``twin page`` asks there."""
    path = folder / "address"
    with contextlib.suppress(OSError):
        path.write_text(f"{host}:{port}\n", encoding="utf-8")
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def _show(twin: Any) -> None:
    from rich.markup import escape

    from twin.cli import terminal
    from twin.cli.figures import new_table
    from twin.quantities import format_quantity

    table = new_table("level", "mean", "90 % interval", "")
    for row in twin.follower.follower.ensemble.levels():
        low, mean, high = (format_quantity(value, "kg") for value in (row.low, row.mean, row.high))
        table.add_row(escape(row.quantity), mean, f"{low} to {high}", "measured" if row.measured else "")
    out = terminal.console(150)
    out.print(table)
    _show_inside(out, twin.follower.follower.ensemble.inside())
    for alarm in list(twin.follower.follower.alarms)[-20:]:
        out.print(escape(alarm.whole), soft_wrap=True)
    for row in twin.follower.follower.weighed.found():
        if row.clear:
            out.print(escape(row.text), soft_wrap=True)


def _show_inside(out: Any, rows: list[Any]) -> None:
    """What wears and what furnaces hold, and of each bunker the three materials that it holds most of."""
    from rich.markup import escape

    from twin.cli.figures import new_table
    from twin.quantities import format_quantity

    table = new_table("inside", "mean", "90 % interval")
    shares = [row for row in rows if row.quantity.startswith("content.") or row.quantity.count(".") == 3]
    told = [row for row in rows if row not in shares]
    by_place: dict[str, list[Any]] = {}
    for row in shares:
        by_place.setdefault(row.quantity.rpartition(".")[0], []).append(row)
    for place in by_place.values():
        told += sorted((row for row in place if row.mean >= SHOWN), key=lambda row: -row.mean)[:MOST_SHOWN]
    for row in told:
        mass = row.quantity.startswith("bath.") and row.quantity.count(".") == 2
        unit = ("K" if row.quantity.endswith(".temperature") else "kg") if mass else ""
        low, mean, high = (format_quantity(value, unit) if unit else f"{100.0 * value:.1f} %" for value in (row.low, row.mean, row.high))
        table.add_row(escape(row.quantity), mean, f"{low} to {high}")
    if told:
        out.print(table)
