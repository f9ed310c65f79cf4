"""Lots that took longer than their machines need, read from a results file."""

from __future__ import annotations

from typing import NamedTuple

from twin.results.read import Result


class Slowed(NamedTuple):
    """A line of which ``slowed`` of its ``lots`` took more than .1 % longer than any of its machines needs."""

    line: str
    slowed: int
    lots: int

    @property
    def share(self) -> str:
        """The share of the lots, as people read it."""
        return f"{100 * self.slowed / self.lots:.3g} %"


def slowed_lines(result: Result) -> list[Slowed]:
    """The lines whose recycle held lots up, in the order of the scenario; none for a file from before they were counted."""
    if "recycle_limited_lots" not in result.variables("units"):
        return []
    rows = zip(result.array("unit"), result.array("units/recycle_limited_lots").tolist(), result.array("units/lots").tolist(), strict=True)
    return [Slowed(str(unit), slowed, lots) for unit, slowed, lots in rows if slowed]
