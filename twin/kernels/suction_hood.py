"""Suction at the end of a belt: how hard a hood draws at a distance, what it lifts, what lies beneath, and the suction hood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.kernels.air_classifier import terminal_velocity
from twin.kernels.compile import Floats, MachineKernel, Properties, Response, Sizes, kernel, settling, splitting
from twin.kernels.covering import uncovered_share
from twin.kernels.physical_constants import AIR_DENSITY

DENSE = 0.3  # kg of solids lifted per kg of air: beyond it a duct is likely to choke


def drawn_velocity(velocity: float, area: float, distance: float) -> float:
    """Speed [m/s] of the air at a ``distance`` x [m] before a hood of the mouth ``area`` A [m2] with the ``velocity`` v [m/s] in it: v A/(10 x^2 + A).

    DallaValle's equation for a hood without a flange (1930s; from memory, as in handbooks of ventilation). At a distance of the root of the area
    hardly a tenth is left:

    >>> [round(drawn_velocity(22.0, 0.25, x), 3) for x in (0.0, 0.05, 0.5)]
    [22.0, 20.0, 2.0]
    """
    return velocity * area / (10.0 * distance * distance + area)


@kernel()
def lifted_share(settling: float, rising: float, sharpness: float) -> float:
    """Share of the pieces of the terminal velocity ``settling`` that air of the speed ``rising`` [both m/s] lifts: 1/(1 + (settling/rising)^``sharpness``).

    >>> [round(lifted_share(v, 4.0, 4.0), 3) for v in (1.0, 4.0, 8.0)]
    [0.996, 0.5, 0.059]
    """
    return float(1.0 / (1.0 + (settling / rising) ** sharpness))


HEAD = 5  # coefficients before the tables by (material, size): sharpness, kg of air per s, velocity loss, share held back, speed of the air before the hood


def _prepare_hood(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    velocity, area = float(values["velocity"]), float(values["area"])
    rising = drawn_velocity(velocity, area, float(values["distance"]))
    shape = properties["piece_diameter"].shape
    settling = np.zeros(shape)
    for cell in np.ndindex(*shape):
        settling[cell] = terminal_velocity(*(float(properties[f"piece_{name}"][cell]) for name in ("diameter", "envelope", "sphericity")))
    layers = properties["piece_cover"] / (float(values["belt_speed"]) * float(values["belt_width"]))
    head = np.array([float(values["sharpness"]), AIR_DENSITY * velocity * area, float(values["velocity_loss"]), float(values["held_back"]), rising])
    return np.concatenate((head, settling.ravel(), layers.ravel()))


@settling
def _draw(at: Floats, coefficients: Floats, parameters: Floats, load: float, settings: Floats, warn: NDArray[np.int64]) -> int:
    materials, classes = at.shape
    c = coefficients
    cells = materials * classes
    liftable, layers = 0.0, 0.0
    for m in range(materials):
        for s in range(classes):
            cell = HEAD + m * classes + s
            if at[m, s] > 0.0:
                liftable += at[m, s] * lifted_share(c[cell], c[4], c[0])
                layers += at[m, s] * c[cell + cells]
    loading = liftable / c[1]
    settings[0] = c[4] / (1.0 + c[2] * loading)
    settings[1] = 1.0 - c[3] * (1.0 - uncovered_share(layers))
    if loading > DENSE:
        warn[0] += 1
    return 0


@splitting
def _suck(settings: Floats, coefficients: Floats, shares: Floats) -> int:
    materials, classes = shares.shape[1:]
    for m in range(materials):
        for s in range(classes):
            light = settings[1] * lifted_share(coefficients[HEAD + m * classes + s], settings[0], coefficients[0])
            shares[0, m, s] = light
            shares[1, m, s] = 1.0 - light
    return 0


SUCTION_HOOD = MachineKernel(
    response=Response(_draw, _suck, ("rising", "reached")),
    prepare=_prepare_hood,
    warnings=("more than 0.3 kg of solids lifted per kg of air",),
)
"""Suction hood over the end of a belt; ports ``light``, ``heavy``. Of pieces: ``piece_diameter``, ``piece_envelope``, ``piece_sphericity``, ``piece_cover``.

What leaves the belt passes a hood at a ``distance``, where the air rises with :func:`drawn_velocity`. A piece of a lower terminal velocity
(:func:`twin.kernels.air_classifier.terminal_velocity` of its outline) is lifted, by :func:`lifted_share`. Solids that it lifts slow the air by
1/(1 + velocity_loss l) at l kg per kg of air. Of the pieces that others lie on, 1 - :func:`twin.kernels.covering.uncovered_share`, the share
``held_back`` is kept down. So film that sails is drawn off, sheets and paper in part, and a full belt hides film.

values: ``velocity`` [m/s] in the mouth, ``area`` [m2] of the mouth, ``distance`` [m], ``belt_speed`` [m/s], ``belt_width`` [m], ``sharpness``,
``velocity_loss``, ``held_back`` 0..1.
Sources: DallaValle for the field of a hood; one stage of the odds of the air classifier; sharpness, loss and held_back are assumptions of this model.
"""
