"""Where the carbon of a furnace comes from: of its charge fossil, biogenic or mineral, or of bought fuels. It is followed until it leaves as gas.

Fossil carbon of the charge is what the others leave: of a melt of unknown origin, such as dust that lies in a bunker at the start, all of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.engine.unit import State
from twin.materials import ELEMENTS
from twin.units.ground.assembly import Assembly
from twin.units.ground.components import TRACED
from twin.units.melts.bath import Outcome

Floats = NDArray[np.float64]
C = ELEMENTS.index("C")
CARRIER = TRACED.index("carrier")


class Origins:
    """Tells the origins of what is drawn: ``shares`` (material, traced) of the carbon of each material."""

    def __init__(self, site: Assembly) -> None:
        self.components = site.components
        materials = site.scenario.materials
        self.shares = np.zeros((len(materials.names), len(TRACED)))
        self.shares[:, TRACED.index("biogenic")] = materials.properties["biogenic_carbon"]
        self.shares[:, TRACED.index("mineral")] = materials.properties["carbonate_carbon"]

    def of(self, rows: Floats) -> Floats:
        """Carbon by origin (traced,), kg, of what is drawn as ``rows`` (component,)."""
        components = self.components
        found = rows[components.carbon : components.carbon + len(TRACED)].copy()
        for m, mass in enumerate(rows[: components.solid].tolist()):
            if mass > 0.0:
                found += mass * float(components.elements[m, C]) * self.shares[m]
        for row, (m, e) in enumerate(components.contents, start=components.content):
            if e == C:
                found += rows[row] * self.shares[m]
        return found


class CarbonAccount:
    """Carbon by origin (traced,), kg, that a furnace holds: in ``feeder`` and ``hopper`` what is not charged yet, and in its ``bath``."""

    def __init__(self, site: Assembly) -> None:
        self.origins = Origins(site)
        self.feeder, self.hopper, self.bath = (np.zeros(len(TRACED)) for _ in range(3))

    def charge(self, fed: float, cooled: float) -> None:
        """Shares of feeder and hopper, 0 to 1, go into the bath."""
        for held, share in ((self.feeder, fed), (self.hopper, cooled)):
            self.bath += held * share
            held *= 1.0 - share

    def take(self, share: float) -> Floats:
        """``share`` of the bath's carbon leaves it with a melt; returns it (traced,)."""
        taken: Floats = self.bath * share
        self.bath -= taken
        return taken

    def leave(self, outcome: Outcome) -> Floats:
        """Carbon by origin (traced,), kg, that leaves with the off-gas of a phase.

        The burner's all leaves; what else does comes from bath, charge and reductant in proportion to what there is of each.
        """
        burner, reductant = float(outcome.stream("fuel")[C]), float(outcome.stream("reductant")[C])
        gone = float(outcome.together("gas", "fume", "dust")[C])
        there = float(outcome.before[C]) + float(outcome.together("feed", "coolant")[C]) + reductant
        self.bath[CARRIER] += reductant
        direct = min(burner, gone)
        taken = self.take(share_of(gone - direct, there))
        taken[CARRIER] += direct
        self.bath[CARRIER] += burner - direct
        return taken

    @property
    def held(self) -> Floats:
        """All of it (traced,)."""
        held: Floats = self.feeder + self.hopper
        return held

    def save(self) -> State:
        """As arrays."""
        return {name: getattr(self, name).copy() for name in ("feeder", "hopper", "bath")}

    def load(self, state: State) -> None:
        """Take over saved ones."""
        for name in ("feeder", "hopper", "bath"):
            getattr(self, name)[:] = state[name]


def bought(carbon: float) -> Floats:
    """``carbon`` kg of bought fuels, by origin (traced,)."""
    found = np.zeros(len(TRACED))
    found[CARRIER] = carbon
    return found


def share_of(part: float, whole: float) -> float:
    """``part`` over ``whole``, between 0 and 1; all of it where there is nothing.

    >>> share_of(1.0, 4.0), share_of(0.0, 0.0), share_of(2.0, 1.0)
    (0.25, 1.0, 1.0)
    """
    return min(max(part / whole, 0.0), 1.0) if whole > 0.0 else 1.0
