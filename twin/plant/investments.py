"""What was invested in a plant, unit by unit."""

from __future__ import annotations

from twin.quantities import YEAR
from twin.scenario.machine import MachineModel
from twin.scenario.model import Scenario
from twin.scenario.money import InvestmentPlan, MoneyPlan


def copies_of(scenario: Scenario, unit: str) -> int:
    """Return how many copies of a unit there are."""
    model = scenario.units.get(unit)
    return model.count if isinstance(model, MachineModel) else 1


def investments_of(scenario: Scenario) -> dict[str, dict[str, float]]:
    """Return what was invested by place (a unit's name, "" for the plant): EUR of all copies, years, interest a year."""
    money = scenario.money
    if money is None:
        return {}
    found = {}
    if money.investment is not None:
        found[""] = _investment(money, money.investment, 1)
    for name, costs in money.by_unit.items():
        if costs.investment is not None:
            found[name] = _investment(money, costs.investment, copies_of(scenario, name))
    return found


def _investment(money: MoneyPlan, plan: InvestmentPlan, copies: int) -> dict[str, float]:
    interest = plan.interest if plan.interest is not None else money.interest
    assert interest is not None, "check_money has looked"
    return {"amount": plan.amount * copies, "life": plan.life / YEAR, "interest": interest, "salvage": plan.salvage * copies}
