"""The verdict at the head of a report: what the plant does, what limits it, whether its figures are chance, and whether models left their range."""

from __future__ import annotations

import math

from twin.quantities import format_quantity
from twin.report.key_figures import Figures
from twin.report.language import Language
from twin.report.source import Source
from twin.results.energy import HYPOTHETICAL_HEAT
from twin.results.findings import MOST_RATIOS, paid_for_something_else
from twin.results.kpis import Kpi
from twin.results.limits import PlantLimit, limit_of
from twin.results.texts import bounds_text

MOST_UNITS = 4
"""Units that are named in a sentence."""


def verdict(source: Source, figures: Figures, words: Language) -> list[str]:
    """The sentences of the verdict, in the order in which a reader asks."""
    return [_does(source, figures, words), told_limit(source, words), _certainty(source, figures, words), _ranges(source, words)]


def capital(text: str) -> str:
    """The text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def _does(source: Source, figures: Figures, words: Language) -> str:
    if not figures.known("throughput"):
        return words("verdict.no_value")
    throughput = figures["throughput"].text
    if not figures.known("margin"):
        return words("verdict.does", throughput=throughput)
    return words("verdict.does_margin", throughput=throughput, margin=figures["margin"].text, window=format_quantity(source.duration, "s"))


def _certainty(source: Source, figures: Figures, words: Language) -> str:
    if not source.several:
        return words("verdict.one_run")
    figure = figures["throughput"]
    if not figure.plus_minus:
        return words("verdict.several_plain", n=len(source.results))
    return words("verdict.several", n=len(source.results), half=figure.plus_minus, unit=figure.text.partition(" ")[2])


def _ranges(source: Source, words: Language) -> str:
    counts, units = source.first.array("units/range_warnings"), source.labels("unit")
    left = [unit for unit, own in zip(units, counts.sum(axis=1).tolist(), strict=True) if own > 0]
    if not left:
        return words("verdict.ranges_kept")
    named = ", ".join(left[:MOST_UNITS])
    return words("verdict.ranges_left", units=named if len(left) <= MOST_UNITS else words("verdict.more_units", units=named, n=len(left) - MOST_UNITS))


def told_limit(source: Source, words: Language) -> str:
    """The sentence of what limits the plant with a capital, unless it begins with the name of a unit, and a full stop."""
    limit = limit_of(source.totals)
    text = limit_sentence(limit, words)
    return f"{text if limit.role in ('machine', 'process') else capital(text)}."


def findings(source: Source, words: Language) -> list[str]:
    """What there is to say of figures and prices: products that are paid for something else, shares that a change of stock makes uncertain."""
    found = [words.say(text) for text in paid_for_something_else(source.totals)]
    kpis = source.first.kpis
    unsure = [_bounds(name, kpi, words) for name, kpi in kpis.items() if kpi.open]
    if unsure:
        named = ", ".join(unsure[:MOST_RATIOS])
        more = len(unsure) - MOST_RATIOS
        found.append(capital(words("finding.ratios", names=words("finding.more", names=named, n=more) if more > 0 else named)))
    if source.first.attrs.get(HYPOTHETICAL_HEAT):
        found.append(words("finding.hypothetical_heat"))
    return found


def _bounds(name: str, kpi: Kpi, words: Language) -> str:
    stem, _, rest = name.partition(".")
    return f"{words(f'kpi.{stem}')} {rest} ({words.say(bounds_text(name, kpi))})"


def limit_sentence(limit: PlantLimit, words: Language) -> str:
    """What limits the plant; in English the sentence of :meth:`~twin.results.limits.PlantLimit.sentence`."""
    if limit.role == "nothing":
        return words("limit.nothing")
    apart = limit.role == "machine" and limit.machine != limit.unit
    who = words("limit.machine_of" if apart else f"limit.{limit.role}", unit=limit.unit, machine=limit.machine)
    stood = [words("limit.stood", unit=unit, how=how, on=on, share=f"{100 * share:.0f} %") for unit, how, on, share in limit.path]
    if not math.isnan(limit.running):
        stood.append(words("limit.line_ran" if limit.role == "machine" else "limit.unit_ran", share=f"{100 * limit.running:.0f} %"))
    return f"{who}: {'; '.join(stood)}" if stood else who
