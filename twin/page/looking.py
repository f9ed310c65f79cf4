"""Results as a page shows them: figures with intervals, limits, flows, levels over time, products; and base beside variants."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from twin.errors import UsageError
from twin.page.opening import opened
from twin.page.over_time import choices
from twin.page.plant import as_svg
from twin.quantities import DAY, HOUR, YEAR, parse
from twin.report import charts
from twin.report.comparing import name_of
from twin.report.flows import flows_of
from twin.report.flowsheet import flowsheet
from twin.report.key_figures import Figure, Figures, Matrix
from twin.report.language import Language
from twin.report.page import GANTT_SPAN, heading, sankeys, stated_units
from twin.report.products import products_of
from twin.report.source import Source, gather
from twin.report.tables import Table, phase_limits
from twin.report.verdicts import findings, verdict
from twin.results.investment import Investment
from twin.scenario.kinds.bunker import Bunker

LEAST_SPAN, MOST_SPAN = 1.0, 10_000.0
"""Of phases of furnaces, h."""
MOST_POINTS = 4000
"""Of a curve of levels: longer ones are thinned, each point the largest of its stretch."""


def looked(paths: Sequence[Path], words: Language) -> dict[str, Any]:
    """What a page shows of one run, or of replications of one scenario."""
    with opened(paths) as results:
        source = gather(results, [path.name for path in paths])
        figures, own = Figures(source), tuple(source.scenario.units)
        flows = flows_of(source)
        drawings = {"flowsheet": flowsheet(source, flows).whole}
        if units := stated_units(source):
            drawings["states"] = charts.state_shares(source, units)
        if source.topology.lines:
            drawings["bottlenecks"] = charts.bottlenecks(source)
        views = [
            {"key": key, "group": words.say(group), "title": words.say(d.title), "svg": as_svg(d, key, words, own)} for key, group, d in sankeys(source, flows)
        ]
        return {
            "title": source.scenario.title or source.scenario.name,
            "scenario": source.scenario.name,
            "digests": [result.digest for result in results],
            "verdict": verdict(source, figures, words),
            "findings": findings(source, words),
            "headlines": [_row(name, figure, words) for name, figure in figures.headlines()],
            "plant": [_row(row.name, row.figure, words) for row in figures.plant()],
            "matrices": [_matrix(matrix, words) for matrix in figures.matrices()],
            "products": _table(products_of(source, figures, words), words, own),
            "drawings": {name: as_svg(drawing, name, words, own) for name, drawing in drawings.items()},
            "sankeys": views,
            "levels": _levels(source),
            "timed": choices(source),
            "phases": _phases(source, words, None, GANTT_SPAN),
        }


def phases(path: Path, words: Language, begin: float, span: float) -> dict[str, Any]:
    """The phases of furnaces of a run from ``begin`` over ``span``, h. Raises ``UsageError`` where the times are impossible, or no furnace has phases."""
    if not (math.isfinite(begin) and math.isfinite(span) and LEAST_SPAN <= span <= MOST_SPAN):
        raise UsageError(f"phases are shown over {LEAST_SPAN:g} to {MOST_SPAN:g} h from an hour of the run (got {span:g} h from {begin:g})")
    with opened([path]) as results:
        found = _phases(gather(results, [path.name]), words, begin, span)
    if found is None:
        raise UsageError(f"no furnace of {path.name} has phases one after the other")
    return found


def _phases(source: Source, words: Language, begin: float | None, span: float) -> dict[str, Any] | None:
    """The drawing of a stretch of phases, what its colours are, and over the whole run what limited them; None where there are none."""
    rows = charts.batch_rows(source)
    units = charts.gantt_units(source, rows)
    if not units:
        return None
    end = source.scenario.horizon / HOUR
    first = min(max(0.0, math.floor(source.start / HOUR) if begin is None else begin), max(0.0, end - span))
    own, drawing = tuple(source.scenario.units), charts.gantt(source, rows, first, span)
    kinds = [kind for kind in charts.PHASES if any(row.kind == kind for row in rows)]
    return {
        "begin": first,
        "span": span,
        "end": end,
        "svg": as_svg(drawing, "gantt", words, own),
        "kinds": [{"kind": kind, "name": words.say(kind)} for kind in kinds],
        "limits": _table(phase_limits(rows, units), words, own),
    }


def _row(name: str, figure: Figure, words: Language) -> dict[str, str]:
    text = words.amount(figure.text)
    meaning = f"meaning.{name.partition('.')[0]}"
    return {
        "name": name_of(name, words),
        "text": text,
        "interval": f"± {words.amount(figure.plus_minus)}" if figure.plus_minus else "",
        "flag": words.say(figure.flag) if figure.flag else "",
        "meaning": words(meaning) if words.has(meaning) else "",
    }


def _matrix(matrix: Matrix, words: Language) -> dict[str, Any]:
    def text(figure: Figure) -> str:
        plus = f" ± {words.amount(figure.plus_minus)}" if figure.plus_minus else ""
        return words.amount(figure.text) + plus

    key = f"matrix.{matrix.title}"
    title = words(key) if words.has(key) else matrix.title.replace("_", " ")
    heads = [heading(matrix.heading, words), *(heading(column, words) for column in matrix.columns)]
    return {"title": title, "columns": heads, "rows": [[name, *(text(cell) for cell in cells)] for name, cells in matrix.rows], "text": 1}


def _table(table: Table, words: Language, names: Sequence[str] = ()) -> dict[str, Any]:
    def said(k: int, cell: str) -> str:
        return words.amount(words.say(cell)) if k >= table.text else words.say(cell) if k in table.words else cell

    rows = [[said(k, cell) for k, cell in enumerate(row)] for row in table.rows]
    return {"columns": [heading(column, words, names) for column in table.columns], "rows": rows, "text": table.text, "wide": list(table.wide)}


def _levels(source: Source) -> dict[str, Any]:
    """The largest stock of each bunker in each record step, t, over days; NaN as null."""
    first, names = source.first, source.labels("bunker")
    bounds, high = first.array("time_bounds"), first.array("units/level_max")
    step = max(1, math.ceil(len(bounds) / MOST_POINTS))
    times = [round(float(bounds[min(k + step, len(bounds)) - 1][1]) / DAY, 5) for k in range(0, len(bounds), step)]
    curves = []
    for k, name in enumerate(names):
        model = source.scenario.units.get(name)
        curve = [_tonnes(max(high[j : j + step, k].tolist())) for j in range(0, len(bounds), step)]
        curves.append({"name": name, "values": curve, "capacity": _tonnes(model.capacity) if isinstance(model, Bunker) and model.capacity else None})
    return {"days": times, "curves": curves, "warmup": float(first.attrs["warmup"]) / DAY, "start": str(first.attrs["start"])}


def _tonnes(value: float) -> float | None:
    return None if not math.isfinite(value) else round(value / 1000.0, 4)


def compared(paths: Sequence[Path], words: Language, money: Mapping[str, str]) -> dict[str, Any]:
    """Base beside variants: verdict first, then money, what limits each, and every key figure that differs."""
    from twin.report import comparing
    from twin.study.compare import compare

    with opened(paths) as results:
        comparison = compare(*results, investment=investment_of(money))
        context = comparing.comparison_contents(comparison, results, words)
        return {
            "names": list(comparison.names),
            "title": context["title"],
            "verdicts": [list(said) for said in context["verdicts"]],
            "payoffs": comparing.payoff_sentences(comparison, words),
            "changed": _table(context["changed"], words, comparison.names),
            "limits": _table(context["limits"], words, comparison.names),
            "sides": [{"name": side.name, "table": _table(side.table, words, comparison.names), "same": side.unchanged} for side in context["sides"]],
            "sure": context["sure"],
        }


def investment_of(money: Mapping[str, str]) -> Investment | None:
    """What a form says of an investment; None where it says nothing. Raises ``UsageError``."""
    from twin.page.typed import read_typed

    given = {key: text.strip() for key, text in money.items() if text.strip()}
    if not given:
        return None
    if missing := [key for key in ("invest", "life", "interest") if key not in given]:
        raise UsageError(f"an investment needs what it costs, for how long it serves, and the interest a year (missing: {', '.join(missing)})")
    life = parse(read_typed(given["life"]), "s") / YEAR
    interest = parse(read_typed(given["interest"]), "1")
    return Investment(parse(read_typed(given["invest"]), "EUR"), life, interest)
