"""Electrorefining of copper: Faraday's law, where the elements of an anode go, and what must be bled from the electrolyte.

**Deposition.** A current I deposits copper on the cathodes of a cell at k CE I, k = M/(2F); the current efficiency CE counts shorts and the copper
that dissolves again. I is the current density times the area of both faces of all cathodes; cells in series share it::

    m' = k CE i A        E = V / (k CE)        k = 63.546 g/mol / (2 x 96485.33 C/mol) = 1.18549 g/Ah

so that a ton of copper takes 843.5 V/CE kWh of direct current, V in volts. **Dissolution.** Anodes dissolve as they are, evenly. The copper that
leaves them is what is deposited, a share chi of it that acid and air dissolve without current, and the share s that falls into the slimes::

    D (1 - s) = m (1 + chi)

and each other element leaves in the ratio in which it stands to copper. It is then split by fixed shares between slimes, cathode and electrolyte.
**Electrolyte.** A perfectly mixed volume; a bleed takes the same share of all that is dissolved, the volume is made up with acid and water.

Not in here: passivation, the acid and its sulphate, hydrogen, the spread of current, the current that nickel takes, shares that change with composition.

Sources: the constants are CODATA 2018 and the standard atomic weight of copper; the law is Faraday's. Shares are parameters of the caller.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FARADAY = 96485.33212  # C/mol
MOLAR_MASS = 0.063546  # kg/mol
COPPER = MOLAR_MASS / (2.0 * FARADAY)
"""Copper deposited by a charge at full efficiency, kg/(A s)."""
ROUNDING = 1e-9
"""A concentration this much above its limit, relatively, is at it."""


def deposition(current: float, efficiency: float) -> float:
    """Return the copper that a current [A] deposits, kg/s; ``efficiency`` in (0, 1].

    At 320 A/m2 and 0.95 a square metre takes 8.649 kg a day:

    >>> round(deposition(320.0, 0.95) * 86400.0, 3)
    8.649
    """
    return COPPER * efficiency * current


def specific_energy(voltage: float, efficiency: float) -> float:
    """Return the direct-current energy of a kilogram of copper, J/kg, at a cell voltage [V].

    >>> round(specific_energy(0.30, 0.95) / 3600.0, 1)  # kWh/t
    266.4
    """
    return voltage / (COPPER * efficiency)


def anode_copper(deposited: float, chemical: float, to_slimes: float) -> float:
    """Return the copper that leaves the anodes while ``deposited`` kg grow on the cathodes, kg.

    ``chemical``: copper dissolved without current, per kg deposited; ``to_slimes``: share of the anodes' copper that falls into the slimes, below 1.

    >>> round(anode_copper(1000.0, 0.01, 0.001), 3)
    1011.011
    """
    return deposited * (1.0 + chemical) / (1.0 - to_slimes)


def copper_life(copper: float, rate: float, chemical: float, to_slimes: float) -> float:
    """Return how long ``copper`` kg in anodes last, s, while ``rate`` kg/s are deposited.

    50 anodes of 430 kg and 98.9 % Cu, of which 15 % stay scrap, at 49 cathodes of 2 m2, 320 A/m2 and 0.95:

    >>> round(copper_life(50 * 430.0 * 0.989 * 0.85, deposition(320.0 * 49 * 2.0, 0.95), 0.01, 0.001) / 86400.0, 2)
    21.09
    """
    return copper / (rate * anode_copper(1.0, chemical, to_slimes))


def dissolve(anodes: Floats, copper: int, deposited: float, chemical: float, to_slimes: Floats, to_cathode: Floats) -> tuple[Floats, Floats, Floats]:
    """Return what ``anodes`` (element,), kg, give to cathodes, slimes and electrolyte, each (element,), kg, while ``deposited`` kg of copper grow.

    ``copper`` is the index of copper; ``to_slimes`` and ``to_cathode`` (element,) are shares, the rest goes to the electrolyte; copper reaches the
    cathode by ``deposited`` alone. The three add up to what the anodes lose, element by element, to the last bit but one. More copper than there is
    cannot dissolve: then all does, and the electrolyte gives the rest of the deposit.

    A ton with 99 % Cu, 0.5 % Ni (5 % of it to slimes) and 0.1 % Ag (98 and 1 %), half dissolved: deposits 490 kg, and with chi 0.01 and s 0.001

    >>> made = dissolve(np.array([990.0, 5.0, 1.0]), 0, 490.0, 0.01, np.array([0.001, 0.05, 0.98]), np.array([0.0, 0.0, 0.01]))
    >>> [[round(float(kg), 4) for kg in part] for part in made]
    [[490.0, 0.0, 0.005], [0.4954, 0.1251, 0.4904], [4.9, 2.3769, 0.005]]
    """
    share = min(1.0, anode_copper(deposited, chemical, float(to_slimes[copper])) / float(anodes[copper]))
    taken = anodes * share
    cathode, slimes = taken * to_cathode, taken * to_slimes
    cathode[copper] = deposited
    rest = taken - cathode - slimes
    others = np.arange(len(anodes)) != copper
    short = np.where(others, np.minimum(rest, 0.0), 0.0)  # shares that add up to one leave nothing, or less by rounding
    return cathode, slimes + short, rest - short


def bleed_share(dissolved: Floats, limits: Mapping[int, float], volume: float) -> float:
    """Return the share of an electrolyte that must be bled for no element to be above its limit, 0 where none is.

    ``dissolved`` (element,) kg in ``volume`` m3; ``limits``: kg/m3 by index of an element.

    >>> round(bleed_share(np.array([45000.0, 25000.0]), {1: 20.0}, 1000.0), 12)
    0.2
    """
    share = 0.0
    for element, limit in limits.items():
        allowed = limit * volume
        if dissolved[element] > allowed * (1.0 + ROUNDING):
            share = max(share, 1.0 - allowed / float(dissolved[element]))
    return share
