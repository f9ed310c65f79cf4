"""What a difference of a key figure means: better, worse, or that it cannot be told."""

from __future__ import annotations

import math
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Literal

from twin.study.statistics import MOST_NEEDED, Interval, correlation, mean_of, needed_for_sign, paired, welch

MORE_IS_BETTER = (
    "throughput", "processed", "recovery", "availability", "oee", "revenue", "margin", "on_time_share", "operating_result", "operating_result_at", "result",
)  # fmt: skip
LESS_IS_BETTER = (
    "specific_energy", "co2", "co2_per_tonne", "co2_with_charge", "co2_with_charge_per_tonne",
    "offspec_share", "offspec_share_true", "blocked", "waiting", "queue", "wait", "resource_queue", "resource_wait",
    "left_share", "pickup_queue", "pickup_wait", "turned_away_share", "turned_away_mass", "short_pickup_share", "empty_pickup_share",
    "rejected_pickup_share", "limited_pickup_share", "rejected_mass", "penalties", "penalty", "late", "open_orders",
    "labour_cost", "maintenance_cost", "wear_cost", "carbon_cost", "peak_cost", "peak_power", "capital_cost", "cost",
    "haul_cost", "haul_co2", "scope_1", "scope_2", "power_cost", "power_co2", "power_highest", "heat_cost", "heat_co2", "heat_lacking", "heat_wasted",
    "scope_3_upstream",
    "energy_cost_of", "maintenance_cost_of", "wear_cost_of", "capital_cost_of",
)  # fmt: skip
"""Key figures, by the word before the first dot, with a direction that is better; of the others a comparison says "higher" and "lower"."""
NOISE = 1e-12
"""Differences smaller than this share of the values come from rounding."""
LEAST = 1e-3
"""Values below this, in SI, are small beside what they are made of (a share, an efficiency): their rounding is not smaller than that of this."""
WITHHELD = "withheld"
Method = Literal["paired", "independent", "one run"]


@dataclass(frozen=True)
class Change:
    """How a key figure differs between a variant and the base.

    ``difference`` is variant - base; its ``interval`` comes from pairs of runs on common random numbers (``"paired"``) or from independent runs (Welch), and is
    None where there is one run only. ``correlation`` is that of the pairs, NaN where it says nothing. ``needed`` counts the replications that would tell, None
    where it can be told or where they are too many.
    """

    difference: float
    interval: Interval | None
    method: Method
    correlation: float
    verdict: str
    needed: int | None = None

    @property
    def text(self) -> str:
        """The verdict in full."""
        if self.verdict == WITHHELD:
            return "withheld: paid in the window and with the change of stock it points the other way"
        if self.verdict != "cannot tell":
            return self.verdict
        count = f"about {self.needed}" if self.needed is not None else f"more than {MOST_NEEDED}"
        return f"cannot tell, needs {count} replications"


def direction(name: str, names: Container[str]) -> int:
    """Return 1 where more of a key figure is better, -1 where less is, 0 where neither; ``names`` are those of all figures of the plant.

    A grade is better higher where the product aims at what it is of, and so has a recovery of it, and lower else: then it is of what must stay out.
    """
    site, slash, own = name.rpartition("/")
    stem, _, rest = own.partition(".")
    if stem == "grade":
        return 1 if f"{site}{slash}recovery.{rest}" in names else -1
    return (stem in MORE_IS_BETTER) - (stem in LESS_IS_BETTER)


def change_of(base: Sequence[float], variant: Sequence[float], method: Method, better: int, confidence: float) -> Change:
    """Return how the values of a variant differ from the base's: pair by pair, or all against all where runs are independent."""
    if method == "paired":
        pairs = [(a, b) for a, b in zip(base, variant, strict=True) if not (math.isnan(a) or math.isnan(b))]
        base, variant = [a for a, _ in pairs], [b for _, b in pairs]
        interval = paired(base, variant, confidence)
    else:
        base, variant = [a for a in base if not math.isnan(a)], [b for b in variant if not math.isnan(b)]
        interval = welch(base, variant, confidence)
    difference = mean_of(variant) - mean_of(base) if interval is None else interval.mean
    together = correlation(base, variant) if method == "paired" else math.nan
    if base and variant and _only_noise(base, variant):
        return Change(0.0, interval, method if interval is not None else "one run", together, "no change")
    if interval is None:
        return Change(difference, None, "one run", together, "")
    if not interval.excludes_zero:
        return Change(difference, interval, method, together, "cannot tell", needed_for_sign(interval))
    return Change(difference, interval, method, together, _word(math.copysign(1.0, difference), better))


def _only_noise(base: Sequence[float], variant: Sequence[float]) -> bool:
    if len(base) == len(variant):
        return all(abs(b - a) <= NOISE * max(abs(a), abs(b), LEAST) for a, b in zip(base, variant, strict=True))
    return len(dict.fromkeys((*base, *variant))) == 1


def _word(sign: float, better: int) -> str:
    if better == 0:
        return "higher" if sign > 0 else "lower"
    return "better" if sign * better > 0 else "worse"


def opposed(one: Change, other: Change) -> bool:
    """Whether two views of the same thing differ in sign: what was paid, and what was earned with the change of stock."""
    return one.difference * other.difference < 0.0 and "no change" not in (one.verdict, other.verdict)
