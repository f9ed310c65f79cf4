"""The block ``money``: what a plant costs besides material and energy, what was invested, and prices as they may become."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Annotated

from pydantic import Field, PlainValidator, WithJsonSchema

from twin.quantities import YEAR, CostPerTime, Duration, EmissionFactor, Mass, Money, PricePerEnergy, PricePerMass, Quantity, format_quantity
from twin.scenario.fields import CalendarName, Name
from twin.scenario.heads import HEADS_SCHEMA, read_heads
from twin.scenario.kind import NOT_USED, Model, UnitModel, default
from twin.scenario.kinds.feed import Feed
from twin.scenario.kinds.product import Price, Product
from twin.scenario.machine import MachineModel
from twin.scenario.problems import Loc, nearest
from twin.scenario.process import ProcessModel
from twin.scenario.series import OrSeries, Series

FARTHEST = 600.0
"""Natural logarithm of the largest factor by which interest may multiply a payment."""
Interest = Annotated[float, Quantity("1", gt=-1, example="6 %")]


class InvestmentPlan(Model):
    """Money that is spent at once and serves for years."""

    amount: Money = Field(description="What is spent; of a unit, for each of its copies.")
    life: Duration = Field(description="For how long it serves, e.g. `10 a`; a year has 365 d.")
    salvage: Money = default(0.0, NOT_USED, description="What it brings at the end of its life.")
    interest: Interest | None = Field(default=None, description="Interest a year; that of `money` where not given.")


class Labour(Model):
    """People of one role."""

    heads: Annotated[int | dict[str, int], PlainValidator(read_heads), WithJsonSchema(HEADS_SCHEMA)] = Field(
        description="How many; or how many by calendar, e.g. {early: 3, late: 2}: of those that are open the first written counts."
    )
    wage: Annotated[float | Series, OrSeries("EUR/s", 0.0)] = Field(
        description="What one costs in each hour for which they are there, e.g. `32 EUR/h`, or a series of it."
    )
    calendar: CalendarName = Field(default=None, description="When they are there, for one number of heads; always where not given.")


class Upkeep(Model):
    """Maintenance of a unit."""

    per_hour: CostPerTime = default(0.0, NOT_USED, description="What an hour costs in which its line runs, of each copy, whether or not that one is down.")
    per_failure: Money = default(0.0, NOT_USED, description="What a stop costs that a breakdown, a hazard or a listed stop begins.")


class WearPart(Model):
    """A part that is used up by what passes. Its cost counts as it wears, so that no replacement just within the window decides anything."""

    price: Money = Field(description="What a new one costs, with its fitting.")
    per: Mass | None = Field(default=None, description="The mass that one lasts; `wear.replace_after` of the machine where not given.")


class UnitCosts(Model):
    """What one unit costs."""

    investment: InvestmentPlan | None = Field(default=None, description="What each of its copies cost.")
    maintenance: Upkeep = Field(default=Upkeep(), description="Its maintenance, by hours and by failures.")
    wear_parts: dict[Name, WearPart] = Field(default={}, description="Parts that wear, by name.")


class Carbon(Model):
    """A price of CO2."""

    price: Annotated[float, Quantity("EUR/kg", ge=0)] = Field(description="Price of the CO2 of the energy drawn, e.g. `80 EUR/t`.")
    factors: dict[Name, EmissionFactor] = Field(
        default={}, description="CO2 that is paid for, by carrier: 0 kg/kWh where the energy's price holds it already; that of the carrier where not given."
    )


class PriceScenario(Model):
    """Prices as they may become; what is not named stays."""

    products: dict[Name, Price] = Field(default={}, description="Prices of products.")
    feeds: dict[Name, PricePerMass] = Field(default={}, description="Prices of feeds.")
    carriers: dict[Name, PricePerEnergy] = Field(default={}, description="Prices of energy.")
    carbon: PricePerMass | None = Field(default=None, description="Price of CO2.")


class MoneyPlan(Model):
    """What a plant costs besides material and energy."""

    interest: Interest | None = Field(default=None, description="Interest a year of every investment that does not say its own.")
    investment: InvestmentPlan | None = Field(default=None, description="What was invested in the plant besides its units.")
    labour: dict[Name, Labour] = Field(default={}, description="Who works there, by role.")
    by_unit: dict[Name, UnitCosts] = Field(default={}, description="Investment, maintenance and wear parts by unit.")
    carbon: Carbon | None = Field(default=None, description="What CO2 costs.")
    prices: dict[Name, PriceScenario] = Field(default={}, description="Price scenarios by name: each adds a key figure, of the same run.")

    def investments(self) -> Iterator[tuple[Loc, InvestmentPlan]]:
        """Yield each investment with its place."""
        if self.investment is not None:
            yield ("investment",), self.investment
        for name, costs in self.by_unit.items():
            if costs.investment is not None:
                yield ("by_unit", name, "investment"), costs.investment


def check_money(money: MoneyPlan, calendars: Collection[str], models: Mapping[str, UnitModel], carriers: Collection[str]) -> Iterator[tuple[Loc, str]]:
    """Yield (place, message) of what is wrong with the block in view of the plant."""
    for loc, plan in money.investments():
        if plan.interest is None and money.interest is None:
            yield ("money", *loc), "no interest is stated: give 'interest' here, or once in 'money', e.g. 6 %"
        interest = plan.interest if plan.interest is not None else money.interest
        if interest is not None and -plan.life / YEAR * math.log1p(interest) > FARTHEST:
            yield ("money", *loc), f"an interest of {100 * interest:g} % over {plan.life / YEAR:g} years makes values too large to compute"
    for role, labour in money.labour.items():
        named = list(labour.heads) if isinstance(labour.heads, dict) else [labour.calendar] if labour.calendar else []
        for calendar in named:
            if calendar not in calendars:
                yield ("money", "labour", role), f"unknown calendar {calendar!r}; {nearest(calendar, calendars)}"
        if isinstance(labour.heads, dict) and labour.calendar is not None:
            yield ("money", "labour", role, "calendar"), "'heads' names calendars already: leave out 'calendar', or give one number"
    yield from _check_units(money, models)
    yield from _check_names(money, models, carriers)


def late_series(models: Mapping[str, UnitModel], money: MoneyPlan | None, start: datetime) -> Iterator[tuple[Loc, str]]:
    """Yield (place, message) of each price of a feed, a product or a metal, and of each wage, whose series begins after the run."""
    given: list[tuple[Loc, object]] = [(("units", name, "price"), model.price) for name, model in models.items() if isinstance(model, Feed)]
    for name, model in models.items():
        if isinstance(model, Product):
            given += [(("units", name, "price", *([term.name] if term.name is not None else [])), term.value) for term in model.price.terms]
            metals = model.settlement.metals if model.settlement is not None else {}
            given += [(("units", name, "settlement", "metals", metal, "price"), terms.price) for metal, terms in metals.items()]
    given += [(("money", "labour", role, "wage"), labour.wage) for role, labour in (money.labour.items() if money is not None else ())]
    for loc, value in given:
        if isinstance(value, Series) and (begin := value.seconds(start)[0]) > 0.0:
            yield loc, f"{value.file} begins {format_quantity(begin, 's')} after the run; give a value for its start"


def _check_units(money: MoneyPlan, models: Mapping[str, UnitModel]) -> Iterator[tuple[Loc, str]]:
    for name, costs in money.by_unit.items():
        loc: Loc = ("money", "by_unit", name)
        model = models.get(name)
        if model is None:
            yield loc, f"unknown unit {name!r}; {nearest(name, models)}"
            continue
        if costs.maintenance != Upkeep() and not isinstance(model, (MachineModel, ProcessModel)):
            yield (*loc, "maintenance"), f"only what runs has a maintenance: a machine or a furnace ({name!r} is a {model.kind})"
        for part, wear in costs.wear_parts.items():
            if not isinstance(model, MachineModel):
                yield (*loc, "wear_parts", part), f"only a machine has wear parts ({name!r} is a {model.kind})"
            elif wear.per is None and model.wear is not None and model.wear.of:
                yield (
                    (*loc, "wear_parts", part),
                    f"say how long it lasts of all that passes with 'per', e.g. 2000 t: {name!r} wears by {', '.join(model.wear.of)} only",
                )
            elif wear.per is None and (model.wear is None or model.wear.replace_after is None):
                yield (*loc, "wear_parts", part), f"say how long it lasts with 'per', e.g. 2000 t: {name!r} has no 'wear.replace_after'"


def _check_names(money: MoneyPlan, models: Mapping[str, UnitModel], carriers: Collection[str]) -> Iterator[tuple[Loc, str]]:
    products = [name for name, model in models.items() if isinstance(model, Product)]
    feeds = [name for name, model in models.items() if isinstance(model, Feed)]
    for name in money.carbon.factors if money.carbon is not None else ():
        if name not in carriers:
            yield ("money", "carbon", "factors", name), f"unknown carrier {name!r}; {nearest(name, carriers)}"
    for scenario, prices in money.prices.items():
        for key, given, known in (("products", prices.products, products), ("feeds", prices.feeds, feeds), ("carriers", prices.carriers, list(carriers))):
            for name in given:
                if name not in known:
                    yield ("money", "prices", scenario, key, name), f"unknown name {name!r}; {nearest(name, known)}"
        for name, price in prices.products.items():
            if price.changes:
                yield ("money", "prices", scenario, "products", name), "a price scenario is of numbers: a series stands in the product's own 'price'"
        if prices.carbon is not None and money.carbon is None:
            yield ("money", "prices", scenario, "carbon"), "needs 'money.carbon', which says what CO2 costs now"
