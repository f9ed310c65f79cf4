"""``twin sensitivity --claim``: whether a claim is settled, and what to measure first where it is not."""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from twin.cli import terminal
from twin.errors import UsageError

if TYPE_CHECKING:
    from twin.study.information import Information, Worth
    from twin.study.read import Study


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare what belongs to a claim."""
    parser.add_argument("--claim", metavar="TEXT", help="say how sure a claim is and what to measure first, e.g. 'margin >= 0 EUR'")
    parser.add_argument("--stake", metavar="MONEY", help="of --claim: what a wrong call costs, e.g. '250 kEUR', where the key figure is no money")
    parser.add_argument(
        "--spread",
        metavar="PATH=VALUE",
        action="append",
        default=[],
        help="of --claim: standard deviation of one sample of a factor, e.g. feed.Cu='3 %%'; may be repeated",
    )
    parser.add_argument("--allowed", metavar="SHARE", type=float, default=0.05, help="of --claim: probability of a wrong call that settles it (default: 0.05)")


def show(options: argparse.Namespace, study: Study) -> None:
    """Print what a study says of the claim."""
    from twin.quantities import parse
    from twin.study.information import information

    spreads = dict(_pair(text) for text in options.spread)
    stake = parse(options.stake, "EUR") if options.stake is not None else None
    found = information(study, options.claim, spreads=spreads, stake=stake, allowed=options.allowed)
    if options.json:
        print(json.dumps({"file": str(study.path), "digest": study.digest, **_plain(asdict(found))}, indent=2))
    else:
        _print(found, str(study.path))


def _pair(text: str) -> tuple[str, str]:
    path, found, value = text.partition("=")
    if not found:
        raise UsageError(f"--spread: PATH=VALUE is needed (got {text[:80]!r})")
    return path.strip(), value.strip()


def _print(found: Information, path: str) -> None:
    from rich.markup import escape

    from twin.cli.figures import new_table

    out = terminal.console(140)
    low, high = found.likely
    out.print(f"[bold]{escape(found.claim.text)}[/]")
    out.print(f"holds at {found.held} of {found.points} points ({100 * low:.1f} to {100 * high:.1f} %)", soft_wrap=True)
    if found.wrong <= found.allowed:
        holds = "holds" if 2 * found.held > found.points else "does not hold"
        out.print(f"settled: it {holds}; that call is wrong with a probability of {100 * found.wrong:.2g} %", soft_wrap=True)
    else:
        out.print(f"not settled: a call now is wrong with a probability of {100 * found.wrong:.2g} %, at stake {_money(found.stake)}", soft_wrap=True)
    if found.first and found.wrong > found.allowed:
        table = new_table("measure first", "explains", "worth", "then wrong", "know it to ±", "samples", "basis", title="")
        table.columns[-1].justify = "left"
        for each in found.first:
            table.add_row(escape(each.path), *_cells(each, found), escape(each.basis or "–"))
        out.print(table)
        if found.together is not None:
            both = found.together
            samples = f"; settled by {both.samples} samples of each" if both.samples is not None else ""
            out.print(
                f"all of these: {100 * both.share:.0f} % explained, then wrong {100 * both.wrong:.2g} %, worth {_money(both.worth)}{samples}", soft_wrap=True
            )
    for line in _notes(found):
        out.print(line, soft_wrap=True)
    out.print(escape(path), soft_wrap=True)


def _cells(each: Worth, found: Information) -> tuple[str, ...]:
    from twin.quantities import format_quantity

    error = "not by it alone" if each.error is None else format_quantity(each.error, each.unit)
    samples = "–" if each.samples is None else str(each.samples)
    return f"{100 * each.share:.0f} %", _money(each.worth), f"{100 * each.wrong:.2g} %", error, samples


def _notes(found: Information) -> list[str]:
    """What one has to know to believe it."""
    notes = [f"curves of single factors explain {100 * max(0.0, found.fit):.0f} % of the variance; the rest is what factors do together, and chance"]
    if found.chance is None:
        notes.append("one run of each point: how much of this is chance is not known")
    else:
        notes.append(f"{100 * found.chance:.2g} % of the variance between points is chance, which no sample of a factor removes")
    notes.append("probabilities are those of the ranges in the study: they are as good as these")
    return notes


def _money(value: float) -> str:
    return f"{value:,.0f} EUR"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
