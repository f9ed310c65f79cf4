"""What stands before and behind each line: where a line that starves lacks material, and where one that is blocked finds no room."""

from __future__ import annotations

from typing import NamedTuple

from twin.plant.build import Built
from twin.units.lines.conveyor import Conveyor


class Surroundings(NamedTuple):
    """Of a line: ``lot`` kg that it draws at once; the bunkers ``before`` and ``behind`` it, by name, belts between them."""

    line: str
    lot: float
    before: tuple[str, ...]
    behind: tuple[str, ...]


def surroundings(built: Built) -> tuple[Surroundings, ...]:
    """Of all sorting lines, in order."""
    bunkers = built.site.bunkers
    found = []
    for line in built.lines:
        outlets = dict.fromkeys(_reached(receiver) for receiver in line.delivery.outlets)
        behind = tuple(name for name in outlets if name in bunkers)
        found.append(Surroundings(line.name, line.intake.lot, tuple(bunker.name for bunker in line.intake.bunkers), behind))
    return tuple(found)


def _reached(receiver: object) -> str:
    """The name of what stands at the end of belts."""
    while isinstance(receiver, Conveyor):
        receiver = receiver.outlet
    return str(getattr(receiver, "name", ""))
