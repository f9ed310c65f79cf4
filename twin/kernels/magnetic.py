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
SATURATION = 0.7  # T; a third of the 2.1 T of mild steel, above which a sphere no longer magnetises in proportion


@kernel()
def lift_ratio(force_index: float, density: float) -> float:
    """Magnetic force over weight of a sphere of high susceptibility: (3/(mu0 rho)) B dB/dy / g.

    ``force_index`` B dB/dy in T2/m, ``density`` in kg/m3. Steel is lifted above .03225 T2/m:

    >>> round(lift_ratio(0.03225, 7850.0), 3)
    1.0
    """
    return 3.0 * force_index / (MU0 * density * GRAVITY)


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
    """Share that comes along of what is ``left``, both in kg/s: ``carried`` is drawn evenly from all that is not taken."""
    remaining = left + carried
    return carried / remaining if remaining > 0.0 else 0.0


HEAD = 6  # coefficients before the tables: burden m per kg/s, depth m per kg/s, suspension height m, steepness, carry, field in range


@kernel()
def _magnet_coefficients(mean: Floats, ferromagnetic: Floats, ratio: float, steepness: float) -> Floats:
    classes, materials = mean.shape[0], ferromagnetic.shape[0]
    c = np.zeros(HEAD + classes + 2 * materials)
    for s in range(classes):
        c[HEAD + s] = 1.0 / mean[s]
    for m in range(materials):
        c[HEAD + classes + m] = min((ratio * math.sqrt(ferromagnetic[m])) ** steepness, 1e100)
        c[HEAD + classes + materials + m] = ferromagnetic[m]
    return c


