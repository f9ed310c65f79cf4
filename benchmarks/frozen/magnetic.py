"""Magnetic separation: the force on steel above a belt or on a drum, the overband magnet and the magnetic drum."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from frozen.compile import Floats, MachineKernel, Properties, Sizes, kernel, machine_kernel

GRAVITY = 9.80665  # m/s2
MU0 = 4e-7 * math.pi  # H/m
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
def _carried(carried: float, left: float) -> float:
    """Share that comes along of what is ``left``, both in kg/s: ``carried`` lies evenly among all that is not taken."""
    remaining = left + carried
    return carried / remaining if remaining > 0.0 else 0.0


@kernel()
def stays_on(areal_mass: float, half: float) -> float:
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
    half = float(values["clinging"])
    return np.asarray(half / (half + 1.0 / properties["piece_cover"]), dtype=np.float64)


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


@machine_kernel
def _lift(x: Floats, at: Floats, coefficients: Floats, parameters: Floats, load: float, out: Floats, warn: NDArray[np.int64]) -> int:
    materials, classes = x.shape
    c = coefficients
    pull, cover = HEAD + materials, HEAD + materials + materials * classes
    clinging = cover + materials * classes
    total = 0.0
    for m in range(materials):
        for s in range(classes):
            total += at[m, s]
    burden = c[0] * total
    lifted, covering = 0.0, 0.0
    for m in range(materials):
        magnetic = c[HEAD + m]
        for s in range(classes):
            recovery = 0.0
            if magnetic > 0.0:
                cell = m * classes + s
                recovery = magnetic * (c[pull + cell] / (c[pull + cell] + (1.0 + burden * c[cover + cell]) ** c[3]))
                lifted += at[m, s] * recovery
                covering += at[m, s] * recovery * c[cover + cell]
            out[0, m, s] = recovery  # until what comes along is known
    entrained = _carried(c[4] * burden * covering, total - lifted)
    for m in range(materials):
        for s in range(classes):
            recovery = out[0, m, s]
            steel = x[m, s] * (recovery + (1.0 - recovery) * entrained * c[clinging + m * classes + s])
            out[0, m, s] = steel
            out[1, m, s] = x[m, s] - steel
    if total > 0.0:
        if c[1] * total > 0.5 * c[2]:
            warn[0] += 1
        if c[5] == 0.0:
            warn[1] += 1
    return 0


OVERBAND_MAGNET = MachineKernel(
    apply=_lift,
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
