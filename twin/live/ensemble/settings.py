"""What a tags file says of the ensemble: how many members, which slow parameters, how many false alarms."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated

from pydantic import Field, StrictInt, model_validator

from twin.errors import UsageError
from twin.fit.calibrate.priors import Form, Prior
from twin.live.ensemble.parameters import DRIFT, SlowParameter
from twin.quantities import Quantity, parse
from twin.scenario import Scenario
from twin.scenario.fields import Text
from twin.scenario.kind import Model
from twin.scenario.problems import nearest, wrong


class SlowParameterModel(Model):
    """A parameter that nobody measures: between which values it is believed to be, in nine of ten cases."""

    low: Text | float | None = Field(default=None, description="With its unit; by default what the scenario says.")
    high: Text | float | None = Field(default=None, description="With its unit; by default what the scenario says.")
    form: Form = Field(default="normal", description="uniform: it lies between low and high for sure; normal, lognormal: in nine of ten cases.")
    instead_of: Text = Field(default="", description="Path that gives what this one takes, as of two shares of a composition.")
    drift: Annotated[float, Quantity("1", ge=0, le=1)] = Field(default=DRIFT, description="How far it may wander in a day, in shares of its prior's deviation.")


class ForecastsModel(Model):
    """Which forecasts are kept, so that they can be held against what came."""

    every: Annotated[float, Quantity("s", ge=900, le=30 * 86400)] = Field(default=86400.0, description="How often all levels are forecast.")
    leads: Annotated[list[Annotated[float, Quantity("s", gt=0, le=7 * 86400)]], Field(min_length=1, max_length=20)] = Field(
        default=[3600.0, 8 * 3600.0, 86400.0], description="How far ahead, in rising order."
    )

    @model_validator(mode="after")
    def _rising(self) -> ForecastsModel:
        if any(not lead > before for before, lead in pairwise(self.leads)):
            raise wrong("'leads' must rise, e.g. [1 h, 8 h, 1 d]")
        return self


class EstimateModel(Model):
    """How the twin finds where the plant stands."""

    members: Annotated[StrictInt, Field(ge=10, le=2000)] = Field(default=40, description="Plants that follow at once.")
    seed: Annotated[StrictInt, Field(ge=0, lt=2**32)] = Field(default=1, description="Of the members' chance.")
    window: Annotated[float, Quantity("s", ge=60, le=86400)] = Field(default=900.0, description="From one look at the plant to the next.")
    parameters: dict[str, SlowParameterModel] = Field(default_factory=dict, description="Slow parameters by path.")
    forecasts: ForecastsModel = Field(default_factory=ForecastsModel, description="Which forecasts are kept, for 'twin score'.")
    watched: dict[str, SlowParameterModel] = Field(
        default_factory=dict, description="Numbers that are not learnt and may change, as of a screen that wears, by path: what alarms may name as a cause."
    )
    alarms_a_month: Annotated[float, Quantity("1", gt=0, le=100)] = Field(default=1.0, description="False alarms in a month that are put up with.")
    fault_free: Annotated[float, Quantity("s", ge=4 * 86400, le=400 * 86400)] = Field(
        default=16 * 86400.0, description="How long plants without a fault are followed, in memory, to find the limits of alarms."
    )


def slow_parameters(model: EstimateModel, scenario: Scenario) -> tuple[SlowParameter, ...]:
    """Return the slow parameters; raises :class:`~twin.errors.UsageError` where one cannot be."""
    return _parameters(model.parameters, scenario)


def watched_parameters(model: EstimateModel, scenario: Scenario) -> tuple[SlowParameter, ...]:
    """Return the numbers that alarms may name as a cause and that are not learnt; raises :class:`~twin.errors.UsageError` where one cannot be."""
    twice = [path for path in model.watched if path in model.parameters]
    if twice:
        raise UsageError(f"{twice[0]}: is learnt, so it is watched anyway; let it stand under 'parameters' or under 'watched'")
    return _parameters(model.watched, scenario)


def _parameters(models: Mapping[str, SlowParameterModel], scenario: Scenario) -> tuple[SlowParameter, ...]:
    known = {number.path: number for number in scenario.parameters()}
    found = []
    for path, written in models.items():
        if path not in known:
            raise UsageError(f"{path}: the scenario has no number there; {nearest(path, known)}")
        number = known[path]
        limits = []
        for end in ("low", "high"):
            value = getattr(written, end)
            own = getattr(number, end) if value is None else parse(value, number.unit)
            if own is None:
                raise UsageError(f"{path}: neither the tags nor the scenario say how {end} it may be; write '{end}' with its unit")
            limits.append(float(own))
        if not limits[0] < limits[1] or (written.form == "lognormal" and limits[0] <= 0.0):
            raise UsageError(f"{path}: low must be below high, and above 0 for a lognormal (got {limits[0]:g} and {limits[1]:g} {number.unit})")
        if written.instead_of and written.instead_of not in known:
            raise UsageError(f"{path}: instead_of names no number of the scenario; {nearest(written.instead_of, known)}")
        found.append(SlowParameter(Prior(path, number.unit, limits[0], limits[1], written.form), written.instead_of, written.drift))
    return tuple(found)
