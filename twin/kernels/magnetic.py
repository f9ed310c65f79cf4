"""Magnetic separation: the force on steel above a belt or on a drum, the overband magnet and the magnetic drum."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.kernels.compile import Floats, MachineKernel, Properties, Response, Sizes, kernel, settling, splitting
from twin.kernels.physical_constants import GRAVITY, MU0

STEEL_DENSITY = 7850.0  # kg/m3
FULL = 2.1  # T; the magnetisation of mild steel that is saturated
SATURATION = FULL / 3.0  # T; above it a sphere no longer magnetises in proportion


@kernel()
def lift_ratio(force_index: float, density: float) -> float:
    """Magnetic force over weight of a sphere of high susceptibility: (3/(mu0 rho)) B dB/dy / g.

    ``force_index`` B dB/dy in T2/m, ``density`` in kg/m3. Steel is lifted above .03225 T2/m:

    >>> round(lift_ratio(0.03225, 7850.0), 3)
    1.0
    """
    return 3.0 * force_index / (MU0 * density * GRAVITY)


@kernel()
def piece_lift(field: float, gradient: float, demagnetisation: float) -> float:
    """Magnetic force over weight of a piece of iron: (1/(mu0 rho)) min(B/N, Js) dB/dy / g, ``field`` B [T], ``gradient`` dB/dy [T/m].

    ``demagnetisation`` N is 1/3 of a sphere, as in :func:`lift_ratio`, and less of shells and sheets (:class:`twin.materials.pieces.Pieces`): they take up the
    field of their whole outline, until the iron holds its Js = :data:`FULL`. So a can is lifted by a field that leaves a lump of its size lying:

    >>> [round(piece_lift(0.04, 0.04 / 0.2, n), 3) for n in (1.0 / 3.0, 0.01)]
    [0.248, 4.342]
    """
    return min(field / demagnetisation, FULL) * gradient / (MU0 * STEEL_DENSITY * GRAVITY)


@kernel()
def _power(base: float, exponent: float) -> float:
    """``base`` to the ``exponent``, by products where that is 4, the steepness of machines that were given none: a power takes ten times as long."""
    if exponent == 4.0:
        square = base * base
        return square * square
    return float(base**exponent)


@kernel()
def force_index(field: float, decay: float, height: float) -> float:
    """B dB/dy [T2/m] at ``height`` [m] below a magnet of face ``field`` [T] that falls as exp(-y/decay), ``decay`` in m.

    >>> round(force_index(0.4, 0.2, 0.25), 5)
    0.06567
    """
    return field * field * math.exp(-2.0 * height / decay) / decay


@kernel()
def transit_factor(height: float, speed: float, length: float) -> float:
    """Factor by which the lift ratio must exceed 1 for a piece to rise ``height`` while it passes: 1 + 2 h v^2/(g l^2).

    Uniform acceleration, at the force on the belt where it is weakest, during l/v. ``length`` l of the magnet [m], belt ``speed`` v [m/s].

    >>> round(transit_factor(0.3, 2.0, 1.2), 4)
    1.17
    """
    return 1.0 + 2.0 * height * speed * speed / (GRAVITY * length * length)


@kernel()
def pole_decay(pole_pitch: float) -> float:
    """Distance [m] in which the field of alternating poles falls by e: pitch/pi; ``pole_pitch`` [m] from one pole to the next.

    >>> round(pole_decay(0.16), 4)
    0.0509
    """
    return pole_pitch / math.pi


@kernel()
def reach_along(radius: float, decay: float) -> float:
    """Length [m] of a chute over which a drum above it pulls: sqrt(pi R decay), the field falling as the gap opens by x^2/(2 R).

    >>> round(reach_along(0.6, 0.15), 3)
    0.532
    """
    return math.sqrt(math.pi * radius * decay)


@kernel()
def holding_ratio(radius: float, revolutions: float) -> float:
    """Pull over weight that keeps a piece on the underside of a drum: 1 + v^2/(g R); ``radius`` in m, ``revolutions`` in 1/s.

    >>> round(holding_ratio(0.45, 1.0), 3)
    2.812
    """
    speed = 2.0 * math.pi * radius * revolutions
    return 1.0 + speed * speed / (GRAVITY * radius)


@kernel()
def _carried(carried: float, left: float) -> float:
    """Share that comes along of what is ``left``, both in kg/s: ``carried`` lies evenly among all that is not taken."""
    remaining = left + carried
    return carried / remaining if remaining > 0.0 else 0.0


def stays_on(areal_mass: Floats | float, half: float) -> Any:
    """Share of what lies on a piece of steel that is still there when it arrives, by its own ``areal_mass`` s [kg/m2]: 1/(1 + s/half); an assumption.

    Film and paper cling to the steel or are caught between pieces, a heavy piece slides off.

    >>> [round(stays_on(s, 2.0), 3) for s in (0.05, 0.2, 2.0, 20.0)]
    [0.976, 0.909, 0.5, 0.091]
    """
    return half / (half + areal_mass)


HEAD = 6  # coefficients before the tables: burden kg/m2 per kg/s, depth m per kg/s, suspension height m, steepness, carry, field in range


@kernel()
def _pulls(lift: Floats, ferromagnetic: Floats, steepness: float) -> Floats:
    """The lift (material, size) over what resists, weaker by the root of the share that can be held, to the power n."""
    out = np.zeros(lift.shape)
    for m in range(lift.shape[0]):
        for s in range(lift.shape[1]):
            out[m, s] = min((lift[m, s] * math.sqrt(ferromagnetic[m])) ** steepness, 1e100)
    return out


def _lifts(field: float, decay: float, height: Floats | float, demagnetisation: Floats) -> Floats:
    """:func:`piece_lift` (material, size) at the ``height`` [m], a number or (material, size), of a field that falls as exp(-y/decay)."""
    heights = np.broadcast_to(height, demagnetisation.shape)
    out = np.zeros(demagnetisation.shape)
    for cell in np.ndindex(*out.shape):
        here = field * math.exp(-heights[cell] / decay)
        out[cell] = piece_lift(here, here / decay, float(demagnetisation[cell]))
    return out


def _clinging(properties: Properties, values: Mapping[str, Any]) -> Floats:
    """:func:`stays_on` of all pieces (material, size)."""
    return np.asarray(stays_on(1.0 / properties["piece_cover"], float(values["clinging"])), dtype=np.float64)


def _prepare_magnet(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    field, height, speed = float(values["field"]), float(values["height"]), float(values["belt_speed"])
    bulk, steepness, decay = float(values["bulk_density"]), float(values["steepness"]), float(values["decay"])
    lift = _lifts(field, decay, height, properties["piece_demagnetisation"]) / transit_factor(height, speed, float(values["length"]))
    depth = 1.0 / (bulk * speed * float(values["belt_width"]))
    in_range = 1.0 if field * math.exp(-height / decay) <= SATURATION else 0.0
    head = np.array([0.5 * bulk * depth, depth, height, steepness, float(values["carry"]), in_range])
    ferromagnetic = np.ascontiguousarray(properties["ferromagnetic"])
    pulls = _pulls(lift, ferromagnetic, steepness)
    return np.concatenate((head, ferromagnetic, pulls.ravel(), properties["piece_cover"].ravel(), _clinging(properties, values).ravel()))


@settling
def _bury(at: Floats, coefficients: Floats, parameters: Floats, load: float, settings: Floats, warn: NDArray[np.int64]) -> int:
    materials, classes = at.shape
    c = coefficients
    pull, cover = HEAD + materials, HEAD + materials + materials * classes
    total = 0.0
    for m in range(materials):
        for s in range(classes):
            total += at[m, s]
    settings[1] = c[0] * total
    lifted, covering = 0.0, 0.0
    for m in range(materials):
        magnetic = c[HEAD + m]
        if magnetic > 0.0:
            for s in range(classes):
                if at[m, s] > 0.0:
                    cell = m * classes + s
                    recovered = at[m, s] * magnetic * (c[pull + cell] / (c[pull + cell] + _power(1.0 + settings[1] * c[cover + cell], c[3])))
                    lifted += recovered
                    covering += recovered * c[cover + cell]
    settings[0] = _carried(c[4] * settings[1] * covering, total - lifted)
    if total > 0.0:
        if c[1] * total > 0.5 * c[2]:
            warn[0] += 1
        if c[5] == 0.0:
            warn[1] += 1
    return 0


@splitting
def _lift(settings: Floats, coefficients: Floats, shares: Floats) -> int:
    materials, classes = shares.shape[1:]
    c = coefficients
    pull, cover = HEAD + materials, HEAD + materials + materials * classes
    clinging = cover + materials * classes
    for m in range(materials):
        magnetic = c[HEAD + m]
        for s in range(classes):
            recovery = 0.0
            if magnetic > 0.0:
                cell = m * classes + s
                recovery = magnetic * (c[pull + cell] / (c[pull + cell] + _power(1.0 + settings[1] * c[cover + cell], c[3])))
            steel = recovery + (1.0 - recovery) * settings[0] * c[clinging + m * classes + s]
            shares[0, m, s] = steel
            shares[1, m, s] = 1.0 - steel
    return 0


OVERBAND_MAGNET = MachineKernel(
    response=Response(_bury, _lift, ("entrained", "burden")),
    prepare=_prepare_magnet,
    warnings=("burden deeper than half the suspension height", "field on the belt above 0.7 T, where steel saturates"),
)
"""Overband magnet; ports ``steel``, ``rest``. Material property: ``ferromagnetic``, the share f of the mass that a magnet can hold; of pieces
``piece_demagnetisation`` and ``piece_cover``.

