"""What a comparison of scenarios or results says: key figures side by side, differences with verdicts, and what limits each side."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from twin.errors import UsageError
from twin.results.investment import Investment
from twin.results.kpis import kpi_text
from twin.results.texts import difference_text
from twin.scenario.problems import nearest
from twin.study.differences import Difference
from twin.study.replicate import Kind
from twin.study.statistics import Interval, bonferroni
from twin.study.verdicts import Change


@dataclass(frozen=True)
class Row:
    """One key figure: the mean of each side, NaN where a side does not have it, and how each variant differs from the base."""

    name: str
    unit: str
    values: tuple[float, ...]
    changes: tuple[Change, ...]

    @property
    def differences(self) -> tuple[Interval | None, ...]:
        """The interval of variant - base for each variant; None where there is one run."""
        return tuple(change.interval for change in self.changes)

    @property
    def difference(self) -> Interval | None:
        """The interval of variant - base for the first variant, usually the only one."""
        return self.changes[0].interval

    @property
    def verdict(self) -> str:
        """Whether the first variant is better, worse, or that it cannot be told; "" of one run."""
        return self.changes[0].text

    def relative(self, column: int) -> float:
        """Change against the base, as a share of it; NaN where that has no meaning."""
        base = self.values[0]
        return self.changes[column - 1].difference / abs(base) if base else math.nan

    def texts(self) -> list[str]:
        """The means with a readable unit."""
        return [kpi_text(self.name, value, self.unit) for value in self.values]

    def difference_text(self, column: int) -> str:
        """The difference of a variant to the base with its half-width, in the unit of the values."""
        change = self.changes[column - 1]
        if change.verdict == "no change":
            return "0"
        width = None if change.interval is None else change.interval.half_width
        return difference_text(self.name, change.difference, width, self.unit, self.values[0], self.values[column])


@dataclass(frozen=True)
class Limit:
    """Which machine limited a line for most of its running time on each side, and in which share of it."""

    line: str
    machines: tuple[str, ...]
    shares: tuple[float, ...]

    @property
    def moved(self) -> bool:
        """Whether it is not the same machine everywhere."""
        return len(dict.fromkeys(self.machines)) > 1


def _euros(value: float, half_width: float | None) -> str:
    """Whole euros with their half-width."""
    return f"{value:+,.0f} EUR" if half_width is None else f"{value:+,.0f} ± {half_width:,.0f} EUR"


@dataclass(frozen=True)
class Payoff:
    """What an investment brings: that of variant ``name``, at ``prices`` (a price scenario's name, "" for the prices stated).

    ``gain`` EUR/a with its ``interval``, None of one run; ``npv`` EUR, between ``npv_low`` and ``npv_high``; ``rate`` a year, ``payback`` and ``discounted`` in
    years, NaN where the gain's interval holds 0 or is below; ``chance``: P(payback < ``limit``), NaN without a limit.
    """

    name: str
    prices: str
    plan: Investment
    gain: float
    interval: Interval | None
    npv: float
    npv_low: float
    npv_high: float
    rate: float
    payback: float
    discounted: float
    limit: float | None
    chance: float
    verdict: str

    @property
    def sentence(self) -> str:
        """The answer in one sentence."""
        head = {"pays": f"{self.name} pays", "does not pay": f"{self.name} does not pay"}.get(self.verdict, f"it cannot be told whether {self.name} pays")
        at = f" at the prices of {self.prices}" if self.prices else ""
        terms = f"{self.plan.amount:,.0f} EUR over {self.plan.life:g} a at {100 * self.plan.interest:g} %"
        return f"{head}{at}: {self.gain_text} a year for {terms}, net present value {self.npv_text}, payback {self.payback_text}{self._why}"

    @property
    def _why(self) -> str:
        if self.interval is None:
            return "; one run each has no interval"
        return "; more replications or a longer window narrow the interval" if self.verdict == "cannot tell" else ""

    @property
    def gain_text(self) -> str:
        """The gain a year with its half-width."""
        return _euros(self.gain, None if self.interval is None else self.interval.half_width)

    @property
    def npv_text(self) -> str:
        """The net present value with its half-width."""
        return _euros(self.npv, None if self.interval is None else 0.5 * (self.npv_high - self.npv_low))

    @property
    def payback_text(self) -> str:
        """The payback, or none where the gain's interval is not above 0."""
        return "none" if math.isnan(self.payback) else f"{self.payback:.3g} a"


@dataclass(frozen=True)
class Comparison:
    """Two or more sides, the first of which is the base. ``runs`` counts those of each; ``warnings`` how often one left the valid range of a model.

    ``confidence`` holds for all variants at once, each interval has ``confidence_each`` (Bonferroni). ``busiest`` names on each side the line or furnace that
    ran for the largest share of its planned time, with that share; ``plant_limits`` says of each side what limited the plant, and in how many of its runs.
    ``range_shares``: the largest share of its lots in which a machine left the valid range of its model, mean over the runs.
    """

    names: tuple[str, ...]
    differences: tuple[Difference, ...]
    rows: tuple[Row, ...]
    runs: tuple[int, ...]
    limits: tuple[Limit, ...]
    busiest: tuple[tuple[str, float], ...]
    warnings: tuple[float, ...]
    confidence: float
    kind: Kind | None
    remarks: tuple[str, ...]
    plant_limits: tuple[str, ...] = ()
    range_shares: tuple[float, ...] = ()
    payoffs: tuple[Payoff, ...] = ()
    """What investments bring, for each variant at the prices stated and then in each price scenario."""

    @property
    def confidence_each(self) -> float:
        """The confidence of each interval."""
        return bonferroni(self.confidence, len(self.names) - 1)

    def __getitem__(self, kpi: str) -> Row:
        for row in self.rows:
            if row.name == kpi:
                return row
        raise KeyError(f"no KPI {kpi!r}; known: {', '.join(row.name for row in self.rows)}")

    def only(self, kpis: Sequence[str]) -> Comparison:
        """Return the comparison with some key figures only: whole names, the word before the first dot for all of a kind, or a site of a cluster.

        Raises :class:`~twin.errors.UsageError` for one that no side has.
        """
        for name in kpis:
            if not any(name in names_of(row.name) for row in self.rows):
                raise UsageError(f"no key figure {name!r}; {nearest(name, [row.name for row in self.rows])}")
        rows = tuple(row for row in self.rows if any(name in kpis for name in names_of(row.name)))
        return replace(self, rows=rows)

    def ordered(self, column: int = 1) -> list[Row]:
        """Return the rows of a variant: what differs first, then what cannot be told, then what did not change; else in the order of the table."""
        ranks = {"cannot tell": 1, "no change": 2}
        return sorted(self.rows, key=lambda row: ranks.get(row.changes[column - 1].verdict, 0))

    def verdicts(self, column: int = 1) -> dict[str, list[str]]:
        """Return the key figures of a variant by verdict."""
        found: dict[str, list[str]] = {}
        for row in self.rows:
            if row.changes[column - 1].verdict:
                found.setdefault(row.changes[column - 1].verdict, []).append(row.name)
        return found

    def __repr__(self) -> str:
        lines = [f"{d.path}: {' | '.join(d.values)}" for d in self.differences] or ["the scenarios are the same"]
        width = max((len(row.name) for row in self.rows), default=0)
        lines += [f"{row.name:{width}}  {' | '.join(_cells(row))}" for row in self.rows]
        return "\n".join([*lines, *self.remarks])

    def _repr_html_(self) -> str:
        def line(label: str, cells: Sequence[str], tag: str = "td") -> str:
            return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in (label, *cells)) + "</tr>"

        shown = [line(d.path, d.values) for d in self.differences]
        heads = [*self.names[:1], *(text for name in self.names[1:] for text in (name, "difference", "verdict"))]
        rows = [line(row.name, _cells(row)) for row in self.rows]
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.remarks)
        return f"<table>{line('', self.names, 'th')}{''.join(shown)}</table><table>{line('', heads, 'th')}{''.join(rows)}</table>{notes}"


def names_of(name: str) -> tuple[str, str, str]:
    """Return by what a figure may be asked for: its name, the word before the first dot, and the site of a cluster that it is of."""
    return name, name.partition(".")[0], f"{name.rpartition('/')[0]}/"


def _cells(row: Row) -> list[str]:
    texts = row.texts()
    return [texts[0], *(cell for k in range(1, len(texts)) for cell in (texts[k], row.difference_text(k), row.changes[k - 1].text))]
