"""A reconciliation as one page: verdict, Sankey diagrams measured and reconciled, tests, losses, the audit trail; of several windows, each and their total."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin.errors import UsageError
from twin.fit.reconcile import Reconciliation, Row, Windows
from twin.fit.reconcile.network import OUTSIDE, Edge
from twin.fit.reconcile.readings import Window
from twin.fit.reconcile.worth import Worth
from twin.report import reconciliation_tables as tables
from twin.report.drawing import Drawing, fitted, svg
from twin.report.flows import Link
from twin.report.language import Language, language
from twin.report.page import heading, style_sheet
from twin.report.sankey import sankey
from twin.results.provenance import twin_version
from twin.results.replace import check_replaceable, replacing, text_mark

PAGE = text_mark("a reconciliation page of twin", b'<meta name="generator" content="twin reconcile">', 2048)
NAMES, BARS, ROW, TYPE = 230.0, 420.0, 19.0, 11.0
"""Room for names and bars of the chart of tests, height of a bar, size of type."""
MOST_BARS = 60
PARTS = ("sankey", "tests", "values", "losses")
"""What is shown of each window."""
ENGLISH = language("en")
Outcome = Reconciliation | Windows


def write_page(found: Outcome, best: Sequence[Worth], target: str, out: Path, *, by: str = "", reason: str = "", words: Language = ENGLISH) -> Path:
    """Write the page; an existing one is replaced, any other file refused. ``best``: of the whole, where there are several windows.

    Raises :class:`~twin.errors.UsageError` where jinja2 is not installed, :class:`~twin.errors.FileError` where the file cannot be written.
    """
    check_replaceable(out, PAGE)
    text = render(found, best, target, by=by, reason=reason, words=words)
    with replacing(out, PAGE) as temporary:
        temporary.write_bytes(text.encode("utf-8"))
    return out


def render(found: Outcome, best: Sequence[Worth], target: str, *, by: str = "", reason: str = "", words: Language = ENGLISH) -> str:
    """Return the page. Raises :class:`~twin.errors.UsageError` where jinja2 is not installed."""
    try:
        import jinja2
        from markupsafe import Markup
    except ImportError as error:
        raise UsageError("a page needs jinja2: pip install 'twin[report]'") from error
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("twin.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.globals |= {"t": words, "head": lambda name: heading(name, words)}
    context = _contents(found, best, target, words) | {"by": by, "reason": reason}
    for view in context["views"]:
        drawings = view.pop("drawings")
        view["figures"] = {name: Markup(svg(drawing, f"figure-{view['key']}{name}")) if drawing.shapes else None for name, drawing in drawings.items()}
    return environment.get_template("reconciliation.html.j2").render(**context, style=Markup(style_sheet()))


def _contents(found: Outcome, best: Sequence[Worth], target: str, words: Language) -> dict[str, Any]:
    windows = found.windows if isinstance(found, Windows) else ()
    whole = found.total if isinstance(found, Windows) else found
    views = [_view(whole, "", words("reconcile.total") if windows else "", words)]
    views += [_view(one, f"w{k}-", _window(one.window, words), words) for k, one in enumerate(windows, 1)]
    notes = list(dict.fromkeys(note for one in (*windows, whole) for note in one.notes))
    return {
        "title": whole.data.title or whole.data.name,
        "network": whole.network.name or words("reconcile.own_network"),
        "window": _window(whole.window, words),
        "views": views,
        "several": bool(windows),
        "overview": tables.overview(windows, whole, words) if windows else None,
        "by_window": tables.by_window(windows, whole, words) if windows else None,
        "worth": tables.worth(best, words),
        "target": target,
        "audits": [tables.audit(one, words) for one in windows or (whole,)],
        "left_out": whole.left_out,
        "notes": [words.say(note) for note in (*(found.notes if isinstance(found, Windows) else ()), *notes)],
        "digests": (whole.data.digest, whole.network.digest),
        "version": twin_version(),
        "sections": [*(["windows"] if windows else []), *PARTS, "worth", "audit"],
    }


def _window(window: Window | None, words: Language) -> str:
    if window is None:
        return ""
    low, high = (words.date(moment).removesuffix(" 00:00") for moment in (window.begin, window.end))
    return words("reconcile.interval", low=low, high=high)


def _view(found: Reconciliation, key: str, name: str, words: Language) -> dict[str, Any]:
    """What is shown of one window; ``key`` begins its anchors."""
    tests, whole = found.tests, found.tests.whole
    own = {*found.network.node, *(edge.name for edge in found.network.edges), *(tables.named(row) for row in found.rows)}
    drawings = {"measured": sankey_of(found, measured=True), "reconciled": sankey_of(found, measured=False), "tests": chart_of_tests(found, words)}
    return {
        "key": key,
        "name": name,
        "verdict": tables.verdict(found, words),
        "agrees": not tests.suspects and whole.passed,
        "whole": whole.text,
        "critical": "–" if math.isinf(tests.critical) else f"{tests.critical:.3g}",
        "redundancy": whole.redundancy,
        "suspects": tables.biases(found, words),
        "quantities": tables.values(found, words),
        "nodes": tables.nodes(found, words),
        "losses": tables.losses(found, words),
        "lacking": [(tables.place(loss, words), loss.lacking) for loss in found.losses if loss.lacking],
        "hidden": [row.name for row in found.rows if row.status == "not observable"],
        "drawings": {name: words.drawing(drawing, own) for name, drawing in drawings.items()},
    }


# -- figures -------------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Ends:
    """What the ends of streams are called: outside is named after the stream."""

    found: Reconciliation

    def source(self, edge: Edge) -> str:
        return edge.source if edge.source != OUTSIDE else self._outside(edge, "in")

    def target(self, edge: Edge) -> str:
        return edge.target if edge.target != OUTSIDE else self._outside(edge, "out")

    def _outside(self, edge: Edge, way: str) -> str:
        return f"{edge.name} ({way})" if edge.name in self.found.network.node else edge.name

    def css(self, name: str) -> str:
        node = self.found.network.node.get(name)
        if node is not None:
            return {"product": "product", "bunker": "bunker", "process": "process"}.get(node.role, "machine")
        return "feed" if any(edge.source == OUTSIDE and self.source(edge) == name for edge in self.found.network.edges) else "product"


def sankey_of(found: Reconciliation, *, measured: bool) -> Drawing:
    """Return the diagram of the flows as measured, or as reconciled; streams without a value are hairlines, so that both have one form."""
    ends, rows = _Ends(found), {row.name: row for row in found.rows}
    links = []
    for edge in found.network.edges:
        row = rows[f"flow.{edge.name}"]
        value = _measured(found, edge, rows) if measured else row.reconciled
        leaves = edge.target == OUTSIDE and found.network.node[edge.source].role == "product"  # the product stands for what leaves through it
        if not leaves:
            missing = "not measured" if measured else "not observable"
            label = edge.name if value > 0.0 else f"{edge.name}, {missing if math.isnan(value) else 'not above 0'}"
            links.append(Link(ends.source(edge), ends.target(edge), value if value > 0.0 else 0.0, label, row.reconciled if row.reconciled > 0.0 else 0.0))
    what = "measured" if measured else "reconciled"
    if not any(link.value > 0.0 for link in links):
        return Drawing(0.0, 0.0, f"Flows as {what}")
    si = next((row.si for row in found.rows if row.name.startswith("flow.")), "kg")
    return sankey(links, f"Flows as {what}", si, ends.css)


def _measured(found: Reconciliation, edge: Edge, rows: Mapping[str, Row]) -> float:
    """The reading of a stream; of one that alone goes to a product, that of the product where it has none of its own."""
    own, target = rows[f"flow.{edge.name}"].measured, found.network.node.get(edge.target)
    if not math.isnan(own) or target is None or target.role != "product":
        return own
    signs = [sign for sign, _ in found.network.of(target.name)]
    return rows[f"flow.{target.name}"].measured if signs.count(1.0) == signs.count(-1.0) == 1 else own


def chart_of_tests(found: Reconciliation, words: Language = ENGLISH) -> Drawing:
    """Return the statistic of each measurement as a bar, with the limit on both sides; the largest of many."""
    limit = found.tests.critical
    rows = [row for row in found.rows if not math.isnan(row.statistic)]
    rows = sorted(rows, key=lambda row: -abs(row.statistic))[:MOST_BARS]
    drawing = Drawing(NAMES + BARS + 70.0, 34.0 + ROW * len(rows), words("reconcile.chart"), words("reconcile.z_limit", n=len(rows), limit=f"{limit:.3g}"))
    if not rows or math.isinf(limit):
        return drawing
    reach = max(limit * 1.15, max(abs(row.statistic) for row in rows))
    middle, scale = NAMES + BARS / 2, BARS / 2 / reach
    for k, row in enumerate(rows):
        y, x = 24.0 + ROW * k, middle + row.statistic * scale
        shown = fitted(tables.named(row), NAMES - 12, TYPE)
        drawing.write("bar-name", NAMES - 10, y + 11, shown, "end", "" if shown == tables.named(row) else tables.named(row))
        css = "state blocked" if abs(row.statistic) > limit else "bar"
        drawing.rect(css, min(x, middle), y + 2, max(abs(x - middle), 0.8), ROW - 6, f"{tables.named(row)}: {row.statistic:+.2f}")
        drawing.write("bar-value", NAMES + BARS + 10, y + 11, f"{row.statistic:+.2f}")
    bottom = 26.0 + ROW * len(rows)
    drawing.line("grid", (middle, 20.0), (middle, bottom))
    for sign in (-1.0, 1.0):
        drawing.line("capacity", (middle + sign * limit * scale, 20.0), (middle + sign * limit * scale, bottom), title=f"limit {sign * limit:+.3g}")
        drawing.write("tick", middle + sign * limit * scale, 13.0, f"{sign * limit:+.2f}", "middle")
    return drawing
