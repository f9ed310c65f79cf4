"""Sizing: partition curves of Whiten and Karra, Karra's capacity of a vibrating screen, and the screen.

Karra's factors are in the units of the original, mm and t/h per m2; the functions here that take or give anything else say so. The pieces
of his factors B and C are joined where they cross (87.7 % oversize; 32.9, 54.4 and 76.5 % half-size) and not at his limits (87; 30, 55 and
80), where they differ by up to 4 %: a split that jumps keeps a recycle loop from converging.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.kernels.compile import Floats, MachineKernel, Properties, Response, Sizes, kernel, settling, splitting, unsigned

KARRA, WHITEN = 0.0, 1.0
"""Values of the screen's parameter ``curve``."""

TONNES_PER_HOUR = 3.6  # t/h in 1 kg/s
MAX_NEAR_SIZE = 80.0  # per cent; beyond it Karra's factor runs to zero
LEAST_FREE_AREA = 0.01  # what wear can leave open


@kernel()
def whiten_efficiency(ratio: float, sharpness: float) -> float:
    """Share that goes to oversize at ``ratio`` = d/d50 >= 0: (e^(a r)-1)/(e^(a r)+e^a-2) with ``sharpness`` a > 0 (Whiten).

    >>> [round(whiten_efficiency(r, 4.0), 4) for r in (0.5, 1.0, 1.5)]
    [0.1065, 0.5, 0.8825]
    """
    decay = math.exp(-sharpness * ratio)
    return (1.0 - decay) / (1.0 + (math.exp(sharpness) - 2.0) * decay)


@kernel()
def karra_efficiency(ratio: float) -> float:
    """Share that goes to oversize at ``ratio`` = d/d50 >= 0: 1-exp(-.693 r^5.846) (Karra 1979).

    >>> round(karra_efficiency(10.0 / 17.794), 4), round(karra_efficiency(18.0 / 17.794), 4)
    (0.0236, 0.5235)
    """
    return -math.expm1(-0.693 * ratio**5.846)


@kernel()
def throughfall_aperture(aperture: float, wire: float, inclination: float) -> float:
    """Opening that a falling piece sees: (h+d) cos(inclination) - d, all lengths alike; ``inclination`` in rad.

    >>> round(throughfall_aperture(20.0, 5.0, math.radians(20.0)), 4)
    18.4923
    """
    return (aperture + wire) * math.cos(inclination) - wire


@kernel()
def karra_capacity(opening: float) -> float:
    """Karra's factor A, basic capacity in t/h of undersize per m2, of an ``opening`` in mm; held at its value at 1 mm below that.

    >>> round(karra_capacity(18.4923), 3), round(karra_capacity(60.0), 3)
    (20.21, 34.74)
    """
    if opening >= 50.8:
        return 0.3388 * opening + 14.4122
    return float(12.1286 * max(opening, 1.0) ** 0.3162 - 10.2991)


@kernel()
def karra_oversize_factor(oversize: float) -> float:
    """Karra's factor B of the feed's ``oversize`` in per cent.

    >>> round(karra_oversize_factor(40.0), 4), round(karra_oversize_factor(90.0), 4)
    (1.12, 0.45)
    """
    return min(1.6 - 0.012 * oversize, 4.275 - 0.0425 * oversize)


@kernel()
def karra_half_size_factor(half_size: float) -> float:
    """Karra's factor C of the per cent of the feed that is finer than half the opening.

    >>> [round(karra_half_size_factor(r), 4) for r in (20.0, 35.0, 60.0, 90.0)]
    [0.94, 1.135, 1.6649, 3.0]
    """
    low = max(0.012 * half_size + 0.7, 0.1528 * half_size**0.564)
    high = max(0.0061 * half_size**1.37, 0.05 * half_size - 1.5)
    return float(max(low, high))


@kernel()
def deck_capacity(opening: float, deck: float, bulk: float) -> float:
    """Undersize that a m2 of a deck passes [t/h], Karra's A D E F; dry, so E = 1.

    ``opening`` [mm] is the throughfall aperture, ``deck`` 1 for the top deck, ``bulk`` density in kg/m3.

    >>> round(deck_capacity(18.4923, 1.0, 1000.0), 3)
    12.616
    """
    return karra_capacity(opening) * (1.1 - 0.1 * deck) * bulk / 1602.0


@kernel()
def karra_loading(undersize: float, capacity: float, oversize: float, half_size: float) -> float:
    """Karra's K: ``undersize`` offered [t/h] over what the screen can pass, its ``capacity`` [t/h] by the factors B and C.

    ``capacity`` is the area times :func:`deck_capacity`, ``oversize`` and ``half_size`` per cent of the feed.

    >>> round(karra_loading(60.0, 6.0 * deck_capacity(18.4923, 1.0, 1000.0), 40.0, 35.0), 4)
    0.6236
    """
    return undersize / (capacity * (karra_oversize_factor(oversize) * karra_half_size_factor(half_size)))


