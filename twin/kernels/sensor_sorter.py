"""Sensor sorting: whose valves open, who flies along, what lies under what, at which belt loads; and the sorter."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.kernels.belt_load import NODES, load_nodes
from twin.kernels.compile import Floats, MachineKernel, Properties, Response, Sizes, kernel, settling, splitting
from twin.kernels.sensing import free_water, moisture_loss, responses, seen_share
from twin.kernels.sizing import size_moment

MOST_LAYERS = 0.5  # occupation beyond which pieces no longer lie singly, and thinning by exp(-b o) is a guess


@kernel()
def areal_density(flow: float, piece: float, speed: float, width: float) -> float:
    """Pieces per area on the belt, l = Q/(m v W) [1/m2]: mass ``flow`` Q [kg/s], mass of a ``piece`` m [kg], belt ``speed`` v [m/s] and ``width`` W [m].

    >>> round(areal_density(1.0 / 3.6, 0.005, 3.0, 2.0), 3)
    9.259
    """
    return flow / (piece * speed * width)


@kernel()
def co_ejection(windows: float) -> float:
    """Share of all pieces that lie in an eject window of another: c = 1 - exp(-``windows``).

    ``windows`` = sum l A e counts the windows over a point of the belt: pieces per area l, area A of a window, share e that is ejected.

    >>> [round(co_ejection(areal_density(t / 3.6, 0.005, 3.0, 2.0) * 0.008 * (0.3 * 0.95 + 0.7 * 0.01)), 4) for t in (1.0, 3.0)]
    [0.0214, 0.0628]
    """
    return -math.expm1(-windows)


@kernel()
def ejected_share(own: float, along: float) -> float:
    """Share that leaves by the eject port: ``own`` + (1 - ``own``) ``along``, by its own window or by that of another.

    >>> round(ejected_share(0.95, 0.0214), 4)
    0.9511
    """
    return own + (1.0 - own) * along


@kernel()
def window_length(size: float, speed: float, valve_time: float) -> float:
    """Length of belt [m] that passes while the valves for a piece of ``size`` d [m] are open: d + v t.

    >>> round(window_length(0.05, 3.0, 0.01), 3)
    0.08
    """
    return size + speed * valve_time


@kernel()
def window_width(size: float, pitch: float) -> float:
    """Mean width [m] of the valves that a piece of ``size`` d [m] touches anywhere in a row of valves with the ``pitch`` p [m]: d + p.

    >>> round(window_width(0.05, 0.0125), 4)
    0.0625
    """
    return size + pitch


@kernel()
def _within(z: float) -> float:
    """Integral of the normal distribution: z erf(z/sqrt 2) + 2 phi(z), which is z for a large z."""
    return z * math.erf(z * math.sqrt(0.5)) + math.sqrt(2.0 / math.pi) * math.exp(-0.5 * z * z)


@kernel()
def hit_share(size: float, length: float, pitch: float, along: float, across: float) -> float:
    """Share of the pieces with a window of their own that are still in it as it opens.

    A piece has moved against the belt by a normal error with standard deviations ``along`` and ``across`` [m]. Along, it stays within half the
    window's ``length``; across, the valve that it passes must be one of those that its place at the sensor opened, averaged over the places in a
    row of valves with the ``pitch`` p: s/p (K((p + d/2)/s) - K((d/2)/s)), K(z) = z erf(z/sqrt 2) + 2 phi(z).

    >>> round(hit_share(0.05, 0.08, 0.0125, 0.02, 0.006), 4)
    0.9545
    >>> hit_share(0.05, 0.08, 0.0125, 0.0, 0.0)
    1.0
    """
    share = 1.0
    if along > 1e-9 * length:
        share *= math.erf(0.5 * length / along * math.sqrt(0.5))
    if across > 1e-9 * pitch:
        inner = 0.5 * size / across
        share *= min(across / pitch * (_within(inner + pitch / across) - _within(inner)), 1.0)
    return share


@kernel()
def exposed_window(size: float, of: float, length: float, width: float, shadow: float) -> float:
    """Area [m2] of an eject window in which a piece of ``size`` a [m] flies along: length times width, less what it cannot lie in.

    The window opens for a piece ``of`` the size d [m]. Where the two would cover each other's centre, the lower one is hidden: it needs no window or
    opens none. Both are equally often on top, so that half of d^2 and half of the part of a^2 inside the window are lost: ``shadow`` 1. Of ``shadow``
    0 nothing is.

    >>> [round(exposed_window(a, 0.05, 0.1, 0.08, 1.0), 6) for a in (0.01, 0.05, 0.5)]
    [0.0067, 0.0055, 0.00275]
    """
    return length * width - 0.5 * shadow * (min(size, length) * min(size, width) + of * of)


def counted_sizes(sizes: Sizes) -> Floats:
    """Side (size,) of the square that a piece of a class covers on average, counted by pieces of which the mass grows as the cube: finer ones are more.

    >>> round(float(counted_sizes(Sizes(np.array([1.0]), np.array([4.0]), np.array([2.0])))[0]), 4)
    1.5119
    """
    return np.array([math.sqrt(size_moment(-1.0, a, b) / size_moment(-3.0, a, b)) for a, b in zip(sizes.lower.tolist(), sizes.upper.tolist(), strict=True)])


OVERLAP, MOISTURE_LOSS, WORKING, LATE, LIFTED, BLOCKS, LOADS = 0, 1, 2, 3, 4, 5, 6
LOAD, MET = 7, 7 + NODES  # loads, and shares of the mass that meet them
HEAD = 7 + 2 * NODES  # coefficients before the tables
COVER, OPENED, OWN, OPENED_2, OWN_2 = 0, 1, 2, 3, 4  # tables (material, size); the last two of a second valve block
RECOGNISED, SINGLE, EXTRA, SECOND, EXTRA_2, ALONG = 0, 1, 2, 3, 4, 5  # settings; the last by size


@kernel()
def _sensor_coefficients(
    head: Floats,
    read: Floats,
    cover: Floats,
    number: Floats,
    mean: Floats,
    counted: Floats,
    moisture: Floats,
    speed: float,
    width: float,
    pitch: float,
    valve_time: float,
    along: float,
    across: float,
    smallest: float,
    sharpness: float,
) -> Floats:
    """``head``, what is free water, what is fine and the whole area of a window by size, the tables of windows, and those of materials and sizes."""
    blocks, materials, classes = read.shape
    cells = materials * classes
    fine, area, window = HEAD + materials, HEAD + materials + classes, HEAD + materials + 2 * classes
    table = window + classes * classes
    c = np.zeros(table + (1 + 2 * blocks) * cells)
    c[:HEAD] = head
    c[HEAD:fine] = moisture
    for s in range(classes):
        d = counted[s]
        c[fine + s] = 1.0 if mean[s] < smallest else 0.0
        length, across_belt = window_length(d, speed, valve_time), window_width(d, pitch)
        c[area + s] = length * across_belt
        for t in range(classes):
            c[window + t * classes + s] = exposed_window(counted[t], d, length, across_belt, min(2.0 * head[OVERLAP], 1.0))
        hit = hit_share(d, length, pitch, along, across)
        seen = seen_share(mean[s], smallest, sharpness)
        for m in range(materials):
            cell = table + m * classes + s
            pieces = areal_density(number[m, s], 1.0, speed, width)
            c[cell + COVER * cells] = cover[m, s] / (speed * width)
            for block in range(blocks):
                c[cell + (OPENED + 2 * block) * cells] = pieces * read[block, m, s] * seen
                c[cell + (OWN + 2 * block) * cells] = read[block, m, s] * seen * hit
    return c


def errors(values: Mapping[str, Any]) -> tuple[float, float]:
    """Return the standard deviations along and across the belt, m, of where a piece is against where its valves expect it."""
    place, late = float(values["position_error"]), float(values["timing_error"]) * float(values["belt_speed"])
    return math.sqrt(place * place + late * late), place


def _prepare_sorter(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    along, across = errors(values)
    read = responses(values, properties, sizes)
    blocked = min(float(values["blocked_valves"]), 1.0)
    loads, met = load_nodes(float(values["unevenness"]))
    head = np.zeros(HEAD)
    head[:LOAD] = (
        values["overlap"],
        moisture_loss(values),
        1.0 - blocked,
        blocked * min(float(values["late"]), 1.0),
        min(float(values["lifted"]), 1.0),
        len(read),
        len(loads),
    )
    head[LOAD : LOAD + len(loads)], head[MET : MET + len(loads)] = loads, met
    return _sensor_coefficients(
        head,
        read,
        np.ascontiguousarray(properties["piece_cover"]),
        np.ascontiguousarray(properties["piece_number"]),
        np.ascontiguousarray(sizes.mean),
        counted_sizes(sizes),
        free_water(properties),
        float(values["belt_speed"]),
        float(values["belt_width"]),
        float(values["valve_pitch"]),
        float(values["valve_time"]),
        along,
        across,
        float(values["smallest"]),
        float(values["sharpness"]),
    )


@kernel()
def _at_all_loads(c: Floats, layers: float, everywhere: float, everywhere_2: float, top: float, top_2: float, settings: Floats, along: Floats) -> None:
    """Write the settings that are means over the loads that mass meets; ``along`` (size,) holds the windows over a point of an even belt before.

    ``layers`` on an even belt, windows ``everywhere`` on it of both blocks, and how often what lies on top opens each.
    """
    overlapping, loads, aside = c[OVERLAP] * layers, int(c[LOADS]), c[LIFTED] > 0.0 or c[LATE] > 0.0
    first = math.exp(-overlapping * c[LOAD])
    if loads < 2 and not aside:
        settings[SINGLE], settings[EXTRA], settings[EXTRA_2] = first, 0.0, 0.0
        for s in range(along.shape[0]):
            along[s] = co_ejection(along[s] * first)
        return
    on_top = (
        first,
        math.exp(-overlapping * c[LOAD + 1]),
        math.exp(-overlapping * c[LOAD + 2]),
        math.exp(-overlapping * c[LOAD + 3]),
        math.exp(-overlapping * c[LOAD + 4]),
    )
    single, extra, extra_2 = 0.0, 0.0, 0.0
    for j in range(loads):
        heap, met, alone = c[LOAD + j], c[MET + j], on_top[j]
        single += met * alone
        if aside:
            blown = co_ejection(everywhere * alone * heap)
            blown_2 = co_ejection(everywhere_2 * alone * heap) * (1.0 - blown)
            after, below = met * alone * c[LATE], met * (1.0 - alone) * c[LIFTED] * c[WORKING]
            extra += after * blown + below * ejected_share(top, blown)
            extra_2 += after * blown_2 + below * ((1.0 - blown) * top_2 + (1.0 - top - top_2) * blown_2)
    settings[SINGLE], settings[EXTRA], settings[EXTRA_2] = single, extra, extra_2
    for s in range(along.shape[0]):
        mean = 0.0
        for j in range(loads):
            mean += c[MET + j] * on_top[j] * co_ejection(along[s] * on_top[j] * c[LOAD + j])
        along[s] = mean / max(single, 1e-300)  # on a belt heaped so high that nothing lies on top


@settling
def _recognise(at: Floats, coefficients: Floats, parameters: Floats, load: float, settings: Floats, warn: NDArray[np.int64]) -> int:
    materials, classes = at.shape
    cells = materials * classes
    c = coefficients
    fine_at, area, window = HEAD + materials, HEAD + materials + classes, HEAD + materials + 2 * classes
    table = window + classes * classes
    two, lifts = c[BLOCKS] > 1.0, c[LIFTED] > 0.0
    total, wet, fine, layers, top, top_2 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for m in range(materials):
        flow = 0.0
        for s in range(classes):
            cell = table + m * classes + s
            covered = at[m, s] * c[cell + COVER * cells]
            flow += at[m, s]
            fine += at[m, s] * c[fine_at + s]
            layers += covered
            if lifts:
                top += covered * c[cell + OWN * cells]
                top_2 += covered * c[cell + OWN_2 * cells] if two else 0.0
        total += flow
        wet += flow * c[HEAD + m]
    if layers > MOST_LAYERS:
        warn[0] += 1
    if fine > 0.2 * total:
        warn[1] += 1
    recognised = math.exp(-c[MOISTURE_LOSS] * wet / total) if total > 0.0 else 1.0
    along = settings[ALONG : ALONG + classes]
    for s in range(classes):
        along[s] = 0.0
    everywhere, everywhere_2 = 0.0, 0.0  # windows over a point of the belt that no piece shadows
    for t in range(classes):
        opened, opened_2 = 0.0, 0.0
        for m in range(materials):
            cell = table + m * classes + t
            opened += at[m, t] * c[cell + OPENED * cells]
            if two:
                opened_2 += at[m, t] * c[cell + OPENED_2 * cells]
        everywhere += opened * recognised * c[area + t]
        everywhere_2 += opened_2 * recognised * c[area + t]
        opened = (opened + opened_2) * recognised
        for s in range(classes):
            along[s] += opened * c[window + s * classes + t]
    if layers > 0.0:
        top, top_2 = top * recognised / layers, top_2 * recognised / layers
    settings[RECOGNISED] = recognised
    _at_all_loads(c, layers, everywhere, everywhere_2, top, top_2, settings, along)
    settings[SECOND] = everywhere_2 / (everywhere + everywhere_2) if everywhere_2 > 0.0 else 0.0
    return 0


@splitting
def _eject(settings: Floats, coefficients: Floats, shares: Floats) -> int:
    materials, classes = shares.shape[1:]
    c = coefficients
    cells = materials * classes
    table = HEAD + materials + 2 * classes + classes * classes
    recognised, single, extra, extra_2 = settings[RECOGNISED], settings[SINGLE] * c[WORKING], settings[EXTRA], settings[EXTRA_2]
    if c[BLOCKS] < 2.0:
        for m in range(materials):
            for s in range(classes):
                hit = c[table + m * classes + s + OWN * cells] * recognised
                ejected = min(single * ejected_share(hit, settings[ALONG + s]) + extra, 1.0)
                shares[0, m, s] = ejected
                shares[1, m, s] = 1.0 - ejected
        return 0
    for s in range(classes):
        missed = max(1.0 - settings[ALONG + s], 0.0)  # by the windows of others
        first = 1.0 - missed ** (1.0 - settings[SECOND])
        second = 1.0 - missed ** settings[SECOND]
        for m in range(materials):
            hit = c[table + m * classes + s + OWN * cells] * recognised
            hit_2 = c[table + m * classes + s + OWN_2 * cells] * recognised
            ejected = min(single * ejected_share(hit, first) + extra, 1.0)
            then = single * (1.0 - first) * (hit_2 + (1.0 - hit - hit_2) * second) + extra_2
            shares[0, m, s] = ejected
            shares[1, m, s] = min(then, 1.0 - ejected)
            shares[2, m, s] = 1.0 - ejected - shares[1, m, s]
    return 0


SENSOR_SORTER = MachineKernel(
    response=Response(_recognise, _eject, ("recognised", "single", "extra", "second", "extra_2"), by_size=True),
    prepare=_prepare_sorter,
    warnings=("more than half a layer on the belt", "more than 20 % finer than the smallest piece that is seen"),
)
"""Sensor sorter with one or two bars of air valves; ports ``eject``, ``pass``, or ``eject``, ``eject_2``, ``pass``. Material properties: ``conductivity``,
``moisture``, and of pieces ``piece_number`` and ``piece_cover``.

