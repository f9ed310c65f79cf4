"""Picking by hand from a belt: Erlang's loss, and the picking station."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.kernels.compile import Floats, MachineKernel, Properties, Response, Sizes, kernel, settling, splitting
from twin.kernels.covering import uncovered_share
from twin.kernels.sizing import FINEST, share_below, size_moment

MOST_LAYERS = 2.0  # up to which the pieces on top are still within sight and reach


@kernel()
def erlang_loss(servers: float, offered: float) -> float:
    """Share of what arrives at random that finds all ``servers`` c busy and is lost; ``offered`` a >= 0 is arrivals times service time (Erlang B).

    By the recursion B_i = a B_(i-1)/(i + a B_(i-1)) from B_0 = 1. Between two whole numbers of servers it is linear: 2.5 are two for half of
    the time and three for the other half.

    >>> erlang_loss(2.0, 2.0), round(erlang_loss(12.0, 10.0), 5), erlang_loss(0.5, 1.0)
    (0.4, 0.11974, 0.75)
    """
    loss = 1.0
    count = 0.0
    while count + 1.0 <= servers:
        count += 1.0
        loss = offered * loss / (count + offered * loss)
    part = servers - count
    if part > 0.0:
        loss += part * (offered * loss / (count + 1.0 + offered * loss) - loss)
    return loss


HEAD = 3  # coefficients before the tables: pickers, seconds a pick, growth of mistakes


@kernel()
def grip_tables(lower: Floats, upper: Floats, light: Floats, heavy: Floats, cover: Floats, limits: Floats, area_rate: float) -> Floats:
    """Layers for a kg/s, pieces to grip for a kg/s in 1/s, and share that can be gripped, each (material, size).

    ``light`` and ``heavy`` (material, size) are the masses [kg] at the bounds of a class; between them mass is a power of the size. ``cover`` [m2/kg];
    ``limits``: smallest and largest size [m], heaviest piece [kg].
    """
    materials, classes = light.shape
    tables = np.zeros((3, materials, classes))
    for s in range(classes):
        first = lower[s] if lower[s] > 0.0 else FINEST * upper[s]
        for m in range(materials):
            tables[0, m, s] = cover[m, s] / area_rate
            power = math.log(heavy[m, s] / light[m, s]) / math.log(upper[s] / first)
            most = min(limits[1], first * (limits[2] / light[m, s]) ** (1.0 / power))
            low, high = max(lower[s], limits[0]), min(upper[s], most)
            if high > low:
                share = share_below(high, lower[s], upper[s]) - share_below(low, lower[s], upper[s])
                tables[1, m, s] = share * size_moment(-power, low, high) * first**power / light[m, s]
                tables[2, m, s] = share
    return tables


def _prepare_picking(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    target = np.broadcast_to(np.asarray(values["target"], dtype=np.float64), properties["density"].shape)
    tables = grip_tables(
        sizes.lower,
        sizes.upper,
        np.ascontiguousarray(properties["piece_smallest"]),
        np.ascontiguousarray(properties["piece_largest"]),
        np.ascontiguousarray(properties["piece_cover"]),
        np.array([float(values["smallest"]), float(values["largest"]), float(values["heaviest"])]),
        float(values["belt_speed"]) * float(values["belt_width"]),
    )
    head = np.array([values["pickers"], 1.0 / float(values["picks"]), values["hurry"]])
    recognised = target * min(float(values["recognition"]), 1.0)
    mistaken = (1.0 - target) * float(values["mistakes"])
    return np.concatenate((head, recognised, mistaken, tables.ravel()))


@settling
def _see(at: Floats, coefficients: Floats, parameters: Floats, load: float, settings: Floats, warn: NDArray[np.int64]) -> int:
    materials, classes = at.shape
    cells = materials * classes
    c = coefficients
    pickers, table = c[0], HEAD + 2 * materials
    layers, right, wrong = 0.0, 0.0, 0.0
    for m in range(materials):
        pieces = 0.0
        for s in range(classes):
            cell = table + m * classes + s
            layers += at[m, s] * c[cell]
            pieces += at[m, s] * c[cell + cells]
        right += pieces * c[HEAD + m]
        wrong += pieces * c[HEAD + materials + m]
    if layers > MOST_LAYERS:
        warn[0] += 1
    seen = uncovered_share(layers)
    offered = (right + wrong) * seen * c[1]
    more = 1.0
    if pickers > 0.0:
        more += c[2] * offered * (1.0 - erlang_loss(pickers, offered)) / pickers
    settings[0] = seen * (1.0 - erlang_loss(pickers, (right + more * wrong) * seen * c[1]))
    settings[1] = more
    return 0


@splitting
def _pick(settings: Floats, coefficients: Floats, shares: Floats) -> int:
    materials, classes = shares.shape[1:]
    c = coefficients
    gripped = HEAD + 2 * materials + 2 * materials * classes
    for m in range(materials):
        wanted = settings[0] * min(c[HEAD + m] + settings[1] * c[HEAD + materials + m], 1.0)
        for s in range(classes):
            picked = wanted * c[gripped + m * classes + s]
            shares[0, m, s] = picked
            shares[1, m, s] = 1.0 - picked
    return 0


MANUAL_PICKING = MachineKernel(
    response=Response(_see, _pick, ("reached", "haste")), prepare=_prepare_picking, warnings=("belt covered by more than two layers",)
)
"""Pickers at a belt; ports ``picked``, ``rest``. Of pieces: ``piece_smallest``, ``piece_largest``, ``piece_cover``.

Pieces (:mod:`twin.materials.pieces`) and their area are counted over each class, in which the mass of a piece is a power of its size. Of the
targets that no other piece covers, :func:`uncovered_share` at o layers on the belt, pickers want the share ``recognition``, of all else the share
``mistakes`` (1 + ``hurry`` u), u being the share of their time that they would be busy without hurry. Only pieces from ``smallest`` to
``largest`` and up to ``heaviest`` can be gripped, a class that is cut by such a limit in part. A piece that is wanted is picked if a picker is
free: 1 - :func:`erlang_loss` at the pieces wanted in a second over ``picks``, the same for all of them. A mistake takes as long as a pick.

values: ``target`` (material,) or (1,), 1 or 0, ``pickers`` >= 0, ``picks`` [1/s, each picker], ``recognition``, ``mistakes``, ``hurry`` >= 0,
``smallest``, ``largest`` [m], ``heaviest`` [kg], ``belt_speed`` [m/s], ``belt_width`` [m].
Valid up to two layers. Sources: Erlang's loss formula, for random arrivals and any spread of picking times; pieces at random on the belt. That
who is busy lets a piece pass, and that mistakes grow with the time that pickers are busy, are assumptions of this model.
"""