@kernel()
def karra_cut_size(opening: float, near_size: float, loading: float) -> float:
    """Cut size d50, in the unit of the throughfall ``opening``: hT .975 (1-Xn/100)^.511 K^-.148; ``loading`` K > 0.

    ``near_size`` is the per cent of the feed between 3/4 and 5/4 of the opening, taken as 80 at most.

    >>> round(karra_cut_size(18.4923, 15.0, 0.6236), 3), round(karra_cut_size(18.4923, 15.0, 1.2472), 3)
    (17.794, 16.059)
    """
    return float(opening * 0.975 * (1.0 - min(near_size, MAX_NEAR_SIZE) / 100.0) ** 0.511 * loading**-0.148)


@kernel()
def share_below(size: float, lower: float, upper: float) -> float:
    """Share of a class from ``lower`` to ``upper`` that is finer than ``size``: linear in log size, in size for the class that begins at 0.

    >>> share_below(2.0, 1.0, 4.0), share_below(1.0, 0.0, 4.0)
    (0.5, 0.25)
    """
    if size <= lower:
        return 0.0
    if size >= upper:
        return 1.0
    if lower <= 0.0:
        return size / upper
    return math.log(size / lower) / math.log(upper / lower)


FINEST = 0.25
"""Where the pieces of the class that begins at 0 begin, as a share of its upper bound: its mean size, half the bound, lies in the middle in log size."""


@kernel()
def size_moment(power: float, lower: float, upper: float) -> float:
    """Mean of d^``power`` over the mass between ``lower`` and ``upper``, which is spread evenly in log size: (b^p - a^p)/(p log(b/a)).

    With the power 3 for the mass of the mean kg's piece, -3 for pieces in a kg, -1 for the area that a kg covers. The class that begins at 0 is taken
    from :data:`FINEST` of its upper bound on.

    >>> round(size_moment(3.0, 1.0, 3.0), 4), round(1.0 / size_moment(-3.0, 1.0, 3.0), 4), round(math.sqrt(3.0) ** 3, 4)
    (7.8887, 3.4226, 5.1962)
    """
    if lower <= 0.0:
        lower = FINEST * upper
    span = power * math.log(upper / lower)
    mean: float = lower**power * math.expm1(span) / span
    return mean


@kernel()
def sticking(moisture: float, sensitivity: float) -> float:
    """Share of what would pass that stays with the oversize in a wet stream: s w/(1 + s w); ``moisture`` w 0..1, ``sensitivity`` s >= 0.

    An assumption: nothing in a dry stream, half at w = 1/s.

    >>> sticking(0.2, 0.0), sticking(0.25, 4.0)
    (0.0, 0.5)
    """
    return sensitivity * moisture / (1.0 + sensitivity * moisture)


def gets_down(areal_mass: Floats | float, floating: float) -> Any:
    """Share of the pieces that would pass an opening which get down to it through what else is on the screen: s/(s + ``floating``); an assumption.

    ``areal_mass`` s [kg/m2] of the pieces. Film and paper ride on top; what is dense is not held up, nor is anything with ``floating`` 0.

    >>> [round(gets_down(s, 0.02), 3) for s in (0.046, 0.2, 1.0, 50.0)], gets_down(0.046, 0.0)
    ([0.697, 0.909, 0.98, 1.0], 1.0)
    """
    return areal_mass / (areal_mass + floating)


def getting_down(properties: Properties, floating: float) -> Floats:
    """:func:`gets_down` of all pieces (material, size)."""
    return np.asarray(gets_down(1.0 / properties["piece_cover"], floating), dtype=np.float64)


HEAD = 5  # coefficients before the tables: opening mm, area m2, capacity A D E F in t/h per m2, sharpness (0: Karra's curve), moisture sensitivity


@kernel()
def _screen_coefficients(lower: Floats, upper: Floats, mean: Floats, moisture: Floats, opening: float) -> Floats:
    classes = mean.shape[0]
    c = np.zeros(HEAD + 4 * classes + moisture.shape[0])
    for s in range(classes):
        c[HEAD + s] = share_below(opening, lower[s], upper[s])
        c[HEAD + classes + s] = share_below(0.5 * opening, lower[s], upper[s])
        c[HEAD + 2 * classes + s] = share_below(1.25 * opening, lower[s], upper[s]) - share_below(0.75 * opening, lower[s], upper[s])
        c[HEAD + 3 * classes + s] = mean[s] * 1000.0
    for m in range(moisture.shape[0]):
        c[HEAD + 4 * classes + m] = moisture[m]
    return c


