"""Screening in a rotating drum: how a piece rises and falls, how often it meets the screen, and the trommel."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.kernels.compile import Floats, MachineKernel, Properties, Response, Sizes, kernel, settling, splitting
from twin.kernels.physical_constants import GRAVITY
from twin.kernels.sizing import getting_down, sticking

NODES = 65  # of the tables over the number of contacts
PARTS = 8  # sizes that stand for a class


@kernel()
def critical_speed(diameter: float) -> float:
    """Revolutions per second at which a drum of ``diameter`` [m] carries pieces round: sqrt(2g/D)/(2 pi), or 42.3/sqrt(D) per minute.

    >>> round(60.0 * critical_speed(1.0), 1), round(60.0 * critical_speed(2.5), 1)
    (42.3, 26.7)
    """
    return math.sqrt(2.0 * GRAVITY / diameter) / (2.0 * math.pi)


@kernel()
def fall(diameter: float, share: float) -> float:
    """Height [m] from where a piece leaves the drum to where it lands: 2 D N^2 (1 - N^4), at the ``share`` N of the critical speed, 0..1.

    A piece that rides without sliding leaves at the angle a from the top with cos a = N^2, flies on a parabola and lands 4a further on.

    >>> round(fall(2.5, 0.45), 3)
    0.971
    """
    return 2.0 * diameter * share**2 * (1.0 - share**4)


@kernel()
def turn(share: float) -> float:
    """Revolutions of the drum from one impact to the next, riding 1 - 2a/pi and flying sin(2a)/pi, with cos a = N^2.

    >>> round(turn(0.45), 4)
    0.2561
    """
    angle = math.acos(share * share)
    return 1.0 - 2.0 * angle / math.pi + math.sin(2.0 * angle) / math.pi


@kernel()
def passage(size: float, aperture: float, open_area: float) -> float:
    """Probability that a piece passes at one contact with the screen: the open share times (1 - d/a)^2, 0 from d = a (Gaudin).

    >>> round(passage(0.5, 1.0, 0.4), 4), passage(1.0, 1.0, 0.4)
    (0.1, 0.0)
    """
    if size >= aperture:
        return 0.0
    return open_area * (1.0 - size / aperture) ** 2


HEAD = 5  # coefficients before the tables: below critical speed, contacts at no load, layers for 1 kg/s, fill for 1 kg/s, moisture sensitivity


@kernel()
def _passing_tables(lower: Floats, upper: Floats, contacts: float, aperture: float, open_area: float) -> Floats:
    """Number of contacts (node); share passed by then and contacts made on average before passing (node, size); one after the other."""
    classes = lower.shape[0]
    tables = np.zeros(NODES * (1 + 2 * classes))
    for k in range(NODES):
        reached = contacts * (k / (NODES - 1.0)) ** 3  # closer where much passes
        tables[k] = reached
        for s in range(classes):
            passed, made = 0.0, 0.0
            for part in range(PARTS):
                place = (part + 0.5) / PARTS
                size = upper[s] * place if lower[s] <= 0.0 else lower[s] * (upper[s] / lower[s]) ** place
                rate = -math.log1p(-passage(size, aperture, open_area))
                gone = -math.expm1(-rate * reached)
                passed += gone / PARTS
                made += (gone / rate if rate > 0.0 else reached) / PARTS
            tables[NODES + k * classes + s] = passed
            tables[NODES * (1 + classes) + k * classes + s] = made
    return tables


def _prepare_trommel(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    diameter, speed, aperture = float(values["diameter"]), float(values["speed"]), float(values["aperture"])
    bulk = float(values["bulk_density"])
    moisture = properties["moisture"]
    share = speed / critical_speed(diameter)
    head = np.zeros(HEAD)
    down = getting_down(properties, float(values["floating"])).ravel()
    if share >= 1.0:
        return np.concatenate((head, moisture, np.zeros(NODES * (1 + 2 * len(sizes.mean))), down))
    step = fall(diameter, share) * math.tan(float(values["inclination"]))
    contacts = float(values["length"]) / step
    head[0] = 1.0 if 0.3 <= share <= 0.8 else 2.0
    head[1] = contacts
    head[2] = 1.0 / (bulk * math.pi * diameter * speed * step * float(values["reach"]) * aperture)
    head[3] = turn(share) / (speed * step * bulk * 0.25 * math.pi * diameter**2)
    head[4] = float(values["moisture_sensitivity"])
    open_area = min(max(float(values["open_area"]), 0.0), 0.99)
    return np.concatenate((head, moisture, _passing_tables(sizes.lower, sizes.upper, contacts, aperture, open_area), down))


@kernel()
def _contacts(bed: Floats, c: Floats, first: int, node: int) -> float:
    """Contacts needed to make those of a node: its own and those of the layers that keep pieces from the holes; ``bed`` (size,), kg/s."""
    classes = bed.shape[0]
    made = first + NODES + (NODES + node) * classes
    layers = 0.0
    for s in range(classes):
        layers += bed[s] * c[made + s]
    return float(c[first + node] + c[2] * layers)


@settling
def _fill(at: Floats, coefficients: Floats, parameters: Floats, load: float, settings: Floats, warn: NDArray[np.int64]) -> int:
    materials, classes = at.shape
    c = coefficients
    if c[0] == 0.0:
        return 1
    bed = settings[2:]
    bed[:] = 0.0
    total, water = 0.0, 0.0
    for m in range(materials):
        flow = 0.0
        for s in range(classes):
            bed[s] += at[m, s]
            flow += at[m, s]
        total += flow
        water += flow * c[HEAD + m]
    low, high = 0, NODES - 1
    while high - low > 1:  # the node up to which all contacts are made: contacts + layers * (contacts made by what is still there)
        middle = (low + high) // 2
        if _contacts(bed, c, HEAD + materials, middle) <= c[1]:
            low = middle
        else:
            high = middle
    before, after = _contacts(bed, c, HEAD + materials, low), _contacts(bed, c, HEAD + materials, high)
    settings[0] = low + min(max((c[1] - before) / (after - before), 0.0), 1.0)
    settings[1] = sticking(water / total, c[4]) if total > 0.0 else 0.0
    if total > 0.0:
        if c[0] == 2.0:
            warn[0] += 1
        if c[3] * total > 0.25:
            warn[1] += 1
    return 0


@splitting
def _tumble(settings: Floats, coefficients: Floats, shares: Floats) -> int:
    materials, classes = shares.shape[1:]
    c = coefficients
    low = min(int(settings[0]), NODES - 2)
    share = settings[0] - low
    near = HEAD + materials + NODES + low * classes
    down = HEAD + materials + NODES * (1 + 2 * classes)
    for s in range(classes):
        through = (c[near + s] + share * (c[near + classes + s] - c[near + s])) * (1.0 - settings[1])
        for m in range(materials):
            under = through * c[down + m * classes + s]
            shares[0, m, s] = 1.0 - under
            shares[1, m, s] = under
    return 0


TROMMEL = MachineKernel(
    response=Response(_fill, _tumble, ("contacts", "sticking"), by_size=True),
    prepare=_prepare_trommel,
    warnings=("speed outside 30 to 80 % of the critical speed", "drum filled to more than a quarter at its feed end"),
    statuses=("the speed is not below the critical speed of the drum, 42.3/sqrt(diameter in m) rpm: pieces would be carried round",),
)
"""Trommel; ports ``oversize``, ``undersize``. It sorts by size, and keeps what is light. Material property: ``moisture``; of pieces ``piece_cover``.

