"""Sensor sorting: what a sensor takes a piece for, whose valves open, who flies along, and the sorter."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.kernels.compile import Floats, MachineKernel, Properties, Response, Sizes, kernel, settling, splitting
from twin.kernels.sizing import size_moment

NIR, COLOUR, XRT, XRF, INDUCTION = 0, 1, 2, 3, 4
ABOVE, BELOW = 0, 1
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
def seen_share(size: float, smallest: float, sharpness: float) -> float:
    """Share of the pieces of ``size`` that the sensor resolves: 1/(1 + (smallest/d)^n), half of those of the size ``smallest``.

    >>> [round(seen_share(d, 0.01, 4.0), 4) for d in (0.005, 0.01, 0.02)]
    [0.0588, 0.5, 0.9412]
    """
    return 1.0 / (1.0 + math.exp(min(sharpness * math.log(smallest / size), 700.0)))


@kernel()
def above_threshold(signal: float, threshold: float, width: float) -> float:
    """Share of equal pieces whose signal is read above ``threshold``: logistic in ln(signal/threshold)/``width``, the relative noise.

    >>> [round(above_threshold(z, 20.0, 0.1), 4) for z in (13.0, 20.0, 29.0)]
    [0.0133, 0.5, 0.9762]
    """
    if signal <= 0.0:
        return 0.0
    return 1.0 / (1.0 + math.exp(min(math.log(threshold / signal) / width, 700.0)))


@kernel()
def xray_noise(surface_mass: float, width: float, thin: float, thick: float) -> float:
    """Relative noise of a dual-energy signal: ``width`` (1 + thin/m + m/thick), m = ``surface_mass`` [kg/m2] in the beam.

    Thin pieces hardly weaken the beam, thick ones hardly let any of it through.

    >>> [round(xray_noise(m, 0.1, 1.0, 200.0), 3) for m in (0.5, 14.0, 400.0)]
    [0.3, 0.114, 0.3]
    """
    return width * (1.0 + thin / surface_mass + surface_mass / thick)


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


HEAD = 3  # coefficients before the tables: overlap, loss by moisture, share of the valves that work
COVER, OPENED, OWN = 0, 1, 2  # tables (material, size)


@kernel()
def response_of(
    signal: Floats,
    conductivity: Floats,
    surface_mass: Floats,
    sensor: int,
    ejects: int,
    threshold: float,
    conducting: float,
    width: float,
    thin: float,
    thick: float,
    detection: float,
    confusion: float,
) -> Floats:
    """Share (material, size) that single, dry and coarse pieces are taken for what is to be ejected.

    ``confusion`` + (``detection`` - ``confusion``) match: the match is ``signal`` itself for near-infrared and colour (1: a class that is
    ejected), :func:`above_threshold` of the signal for X-rays, and of the ``conductivity`` for induction; or 1 less that where ``ejects`` is
    below. ``surface_mass`` (material, size), kg/m2.
    """
    materials, classes = surface_mass.shape
    out = np.empty((materials, classes))
    for m in range(materials):
        for s in range(classes):
            match = signal[m]
            if sensor == XRT:
                match = above_threshold(signal[m], threshold, xray_noise(surface_mass[m, s], width, thin, thick))
            elif sensor == XRF:
                match = above_threshold(signal[m], threshold, width)
            elif sensor == INDUCTION:
                match = above_threshold(conductivity[m], conducting, width)
            if ejects == BELOW and sensor >= XRT:
                match = 1.0 - match
            out[m, s] = confusion + (detection - confusion) * match
    return out


def surface_masses(properties: Properties) -> Floats:
    """Return the mass per area (material, size) that pieces cover, kg/m2: that of the pieces of a class together."""
    table: Floats = 1.0 / properties["piece_cover"]
    return table


def counted_sizes(sizes: Sizes) -> Floats:
    """Side (size,) of the square that a piece of a class covers on average, counted by pieces of which the mass grows as the cube: finer ones are more.

    >>> round(float(counted_sizes(Sizes(np.array([1.0]), np.array([4.0]), np.array([2.0])))[0]), 4)
    1.5119
    """
    return np.array([math.sqrt(size_moment(-1.0, a, b) / size_moment(-3.0, a, b)) for a, b in zip(sizes.lower.tolist(), sizes.upper.tolist(), strict=True)])


def response(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    """Return the response (material, size) of a sorter: measured, ``values["response"]``, or that of its sensor; 0 for what it cannot see."""
    surface = surface_masses(properties)
    measured, signal, visible = values["response"], values["signal"], values["visible"]
    computed = response_of(
        np.ascontiguousarray(np.broadcast_to(signal, surface.shape[:1])) if len(signal) else np.zeros(len(surface)),
        properties["conductivity"],
        surface,
        int(values["sensor"]),
        int(values["ejects"]),
        max(float(values["threshold"]), 1e-12),
        float(values["conductivity"]),
        max(float(values["width"]), 1e-3),
        float(values["thin"]),
        float(values["thick"]),
        min(float(values["detection"]), 1.0),
        min(float(values["confusion"]), 1.0),
    )
    if measured.size:
        return np.array(np.broadcast_to(measured, surface.shape))
    return computed * np.reshape(visible, (-1, 1))


@kernel()
def _sensor_coefficients(
    read: Floats,
    cover: Floats,
    number: Floats,
    mean: Floats,
    counted: Floats,
    moisture: Floats,
    overlap: float,
    moisture_loss: float,
    blocked: float,
    speed: float,
    width: float,
    pitch: float,
    valve_time: float,
    along: float,
    across: float,
    smallest: float,
    sharpness: float,
) -> Floats:
    materials, classes = read.shape
    cells = materials * classes
    c = np.zeros(HEAD + materials + classes + classes * classes + 3 * cells)
    c[0], c[1], c[2] = overlap, moisture_loss, 1.0 - min(blocked, 1.0)
    for m in range(materials):
        c[HEAD + m] = moisture[m]
    window = HEAD + materials + classes
    table = window + classes * classes
    for s in range(classes):
        d = counted[s]
        c[HEAD + materials + s] = 1.0 if mean[s] < smallest else 0.0
        length, across_belt = window_length(d, speed, valve_time), window_width(d, pitch)
        for t in range(classes):
            c[window + t * classes + s] = exposed_window(counted[t], d, length, across_belt, min(2.0 * overlap, 1.0))
        hit = hit_share(d, length, pitch, along, across)
        seen = seen_share(mean[s], smallest, sharpness)
        for m in range(materials):
            cell = table + m * classes + s
            c[cell + COVER * cells] = cover[m, s] / (speed * width)
            c[cell + OPENED * cells] = areal_density(number[m, s], 1.0, speed, width) * read[m, s] * seen
            c[cell + OWN * cells] = read[m, s] * seen * hit
    return c


def errors(values: Mapping[str, Any]) -> tuple[float, float]:
    """Return the standard deviations along and across the belt, m, of where a piece is against where its valves expect it."""
    place, late = float(values["position_error"]), float(values["timing_error"]) * float(values["belt_speed"])
    return math.sqrt(place * place + late * late), place


def moisture_loss(values: Mapping[str, Any]) -> float:
    """Return by what moisture weakens the recognition: only near-infrared light is absorbed by water."""
    return float(values["moisture_loss"]) if int(values["sensor"]) == NIR else 0.0


def _prepare_sorter(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    along, across = errors(values)
    return _sensor_coefficients(
        response(values, properties, sizes),
        np.ascontiguousarray(properties["piece_cover"]),
        np.ascontiguousarray(properties["piece_number"]),
        np.ascontiguousarray(sizes.mean),
        counted_sizes(sizes),
        properties["moisture"],
        float(values["overlap"]),
        moisture_loss(values),
        float(values["blocked_valves"]),
        float(values["belt_speed"]),
        float(values["belt_width"]),
        float(values["valve_pitch"]),
        float(values["valve_time"]),
        along,
        across,
        float(values["smallest"]),
        float(values["sharpness"]),
    )


@settling
def _recognise(at: Floats, coefficients: Floats, parameters: Floats, load: float, settings: Floats, warn: NDArray[np.int64]) -> int:
    materials, classes = at.shape
    cells = materials * classes
    c = coefficients
    window = HEAD + materials + classes
    table = window + classes * classes
    total, wet, fine, layers = 0.0, 0.0, 0.0, 0.0
    for m in range(materials):
        flow = 0.0
        for s in range(classes):
            flow += at[m, s]
            fine += at[m, s] * c[HEAD + materials + s]
            layers += at[m, s] * c[table + m * classes + s + COVER * cells]
        total += flow
        wet += flow * c[HEAD + m]
    if layers > MOST_LAYERS:
        warn[0] += 1
    if fine > 0.2 * total:
        warn[1] += 1
    recognised = math.exp(-c[1] * wet / total) if total > 0.0 else 1.0
    single = math.exp(-c[0] * layers)
    along = settings[2:]
    for s in range(classes):
        along[s] = 0.0
    for t in range(classes):
        opened = 0.0
        for m in range(materials):
            opened += at[m, t] * c[table + m * classes + t + OPENED * cells]
        for s in range(classes):
            along[s] += opened * c[window + s * classes + t]
    for s in range(classes):
        along[s] = co_ejection(along[s] * single * recognised)
    settings[0], settings[1] = recognised, single
    return 0


@splitting
def _eject(settings: Floats, coefficients: Floats, shares: Floats) -> int:
    materials, classes = shares.shape[1:]
    c = coefficients
    own = HEAD + materials + classes + classes * classes + OWN * materials * classes
    for m in range(materials):
        for s in range(classes):
            hit = c[own + m * classes + s] * settings[0]
            ejected = settings[1] * c[2] * ejected_share(hit, settings[2 + s])
            shares[0, m, s] = ejected
            shares[1, m, s] = 1.0 - ejected
    return 0


SENSOR_SORTER = MachineKernel(
    response=Response(_recognise, _eject, ("recognised", "single"), by_size=True),
    prepare=_prepare_sorter,
    warnings=("more than half a layer on the belt", "more than 20 % finer than the smallest piece that is seen"),
)
"""Sensor sorter with a bar of air valves; ports ``eject``, ``pass``. Material properties: ``conductivity``, ``moisture``, and of pieces
``piece_number`` and ``piece_cover``.