A piece of steel is lifted if its :func:`piece_lift` exceeds 1 + burden, times :func:`transit_factor`; of a material of which only the
share f can be held (boards with brackets, cable with plugs), those pieces are taken to be weaker by sqrt(f). The burden is the weight
of what lies on a piece over its own: half a layer of Q/(speed width) [kg/m2] on the area that it covers.
Pieces differ in shape and place, so recovery is not a step but f w/(w + (1+burden)^n), with
w = (sqrt(f) lift ratio / transit factor)^n: f/2 at the threshold, ``steepness`` n. A lifted piece carries up the share ``carry`` of what
lies on it, drawn from all that is not lifted. So more load makes less and dirtier steel, and a stronger field more of it but
dirtier, for it lifts weaker pieces and smaller ones from under the same burden. Of what is carried, the share :func:`stays_on` arrives: light film
and paper go along with the steel, heavy pieces slide off.

values: ``field`` [T] at the magnet's face, ``decay`` [m] over which it falls by e, ``height`` [m] of the face above the belt,
``length`` [m] along the belt, ``belt_width`` [m], ``belt_speed`` [m/s], ``bulk_density`` [kg/m3], ``steepness``, ``carry`` 0..1, ``clinging`` [kg/m2].
Valid while the burden is below half the height. Source: force on spheroids and shells of high susceptibility, at most that of saturated
iron; sqrt(f), burden, steepness, carry and clinging are assumptions of this model.
"""


PICK_UP, HOLDING = 0.0, 1.0
"""Values of the drum's parameter ``duty``."""

