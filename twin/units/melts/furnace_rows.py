"""Rows of the table of batches that a furnace writes: one a phase, one a ladle."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.kernels.fuming import frozen
from twin.materials import ELEMENTS
from twin.scenario.fuming import FreezeLining
from twin.units.melts.bath import INCOMING, METAL, OUTGOING, SLAG, Bath, Outcome
from twin.units.melts.element_rows import E
from twin.units.melts.process import batch_row

Floats = NDArray[np.float64]
_OXYGEN = ELEMENTS.index("O")


def layer(lining: FreezeLining | None, bath: Bath) -> float:
    """Thickness of the frozen slag on cooled walls, m; NaN where there are none, or no slag that could freeze."""
    liquidus = float(bath.state["liquidus"][0])
    if lining is None or liquidus <= 0.0:
        return math.nan
    return float(frozen(lining.heat_transfer, lining.conductivity, lining.thickest, lining.temperature, bath.temperature, liquidus)[1])


def phase_row(unit: str, phase: str, begin: int, end: int, outcome: Outcome, bath: Bath, use: Floats, heat: Floats, layer: float) -> dict[str, Any]:
    """What a phase took in and gave off, and the bath at its end; ``layer``: thickness of frozen slag, m."""
    incoming, gone = outcome.together(*INCOMING), outcome.together(*OUTGOING)
    return batch_row(
        unit,
        phase,
        begin,
        end,
        limit=outcome.limit,
        temperature=bath.temperature,
        log_po2=bath.log_po2,
        element_in=incoming[:E].copy(),
        element_out=gone[:E].copy(),
        metal=bath.parts[METAL, :E].copy(),
        slag=bath.parts[SLAG, :E].copy(),
        entrained=bath.droplets()[:E].copy(),
        solids=outcome.solids.copy(),
        oxygen=float(outcome.stream("oxygen")[_OXYGEN]),
        offgas=outcome.sum("gas_volume"),
        heat_in=float(incoming[E:].sum()) + outcome.sum("electric_heat"),
        heat_out=float(gone[E:].sum()) + outcome.sum("wall_loss"),
        heat_stored=float(bath.parts[:, E:].sum() - outcome.before[E:].sum()),
        frozen=layer,
        energy=use.copy(),
        waste_heat=heat.copy(),
    )


def tap_row(
    unit: str, phase: str, begin: int, end: int, bath: Bath, tapped: tuple[Floats, Floats, bool], stored: float, use: Floats, heat: Floats
) -> dict[str, Any]:
    """What was ``tapped``: slag, metal, and whether that metal is droplets in the slag, each (E + 2,); ``stored``: change of the bath's heat, J."""
    slag, metal, droplets = tapped
    taken = slag + metal
    return batch_row(
        unit,
        phase,
        begin,
        end,
        limit="tap",
        temperature=bath.temperature,
        log_po2=bath.log_po2,
        element_in=np.zeros(E),
        element_out=taken[:E].copy(),
        metal=metal[:E].copy(),
        slag=slag[:E].copy(),
        entrained=metal[:E].copy() if droplets else np.zeros(E),
        heat_in=0.0,
        heat_out=float(taken[E:].sum()),
        heat_stored=stored,
        energy=use,
        waste_heat=heat,
    )
