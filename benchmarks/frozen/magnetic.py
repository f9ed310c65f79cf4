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
def _deliver(x: Floats, carried: float, left: float, out: Floats) -> None:
    """Turn the shares that are taken, in ``out[0]``, into masses: ``carried`` comes along, drawn evenly from what is ``left``, both in kg/s."""
    materials, classes = x.shape
    remaining = left + carried
    entrained = carried / remaining if remaining > 0.0 else 0.0
    for m in range(materials):
        for s in range(classes):
            recovery = out[0, m, s]
            steel = x[m, s] * (recovery + (1.0 - recovery) * entrained)
            out[0, m, s] = steel
            out[1, m, s] = x[m, s] - steel


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


@machine_kernel
def _lift(x: Floats, at: Floats, coefficients: Floats, parameters: Floats, load: float, out: Floats, warn: NDArray[np.int64]) -> int:
    materials, classes = x.shape
    c = coefficients
    total = 0.0
    for m in range(materials):
        for s in range(classes):
            total += at[m, s]
    resistance = out[1, 0]  # a row of the outlet serves as scratch until it is written
    for s in range(classes):
        resistance[s] = (1.0 + c[0] * total * c[HEAD + s]) ** c[3]
    lifted, covering = 0.0, 0.0
    for m in range(materials):
        pull = c[HEAD + classes + m]
        magnetic = c[HEAD + classes + materials + m]
        for s in range(classes):
            recovery = magnetic * (pull / (pull + resistance[s]))
            out[0, m, s] = recovery
            lifted += at[m, s] * recovery
            covering += at[m, s] * recovery * c[HEAD + s]
    _deliver(x, c[4] * c[0] * total * covering, total - lifted, out)
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
