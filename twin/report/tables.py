"""Tables of a report beside its key figures: streams, balances, warnings, limits of furnaces, parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from twin.materials.number import BASES
from twin.plant.cautions import cautions
from twin.quantities import format_quantity
from twin.report.charts import BatchRow
from twin.report.flows import Flow, value_of
from twin.report.source import Source
from twin.results.growth import growing
from twin.results.kpis import kpi_text
from twin.results.limits import standings
from twin.results.lots import slowed_lines
from twin.results.stops import pareto
from twin.results.texts import difference_text

CATALOGUES = ("materials.", "thermochemistry.")


@dataclass(frozen=True)
class Table:
    """A plain table: ``text`` columns come first and are set to the left, the rest are numbers. Heads of columns are keys of the table of words.

    ``words`` are the columns whose texts are the engine's words and not names; those in ``wide`` are wrapped.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text: int = 1
    words: tuple[int, ...] = ()
    wide: tuple[int, ...] = ()


@dataclass(frozen=True)
class ParameterRow:
    """One number of the run."""

    path: str
    value: str
    range: str
    basis: str
    source: str

    @property
    def catalogue(self) -> bool:
        """Whether it is of a catalogue, of which there are many, and not of the plant."""
        return self.path.startswith(CATALOGUES)


def streams(source: Source, flows: Sequence[Flow]) -> Table:
    """Every connection with its mass flow."""
    rows = []
    for flow in flows:
        value = value_of(source, flow)
        about = "" if flow.share == 1.0 else "about "
        rows.append((flow.stream, flow.source, flow.target, "not recorded" if math.isnan(value) else about + format_quantity(value, "kg/s")))
    return Table(("stream", "from", "to", "mass flow"), tuple(rows), 3)


def doubt(source: Source) -> Table:
    """What is not known of key figures, by chance and by parameters, as half-widths at 95 %."""
    rows = []
    for name, parts in source.doubt.items():
        if parts.one or parts.parameters:
            unit = source.first.kpis[name].unit
            sizes = [difference_text(name, parts.mean, width, unit, parts.mean).partition("± ")[2] for width in (parts.chance, parts.one, parts.parameters)]
            share = "" if math.isnan(parts.explained) else f"{100 * parts.explained:.0f} %"
            rows.append((name, kpi_text(name, parts.mean, unit), *(f"± {size}" if size else "" for size in sizes), share))
    return Table(("key figure", "mean", "by chance, of the mean", "by chance, of one run", "by parameters", "of one run's variance"), tuple(rows))


def warnings(source: Source) -> Table:
    """How often a kernel left its valid range, by unit and what for, and of machines in which share of their lots."""
    counts, units, kinds = source.first.array("units/range_warnings"), source.labels("unit"), source.labels("warning")
    lots = source.first.array("units/lots").tolist() if source.first.has("units/lots") else [0] * len(units)
    rows = [
        (unit, kind.replace("_", " "), f"{int(counts[u, k])}", f"{100 * int(counts[u, k]) / lots[u]:.3g} %" if lots[u] else "–")
        for u, unit in enumerate(units)
        for k, kind in enumerate(kinds)
        if counts[u, k] > 0
    ]
    return Table(("unit", "valid range left", "times", "of its lots"), tuple(rows), 2, (1,))


def waits(source: Source) -> Table:
    """Who stood because of whom, the longest first."""
    found = sorted((wait for wait in standings(source.totals) if wait.share > 0.0), key=lambda wait: -wait.share)
    return Table(("unit", "stood", "because of", "share of its planned time"), tuple((w.unit, w.how, w.on, f"{100 * w.share:.1f} %") for w in found), 3, (1,))


def stops(source: Source) -> Table:
    """Why machines stopped, the longest first."""
    rows = [
        (row.reason, row.machine, f"{row.number}", f"{row.seconds / 3600.0:.4g} h", f"{100 * row.share:.1f} %", f"{100 * row.cumulative:.1f} %")
        for row in pareto(source.totals)
    ]
    return Table(("reason", "machine", "stops", "time down", "share", "cumulative"), tuple(rows), 2, (0,))


def slowed_lots(source: Source) -> Table:
    """Lines whose recycle held lots up."""
    rows = tuple((line.line, f"{line.slowed}", f"{line.lots}", line.share) for line in slowed_lines(source.first))
    return Table(("line", "lots held up", "lots", "share"), rows, 1)