Pieces (:mod:`twin.materials.pieces`) lie at random on the belt, l = Q n/(v W) per area with n in a kg (:func:`areal_density`); what they cover is the
occupation o. Windows open for the mean square that a piece of a class covers, of the side d (:func:`counted_sizes`). A piece is recognised with the
probability r = response seen(d) exp(-moisture_loss w), w its own moisture and the free water in the stream (near-infrared only), see
:func:`twin.kernels.sensing.response_of` and :func:`twin.kernels.sensing.seen_share`; it is still in its own window with the probability h
(:func:`hit_share`). Others fly along with
c = 1 - exp(-sum l A r exp(-overlap o)), A = (d + v valve_time)(d + valve_pitch) being the window of a piece that is ejected, without what would lie under
it or on it (:func:`exposed_window`, with the shadow min(1, 2 overlap)). What lies under another piece, u = 1 - exp(-overlap o), is not recognised. Of it
the share ``lifted`` goes where the piece on it goes: with q = (mean of h r by area) it flies, whatever it is, so that what lies under its own class is
not lost, and what lies under a target is taken for one. Of the valves that fail, ``blocked_valves``, the share ``late`` opens, but when the piece has
passed: it misses its own and blows on others, c' being c without shadows. With B = ``blocked_valves``:

    eject = (1 - u) ((1 - B) (h r + (1 - h r) c) + B late c') + u lifted (1 - B) (q + (1 - q) c')