DRUM = 7  # coefficients before its tables: burden kg/m2 per kg/s, depth m per kg/s, greatest depth m, steepness, carry, in range, weakening 1/m (0: pick-up)


def _prepare_drum(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    """Tables: the share f (material), and by (material, size) the pull over what resists to the power n, lifting and holding, and m2/kg."""
    field, radius, steepness = float(values["field"]), float(values["radius"]), float(values["steepness"])
    revolutions, bulk, gap = float(values["drum_speed"]), float(values["bulk_density"]), float(values["gap"])
    feed_speed, picks_up = float(values["feed_speed"]), float(values["duty"]) == PICK_UP
    decay = pole_decay(float(values["pole_pitch"]))
    thin, ferromagnetic = properties["piece_demagnetisation"], np.ascontiguousarray(properties["ferromagnetic"])
    lifting = _lifts(field, decay, gap, thin) / transit_factor(gap, feed_speed, reach_along(radius, decay))
    held = _lifts(field, decay, 0.5 * properties["piece_height"], thin) / holding_ratio(radius, revolutions)
    speed = feed_speed if picks_up else 2.0 * math.pi * radius * revolutions
    depth = 1.0 / (bulk * speed * float(values["width"]))
    deepest = 0.5 * gap if picks_up else decay
    in_range = 1.0 if field * (math.exp(-gap / decay) if picks_up else 1.0) <= SATURATION else 0.0
    head = np.array([0.5 * bulk * depth, depth, deepest, steepness, float(values["carry"]), in_range, 0.0 if picks_up else steepness / decay])
    pulls = (_pulls(lift, ferromagnetic, steepness).ravel() for lift in (lifting, held))
    return np.concatenate((head, ferromagnetic, *pulls, properties["piece_cover"].ravel(), _clinging(properties, values).ravel()))


@kernel()
def _held(m: int, s: int, c: Floats, materials: int, classes: int, distant: float, burden: float) -> float:
    """Share of a cell that is taken: held, and in pick-up lifted before."""
    if c[DRUM + m] == 0.0:
        return 0.0
    cells = materials * classes
    cell = DRUM + materials + m * classes + s
    pull = c[cell + cells] * distant
    share = c[DRUM + m] * (pull / (pull + 1.0))
    if c[6] == 0.0:
        share *= c[cell] / (c[cell] + _power(1.0 + burden * c[cell + 2 * cells], c[3]))
    return float(share)


@settling
def _layer(at: Floats, coefficients: Floats, parameters: Floats, load: float, settings: Floats, warn: NDArray[np.int64]) -> int:
    materials, classes = at.shape
    c = coefficients
    cover = DRUM + materials + 2 * materials * classes
    total = 0.0
    for m in range(materials):
        for s in range(classes):
            total += at[m, s]
    settings[1] = math.exp(-min(c[6] * c[1] * total, 700.0))  # the pull at half the depth of the layer, to the power n
    settings[2] = c[0] * total
    taken, covering = 0.0, 0.0
    for m in range(materials):
        if c[DRUM + m] > 0.0:
            for s in range(classes):
                if at[m, s] > 0.0:
                    recovered = at[m, s] * _held(m, s, c, materials, classes, settings[1], settings[2])
                    taken += recovered
                    covering += recovered * c[cover + m * classes + s]
    settings[0] = _carried(c[4] * settings[2] * covering, total - taken)
    if total > 0.0:
        if c[1] * total > c[2]:
            warn[0] += 1
        if c[5] == 0.0:
            warn[1] += 1
    return 0


@splitting
def _hold(settings: Floats, coefficients: Floats, shares: Floats) -> int:
    materials, classes = shares.shape[1:]
    clinging = DRUM + materials + 3 * materials * classes
    for m in range(materials):
        for s in range(classes):
            held = _held(m, s, coefficients, materials, classes, settings[1], settings[2])
            steel = held + (1.0 - held) * settings[0] * coefficients[clinging + m * classes + s]
            shares[0, m, s] = steel
            shares[1, m, s] = 1.0 - steel
    return 0


MAGNETIC_DRUM = MachineKernel(
    response=Response(_layer, _hold, ("entrained", "distant", "burden")),
    prepare=_prepare_drum,
    warnings=("layer deeper than half the gap (pick-up) or than the reach of the poles (holding)", "field on the steel above 0.7 T, where it saturates"),
)
"""Magnetic drum; ports ``steel``, ``rest``. Material properties: ``ferromagnetic``, the share f of the mass that a magnet can hold; of pieces
``piece_demagnetisation``, ``piece_height`` and ``piece_cover``.

Fixed poles behind a turning shell; their field falls as exp(-y/decay), decay = :func:`pole_decay`. A piece lies flat on the shell, its middle
at half its height, and stays on round the underside if its :func:`piece_lift` there exceeds :func:`holding_ratio`: weight and centrifugal
force. With w = (sqrt(f) lift ratio/holding ratio)^n the share f w/(1 + w) is held; sqrt(f), ``steepness`` n and ``carry`` as in
:data:`OVERBAND_MAGNET`.

``duty`` holding: fed onto the drum. In a layer of depth D = Q/(bulk v width), at the drum's surface speed v, pieces lie D/2 further out on
average, so their lift ratio falls by exp(-D/decay). A faster drum thins the layer and throws off more. ``duty`` pick-up: fed below the drum,
at ``gap``, on a chute or belt at ``feed_speed``. A piece is first lifted as by an overband magnet, against its weight and its burden and
within :func:`reach_along`, then held on the bare shell: f times both shares. What lies below (holding) or on (pick-up) a piece that is taken
comes along by the share ``carry``, of each piece :func:`stays_on`.

values: ``duty`` (0 pick-up, 1 holding), ``field`` [T] at the shell, ``pole_pitch``, ``radius``, ``gap``, ``width`` [m], ``drum_speed`` [1/s],
``feed_speed`` [m/s], ``bulk_density`` [kg/m3], ``steepness``, ``carry`` 0..1, ``clinging`` [kg/m2].
Valid while the layer is thinner than half the gap, or than the decay, and steel does not saturate. Source: force on a sphere of high
susceptibility in the field of alternating poles; sqrt(f), burden, steepness and carry are assumptions of this model.
"""
