"""The report on two pages of A4, for who decides: verdict, figures and products; then what limits, where the mass goes, how far it carries."""

from __future__ import annotations

from typing import Any

from twin.quantities import format_quantity
from twin.report import charts, tables
from twin.report.flows import flows_of
from twin.report.key_figures import Figures
from twin.report.language import Language
from twin.report.page import filled, sankeys, script_words, stated_units, window_of
from twin.report.paper import BRIEF
from twin.report.products import products_of
from twin.report.source import Source
from twin.report.verdicts import findings, verdict

MOST_ROWS, MOST_WAITS, MOST_STATES, MOST_FINDINGS = 8, 5, 10, 3
"""What two pages hold: products and key figures each, waits, bars of states, findings."""
LONGEST = 320
"""Characters of a text that is cut."""
MONEY = ("revenue", "feed_cost", "energy_cost", "overtime_cost", "penalties", "stock_value", "margin", "margin_cash")
FIRST = ("processed", "specific_energy", "co2", "co2_per_tonne", "feed_heating_value")


def render_brief(source: Source, words: Language, rows: int = MOST_ROWS) -> str:
    """Return the two pages, with at most ``rows`` products and key figures each."""
    figures, own = Figures(source), tuple(source.scenario.units)
    units = stated_units(source)[: MOST_STATES * rows // MOST_ROWS]
    drawings = {"states": words.drawing(charts.state_shares(source, units), own)} if units else {}
    if views := sankeys(source, flows_of(source), targets_only=True, paper=BRIEF):
        drawings["sankey"] = words.drawing(views[0][2], own)
    products = products_of(source, figures, words, rows)
    return filled("brief.html.j2", _contents(source, figures, words, rows) | {"products": products, "drawings": drawings}, words)


def _contents(source: Source, figures: Figures, words: Language, rows: int) -> dict[str, Any]:
    parameters = tables.parameters(source)
    attrs, waits = source.first.attrs, tables.waits(source)
    assumed = sum(row.basis == "assumed" for row in parameters)
    known = [row for row in figures.plant() if figures.known(row.name)]
    ordered = [row for name in (*MONEY, *FIRST) for row in known if row.name == name]
    runs = len(source.results)
    return {
        "source": source,
        "names": tuple(source.scenario.units),
        "attrs": attrs,
        "title": cut(source.scenario.title or source.scenario.name, 120),
        "about": {key: cut(text, LONGEST) for key, text in source.first.about.items()},
        "verdict": [cut(sentence, 2 * LONGEST) for sentence in verdict(source, figures, words)],
        "headlines": figures.headlines(),
        "plant": ordered[:rows],
        "more_products": max(0, len(source.totals.inputs.products) - rows),
        "waits": tables.Table(waits.columns, waits.rows[: min(MOST_WAITS, rows)], waits.text, waits.words),
        "state_names": source.labels("state"),
        "findings": [cut(text, LONGEST) for text in findings(source, words)[:MOST_FINDINGS]],
        "assumed": words("verdict.assumed", assumed=f"{100 * assumed / len(parameters):.0f} %", n=len(parameters)) if parameters else "",
        "window": window_of(source, words),
        "quantity": format_quantity,
        "runs_word": words.say("first run" if source.several else "one run, no interval"),
        "runs": [None] * runs,
        "made": words(
            "brief.made",
            version=attrs["twin_version"],
            sha=str(attrs["scenario_sha256"])[:16],
            runs=words("brief.runs", seed=attrs["seed"], n=runs)
            if runs > 1
            else words("brief.run", seed=attrs["seed"], replication=attrs["replication"], digest=source.first.digest[:16]),
        ),
        "data": {"sankey": {}, "words": script_words(words)},
    }


def cut(text: str, most: int) -> str:
    """The text, cut with "…" where it is longer."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
