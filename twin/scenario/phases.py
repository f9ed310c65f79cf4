"""The phases of a batch furnace: what is charged, blown, reduced, settled and tapped, and when a phase ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from twin.errors import UsageError
from twin.kernels.physical_constants import AIR_OXYGEN
from twin.materials import ELEMENTS
from twin.quantities import Duration, DurationOrZero, Fraction, Mass, MassFlow, MassOrZero, Quantity, Temperature, shown
from twin.quantities import Power as Watts
from twin.scenario.fields import Name, Names, Shorthand, Text, read_reference
from twin.scenario.fuming import Injection
from twin.scenario.kind import MEMORY, Model, default
from twin.scenario.limits import Limit
from twin.scenario.needs import PRIORITY, Needs, Priority
from twin.scenario.problems import Faults, refuse, wrong

NormalFlow = Annotated[float, Quantity("Nm3/s", gt=0)]
_LIMITS = ("< 1 %", "> 1250 °C")
_TEMPERATURE, _SHARE, _NUMBER = Quantity("K", gt=0), Quantity("1", ge=0, le=1), Quantity("1")
_MASS = Quantity("kg", gt=0)


@dataclass(frozen=True)
class Test:
    """One end test of a phase: ``quantity`` is metal, slag, slag_and_drops (mass fractions of ``element``), temperature (K) or log_po2."""

    quantity: str
    element: str
    above: bool
    value: float


@dataclass(frozen=True)
class Tests:
    """What must hold for a phase to end, in the order written; all of it."""

    tests: tuple[Test, ...] = ()

    def numbers(self) -> Iterator[tuple[tuple[str | int, ...], float, str]]:
        """Yield (place below the value, value, SI unit) of every number in it."""
        for test in self.tests:
            yield (f"{test.quantity}.{test.element}" if test.element else test.quantity,), test.value, "K" if test.quantity == "temperature" else "1"

    @classmethod
    def read(cls, value: object) -> Tests:
        """Return the tests written as a mapping, e.g. ``{slag.Cu: "< 1 %", temperature: "> 1250 °C"}``."""
        if isinstance(value, Tests):
            return value
        if not isinstance(value, Mapping):
            raise wrong(f'a mapping of end tests is needed, e.g. {{slag.Cu: "< 1 %"}} (got {shown(value)})')
        faults, tests = Faults(), []
        for name, text in value.items():
            quantity, _, element = str(name).partition(".")
            known = ("metal", "slag", "slag_and_drops") if element else ("temperature", "log_po2")
            if quantity not in known or (element and element not in ELEMENTS):
                faults.add(f"unknown test {str(name)[:80]!r}; write metal.X, slag.X or slag_and_drops.X of an element X, temperature or log_po2", str(name))
                continue
            reader = _TEMPERATURE if quantity == "temperature" else _NUMBER if quantity == "log_po2" else _SHARE
            try:
                limit = Limit.read(str(name), text, reader, _LIMITS[0])
            except UsageError as error:
                faults.add(str(error), str(name), got=text)
            else:
                tests.append(Test(quantity, element, limit.lower, limit.value))
        faults.stop_if_any()
        return cls(tuple(tests))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.read)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "object", "additionalProperties": Limit.json_schema(*_LIMITS), "minProperties": 1}


class FlowRamp(Model):
    """A rate that changes in a straight line from the start of the phase, then stays."""

    to: Annotated[float, Quantity("kg/s", ge=0)] = Field(description="What it comes to.")
    over: Duration = Field(description="In how long.")


class BlastRamp(Model):
    """A blast that changes in a straight line from the start of the phase, then stays."""

    to: Annotated[float, Quantity("Nm3/s", ge=0)] = Field(description="What it comes to.")
    over: Duration = Field(description="In how long.")


class TemperatureRamp(Model):
    """A target that changes in a straight line from the start of the phase, then stays."""

    to: Temperature = Field(description="What it comes to.")
    over: Duration = Field(description="In how long.")


class Blast(Model):
    """What is blown: air with bought oxygen."""

    rate: NormalFlow = Field(description="Blast, oxygen included.")
    ramp: BlastRamp | None = Field(default=None, description="How the rate changes in the phase; it stays where not given.")
    oxygen: Annotated[float, Quantity("1", ge=AIR_OXYGEN, le=0.95, example="40 %")] = default(
        AIR_OXYGEN, "air", basis="literature", description="Oxygen in the blast by volume, 21 to 95 %."
    )
    use: Fraction = default(0.95, MEMORY, low=0.8, high=1.0, description="Share of its oxygen that reacts in the bath; the rest passes into the off-gas.")


class Reductant(Model):
    """What reduces: coke, coal dust, natural gas, hydrogen."""

    carrier: Name = Field(description="The energy carrier that is used; of a stock, the one that it counts as in energy and CO2.")
    source: Name | None = Field(default=None, description="The bunker that it is drawn from, with what lies there; without one there is no limit to it.")
    rate: MassFlow | None = Field(default=None, description="How fast it is added.")
    flow: NormalFlow | None = Field(default=None, description="How fast a gas is blown in, instead of a rate.")
    ramp: FlowRamp | None = Field(default=None, description="How the rate changes in the phase; it stays where not given.")
    mass: Mass | None = Field(
        default=None, description="How much of it at most in the phase, no limit where not given; needed with a 'source', and the phase waits for it."
    )
    use: Fraction = default(0.6, MEMORY, low=0.3, high=0.9, description="Share that reacts in the bath; the rest burns above it.")

    @model_validator(mode="after")
    def _one_rate(self) -> Self:
        if (self.rate is None) == (self.flow is None):
            refuse("give 'rate' or, for a gas, 'flow'", "rate")
        if self.ramp is not None and self.rate is None:
            refuse("needs 'rate': give that of the gas by mass instead of 'flow'", "ramp")
        if self.source is not None and self.rate is None:
            refuse("what comes from a bunker has a 'rate', no flow", "flow")
        if self.source is not None and self.mass is None:
            refuse("how much is drawn from the bunker for the phase is needed", "mass")
        return self


class Portion(Model):
    """What is charged from one source."""

    mass: Mass = Field(description="How much is charged, at most.")
    least: MassOrZero | None = Field(default=None, description="The batch waits until so much is there; for the whole mass where not given.")
    fines: Fraction = default(
        0.0, MEMORY, low=0.0, high=1.0, description="Share of a melt's or dust's mass that is fine enough to be blown out, beside fine sizes."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.least is not None and self.least > self.mass:
            refuse("must be at most the mass", "least")
        return self


def _portion(value: object) -> object:
    return value if isinstance(value, (Mapping, Portion)) else {"mass": value}


def _recipe(value: object) -> object:
    if not isinstance(value, Mapping) or not value:
        raise wrong(f"a mapping of sources to masses is needed, e.g. {{scrap_bay: 30 t}} (got {shown(value)})")
    faults = Faults()
    for name in value:
        try:
            read_reference(name)
        except ValueError as error:
            faults.add(str(error), str(name), got=name)
    faults.stop_if_any()
    return value


PortionField = Annotated[Portion, Shorthand(_portion, _MASS.json_schema())]
Recipe = Annotated[dict[str, PortionField], BeforeValidator(_recipe)]


class Blend(Model):
    """Shifts mass between two sources of the recipe until the charge has the wanted content of an element."""

    element: Text = Field(description="The element.")
    target: Fraction = Field(description="Its share of the whole charge.")
    rich: Name = Field(description="The bunker that is charged more of where the element is short.")
    lean: Name = Field(description="The bunker that is charged less of then.")


class Flux(Model):
    """Flux that is charged so that the slag gets the wanted ratio, all iron taken as going into the slag."""

    source: Name = Field(description="The bunker that it is drawn from.")
    iron_to_silica: Annotated[float, Quantity("1", gt=0, example="1.3")] = default(
        1.3, "window of 1.1 to 1.5, " + MEMORY, low=1.1, high=1.5, description="Fe over SiO2 by mass that is aimed at."
    )
    most: Mass = Field(description="How much at most in a batch.")


class Coolant(Model):
    """Cold scrap that is added when the furnace runs hot."""

    source: Name = Field(description="The bunker that it is drawn from.")
    mass: Mass = Field(description="How much at most in the phase.")
    rate: MassFlow = Field(description="How fast it can be added.")


class Working(Model):
    """What every phase but a tap has."""

    blast: Blast | None = Field(default=None, description="Air and oxygen that are blown in; none where not given.")
    burner: Watts | None = Field(default=None, description="Power of the burner at most; the furnace's where not given.")
    electrodes: Watts | None = Field(default=None, description="Electricity that the electrodes draw at most; the furnace's where not given.")
    reductant: Reductant | None = Field(default=None, description="What reduces; none where not given.")
    temperature: Temperature | None = Field(default=None, description="What burner and electrodes hold; the furnace's target where not given.")
    temperature_ramp: TemperatureRamp | None = Field(default=None, description="How that changes in the phase; it stays where not given.")
    coolant: Coolant | None = Field(default=None, description="Cold scrap against overheating.")
    duration: DurationOrZero = default(0.0, "not used where it is not given", description="The phase lasts so long at least.")
    until: Tests = Field(default=Tests(), description="What must hold for the phase to end.")
    max: Duration = default(21600.0, "a limit, so that no phase lasts for ever", description="The phase ends then in any case.")
    otherwise: Literal["continue", "fail"] = Field(
        default="continue", description="What happens when the end test does not hold at 'max': go on, and note it, or end the run."
    )
    needs: Needs = Field(default=(), description="Resources that are held during the phase.")
    priority: Priority | None = Field(default=None, description=PRIORITY)

    stirred: ClassVar[bool] = True


class Charge(Working):
    """Charging: what the recipe names is fed while the furnace smelts."""

    recipe: Recipe = Field(description="What is charged from each source.")
    blend: Blend | None = Field(default=None, description="Adjusts the recipe by assay.")
    flux: Flux | None = Field(default=None, description="Flux by need.")
    rate: MassFlow = Field(description="What the feeder charges at most.")
    ramp: FlowRamp | None = Field(default=None, description="How the rate changes in the phase; it stays where not given.")


class Melt(Working):
    """Melting and heating by burner."""


class Oxidise(Working):
    """Blowing: converting, or the oxidation in an anode furnace."""


class Reduce(Working):
    """Reduction of a slag."""


class Fume(Working):
    """Fuming of a slag by coal that is blown in with air: it reacts in two zones, at the tuyeres and in the slag."""

    injection: Injection = Field(default=Injection(), description="How the coal divides.")

    @model_validator(mode="after")
    def _blown(self) -> Self:
        for key in ("reductant", "blast"):
            if getattr(self, key) is None:
                refuse(f"a fume phase needs a {key!r}", key)
        if self.reductant is not None and "use" in self.reductant.model_fields_set:
            refuse("in a fume phase 'injection' says where the coal goes; leave 'use' out", "reductant", "use")
        return self


class Pole(Working):
    """Reduction of oxygen in copper by gas or hydrogen."""


class Settle(Working):
    """Metal droplets sink out of the slag."""

    stirred: ClassVar[bool] = False


class Tap(Model):
    """Tapping, down to the heels, ladle by ladle."""

    slag: MassFlow | None = Field(default=None, description="How fast slag is tapped; not at all where not given.")
    metal: MassFlow | None = Field(default=None, description="How fast metal is tapped; not at all where not given.")
    slag_to: Names = Field(default=("slag",), description="The port for the slag, to keep slags apart; of several, each ladle goes to the first that takes it.")
    metal_to: Names = Field(default=("metal",), description="The port for the metal; of several, each ladle goes to the first that takes it.")
    ladle: Mass | None = Field(default=None, description="What is tapped at once; all where not given.")
    needs: Needs = Field(default=(), description="Resources that are held while a ladle is filled and brought away.")
    priority: Priority | None = Field(default=None, description=PRIORITY)
    keep_heel: Annotated[bool, Field(strict=True)] = Field(default=True, description="Leave the heels in the furnace.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.slag is None and self.metal is None:
            refuse("give the rate of 'slag' or 'metal' or both", "slag")
        return self


PHASES: dict[str, type[Model]] = {
    "charge": Charge,
    "melt": Melt,
    "oxidise": Oxidise,
    "reduce": Reduce,
    "fume": Fume,
    "pole": Pole,
    "settle": Settle,
    "tap": Tap,
}


def _settle(value: object) -> object:
    return value if isinstance(value, (Mapping, Settle)) else {"duration": value, "max": value}


class Phase(Model):
    """One step of the recipe: a mapping with one key, its kind."""

    charge: Charge | None = None
    melt: Melt | None = None
    oxidise: Oxidise | None = None
    reduce: Reduce | None = None
    fume: Fume | None = None
    pole: Pole | None = None
    settle: Annotated[Settle | None, Shorthand(_settle, Quantity("s", gt=0).json_schema())] = None
    tap: Tap | None = None
    name: Name | None = Field(default=None, description="Name of the phase in the results, where its kind is not enough.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [key for key in PHASES if getattr(self, key) is not None]
        if len(given) != 1:
            refuse(f"a phase is one of {', '.join(PHASES)} (got {', '.join(given) or 'none'})")
        return self

    @property
    def what(self) -> str:
        """The kind of the phase."""
        return next(key for key in PHASES if getattr(self, key) is not None)

    @property
    def title(self) -> str:
        """The name of the phase in the results."""
        return self.name or self.what

    @property
    def model(self) -> Working | Tap:
        """Its parameters."""
        found: Working | Tap = getattr(self, self.what)
        return found
