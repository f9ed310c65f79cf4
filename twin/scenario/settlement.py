"""How a product's lots are settled: what is paid for the metal in each, when, and by whose assay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from twin.quantities import DurationOrZero, Fraction, Quantity
from twin.scenario.fields import Text
from twin.scenario.kind import NOT_USED, Model, default
from twin.scenario.problems import Loc
from twin.scenario.series import OrSeries, Series

Charge = Annotated[float, Quantity("EUR/kg", ge=0)]
PricePeriod = Literal["delivery", "month", "next_month"]


class MetalTerms(Model):
    """What is paid for one metal."""

    price: Annotated[float | Series, OrSeries("EUR/kg", 0.0)] = Field(description="Price of the metal, or a series of it.")
    payable: Fraction = default(1.0, NOT_USED, description="The share of the assay that is paid at most.")
    minimum_deduction: Fraction = default(0.0, NOT_USED, description="What is taken off the assay at least, e.g. `1 %`: points of it.")
    refining_charge: Charge = default(0.0, NOT_USED, description="What refining costs for the metal that is paid.")
    assay_error: Fraction = default(
        0.0, NOT_USED, description="Standard deviation of an assay, in points of it: seller's, buyer's and umpire's are drawn. None: all find what is there."
    )
    splitting_limit: Fraction = default(
        0.0, NOT_USED, description="Up to this difference of seller's and buyer's assay their mean counts; beyond it the middle one of theirs and an umpire's."
    )


class PenaltyTerms(Model):
    """What too much of an impurity costs."""

    free: Fraction = default(0.0, NOT_USED, description="Up to this share of the dry mass it costs nothing.")
    charge: Charge = Field(description="What the dry mass costs for each `per` above that, in proportion.")
    per: Annotated[float, Quantity("1", gt=0, le=1)] = Field(description="The step of the share that `charge` is of, e.g. `0.1 %`.")


class Settlement(Model):
    """Terms of trade, lot by lot: a lot is what a truck or an order draws from one bunker."""

    metals: dict[Text, MetalTerms] = Field(description="What is paid for, by element, material or group.", min_length=1)
    moisture: Fraction = default(0.0, NOT_USED, description="Water in the mass that is weighed; assays and charges are of the dry mass.")
    treatment_charge: Charge = default(0.0, NOT_USED, description="What treatment costs for the dry mass.")
    penalties: dict[Text, PenaltyTerms] = Field(default={}, description="What impurities cost, by element, material or group.")
    price_period: PricePeriod = Field(
        default="delivery", description="Whose price counts: that of the `delivery`, the mean of its calendar `month`, or of the `next_month`."
    )
    provisional: Fraction = default(
        1.0, "all is paid at once", description="The share of the lot's value at delivery, at the prices then, that is paid at once."
    )
    final_after: DurationOrZero = default(0.0, NOT_USED, description="How long after the delivery the rest is paid, at the price of the period.")

    def check(self) -> Iterator[tuple[Loc, str]]:
        """Yield what does not go together."""
        for name, terms in self.metals.items():
            if terms.splitting_limit and not terms.assay_error:
                yield ("metals", name, "splitting_limit"), "needs an 'assay_error': assays without one never differ"