A piece rides up, falls by :func:`fall` h and so moves h tan(inclination) along: it meets the screen n = L/(h tan(inclination)) times, once in
:func:`turn` revolutions. At a contact it passes with :func:`passage`, if it gets to the holes: from a bed of depth b those within the reach
r = ``reach`` x aperture do, the share 1/(1 + b/r). The bed is deepest at the feed end, Q/(bulk density pi D speed h tan(inclination)), and
thins as pieces pass, so the number of contacts T that count follows from T + (b/r) sum of w (1 - exp(-kT))/k over the sizes = n, with
k = -ln(1 - p), w the share of a size and b the depth at the feed end; the share passed is 1 - exp(-kT). Each class is taken at 8 sizes. Of
what would pass, the share of :func:`twin.kernels.sizing.sticking` stays with the oversize, and of light pieces what does not
:func:`twin.kernels.sizing.gets_down`.

With little load n decides: a slower or flatter drum, up to 76 % of the critical speed, gives more contacts. With much load T tends to
n r/b = L r bulk density pi D speed/Q: a faster drum passes more.

values: ``aperture``, ``diameter``, ``length`` [m], ``speed`` [1/s], ``inclination`` [rad] > 0, ``open_area``, ``bulk_density`` [kg/m3],
``reach``, ``moisture_sensitivity``, ``floating`` [kg/m2].
Valid from 30 to 80 % of the critical speed and to a quarter full. Sources: critical speed, a piece's way from leaving to impact and the number
of impacts as in Alter, Gavis and Renard 1980 (structure read, equations derived here), Gaudin's probability; how the bed's depth keeps pieces
from the holes is an assumption of this model. No sliding, no lifters, no shape of pieces.
"""
