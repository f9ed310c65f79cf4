"""Picking by robots: arms with a cycle time over a belt, a gripper that sometimes fails, and a camera that tells the pieces apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.kernels.belt_load import NODES, load_nodes
from twin.kernels.compile import Floats, MachineKernel, Properties, Response, Sizes, settling, splitting
from twin.kernels.covering import uncovered_share
from twin.kernels.manual_picking import erlang_loss, grip_tables

MOST_LAYERS = 1.0  # up to which a camera above still tells pieces apart

ARMS, CYCLE, LOADS, LOAD, MET = 0, 1, 2, 3, 3 + NODES  # loads, and shares of the mass that meet them
HEAD = 3 + 2 * NODES
COVER, PIECES, PICKED = 0, 1, 2  # tables (material, size): layers for a kg/s, wanted pieces for a kg/s in 1/s, share that is picked by an arm that is free


def _prepare_robot(values: Mapping[str, Any], properties: Properties, sizes: Sizes) -> Floats:
    shape = properties["piece_cover"].shape
    tables = grip_tables(
        sizes.lower,
        sizes.upper,
        np.ascontiguousarray(properties["piece_smallest"]),
        np.ascontiguousarray(properties["piece_largest"]),
        np.ascontiguousarray(properties["piece_cover"]),
        np.array([float(values["smallest"]), float(values["largest"]), float(values["heaviest"])]),
        float(values["belt_speed"]) * float(values["belt_width"]),
    )
    target = np.broadcast_to(np.asarray(values["target"], dtype=np.float64), shape[:1])
    mistakes = min(float(values["mistakes"]), 1.0)
    wanted = np.asarray(values["taken"]) if np.size(values["taken"]) else mistakes + (min(float(values["recognition"]), 1.0) - mistakes) * target
    gripped = np.broadcast_to(values["grips"], shape) if np.size(values["grips"]) else np.full(shape, min(float(values["grip"]), 1.0))
    tables[PIECES] *= wanted[:, None]
    tables[PICKED] *= wanted[:, None] * gripped
    loads, met = load_nodes(float(values["unevenness"]))
    head = np.zeros(HEAD)
    head[:LOAD] = values["arms"], 1.0 / float(values["picks"]), len(loads)
    head[LOAD : LOAD + len(loads)], head[MET : MET + len(loads)] = loads, met
    return np.concatenate((head, tables.ravel()))


@settling
def _reach(at: Floats, coefficients: Floats, parameters: Floats, load: float, settings: Floats, warn: NDArray[np.int64]) -> int:
    materials, classes = at.shape
    cells = materials * classes
    c = coefficients
    layers, pieces = 0.0, 0.0
    for m in range(materials):
        for s in range(classes):
            cell = HEAD + m * classes + s
            layers += at[m, s] * c[cell + COVER * cells]
            pieces += at[m, s] * c[cell + PIECES * cells]
    if layers > MOST_LAYERS:
        warn[0] += 1
    reached = 0.0
    for j in range(int(c[LOADS])):
        seen = uncovered_share(layers * c[LOAD + j])
        reached += c[MET + j] * seen * (1.0 - erlang_loss(c[ARMS], pieces * c[LOAD + j] * seen * c[CYCLE]))
    settings[0] = reached
    return 0


@splitting
def _place(settings: Floats, coefficients: Floats, shares: Floats) -> int:
    materials, classes = shares.shape[1:]
    picked = HEAD + PICKED * materials * classes
    for m in range(materials):
        for s in range(classes):
            shares[0, m, s] = min(settings[0] * coefficients[picked + m * classes + s], 1.0)
            shares[1, m, s] = 1.0 - shares[0, m, s]
    return 0


ROBOT = MachineKernel(response=Response(_reach, _place, ("reached",)), prepare=_prepare_robot, warnings=("more than one layer on the belt",))
"""Robots over a belt; ports ``picked``, ``rest``. Of pieces: ``piece_smallest``, ``piece_largest``, ``piece_cover``.

A camera sees the pieces that no other covers, :func:`twin.kernels.covering.uncovered_share` at o layers on the belt. It wants the share ``recognition``
of targets and ``mistakes`` of all else, or what a confusion matrix says is ``taken`` for a target. Of those from ``smallest`` to ``largest`` and up to
``heaviest`` an arm goes for each that comes while it is free: 1 - :func:`twin.kernels.manual_picking.erlang_loss` of the ``arms`` at the pieces wanted in a
second over ``picks``. It holds the share ``grip`` of them; a failed grip takes as long as a pick, and the piece passes. The belt is loaded unevenly: all this
is a mean over the mass on it, :func:`twin.kernels.belt_load.load_nodes`.

values: ``target`` (material,) or (1,), 1 or 0; ``taken`` (material,), or empty; ``grips`` (material, size) or (1, size), or empty: in place of ``grip``;
``arms`` >= 0, ``picks`` [1/s, each arm], ``recognition``, ``mistakes``, ``grip``, ``smallest``, ``largest`` [m], ``heaviest`` [kg], ``belt_speed`` [m/s],
``belt_width`` [m], ``unevenness``.
Valid up to one layer. Sources: Erlang's loss formula, for random arrivals and any spread of cycle times; no piece waits for an arm, which a robot that sees
far ahead lets some do. Numbers are assumptions.
"""
