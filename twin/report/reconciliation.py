"""A reconciliation as one page: verdict, Sankey diagrams measured and reconciled, tests, losses, the audit trail."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin.errors import UsageError
from twin.fit.reconcile import Reconciliation, Row
from twin.fit.reconcile.network import OUTSIDE, Edge
from twin.fit.reconcile.outcome import shown_bias
from twin.fit.reconcile.worth import NEW_ERROR, Worth
from twin.quantities import format_quantity
from twin.report.drawing import Drawing, fitted, svg
from twin.report.flows import Link
from twin.report.page import style_sheet
from twin.report.sankey import sankey
from twin.report.tables import Table
from twin.results.provenance import twin_version
from twin.results.replace import check_replaceable, replacing, text_mark

PAGE = text_mark("a reconciliation page of twin", b'<meta name="generator" content="twin reconcile">', 2048)
NAMES, BARS, ROW, TYPE = 230.0, 420.0, 19.0, 11.0
"""Room for names and bars of the chart of tests, height of a bar, size of type."""
MOST_BARS = 60
SECTIONS = (
    ("sankey", "Measured and reconciled"),
    ("tests", "Tests"),
    ("values", "Values"),
    ("losses", "Unaccounted for"),
    ("worth", "Which instrument is worth most"),
    ("audit", "Audit trail"),
)


def write_page(found: Reconciliation, best: Sequence[Worth], target: str, out: Path, *, by: str = "", reason: str = "") -> Path:
    """Write the page; an existing one is replaced, any other file refused.

    Raises :class:`~twin.errors.UsageError` where jinja2 is not installed, :class:`~twin.errors.FileError` where the file cannot be written.
    """
    check_replaceable(out, PAGE)
    text = render(found, best, target, by=by, reason=reason)
    with replacing(out, PAGE) as temporary:
        temporary.write_bytes(text.encode("utf-8"))
    return out


def render(found: Reconciliation, best: Sequence[Worth], target: str, *, by: str = "", reason: str = "") -> str:
    """Return the page. Raises :class:`~twin.errors.UsageError` where jinja2 is not installed."""
    try:
        import jinja2
        from markupsafe import Markup
    except ImportError as error:
        raise UsageError("a page needs jinja2: pip install 'twin[report]'") from error
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("twin.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    drawings = {"measured": sankey_of(found, measured=True), "reconciled": sankey_of(found, measured=False), "tests": chart_of_tests(found)}
    figures = {name: Markup(svg(drawing, f"figure-{name}")) if drawing.shapes else None for name, drawing in drawings.items()}
    context = _contents(found, best, target, by, reason)
    return environment.get_template("reconciliation.html.j2").render(**context, figures=figures, style=Markup(style_sheet()))


def _contents(found: Reconciliation, best: Sequence[Worth], target: str, by: str, reason: str) -> dict[str, Any]:
    tests, whole = found.tests, found.tests.whole
    return {
        "title": found.data.title or found.data.name,
        "network": found.network.name or "the data's own network",
        "window": str(found.window) if found.window is not None else "",
        "verdict": found.verdict,
        "agrees": not tests.suspects and whole.passed,
        "whole": whole.text,
        "critical": "–" if math.isinf(tests.critical) else f"{tests.critical:.3g}",
        "redundancy": whole.redundancy,
        "suspects": [shown_bias(suspect, found) for suspect in tests.suspects],
        "values": values_table(found),
        "nodes": _nodes(found),
        "losses": _losses(found),
        "lacking": [loss for loss in found.losses if loss.lacking],
        "worth": _worth(best),
        "target": target,
        "hidden": [row.name for row in found.rows if row.status == "not observable"],
        "audit": _audit(found),
        "left_out": found.left_out,
        "by": by,
        "reason": reason,
        "notes": found.notes,
        "digests": (found.data.digest, found.network.digest),
        "version": twin_version(),
        "sections": SECTIONS,
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


def chart_of_tests(found: Reconciliation) -> Drawing:
    """Return the statistic of each measurement as a bar, with the limit on both sides; the largest of many."""
    limit = found.tests.critical
    rows = [row for row in found.rows if not math.isnan(row.statistic)]
    rows = sorted(rows, key=lambda row: -abs(row.statistic))[:MOST_BARS]
    drawing = Drawing(NAMES + BARS + 70.0, 34.0 + ROW * len(rows), "Test of each measurement", f"{len(rows)} statistics; the limit is {limit:.3g}.")
    if not rows or math.isinf(limit):
        return drawing
    reach = max(limit * 1.15, max(abs(row.statistic) for row in rows))
    middle, scale = NAMES + BARS / 2, BARS / 2 / reach
    for k, row in enumerate(rows):
        y, x = 24.0 + ROW * k, middle + row.statistic * scale
        shown = fitted(_named(row), NAMES - 12, TYPE)
        drawing.write("bar-name", NAMES - 10, y + 11, shown, "end", "" if shown == _named(row) else _named(row))
        css = "state blocked" if abs(row.statistic) > limit else "bar"
        drawing.rect(css, min(x, middle), y + 2, max(abs(x - middle), 0.8), ROW - 6, f"{_named(row)}: {row.statistic:+.2f}")
        drawing.write("bar-value", NAMES + BARS + 10, y + 11, f"{row.statistic:+.2f}")
    bottom = 26.0 + ROW * len(rows)
    drawing.line("grid", (middle, 20.0), (middle, bottom))
    for sign in (-1.0, 1.0):
        drawing.line("capacity", (middle + sign * limit * scale, 20.0), (middle + sign * limit * scale, bottom), title=f"limit {sign * limit:+.3g}")
        drawing.write("tick", middle + sign * limit * scale, 13.0, f"{sign * limit:+.2f}", "middle")
    return drawing


# -- tables --------------------------------------------------------------------------------------------------------------------------------


def _named(row: Row) -> str:
    return row.name if row.instrument in ("", row.name) else f"{row.name} ({row.instrument})"


def _shown(value: float, si: str) -> str:
    return "–" if math.isnan(value) else format_quantity(value, si)


def _plain(value: float, form: str) -> str:
    return "–" if math.isnan(value) else format(value, form)


def values_table(found: Reconciliation) -> Table:
    """Return every quantity that is observable, measured beside reconciled."""
    rows = []
    for row in found.rows:
        if row.status != "not observable":
            error = "exact" if row.status == "exact" else _shown(row.error, row.si)
            after = "exact" if row.status == "exact" else _shown(row.deviation, row.si)
            numbers = (_plain(row.adjustment, "+.2f"), _plain(row.statistic, "+.2f"), _plain(row.adjustability, ".2f"))
            rows.append((_named(row), row.status, _shown(row.measured, row.si), error, _shown(row.reconciled, row.si), after, *numbers))
    return Table(("quantity", "is", "measured", "± sd", "reconciled", "± sd", "moved by [sd]", "z", "adjustability"), tuple(rows), 2)


def _nodes(found: Reconciliation) -> Table:
    rows = [
        (
            test.name,
            format_quantity(test.lack, test.si),
            format_quantity(test.deviation, test.si),
            f"{test.statistic:+.2f}",
            "closes" if test.passed else "does not close",
        )
        for test in found.tests.nodes
        if not math.isnan(test.statistic)
    ]
    return Table(("balance", "in - out - stored", "sd", "z", ""), tuple(rows))


def _losses(found: Reconciliation) -> Table:
    rows = []
    for loss in found.losses:
        if not loss.lacking:
            low, high = loss.interval
            between = f"{format_quantity(low, loss.si)} to {format_quantity(high, loss.si)}"
            share = "–" if math.isnan(loss.share) else f"{100 * loss.share:.2f} %"
            told = "told from 0" if loss.told_from_zero else "not told from 0"
            rows.append((loss.place, loss.component or "mass", format_quantity(loss.value, loss.si), between, share, told))
    return Table(("place", "of", "opening + in - out - closing", "95 % interval", "of what came in", ""), tuple(rows), 2)


def _worth(best: Sequence[Worth]) -> Table:
    rows = [
        (worth.name, "its error halved" if worth.halved else f"measured to {100 * NEW_ERROR:.0f} %", f"{100 * worth.fall:.1f} %")
        for worth in best
        if worth.fall >= 5e-4
    ]
    return Table(("quantity", "if", "variance falls by"), tuple(rows[:20]), 2)


def _audit(found: Reconciliation) -> Table:
    rows = []
    for row in found.rows:
        if not math.isnan(row.measured) and row.status != "exact":
            moved = _shown(row.reconciled - row.measured, row.si)
            rows.append((_named(row), row.source or "–", row.status, _shown(row.measured, row.si), moved, _plain(row.adjustment, "+.2f")))
    return Table(("quantity", "source", "is", "measured", "adjustment", "in sd"), tuple(rows), 3)
