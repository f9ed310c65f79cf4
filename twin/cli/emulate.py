"""``twin emulate``: a plant with a hidden truth that serves its signals."""

from __future__ import annotations

import argparse
import contextlib
import json
import math
from pathlib import Path
from typing import Any

from twin.cli.live_access import add_broker_options, add_opcua_options, broker_login, opcua_access


def add_parser(commands: Any) -> None:
    """Declare the command and its arguments."""
    summary = "let an emulated plant serve its signals, in real or faster time"
    parser = commands.add_parser("emulate", help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False)
    parser.add_argument("scenario", metavar="SCENARIO", help="scenario of the plant")
    parser.add_argument("--tags", metavar="TAGS", required=True, help="tags file: which signals there are")
    parser.add_argument("--hidden", metavar="FILE", help="emulator's file: what of the plant is hidden, faults of signals, stops by operators")
    parser.add_argument("--seed", metavar="N", type=int, default=1, help="seed of chance, errors and what is hidden (default: 1)")
    parser.add_argument("--until", metavar="TIME", default="30 d", help="how long it runs (default: '30 d')")
    parser.add_argument("--speed", metavar="N", default="1", help="so many times faster than real time, or 'max' (default: 1)")
    parser.add_argument("--csv", metavar="FILE", help="file to append readings to")
    parser.add_argument("--mqtt", metavar="ADDRESS", help="broker to publish to, e.g. mqtt://127.0.0.1:1883, or mqtts:// over TLS")
    parser.add_argument("--opcua", metavar="ADDRESS", help="address to serve at by OPC UA, e.g. opc.tcp://127.0.0.1:4840/plant")
    add_broker_options(parser)
    add_opcua_options(parser)
    parser.add_argument("--truth", metavar="FILE", help="file to write the truth to, which the twin never reads")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a line")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from twin.cli import tables, terminal
    from twin.errors import UsageError
    from twin.live.emulator.emulate import Truth, emulate
    from twin.live.emulator.emulator import Emulator
    from twin.live.emulator.sinks import Where, sinks_of
    from twin.live.emulator.study_file import load_emulation
    from twin.live.tags import load_tags
    from twin.plant.api import load
    from twin.quantities import parse

    until, speed = parse(options.until, "s"), _speed(options.speed)
    if not 0 <= options.seed < 2**32:
        raise UsageError(f"--seed: a whole number from 0 to {2**32 - 1} is needed (got {options.seed})")
    tags = load_tags(Path(options.tags), scenario=load(options.scenario))
    emulator = Emulator(tags, load_emulation(Path(options.hidden) if options.hidden is not None else None, tags, options.seed))
    with contextlib.ExitStack() as stack:
        truth = Truth(Path(options.truth), emulator) if options.truth is not None else None
        if truth is not None:
            stack.callback(truth.close)
        csv_file = Path(options.csv) if options.csv is not None else None
        sinks = sinks_of(tags, Where(csv_file, options.mqtt, options.opcua, broker_login(options), opcua_access(options)))
        for sink in sinks:
            stack.callback(sink.close)
        with tables.progress(tags.scenario.name) as show:
            try:
                sent = emulate(emulator, sinks, truth, until, speed, show)
            except KeyboardInterrupt:
                terminal.say(f"interrupted after {emulator.time / 86400:.2f} d; what was sent stays")
                return 130
    if options.json:
        print(json.dumps({"readings": sent, "time": emulator.time}))
    else:
        print(f"{sent} readings of {emulator.time / 86400:g} d")
    return 0


def _speed(text: str) -> float:
    from twin.errors import UsageError

    try:
        speed = math.inf if text == "max" else float(text)
    except ValueError:
        speed = math.nan
    if not speed > 0.0:
        raise UsageError(f"--speed: a number above 0, or 'max', is needed (got {text!r})")
    return speed
