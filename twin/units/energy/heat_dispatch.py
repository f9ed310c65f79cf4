"""Who gives heat now: by rule, or by a plan of sources. Powers are constant until the next event of the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Situation:
    """All in W. ``demand``: of users and pipe; ``waste`` (source,): what there is anyway; ``most`` (boiler,); ``costs`` (boiler,) EUR/J of heat.

    ``room`` and ``give``: what the tank takes and gives at most; ``fires`` (boiler,): an on-off boiler that is on; ``modulates`` (boiler,): it is none.
    """

    demand: float
    waste: Floats
    most: Floats
    costs: Floats
    room: float
    give: float
    fires: NDArray[np.bool_]
    modulates: NDArray[np.bool_]


@dataclass(frozen=True)
class Powers:
    """All in W: ``taken`` (source,), ``made`` (boiler,), ``tank``: given to it, below 0 taken from it; ``lacking`` of the demand."""

    taken: Floats
    made: Floats
    tank: float
    lacking: float


def by_rule(now: Situation) -> Powers:
    """Waste heat first, in its order, then boilers that are on, then the tank, then the cheapest boiler; what is over goes into the tank if it takes it."""
    taken, made = np.zeros(len(now.waste)), np.zeros(len(now.most))
    left, tank = now.demand, 0.0
    for place, there in enumerate(now.waste.tolist()):
        taken[place] = min(there, left + now.room - tank)
        left, tank = _shared(float(taken[place]), left, tank)
    for place in _cheapest(now.costs):
        if now.fires[place]:
            made[place] = min(float(now.most[place]), left + now.room - tank)
            left, tank = _shared(float(made[place]), left, tank)
    if tank == 0.0:
        tank = -min(left, now.give)
        left += tank
    for place in _cheapest(now.costs):
        if now.modulates[place]:
            made[place] = min(float(now.most[place]), left)
            left -= float(made[place])
    return Powers(taken, made, tank, max(left, 0.0))


def by_plan(now: Situation, plan: Floats) -> Powers:
    """Boilers give what they are planned to (boiler,), W; the tank takes or gives the difference to what is wanted.

    What the tank cannot take is not made, the dearest first; then waste is not taken, the last first. What it cannot give is made, the cheapest first.
    """
    made, taken = np.minimum(plan, now.most), now.waste.copy()
    net = float(taken.sum()) + float(made.sum()) - now.demand
    order = _cheapest(now.costs)
    over = net - now.room
    for values, places in ((made, order[::-1]), (taken, range(len(taken) - 1, -1, -1))):
        for place in places:
            if over > 0.0:
                cut = min(float(values[place]), over)
                values[place] -= cut
                over -= cut
                net -= cut
    lack = -net - now.give
    for place in order:
        if lack > 0.0:
            more = min(float(now.most[place] - made[place]), lack)
            made[place] += more
            lack -= more
            net += more
    lacking = max(lack, 0.0)
    return Powers(taken, made, max(net, -now.give) if lacking > 0.0 else net, lacking)


def _shared(heat: float, left: float, tank: float) -> tuple[float, float]:
    """What is ``left`` to be served, and goes to the ``tank``, after so much heat."""
    direct = min(heat, left)
    return left - direct, tank + (heat - direct)


def _cheapest(costs: Floats) -> Sequence[int]:
    return sorted(range(len(costs)), key=lambda place: (costs[place], place))
