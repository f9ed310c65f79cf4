"""The report as one HTML page: everything in it, nothing loaded from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib import resources
from typing import Any

from twin.errors import UsageError
from twin.quantities import HOUR, ZERO_CELSIUS, format_quantity
from twin.report import charts, reporting, tables
from twin.report.drawing import Drawing, data, svg
from twin.report.flows import OTHER, Flow, energy_links, flows_of, mass_links
from twin.report.flowsheet import flowsheet
from twin.report.key_figures import Figures
from twin.report.language import Language, language
from twin.report.over_time import over_time
from twin.report.palette import rules
from twin.report.paper import LANDSCAPE, Paper
from twin.report.products import products_of
from twin.report.sankey import recycled, sankey
from twin.report.source import Source
from twin.report.verdicts import findings, told_limit, verdict
from twin.results.texts import ONE_RUN

MOST_BATCHES = 4000
"""Phases of furnaces that the page holds; of a longer run the first."""
GANTT_SPAN = 48.0
"""Hours that the chart of phases shows at first."""
SECTIONS = (
    "summary",
    "figures",
    "products",
    "bottleneck",
    "levels",
    "phases",
    "flowsheet",
    "sankey",
    "deportment",
    "warnings",
    "balances",
    "parameters",
    "reporting",
    "provenance",
)
"""Chapters: the verdict and figures first, where they come from last."""
ENGLISH = language("en")


def render(source: Source, words: Language = ENGLISH) -> str:
    """Return the page. Raises :class:`~twin.errors.UsageError` where jinja2 is not installed."""
    return filled("report.html.j2", contents(source, words), words)


def filled(template: str, context: dict[str, Any], words: Language) -> str:
    """Return a page of a template, with its style and script; the ``drawings`` of the context become its figures."""
    try:
        import jinja2
        from markupsafe import Markup
    except ImportError as error:
        raise UsageError("a report needs jinja2: pip install 'twin[report]'") from error
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("twin.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.globals |= {"t": words, "head": lambda name: heading(name, words, context.get("names", ()))}
    style, script = style_sheet(), _asset("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    drawings = context.pop("drawings")
    figures = {name: Markup(svg(drawing, f"figure-{name}")) for name, drawing in drawings.items()}  # ElementTree escapes all text
    sheet = context.get("sheet")
    sheets = [Markup(svg(part, f"figure-flowsheet-{k}")) for k, part in enumerate(sheet.parts)] if sheet is not None else []
    ours = {"sheets": sheets, "style": Markup(style), "script": Markup(script), "script_hash": digest}
    return environment.get_template(template).render(**context, **ours, figures=figures)


def heading(name: str, words: Language, names: Collection[str] = ()) -> str:
    """The head of a column: a word of the table, or one of the ``names`` of units and scenarios, which stay."""
    key = f"column.{name}"
    return name if name in names else words(key) if words.has(key) else words.say(name)


def script_words(words: Language) -> dict[str, str]:
    """What the page's script says, with places in braces."""
    raw = {"from": "{from}", "to": "{to}", "shown": "{shown}", "of": "{of}", "unit": "{unit}", "phase": "{phase}", "length": "{length}", "limit": "{limit}"}
    keys = {"told": "phases.told", "label": "phases.label", "limited": "phases.limited", "shown": "parameters.shown"}
    keys |= {"dark": "page.dark", "light": "page.light"}
    found = {name: words(key, **raw) for name, key in keys.items()}
    return found | {"hot": words("phases.hot", celsius="{celsius}"), "decimal": "," if words.code == "de" else "."}


def style_sheet() -> str:
    """The page's own rules, then the figures', light, dark, and light again on paper."""
    unasked = "@media (prefers-color-scheme:dark){" + rules(":root:not([data-theme]) ", dark=True) + "}"
    paper = "@media print{" + rules(":root:not([data-theme]) ") + rules(":root[data-theme=dark] ") + "}"
    return _asset("report.css") + rules() + rules(":root[data-theme=dark] ", dark=True) + unasked + paper


def _asset(name: str) -> str:
    return resources.files("twin.report").joinpath("templates", name).read_text(encoding="utf-8")


