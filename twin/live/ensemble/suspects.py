"""What an alarm may be of: instruments, machines, the feed; and what each would do to a plant and to what is told of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from twin.live.ensemble.estimate import LEVEL, Ensemble
from twin.live.ensemble.members import Following
from twin.live.ensemble.parameters import SlowParameter
from twin.quantities import digits, format_quantity
from twin.scenario import Scenario
from twin.units.ground.inputs import Input

Cause = Literal["sensor", "machine", "feed"]
Form = Literal["factor", "drift", "weighed", "parameter"]
FACTOR = 0.2
"""An instrument that is tried shows this share too much."""
DRIFT = 0.08
"""One that drifts does so by this share of the capacity in a day."""
FAR = 1.5
"""A parameter that is tried is moved by so many deviations of its prior. Trials are large enough to be seen and so small that what they do grows with them."""


@dataclass(frozen=True)
class Suspect:
    """``subject``: a signal, a feed or product whose trucks are weighed, or the path of a parameter. ``size`` of a trial: a share, SI a day, deviations."""

    subject: str
    cause: Cause
    form: Form
    size: float
    parameter: SlowParameter | None = None

    def shown(self, value: float, since: float) -> float:
        """Return what the instrument shows in the place of ``value``, ``since`` s after it went wrong."""
        if self.form == "factor":
            return value * (1.0 + self.size)
        return value + self.size * since / 86400.0 if self.form == "drift" else value

    def told(self, happened: Input) -> Input:
        """Return what is told of a truck."""
        if self.form == "weighed" and happened.unit == self.subject:
            return happened._replace(mass=happened.mass * (1.0 + self.size))
        return happened

    def sized(self, amplitude: float) -> str:
        """Say how large it is, ``amplitude`` times the trial's size."""
        size = amplitude * self.size
        if self.form in ("factor", "weighed"):
            return f"{abs(size) * 100.0:.0f} % too {'much' if size > 0.0 else 'little'}"
        if self.form == "drift":
            return f"a drift of {format_quantity(size, 'kg')} a day"
        assert self.parameter is not None
        prior = self.parameter.prior
        return f"about {format_quantity(prior.value(size), prior.unit)} instead of {format_quantity(prior.value(0.0), prior.unit)}"

    def named(self, amplitude: float, trucks: str = "") -> str:
        """Say what it is."""
        if self.form == "weighed":
            return f"the weighbridge of {trucks or self.subject} ({self.sized(amplitude)})"
        what = {"sensor": "the sensor", "machine": "the machine,", "feed": "the feed,"}[self.cause]
        return f"{what} {self.subject} ({self.sized(amplitude)})"

    def smallest(self, amplitude: float) -> str:
        """Say the size that is ``amplitude`` times the trial's, either way."""
        size = abs(amplitude * self.size)
        if self.form in ("factor", "weighed"):
            return f"{digits(size * 100.0)} %"
        if self.form == "drift":
            return f"{format_quantity(size, 'kg')} a day"
        assert self.parameter is not None
        prior = self.parameter.prior
        return f"{format_quantity(abs(prior.value(size) - prior.value(0.0)), prior.unit)}"


def suspects(ensemble: Ensemble) -> tuple[Suspect, ...]:
    """Return all that may be suspected of the plant that an ensemble follows."""
    following, scenario = ensemble.following, ensemble.members.scenario
    return (*_instruments(ensemble, following), *_parameters(scenario, (*following.parameters, *following.watched)))


def _instruments(ensemble: Ensemble, following: Following) -> Iterator[Suspect]:
    for signal, measurement in following.measurements.items():
        if measurement.quantity.startswith("state."):
            continue  # what is known for sure
        yield Suspect(signal, "sensor", "factor", FACTOR)
        if measurement.quantity.startswith(LEVEL):
            yield Suspect(signal, "sensor", "drift", DRIFT * ensemble.capacities[measurement.quantity.removeprefix(LEVEL)])
    roles = {name: ensemble.members.scenario.kinds[name].role for name in ensemble.members.imposed if name in ensemble.members.scenario.kinds}
    for name, role in roles.items():
        if role in ("feed", "product"):
            yield Suspect(name, "sensor", "weighed", FACTOR)


def _parameters(scenario: Scenario, parameters: Sequence[SlowParameter]) -> Iterator[Suspect]:
    for parameter in parameters:
        unit = parameter.prior.path.split(".")[1] if parameter.prior.path.startswith("units.") else ""
        cause: Cause = "feed" if unit in scenario.kinds and scenario.kinds[unit].role == "feed" else "machine"
        yield Suspect(parameter.prior.path, cause, "parameter", FAR, parameter)
