"""What a comparison of scenarios or results says: key figures side by side, differences with verdicts, and what limits each side."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from twin.errors import UsageError
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
        """Return the comparison with some key figures only: whole names, or the word before the first dot for all of a kind.

        Raises :class:`~twin.errors.UsageError` for one that no side has.
        """
        for name in kpis:
            if not any(name in (row.name, row.name.partition(".")[0]) for row in self.rows):
                raise UsageError(f"no key figure {name!r}; {nearest(name, [row.name for row in self.rows])}")
        rows = tuple(row for row in self.rows if row.name in kpis or row.name.partition(".")[0] in kpis)
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


def _cells(row: Row) -> list[str]:
    texts = row.texts()
    return [texts[0], *(cell for k in range(1, len(texts)) for cell in (texts[k], row.difference_text(k), row.changes[k - 1].text))]
