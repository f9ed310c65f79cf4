"""Ballistic separation: which pieces the paddles carry up, what a full deck does, and the ballistic separator."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.kernels.compile import Floats, MachineKernel, Properties, Response, Sizes, kernel, settling, splitting
from twin.kernels.sizing import share_below, size_moment

SURE = 1e-12  # a measured share of 0 or 1 stays within this of it


@kernel()
def flat_share(thickness_ratio: float, half: float, sharpness: float) -> float:
    """Share of pieces of a ``thickness_ratio`` that walk up the paddles: 1/(1 + (t/half)^sharpness); an assumption.

    >>> flat_share(0.1, 0.1, 3.0), round(flat_share(0.02, 0.1, 3.0), 3), round(flat_share(0.4, 0.1, 3.0), 3)
    (0.5, 0.992, 0.015)
    """
    return float(1.0 / (1.0 + (thickness_ratio / half) ** sharpness))


def shift(angle: float, speed: float, angle_effect: float, speed_effect: float, reference_angle: float, enough: float) -> float:
    """Shift of the log odds to go up of a deck at ``angle`` [rad] whose paddles turn at ``speed`` [1/s]; none at the ``reference_angle`` and ``enough`` speed.

    A steeper deck lets more roll back, by ``angle_effect`` for each radian; slower paddles throw less far, by ``speed_effect`` for each 1/s below ``enough``,
    and faster ones gain nothing.

    >>> round(shift(math.radians(20), 3.0, 20.0, 1.0, math.radians(15), 3.0), 3), shift(0.2, 2.0, 20.0, 1.5, 0.2, 3.0), shift(0.2, 4.0, 20.0, 1.5, 0.2, 3.0)
    (-1.745, -1.5, 0.0)
    """
    return angle_effect * (reference_angle - angle) + speed_effect * (min(speed, enough) - enough)


def shifted(share: float, by: float) -> float:
    """A ``share`` 0..1 whose log odds move ``by`` so much; 0 and 1 stay.

    >>> round(shifted(0.5, 1.0), 4), shifted(0.0, 5.0), shifted(1.0, -5.0)
    (0.7311, 0.0, 1.0)
    """
    if share <= SURE or share >= 1.0 - SURE:
        return share
    odds = math.log(share / (1.0 - share)) + by
    return 1.0 / (1.0 + math.exp(-min(max(odds, -700.0), 700.0)))


@kernel()
def hidden(layers: float, hiding: float) -> float:
    """Share of the openings that are left free under so many ``layers`` of flat pieces: 1/(1 + ``hiding`` o); an assumption.

    >>> hidden(0.0, 0.05), round(hidden(10.0, 0.05), 3)
    (1.0, 0.667)
    """
    return 1.0 / (1.0 + hiding * layers)


@kernel()
def riding_up(layers: float, riding: float) -> float:
    """Share of the rolling pieces that ride up on so many ``layers`` of flat ones: 1 - exp(-``riding`` o); an assumption.

    >>> riding_up(0.0, 0.02), round(riding_up(10.0, 0.02), 3)
    (0.0, 0.181)
    """
    return -math.expm1(-riding * layers)


HEAD = 2  # coefficients before the tables by (material, size): hiding, riding


def _prepare_ballistic(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    opening, screening = float(values["opening"]), min(float(values["screening"]), 1.0)
    half, sharpness, measured = float(values["flat_ratio"]), float(values["flat_sharpness"]), values["flat"]
    keys = ("angle", "speed", "angle_effect", "speed_effect", "reference_angle", "speed_enough")
    moved = shift(*(float(values[key]) for key in keys))
    passing = np.array([screening * share_below(opening, low, high) for low, high in zip(sizes.lower.tolist(), sizes.upper.tolist(), strict=True)])
    mean = [size_moment(1.0, low, high) for low, high in zip(sizes.lower.tolist(), sizes.upper.tolist(), strict=True)]
    ratios = (properties["piece_height"] / np.array(mean)).tolist()
    flat = np.zeros((len(ratios), len(passing)))
    flat[:] = measured if measured.size else np.array([[flat_share(ratio, half, sharpness) for ratio in row] for row in ratios])
    flat = np.array([[shifted(share, moved) for share in row] for row in flat.tolist()])
    layers = flat * properties["piece_cover"] / (float(values["width"]) * float(values["travel"]))
    head = np.array([float(values["hiding"]), float(values["riding"])])
    return np.concatenate((head, np.broadcast_to(passing, flat.shape).ravel(), flat.ravel(), layers.ravel()))


@settling
def _cover(at: Floats, coefficients: Floats, parameters: Floats, load: float, settings: Floats, warn: NDArray[np.int64]) -> int:
    materials, classes = at.shape
    layers = HEAD + 2 * materials * classes
    total = 0.0
    for m in range(materials):
        for s in range(classes):
            total += at[m, s] * coefficients[layers + m * classes + s]
    settings[0] = total
    return 0


@splitting
def _walk(settings: Floats, coefficients: Floats, shares: Floats) -> int:
    materials, classes = shares.shape[1:]
    c = coefficients
    cells = materials * classes
    free = hidden(settings[0], c[0])
    riding = riding_up(settings[0], c[1])
    for m in range(materials):
        for s in range(classes):
            cell = HEAD + m * classes + s
            fines = c[cell] * free
            flat = c[cell + cells]
            up = (1.0 - fines) * (flat + (1.0 - flat) * riding)
            shares[0, m, s] = up
            shares[1, m, s] = 1.0 - fines - up
            shares[2, m, s] = fines
    return 0


BALLISTIC_SEPARATOR = MachineKernel(response=Response(_cover, _walk, ("layers",)), prepare=_prepare_ballistic)
"""Ballistic separator; ports ``flat``, ``rolling``, ``fines``. Of pieces: ``piece_height``, over their size, and ``piece_cover``.

Of what is smaller than the ``opening`` of the paddles the share ``screening`` falls through (:func:`twin.kernels.sizing.share_below`). Of the rest
the share ``flat`` goes up, as measured or else :func:`flat_share`, and what is left rolls down; angle and speed of the deck move the log odds to go up by
:func:`shift`. Flat pieces on the deck, so many layers as their area over width times ``travel``, hide openings (:func:`hidden`) and carry rolling pieces
up (:func:`riding_up`): so load and the share of flat pieces in the feed count.

values: ``opening`` [m], ``screening`` 0..1, ``flat_ratio``, ``flat_sharpness``, ``flat``, measured shares (material, size) or (1, size), or empty,
``angle``, ``reference_angle`` [rad], ``speed``, ``speed_enough`` [1/s], ``angle_effect`` [1/rad], ``speed_effect`` [s], ``width`` [m], ``travel`` [m/s],
``hiding``, ``riding``.
Sources: that angle, speed, paddles and share of flat pieces count, and that speed gains nothing above a threshold, was measured
(doi 10.1177/0734242X261433694, abstract); by how much is an assumption of this model.
"""