def cautions_of(source: Source) -> list[str]:
    """Queues that grow, and what the scenario may not mean, one sentence each."""
    return [*(growth.text for growth in growing(source.first)), *cautions(source.scenario, source.topology)]


def element_balance(source: Source) -> Table:
    """Initial, in, out, stored and residual of each element."""
    return _balance(source, "element", "", ("initial", "in", "out", "stored"))


def material_balance(source: Source) -> Table:
    """The same of each material, with what conversion made of it."""
    return _balance(source, "material", "material_", ("initial", "in", "source", "out", "stored"))


def _balance(source: Source, axis: str, prefix: str, names: Sequence[str]) -> Table:
    columns = [source.first.array(f"balance/{prefix}{name}").tolist() for name in (*names, "residual")]
    rows = []
    for k, label in enumerate(source.labels(axis)):
        values = [column[k] for column in columns]
        most = max(abs(values[0] + values[1]), abs(values[-2]))
        if any(values):
            relative = f"{abs(values[-1]) / most:.1e}" if most else "–"
            rows.append((label, *(format_quantity(value, "kg") for value in values[:-1]), f"{values[-1]:.1e} kg", relative))
    return Table((axis, *names, "residual", "relative"), tuple(rows))


def energy_balance(source: Source) -> Table:
    """Energy of each carrier by its meter and by the units that used it."""
    columns = [source.first.array(f"balance/energy_{name}").tolist() for name in ("in", "used", "residual")]
    rows = [
        (label, format_quantity(columns[0][k], "J"), format_quantity(columns[1][k], "J"), f"{columns[2][k]:.1e} J")
        for k, label in enumerate(source.labels("carrier"))
    ]
    return Table(("carrier", "in", "used", "residual"), tuple(rows), words=(0,))


def states(source: Source, units: Sequence[str]) -> Table:
    """Share of the window in each state, by unit."""
    shares, names, all_units = source.per_second("units/state_share"), source.labels("state"), source.labels("unit")
    shown = [(unit, shares[all_units.index(unit)].tolist()) for unit in units]
    return Table(("unit", *(name.replace("_", " ") for name in names)), tuple((unit, *(f"{100 * share:.1f} %" for share in own)) for unit, own in shown))


def phase_limits(rows: Sequence[BatchRow], units: Sequence[str]) -> Table:
    """What limited the phases of each furnace: hours, and the share of all its phases, the longest first."""
    hours: dict[tuple[str, str], float] = {}
    total: dict[str, float] = {}
    for row in rows:
        hours[row.unit, row.limit] = hours.get((row.unit, row.limit), 0.0) + row.end - row.start
        total[row.unit] = total.get(row.unit, 0.0) + row.end - row.start
    ranked = sorted((key for key in hours if key[0] in units), key=lambda key: (units.index(key[0]), -hours[key]))
    found = [(u, limit.replace("_", " "), f"{hours[u, limit]:.1f} h", f"{100 * hours[u, limit] / total[u]:.1f} %") for u, limit in ranked if total[u] > 0]
    return Table(("unit", "limit", "time", "share of its phases"), tuple(found), 2, (1,))


def parameters(source: Source) -> list[ParameterRow]:
    """Every number of the run, with basis and source."""
    columns = [source.first.array(f"parameters/{name}").tolist() for name in ("path", "value", "unit_of_measure", "basis", "source", "low", "high")]
    return [
        ParameterRow(path, format_quantity(value, unit), _range(low, high, unit), basis, text)
        for path, value, unit, basis, text, low, high in zip(*columns, strict=True)
    ]


def _range(low: float, high: float, unit: str) -> str:
    return "" if math.isnan(low) else f"{format_quantity(low, unit)} to {format_quantity(high, unit)}"


def by_basis(rows: Sequence[ParameterRow]) -> Table:
    """How many numbers have which basis, and how many of them a range."""
    found = []
    for basis in dict.fromkeys((*BASES, *(row.basis for row in rows))):
        own = [row for row in rows if row.basis == basis]
        if basis == "calibrated" and not own:
            continue
        found.append((basis, f"{len(own)}", f"{100 * len(own) / len(rows):.1f} %" if rows else "–", f"{sum(bool(row.range) for row in own)}"))
    return Table(("basis", "numbers", "share", "of them with a range"), tuple(found), words=(0,))
