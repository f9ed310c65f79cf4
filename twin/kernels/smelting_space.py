"""What the equilibrium of smelting works on: bundles of records and arrays."""

from __future__ import annotations

import numpy as np
from numba import types

from twin.kernels.bundles import Bundle, BundleType, records_of
from twin.kernels.record_table import Records
from twin.kernels.smelting_tables import COEFFICIENT, CONDITIONS, ELEMENT, GASES, MELT, MIXTURE, ODD, PRESENT, SOLUTION


class Chemistry(Bundle):
    """Data of the equilibrium: an ELEMENT for each element, and one GASES."""

    kind = BundleType("Chemistry", (("elements", records_of(ELEMENT.dtype)), ("gases", records_of(GASES.dtype))))
    elements: Records
    gases: Records


class Melt(Bundle):
    """All that an equilibrium works on and gives.

    COEFFICIENT for each element, one CONDITIONS, PRESENT for each element, one MIXTURE, ``out`` (6, element) kg by SOLUTION, one MELT, and counts by ODD.
    """

    kind = BundleType(
        "Melt",
        (
            ("at", records_of(COEFFICIENT.dtype)),
            ("conditions", records_of(CONDITIONS.dtype)),
            ("present", records_of(PRESENT.dtype)),
            ("mixture", records_of(MIXTURE.dtype)),
            ("out", types.float64[:, ::1]),
            ("state", records_of(MELT.dtype)),
            ("counted", types.int64[::1]),
        ),
    )
    at: Records
    conditions: Records
    present: Records
    mixture: Records
    out: np.ndarray[tuple[int, int], np.dtype[np.float64]]
    state: Records
    counted: np.ndarray[tuple[int], np.dtype[np.int64]]


def new_melt(elements: int) -> Melt:
    """Return the arrays of an equilibrium of so many elements."""
    return Melt(
        COEFFICIENT.new(elements),
        CONDITIONS.new(),
        PRESENT.new(elements),
        MIXTURE.new(),
        np.zeros((len(SOLUTION), elements)),
        MELT.new(),
        np.zeros(len(ODD), dtype=np.int64),
    )