Pieces (:mod:`twin.materials.pieces`) lie at random on the belt, l = Q n/(v W) per area with n in a kg (:func:`areal_density`); what they cover is the
occupation o. Windows open for the mean square that a piece of a class covers, of the side d (:func:`counted_sizes`). A piece is recognised with the
probability r = response seen(d) exp(-moisture_loss w), w the moisture of the stream (near-infrared only), see :func:`response_of` and
:func:`seen_share`; it is still in its own window with the probability h (:func:`hit_share`). What lies under another piece, 1 - exp(-overlap o), is
neither recognised nor ejected. Others fly along with c = 1 - exp(-sum l A r exp(-overlap o)), A = (d + v valve_time)(d + valve_pitch) being the
window of a piece that is ejected, without what would lie under it or on it (:func:`exposed_window`, with the shadow min(1, 2 overlap)). Nothing that
passes a blocked valve is ejected:

    eject = (1 - blocked_valves) exp(-overlap o) (h r + (1 - h r) c)

So the yield falls exponentially with throughput, whatever the composition, and purity falls linearly with occupation, the steeper the fewer
targets there are.

values: ``sensor`` 0 near-infrared, 1 colour, 2 X-ray transmission, 3 X-ray fluorescence, 4 induction; ``ejects`` 0 what is above the threshold, 1
what is below; ``signal`` (material,): 1 for classes to be ejected, effective atomic number, or content; ``visible`` (material,): 0 for what
gives no signal; ``response`` (material, size), or empty: measured shares in place of all that; ``threshold``, ``conductivity`` [S/m], ``width``
relative noise, ``thin`` and ``thick`` [kg/m2], ``detection``, ``confusion``, ``moisture_loss``, ``belt_speed`` [m/s], ``belt_width`` [m],
``valve_pitch`` [m], ``valve_time`` [s], ``blocked_valves``, ``smallest`` [m], ``sharpness``, ``overlap``, ``position_error`` [m], ``timing_error``
[s].
Valid up to half a layer and for pieces larger than ``smallest``. Sources: co-ejection out of pieces placed at random (derived here; the particle
mode simulates it); the two laws of throughput: Küppers et al. 2020, Detritus 9, 59-67 (abstract); that a blocked valve costs its share of the
yield: the same authors 2020, Waste Management & Research 38(7), 122-129 (abstract). Responses, windows and errors are assumptions.
"""
