"""The report of a comparison: a verdict for each variant, what was changed, what differs with its interval, what limits each side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from twin.report.key_figures import headline_names
from twin.report.language import Language
from twin.report.page import filled, script_words
from twin.report.tables import Table
from twin.report.verdicts import capital
from twin.results.investment import Investment
from twin.results.kpis import NO_VALUE, PLANT
from twin.results.read import Result
from twin.study.compare import compare
from twin.study.comparison import Comparison, Row
from twin.study.verdicts import WITHHELD, Change, direction

CALLED = ("name", "title")
"""Differences that are no change of the plant."""
MOST_ROWS, MOST_CHANGES, MOST_VARIANTS, MOST_PRODUCTS = 12, 10, 3, 8
"""What two pages hold at most: rows of all variants together, changes, variants, products."""
MOST_ASKED = 7
"""Figures that a verdict is on."""
LONGEST = 60
"""Characters of a value as a scenario writes it that two pages show."""


@dataclass(frozen=True)
class Side:
    """A variant beside the base: its verdict, the table of what differs, and how many figures are not in it, since they did not change or for room."""

    name: str
    verdict: tuple[str, ...]
    table: Table
    unchanged: int
    left_out: int


def render_comparison(
    results: Sequence[Result], names: Sequence[str], words: Language, brief: bool = False, rows: int = MOST_ROWS, investment: Investment | None = None
) -> str:
    """Return the page of runs of two or more scenarios, the first of which is the base; with ``brief`` on two pages of A4, with so many rows.

    ``investment`` is what each variant costs more than the base, instead of what their blocks ``money`` say.
    """
    comparison = compare(*results, investment=investment)
    context = comparison_contents(comparison, results, words, rows if brief else None)
    about = dict(results[-1].about) | {key: text for key, text in results[0].about.items() if not results[-1].about.get(key)}
    runs = [(name, result.attrs["scenario_name"], *_identity(result)) for name, result in zip(names, results, strict=True)]
    context |= {"about": about, "runs": runs, "attrs": results[0].attrs, "brief": brief, "names": comparison.names}
    context |= {"drawings": {}, "data": {"sankey": {}, "words": script_words(words)}}
    return filled("comparison.html.j2", context, words)


def _identity(result: Result) -> tuple[object, ...]:
    return result.attrs["seed"], result.attrs["replication"], result.attrs["scenario_sha256"], result.digest


def comparison_contents(comparison: Comparison, results: Sequence[Result], words: Language, rows: int | None = None) -> dict[str, Any]:
    """What the page of a comparison shows; with ``rows``, what two pages hold."""
    base, *variants = comparison.names
    shown = len(variants) if rows is None else min(len(variants), MOST_VARIANTS)
    each = None if rows is None else max(2, rows // shown)
    changed = [row for row in comparison.differences if row.path not in CALLED]
    kept = changed if rows is None else changed[: min(MOST_CHANGES, rows)]
    values = [(row.path, *(value if rows is None else _cut(value) for value in row.values)) for row in kept]
    title = words("compare.title", base=base, variant=variants[0]) if len(variants) == 1 else words("compare.titles", base=base, n=len(variants))
    return {
        "title": f"{words('page.comparison')}: {title}",
        "base": base,
        "sides": [_side(comparison, k + 1, words, each) for k in range(shown)],
        "payoffs": payoff_sentences(comparison, words)[: None if rows is None else MOST_VARIANTS],
        "verdicts": [_verdict(comparison, k + 1, words) for k in range(len(variants))][: None if rows is None else MOST_VARIANTS],
        "changed": Table(("parameter", *comparison.names), tuple(values), len(comparison.names) + 1, wide=tuple(range(1, len(comparison.names) + 1))),
        "changes_left_out": len(changed) - len(kept),
        "limits": _limits(comparison, words, rows),
        "products": _products(comparison, words, rows) if rows is not None else None,
        "sure": _sure(comparison, words),
        "start": list(dict.fromkeys(_start(result, words) for result in results)),
    }


def _start(result: Result, words: Language) -> str:
    """When a run begins, as its file says it."""
    text = str(result.attrs["start"])
    try:
        return words.date(datetime.fromisoformat(text))
    except ValueError:  # a stranger's file
        return text


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def name_of(kpi: str, words: Language) -> str:
    """What people call a key figure: ``"recovery: Cu"``."""
    stem, _, rest = kpi.partition(".")
    return f"{words(f'kpi.{stem}')}: {words.say(rest) if stem in PLANT else rest}" if rest else words(f"kpi.{stem}")


def _first_asked(comparison: Comparison) -> list[Row]:
    """The few figures that decide: those at the head of a report, and recoveries over all products."""
    rows = [row for name in headline_names([row.name for row in comparison.rows]) for row in comparison.rows if row.name == name]
    return (rows + [row for row in comparison.rows if row.name.startswith("recovery.") and row.name.count(".") == 1])[:MOST_ASKED]


def _judged(comparison: Comparison, k: int) -> list[Row]:
    """The figures that the verdict on a variant is on: those asked first, or where none of them changed those that did."""
    first, names = _first_asked(comparison), [row.name for row in comparison.rows]
    if any(row.changes[k - 1].verdict != "no change" and not math.isnan(row.changes[k - 1].difference) for row in first):
        return first
    moved = [row for row in comparison.rows if row.changes[k - 1].verdict != "no change" and not math.isnan(row.changes[k - 1].difference)]
    return sorted(moved, key=lambda row: direction(row.name, names) == 0)[:MOST_ASKED]


def _verdict(comparison: Comparison, k: int, words: Language) -> tuple[str, ...]:
    """Whether a variant is better or worse, or that it cannot be told."""
    ends = {"variant": comparison.names[k], "base": comparison.names[0]}
    found: dict[str, list[str]] = {}
    for row in _judged(comparison, k):
        change = row.changes[k - 1]
        verdict = "one run" if change.interval is None and not change.verdict else change.verdict
        if not math.isnan(change.difference):
            found.setdefault(verdict, []).append(words("compare.one", name=name_of(row.name, words), difference=row.difference_text(k)))
    joined = {verdict: ", ".join(names) for verdict, names in found.items()}
    said = []
    if "better" in joined and "worse" in joined:
        said.append(words("compare.mixed", better=joined["better"], worse=joined["worse"], **ends))
    else:
        said += [words(f"compare.{verdict}", names=joined[verdict], **ends) for verdict in ("better", "worse") if verdict in joined]
    if others := ", ".join(joined[verdict] for verdict in ("higher", "lower") if verdict in joined):
        said.append(words("compare.other", names=others, **ends))
    if "cannot tell" in joined:
        said.append(words("compare.cannot_tell", names=joined["cannot tell"], **ends))
    if "one run" in joined:
        said.append(words("compare.no_interval", names=joined["one run"], **ends))
    if WITHHELD in joined:
        said.append(words("compare.withheld", **ends))
    return tuple(said) or (words("compare.same", **ends),)


def _side(comparison: Comparison, k: int, words: Language, most: int | None) -> Side:
    rows = [row for row in comparison.ordered(k) if not row.texts()[0] == row.texts()[k] == NO_VALUE]
    differ = [row for row in rows if row.changes[k - 1].verdict != "no change"]
    if most is not None:
        first = [row.name for row in _first_asked(comparison)]
        differ.sort(key=lambda row: row.name not in first)
    shown = differ[:most]
    intervals = [row.changes[k - 1].interval for row in comparison.rows]
    judged = any(interval is not None for interval in intervals)
    cells = []
    for row in shown:
        change, relative, texts = row.changes[k - 1], row.relative(k), row.texts()
        percent = "" if math.isnan(relative) else f"{100 * relative:+.2f} %"
        name = name_of(row.name, words)
        cells.append((name, texts[0], texts[k], row.difference_text(k), percent, _said(change, words, judged)))
    table = Table(("key figure", comparison.names[0], comparison.names[k], "difference", "change", "verdict"), tuple(cells))
    return Side(comparison.names[k], _verdict(comparison, k, words), table, len(rows) - len(differ), len(differ) - len(shown))


def _said(change: Change, words: Language, judged: bool) -> str:
    if change.interval is None:
        return words.say("one run, no interval") if judged and not math.isnan(change.difference) else "" if judged else words.say("one run, no interval")
    return words.say(change.text)


def _limits(comparison: Comparison, words: Language, rows: int | None) -> Table:
    """What limits the plant on each side, what runs most, and the machine that limits each line."""
    found = [(words("column.limits the plant"), *(_limit_named(limit, words) for limit in comparison.plant_limits))] if comparison.plant_limits else []
    found.append((words("column.runs most"), *(_of_share(name, share, words) for name, share in comparison.busiest)))
    for limit in comparison.limits[: None if rows is None else 6]:
        cells = (_of_share(machine, share, words) for machine, share in zip(limit.machines, limit.shares, strict=True))
        found.append((words("column.limit of line", line=limit.line), *cells))
    moved = [(*row, words("compare.moved" if len(dict.fromkeys(cell.partition(" ")[0] for cell in row[1:])) > 1 else "compare.unmoved")) for row in found]
    return Table(("bottleneck", *comparison.names, "change"), tuple(moved), len(comparison.names) + 2, wide=tuple(range(1, len(comparison.names) + 1)))


def _limit_named(limit: str, words: Language) -> str:
    """What limits a side, in this language; the name of a unit stays."""
    what, runs = (limit[: limit.rindex(" (")], limit[limit.rindex(" (") + 2 : -1].split()) if limit.endswith(" runs)") else (limit, [])
    named = words.say(what) if " " in what else what
    return words("compare.short_of_runs", what=named, n=runs[0], of=runs[2]) if runs else named


def _of_share(name: str, share: float, words: Language) -> str:
    return name if math.isnan(share) else words.amount(f"{name} {100 * share:.4g} %")


def _products(comparison: Comparison, words: Language, most: int) -> Table:
    rows = sorted((row for row in comparison.rows if row.name.startswith("product_mass.")), key=lambda row: -_size(row.values[0]))[: min(MOST_PRODUCTS, most)]
    shown = range(1, min(len(comparison.names), MOST_VARIANTS + 1))
    cells = [(row.name.partition(".")[2], row.texts()[0], *(row.difference_text(k) or NO_VALUE for k in shown)) for row in rows]
    return Table(("product", comparison.names[0], *(comparison.names[k] for k in shown)), tuple(cells))


def _size(value: float) -> float:
    return 0.0 if math.isnan(value) else value


def _sure(comparison: Comparison, words: Language) -> list[str]:
    """How the differences were found, how many would appear by chance, and where models left their range."""
    each, variants = comparison.confidence_each, len(comparison.names) - 1
    sides = [
        words("compare.one_run", name=name) if count == 1 else words("compare.runs", name=name, n=count)
        for name, count in zip(comparison.names, comparison.runs, strict=True)
    ]
    remarks = [words.say(text) if text.startswith(comparison.names) else capital(words.say(text)) for text in comparison.remarks]
    said = [f"{'; '.join(sides)}.", *(f"{remark}." for remark in remarks)]
    judged = sum(change.interval is not None and change.verdict != "no change" for row in comparison.rows for change in row.changes)
    if judged:
        said.append(words("compare.intervals", confidence=f"{100 * each:.4g} %", chance=f"{(1 - each) * judged:.2g}", n=judged))
        if variants > 1:
            said.append(words("compare.bonferroni", confidence=f"{100 * comparison.confidence:.4g} %", n=variants))
    if any(comparison.warnings):
        counts = ", ".join(f"{name} {count:.4g}" for name, count in zip(comparison.names, comparison.warnings, strict=True))
        said.append(words("compare.ranges", counts=counts))
    return said


def payoff_sentences(comparison: Comparison, words: Language) -> list[str]:
    """Whether each investment pays, at the prices stated and in each price scenario: what it brings a year, its net present value and payback."""
    found = []
    for one in comparison.payoffs:
        plan = {"amount": f"{one.plan.amount:,.0f}", "life": f"{one.plan.life:g}", "interest": f"{100 * one.plan.interest:g}"}
        key = {"pays": "pays", "does not pay": "pays_not"}.get(one.verdict, "pays_perhaps")
        payback = words("compare.no_payback") if one.payback != one.payback else one.payback_text
        said = words(f"compare.{key}", name=one.name, gain=one.gain_text, npv=one.npv_text, payback=payback, **plan)
        at = words("compare.at_prices", prices=one.prices) if one.prices else ""
        found.append(" ".join(part for part in (at, said, words("compare.one_run_each") if one.interval is None else "") if part))
    return found