def _prepare_screen(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    opening = throughfall_aperture(float(values["aperture"]), float(values["wire"]), float(values["inclination"]))
    c = _screen_coefficients(sizes.lower, sizes.upper, sizes.mean, properties["moisture"], opening)
    c[0] = opening * 1000.0
    c[1] = float(values["area"]) * max(float(values["free_area"]), LEAST_FREE_AREA)
    c[2] = deck_capacity(c[0], float(values["deck"]), float(values["bulk_density"]))
    c[3] = float(values["sharpness"]) if float(values["curve"]) == WHITEN else 0.0
    c[4] = float(values["moisture_sensitivity"])
    return np.concatenate((c, getting_down(properties, float(values["floating"])).ravel()))


@settling
def _load(at: Floats, coefficients: Floats, parameters: Floats, load: float, settings: Floats, warn: NDArray[np.int64]) -> int:
    materials, classes = at.shape
    c = coefficients
    if c[0] <= 0.0:
        return 1
    total, under, half, near = 0.0, 0.0, 0.0, 0.0
    for s in range(classes):
        flow = 0.0
        for m in range(materials):
            flow += at[m, s]
        total += flow
        under += flow * c[HEAD + s]
        half += flow * c[HEAD + classes + s]
        near += flow * c[HEAD + 2 * classes + s]
    settings[0], settings[1] = c[0], 0.0
    if total <= 0.0:
        return 0
    percent = 100.0 / total
    loading = karra_loading(under * TONNES_PER_HOUR, c[1] * c[2], max(0.0, 100.0 - under * percent), half * percent)
    if loading > 0.0:
        settings[0] = min(c[0], karra_cut_size(c[0], near * percent, loading))
    if settings[0] == c[0]:
        warn[0] += 1
    if loading > 2.0:
        warn[1] += 1
    if near * percent > MAX_NEAR_SIZE:
        warn[2] += 1
    if c[0] < 1.0 or c[0] > 150.0:
        warn[3] += 1
    if c[4] > 0.0:
        water = 0.0
        for m in range(materials):
            for s in range(classes):
                water += at[m, s] * c[HEAD + 4 * classes + m]
        settings[1] = sticking(water / total, c[4])
    return 0


@splitting
def _sieve(settings: Floats, coefficients: Floats, shares: Floats) -> int:
    materials, classes = shares.shape[1:]
    c = coefficients
    down = HEAD + 4 * classes + materials
    for s in range(classes):
        ratio = c[HEAD + 3 * classes + s] / settings[0]
        too_coarse = karra_efficiency(ratio) if c[3] == 0.0 else whiten_efficiency(ratio, c[3])
        shares[1, 0, s] = (1.0 - too_coarse) * (1.0 - settings[1])
    for m in range(materials - 1, -1, -1):  # the first row, from which the others are written, last
        row = unsigned(down + m * classes)
        for s in range(classes):
            under = shares[1, 0, s] * c[row + unsigned(s)]
            shares[0, m, s] = 1.0 - under
            shares[1, m, s] = under
    return 0


SCREEN = MachineKernel(
    response=Response(_load, _sieve, ("cut", "sticking")),
    prepare=_prepare_screen,
    warnings=(
        "loading so low that Karra's cut size exceeds the throughfall aperture",
        "loading above twice the screen's capacity",
        "near-size above 80 %",
        "throughfall aperture outside 1 to 150 mm",
    ),
    statuses=("the throughfall aperture is not positive: use a smaller inclination or wire, or a larger aperture",),
)
"""Vibrating screen; ports ``oversize``, ``undersize``. It sorts by size, and keeps on top what is light. Material property: ``moisture``; of pieces
``piece_cover``.

Karra's factors give the cut size d50 from the stream's size distribution and throughput: more load, a finer cut. Either of two curves
spreads the classes around it, each taken at its mean size: Karra's, or Whiten's with a free ``sharpness``. At so little load that the
formula would cut above the throughfall aperture (K below about 1/2) d50 is held there, and load no longer matters. Blinded openings take
their share of the area away; of what would pass, the share of :func:`sticking` stays with the oversize, and of light pieces what does not :func:`gets_down`.

values: ``aperture`` [m], ``wire`` [m], ``inclination`` [rad], ``area`` [m2], ``deck`` (1 = top), ``bulk_density`` [kg/m3],
``curve`` (0 Karra, 1 Whiten), ``sharpness`` (Whiten's alpha), ``free_area`` (1: nothing blinded), ``moisture_sensitivity``,
``floating`` [kg/m2].
Valid for throughfall apertures of 1 to 150 mm and K up to 2. Source: Karra 1979 (coefficients from memory, structure checked); the bounds
of validity are an assumption.
"""