def contents(source: Source, words: Language = ENGLISH) -> dict[str, Any]:
    """Everything that the template shows."""
    flows, figures = flows_of(source), Figures(source)
    rows = charts.batch_rows(source)
    parameters = tables.parameters(source)
    views = sankeys(source, flows)
    units = stated_units(source)
    sheet = flowsheet(source, flows)
    drawings = {"flowsheet": sheet.whole, "states": charts.state_shares(source, units), "levels": charts.levels(source)}
    drawings |= {"over_time": over_time(source, units)} if units else {}
    drawings |= {"sankey": views[0][2]} if views else {}
    drawings |= {"bottlenecks": charts.bottlenecks(source)} if source.topology.lines else {}
    gantt_units = charts.gantt_units(source, rows)
    begin = math.floor(source.start / HOUR)
    if gantt_units:
        drawings["gantt"] = charts.gantt(source, rows, begin, GANTT_SPAN)
    own = tuple(source.scenario.units)
    drawings = {name: words.drawing(drawing, own) for name, drawing in drawings.items()}
    views = [(key, group, words.drawing(drawing, own)) for key, group, drawing in views]
    sheet = replace(sheet, whole=drawings["flowsheet"], parts=[words.drawing(part, own) for part in sheet.parts])
    window = window_of(source, words)
    deportment = figures.deportment()
    return {
        "source": source,
        "attrs": source.first.attrs,
        "title": source.scenario.title or source.scenario.name,
        "runs": [(name, result.attrs["seed"], result.attrs["replication"], result.digest) for name, result in zip(source.names, source.results, strict=True)],
        "one_run": words.say(ONE_RUN),
        "about": dict(source.first.about),
        "verdict": verdict(source, figures, words),
        "headlines": figures.headlines(),
        "plant": figures.plant(),
        "matrices": figures.matrices(),
        "doubt": tables.doubt(source),
        "deportment": deportment,
        "views": [(key, group, drawing.title) for key, group, drawing in views],
        "data": {
            "sankey": {key: data(drawing) for key, _, drawing in views},
            "gantt": _gantt_data(rows, gantt_units, begin, source, words),
            "words": script_words(words),
        },
        "streams": tables.streams(source, flows),
        "limit": told_limit(source, words),
        "waits": tables.waits(source),
        "stops": tables.stops(source),
        "products": products_of(source, figures, words),
        "findings": findings(source, words),
        "names": own,
        "created": f"{words.date(moment)} UTC" if (moment := _moment(source.first.attrs["created"])) is not None else source.first.attrs["created"],
        "states": tables.states(source, units),
        "state_names": source.labels("state"),
        "roles": roles_of(source),
        "phase_kinds": [kind for kind in charts.PHASES if any(row.kind == kind for row in rows)],
        "phase_limits": tables.phase_limits(rows, gantt_units),
        "warnings": tables.warnings(source),
        "slowed_lots": tables.slowed_lots(source),
        "cautions": tables.cautions_of(source),
        "elements": tables.element_balance(source),
        "materials": tables.material_balance(source),
        "energy": tables.energy_balance(source),
        "parameters": parameters,
        "by_basis": tables.by_basis(parameters),
        "checklist": reporting.checklist(source, parameters, list(source.first.kpis), words),
        "platform": dict(source.first.attrs["platform"]),
        "window": window,
        "quantity": format_quantity,
        "sections": [anchor for anchor in SECTIONS if (anchor != "phases" or gantt_units) and (anchor != "deportment" or deportment)],
        "sheet": sheet,
        "shapes": {name: drawing.width / max(drawing.height, 1.0) for name, drawing in drawings.items()},
        "drawings": drawings,
    }