def _prepare_magnet(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    field, height, speed = float(values["field"]), float(values["height"]), float(values["belt_speed"])
    bulk, steepness = float(values["bulk_density"]), float(values["steepness"])
    ratio = lift_ratio(force_index(field, float(values["decay"]), height), STEEL_DENSITY)
    ratio /= transit_factor(height, speed, float(values["length"]))
    c = _magnet_coefficients(sizes.mean, properties["ferromagnetic"], ratio, steepness)
    c[1] = 1.0 / (bulk * speed * float(values["belt_width"]))
    c[0] = 0.75 * bulk / STEEL_DENSITY * c[1]
    c[2] = height
    c[3] = steepness
    c[4] = float(values["carry"])
    c[5] = 1.0 if field * math.exp(-height / float(values["decay"])) <= SATURATION else 0.0
    return c


@settling
def _bury(at: Floats, coefficients: Floats, parameters: Floats, load: float, settings: Floats, warn: NDArray[np.int64]) -> int:
    materials, classes = at.shape
    c = coefficients
    total = 0.0
    for m in range(materials):
        for s in range(classes):
            total += at[m, s]
    resistance = settings[1:]
    for s in range(classes):
        resistance[s] = (1.0 + c[0] * total * c[HEAD + s]) ** c[3]
    lifted, covering = 0.0, 0.0
    for m in range(materials):
        pull, magnetic = c[HEAD + classes + m], c[HEAD + classes + materials + m]
        if magnetic > 0.0:
            for s in range(classes):
                recovered = at[m, s] * magnetic * (pull / (pull + resistance[s]))
                lifted += recovered
                covering += recovered * c[HEAD + s]
    settings[0] = _carried(c[4] * c[0] * total * covering, total - lifted)
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
    for m in range(materials):
        pull, magnetic = c[HEAD + classes + m], c[HEAD + classes + materials + m]
        for s in range(classes):
            recovery = magnetic * (pull / (pull + settings[1 + s]))
            steel = recovery + (1.0 - recovery) * settings[0]
            shares[0, m, s] = steel
            shares[1, m, s] = 1.0 - steel
    return 0


OVERBAND_MAGNET = MachineKernel(
    response=Response(_bury, _lift, ("entrained",), by_size=True),
    prepare=_prepare_magnet,
    warnings=("burden deeper than half the suspension height", "field on the belt above 0.7 T, where steel saturates"),
)
"""Overband magnet; ports ``steel``, ``rest``. Material property: ``ferromagnetic``, the share f of the mass that a magnet can hold.

A piece of steel is lifted if its :func:`lift_ratio` exceeds 1 + burden, times :func:`transit_factor`; of a material of which only the
share f can be held (boards with brackets, cable with plugs), those pieces are taken to be weaker by sqrt(f). The burden is the weight
of what lies on a piece over its own: 3/4 (bulk density / steel density) depth/d for a sphere of size d at the middle of a layer of depth
Q/(bulk speed width). Pieces differ in shape and place, so recovery is not a step but f w/(w + (1+burden)^n), with
w = (sqrt(f) lift ratio / transit factor)^n: f/2 at the threshold, ``steepness`` n. A lifted piece carries up the share ``carry`` of what
lies on it, drawn evenly from all that is not lifted. So more load makes less and dirtier steel, and a stronger field more of it but
dirtier, for it lifts weaker pieces and smaller ones from under the same burden.

values: ``field`` [T] at the magnet's face, ``decay`` [m] over which it falls by e, ``height`` [m] of the face above the belt,
``length`` [m] along the belt, ``belt_width`` [m], ``belt_speed`` [m/s], ``bulk_density`` [kg/m3], ``steepness``, ``carry`` 0..1.
Valid while the burden is below half the height and the field on the belt below saturation. Source: force on a sphere of high
susceptibility; sqrt(f), burden, steepness and carry are assumptions of this model.
"""


PICK_UP, HOLDING = 0.0, 1.0
"""Values of the drum's parameter ``duty``."""

DRUM = 7  # coefficients before its tables: burden m per kg/s, depth m per kg/s, greatest depth m, steepness, carry, field in range, weakening 1/m (0: pick-up)


@kernel()
def _drum_coefficients(
    mean: Floats, ferromagnetic: Floats, thickness_ratio: Floats, lifting: float, face: float, decay: float, needed: float, steepness: float
) -> Floats:
    """Tables: 1/d (size), the share f (material), and the pull over what resists to the power n: lifting (material), holding (material, size)."""
    classes, materials = mean.shape[0], ferromagnetic.shape[0]
    c = np.zeros(DRUM + classes + 2 * materials + materials * classes)
    for s in range(classes):
        c[DRUM + s] = 1.0 / mean[s]
    for m in range(materials):
        weaker = math.sqrt(ferromagnetic[m])
        c[DRUM + classes + m] = ferromagnetic[m]
        c[DRUM + classes + materials + m] = min((lifting * weaker) ** steepness, 1e100)
        for s in range(classes):
            flat = 0.5 * thickness_ratio[m] * mean[s]
            pull = lift_ratio(force_index(face, decay, flat), STEEL_DENSITY) / needed
            c[DRUM + classes + 2 * materials + m * classes + s] = min((pull * weaker) ** steepness, 1e100)
    return c


def _prepare_drum(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    field, radius, steepness = float(values["field"]), float(values["radius"]), float(values["steepness"])
    revolutions, bulk, gap = float(values["drum_speed"]), float(values["bulk_density"]), float(values["gap"])
    feed_speed, duty = float(values["feed_speed"]), float(values["duty"])
    decay = pole_decay(float(values["pole_pitch"]))
    lifting = lift_ratio(force_index(field, decay, gap), STEEL_DENSITY) / transit_factor(gap, feed_speed, reach_along(radius, decay))
    needed = holding_ratio(radius, revolutions)
    c = _drum_coefficients(sizes.mean, properties["ferromagnetic"], properties["thickness_ratio"], lifting, field, decay, needed, steepness)
    speed = feed_speed if duty == PICK_UP else 2.0 * math.pi * radius * revolutions
    c[1] = 1.0 / (bulk * speed * float(values["width"]))
    c[0] = 0.75 * bulk / STEEL_DENSITY * c[1]
    c[2] = 0.5 * gap if duty == PICK_UP else decay
    c[3] = steepness
    c[4] = float(values["carry"])
    c[5] = 1.0 if field * (math.exp(-gap / decay) if duty == PICK_UP else 1.0) <= SATURATION else 0.0
    c[6] = 0.0 if duty == PICK_UP else steepness / decay
    return c


@kernel()
def _held(m: int, s: int, c: Floats, materials: int, distant: float, resistance: Floats) -> float:
    """Share of a cell that is taken: held, and in pick-up lifted before."""
    classes = resistance.shape[0]
    pull = c[DRUM + classes + 2 * materials + m * classes + s] * distant
    share = c[DRUM + classes + m] * (pull / (pull + 1.0))
    if c[6] == 0.0:
        lift = c[DRUM + classes + materials + m]
        share *= lift / (lift + resistance[s])
    return float(share)


@settling
def _layer(at: Floats, coefficients: Floats, parameters: Floats, load: float, settings: Floats, warn: NDArray[np.int64]) -> int:
    materials, classes = at.shape
    c = coefficients
    total = 0.0
    for m in range(materials):
        for s in range(classes):
            total += at[m, s]
    resistance = settings[2:]
    for s in range(classes):
        resistance[s] = (1.0 + c[0] * total * c[DRUM + s]) ** c[3]
    settings[1] = math.exp(-min(c[6] * c[1] * total, 700.0))  # the pull at half the depth of the layer, to the power n
    taken, covering = 0.0, 0.0
    for m in range(materials):
        if c[DRUM + classes + m] > 0.0:
            for s in range(classes):
                recovered = at[m, s] * _held(m, s, c, materials, settings[1], resistance)
                taken += recovered
                covering += recovered * c[DRUM + s]
    settings[0] = _carried(c[4] * c[0] * total * covering, total - taken)
    if total > 0.0:
        if c[1] * total > c[2]:
            warn[0] += 1
        if c[5] == 0.0:
            warn[1] += 1
    return 0


@splitting
def _hold(settings: Floats, coefficients: Floats, shares: Floats) -> int:
    materials, classes = shares.shape[1:]
    for m in range(materials):
        for s in range(classes):
            held = _held(m, s, coefficients, materials, settings[1], settings[2:])
            steel = held + (1.0 - held) * settings[0]
            shares[0, m, s] = steel
            shares[1, m, s] = 1.0 - steel
    return 0


MAGNETIC_DRUM = MachineKernel(
    response=Response(_layer, _hold, ("entrained", "distant"), by_size=True),
    prepare=_prepare_drum,
    warnings=("layer deeper than half the gap (pick-up) or than the reach of the poles (holding)", "field on the steel above 0.7 T, where it saturates"),
)
"""Magnetic drum; ports ``steel``, ``rest``. Material properties: ``ferromagnetic``, the share f of the mass that a magnet can hold; ``thickness_ratio``.

Fixed poles behind a turning shell; their field falls as exp(-y/decay), decay = :func:`pole_decay`. A piece lies flat on the shell, its middle
at half its thickness, and stays on round the underside if its :func:`lift_ratio` there exceeds :func:`holding_ratio`: weight and centrifugal
force. With w = (sqrt(f) lift ratio/holding ratio)^n the share f w/(1 + w) is held; sqrt(f), ``steepness`` n and ``carry`` as in
:data:`OVERBAND_MAGNET`.

``duty`` holding: fed onto the drum. In a layer of depth D = Q/(bulk v width), at the drum's surface speed v, pieces lie D/2 further out on
average, so their lift ratio falls by exp(-D/decay). A faster drum thins the layer and throws off more. ``duty`` pick-up: fed below the drum,
at ``gap``, on a chute or belt at ``feed_speed``. A piece is first lifted as by an overband magnet, against its weight and its burden and
within :func:`reach_along`, then held on the bare shell: f times both shares. What lies below (holding) or on (pick-up) a piece that is taken
comes along by the share ``carry``.

values: ``duty`` (0 pick-up, 1 holding), ``field`` [T] at the shell, ``pole_pitch``, ``radius``, ``gap``, ``width`` [m], ``drum_speed`` [1/s],
``feed_speed`` [m/s], ``bulk_density`` [kg/m3], ``steepness``, ``carry`` 0..1.
Valid while the layer is thinner than half the gap, or than the decay, and steel does not saturate. Source: force on a sphere of high
susceptibility in the field of alternating poles; sqrt(f), burden, steepness and carry are assumptions of this model.
"""
