"""Checks of what goes into a furnace phase."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from twin.kernels.compile import Floats, kernel
from twin.kernels.furnace_tables import PLAN, SHARE
from twin.kernels.physical_constants import AIR_OXYGEN
from twin.kernels.record_table import Records

OUTCOMES = ("done", "time is up", "cut off")
"""How a phase ended: all fed and tests met; ``at_most`` reached; ``cut_at`` reached."""

STATUSES = (
    "an amount in the bath, the feed or a supply is negative or not finite",
    "the plan has a value that is not possible",
    "the equilibrium did not converge",
)
_SHARES = tuple(field.name for field in PLAN.fields if field.unit == SHARE)
_POSITIVE = ("band", "area", "fuming_gas", "frozen_most", "gas_limit")
_FINITE = ("blast", "burner_power", "electrode_power", "reductant_rate", "feed_rate", "coolant_rate", "target_to", "blast_to", "reductant_to", "feed_to")


def plan_of(values: Mapping[str, float]) -> Records:
    """Return the PLAN of a phase, an array of one record; what is not named has its default.

    Raises ``KeyError`` for a name that is not in it.

    >>> float(plan_of({"blast": 2.0})["blast"][0])
    2.0
    """
    return PLAN.of(values)


def possible(plan: Records) -> bool:
    """Whether the plan has no value that is negative, not a number, or out of its range."""
    numbers: list[float] = plan.view(np.float64).tolist()
    if math.isnan(sum(numbers)) or min(numbers) < 0.0:
        return False
    at = dict(zip(PLAN.names, numbers, strict=True))
    shares = all(at[name] <= 1.0 for name in _SHARES)
    times = 0.0 < at["dt"] < math.inf and 0.0 < at["tolerance"] < math.inf and at["at_least"] <= at["at_most"] < math.inf
    air = AIR_OXYGEN <= at["blast_oxygen"] <= 1.0 and AIR_OXYGEN <= at["burner_oxygen"] <= 1.0 and at["fuel_lhv"] > 0.0
    finite = all(at[name] < math.inf for name in _FINITE)
    positive = all(at[name] > 0.0 for name in _POSITIVE)
    zones = at["tuyere_zone"] == 0.0 or at["reductant_use"] + at["coal_burnt"] <= 1.0 + 1e-9
    return bool(shares and times and air and finite and positive and zones and 1.0 <= at["spread"] <= 10.0 and at["coldest"] < at["hottest"])


@kernel()
def valid_amounts(rows: Floats, elements: int) -> bool:
    """Whether all amounts are at least zero and all heats finite."""
    for k in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            if not math.isfinite(rows[k, j]) or (j < elements and rows[k, j] < 0.0):
                return False
    return True