The belt is loaded unevenly: o and l are the mean times g, and ``eject`` is the mean over the mass on the belt, :func:`twin.kernels.belt_load.load_nodes`.
So the yield falls exponentially with throughput, whatever the composition, and purity falls linearly with occupation, the steeper the fewer
targets there are. Two blocks stand one behind the other: what the first does not take, the second may; a column that fails, fails in both. The share
of all windows that belong to the second is taken to be the same for all sizes.

values: ``sensor`` 0 near-infrared, 1 colour, 2 X-ray transmission, 3 X-ray fluorescence, 4 induction, 5 camera; ``ejects`` 0 what is above the threshold, 1
what is below; ``signal`` (material,): 1 for classes to be ejected, effective atomic number, or content; ``visible`` (material,): 0 for what
gives no signal; ``response`` (material, size), or empty: measured shares in place of all that; ``signal_2``, ``response_2``: those of the second block, both
empty where there is none; ``threshold``, ``conductivity`` [S/m], ``width`` relative noise, ``thin`` and ``thick`` [kg/m2], ``detection``, ``confusion``,
``moisture_loss``, ``belt_speed`` [m/s], ``belt_width`` [m], ``valve_pitch`` [m], ``valve_time`` [s], ``blocked_valves``, ``late``, ``smallest`` [m],
``sharpness``, ``overlap``, ``lifted``, ``unevenness``, ``position_error`` [m], ``timing_error`` [s].
Valid up to half a layer and for pieces larger than ``smallest``. Sources: co-ejection out of pieces placed at random (derived here; the particle
mode simulates it); the two laws of throughput: Küppers et al. 2020, Detritus 9, 59-67 (abstract); that failing valves cost yield, and purity at high
throughput: the same authors 2020, Waste Management & Research 38(7), 122-129 (abstract). Responses, windows, errors and late valves are assumptions.
"""