def _moment(text: str) -> datetime | None:
    """The moment at which a file was made; None where a stranger wrote something else there."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def window_of(source: Source, words: Language) -> str:
    """The window in words."""
    length = format_quantity(source.duration, "s")
    return words("page.window_after", length=length, warmup=format_quantity(source.start, "s")) if source.start > 0 else words.amount(length)


def stated_units(source: Source) -> list[str]:
    """Lines by their head, conveyors and furnaces: units whose states are recorded, one of each line."""
    shares, units = source.totals.sums["units/state_share"], source.labels("unit")
    return [unit for unit, own in zip(units, shares, strict=True) if source.duration > 0 and not math.isnan(own[0]) and source.groups.get(unit, unit) == unit]


def roles_of(source: Source) -> list[str]:
    """The looks of units that the flowsheet has, from feeds to what leaves."""
    looks = [source.look(unit) for unit in source.scenario.units]
    return [look for look in ("feed", "bunker", "machine", "process", "conveyor", "utility", "product", "outlet") if look in looks]


def sankeys(source: Source, flows: Sequence[Flow], targets_only: bool = False, paper: Paper = LANDSCAPE) -> list[tuple[str, str, Drawing]]:
    """(key, group, diagram) of mass, of each element that flows (or only those that products are to recover), and of energy.

    The first is printed, on ``paper``.
    """
    found: list[tuple[str, str, Drawing]] = []
    details = [("", True)] + ([("-machines", False)] if any(len(line.machines) > 1 for line in source.topology.lines) else [])
    for suffix, by_line in details:
        label = _line_label(source) if by_line else str
        told = "" if by_line else ", by machine"
        if links := mass_links(source, list(flows), by_line=by_line):
            found.append((f"mass{suffix}", "Mass", sankey(links, f"Mass{told}", "kg/s", _role(source), _supply(source), label, None if found else paper)))
    whole = mass_links(source, list(flows))
    recycles = recycled(whole)
    for element in _elements(source, targets_only):
        if links := mass_links(source, list(flows), element, recycles=recycles):
            name = "what assays leave open" if element == "rest" else element
            found.append((f"element-{element}", "Element", sankey(links, name, "kg/s", _role(source), _supply(source), _line_label(source))))
    if links := energy_links(source):
        found.append(("energy", "Energy", sankey(links, "Energy drawn and heat given off", "W", _energy_role(source))))
    return found


def _elements(source: Source, targets_only: bool) -> list[str]:
    """Elements that flow, those of which targets ask first, then in the order of the file."""
    targets = [target for product in source.totals.inputs.products.values() for target in product.targets]
    names = source.labels("element")
    flowing = [name for k, name in enumerate(names) if (source.flows[:, k] > 0).any()]
    return list(dict.fromkeys([*(target for target in targets if target in flowing), *(() if targets_only else flowing)]))


def _supply(source: Source) -> list[str]:
    return [unit for unit in source.scenario.units if source.role(unit) == "feed"] + [
        unit
        for unit, model in source.scenario.units.items()
        if source.role(unit) == "bunker" and all(source.role(before.partition(".")[0]) == "feed" for before in getattr(model, "from_", ()))
    ]


def _role(source: Source) -> Callable[[str], str]:
    return source.look


def _energy_role(source: Source) -> Callable[[str], str]:
    carriers = source.labels("carrier")
    return lambda name: "carrier" if name in carriers else source.role(name) if name in source.scenario.units else "machine" if name == OTHER else "heat"


def _line_label(source: Source) -> Callable[[str], str]:
    long = [line.name for line in source.topology.lines if len(line.machines) > 1]
    return lambda name: f"{name} line" if name in long else name


def _gantt_data(rows: Iterable[charts.BatchRow], units: list[str], begin: float, source: Source, words: Language) -> dict[str, Any] | None:
    """Phases as short rows of numbers: unit, kind, phase, start and end in h, limit, temperature in °C."""
    if not units:
        return None
    all_rows = [row for row in rows if row.unit in units]
    kept = all_rows[:MOST_BATCHES]
    phases, limits = list(dict.fromkeys(row.phase for row in kept)), list(dict.fromkeys(row.limit for row in kept))
    phase_number, limit_number = {name: k for k, name in enumerate(phases)}, {name: k for k, name in enumerate(limits)}
    return {
        "units": [[unit, words.say(source.heading(unit))] for unit in units],
        "kinds": list(charts.PHASES),
        "left": charts.NAMES,
        "plot": charts.PLOT,
        "bar": charts.BAR,
        "line": charts.ROW,
        "phases": phases,
        "limits": [words.say(limit) for limit in limits],
        "begin": begin,
        "span": GANTT_SPAN,
        "end": source.scenario.horizon / HOUR if len(kept) == len(all_rows) else max(row.end for row in kept),
        "cut": len(kept) < len(all_rows),
        "rows": [
            [units.index(u), charts.PHASES.index(kind), phase_number[phase], round(start, 3), round(end, 3), limit_number[limit], _celsius(temperature)]
            for u, phase, kind, start, end, limit, temperature in kept
        ],
    }


def _celsius(temperature: float) -> int | None:
    return round(temperature - ZERO_CELSIUS) if math.isfinite(temperature) else None
