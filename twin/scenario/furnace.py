"""The parameters that all batch furnaces share: what they hold, how they are heated and blown, and their recipe of phases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from twin.errors import UsageError
from twin.kernels.physical_constants import AIR_OXYGEN
from twin.materials import ELEMENTS
from twin.quantities import Area, Duration, Factor, FactorOrZero, Fraction, Length, Mass, MassOrZero, Quantity, Temperature
from twin.quantities import Power as Watts
from twin.scenario.fields import Count, Name
from twin.scenario.fuming import FreezeLining
from twin.scenario.kind import MEMORY, NOT_USED, Model, default
from twin.scenario.needs import PRIORITY, Needs, Priority
from twin.scenario.phases import Charge, NormalFlow, Phase, Working
from twin.scenario.problems import Faults, Loc, nearest, refuse
from twin.scenario.process import ProcessModel
from twin.scenario.vocabulary import Vocabulary


class Holdings(Model):
    """Masses of metal and slag."""

    metal: MassOrZero = Field(default=0.0, description="Metal.")
    slag: MassOrZero = Field(default=0.0, description="Slag.")


class Capacity(Model):
    """What a furnace holds."""

    metal: Mass = Field(description="Metal at most.")
    slag: Mass = Field(description="Slag at most.")


class Melted(Model):
    """A melt that is there at the start."""

    mass: Mass = Field(description="Its mass.")
    assay: dict[str, Fraction] = Field(
        description="Mass fractions of its elements; the oxygen of a slag is added by stoichiometry, what is left open is inert.", min_length=1
    )


class InitialBath(Model):
    """What a furnace holds at the start."""

    temperature: Temperature = Field(description="Temperature of the heel.")
    metal: Melted | None = Field(default=None, description="Metal in it.")
    slag: Melted | None = Field(default=None, description="Slag in it.")


class Burner(Model):
    """The burner, which holds the temperature."""

    carrier: Name = Field(description="The fuel, an energy carrier.")
    power: Watts = Field(description="Power at most, by the fuel's lower heating value.")
    oxygen: Annotated[float, Quantity("1", ge=AIR_OXYGEN, le=1, example="40 %")] = default(
        AIR_OXYGEN, "air", basis="literature", description="Oxygen in what burns the fuel, by volume."
    )
    excess: FactorOrZero = default(1.05, MEMORY, low=1.0, high=1.2, description="Oxygen over what the fuel needs.")
    in_bath: Fraction = default(0.0, MEMORY, low=0.0, high=1.0, description="Share of the burner gas that passes through the bath.")
    heat_return: Fraction = default(
        0.85, MEMORY, low=0.6, high=0.95, description="Share of the heat of its flame, above the off-gas temperature, that reaches the bath."
    )


class Electrodes(Model):
    """Electric heating of the bath."""

    power: Watts = Field(description="Electricity that they draw at most.")
    holding: Watts | None = Field(default=None, description="The same while the furnace waits or is tapped; 'power' where not given.")
    efficiency: Annotated[float, Quantity("1", gt=0, le=1)] = default(
        0.92, MEMORY, low=0.85, high=0.97, description="Share of it that is heat in the bath; the rest is lost in transformer, conductors and electrodes."
    )


class OffGas(Model):
    """How much off-gas can be taken away, and what burns above the bath."""

    limit: NormalFlow | None = Field(default=None, description="Burnt off-gas at most, air included; no limit where not given.")
    post_combustion: Fraction = default(
        0.9,
        MEMORY,
        low=0.5,
        high=1.0,
        description="Share of what burns above the bath that burns near it, so that its heat can return; all burns before the gas leaves.",
    )
    heat_return: Fraction = default(0.25, MEMORY, low=0.1, high=0.5, description="Share of the heat of what burns above the bath that returns to it.")
    air_excess: FactorOrZero = default(1.3, MEMORY, low=1.0, high=2.0, description="Air drawn in above the bath over what is needed to burn.")


class Oxygen(Model):
    """Where bought oxygen comes from."""

    source: Name = Field(description="The oxygen plant.")
    limit: NormalFlow | None = Field(default=None, description="Oxygen at most for this furnace; the plant's capacity where not given.")


class Droplets(Model):
    """Metal in the slag: stirred in while blowing, sinking while settling."""

    size: Length = default(0.0003, MEMORY, low=0.0001, high=0.001, description="Median diameter of the metal droplets that settle, by mass.")
    spread: Annotated[float, Quantity("1", ge=1, le=10, example="2")] = default(
        2.0, MEMORY, low=1.0, high=3.0, description="Geometric standard deviation of their diameters; 1 for drops of one size."
    )
    stirred: Fraction = default(0.02, MEMORY, low=0.005, high=0.05, description="Metal droplets in the slag while it is stirred, by mass.")
    area: Area = Field(description="Area of the bath.")
    viscosity: Factor = default(
        1.0,
        "the equation as it is; models and measurements of such slags differ by a factor of 1.5 to 2, " + MEMORY,
        low=0.5,
        high=2.0,
        description="Viscosity of the slag over that of the equation, solids included.",
    )


class Lining(Model):
    """Wear of the lining: after so many batches the furnace is relined."""

    batches: Count = Field(description="Batches of a campaign.")
    relining: Duration = Field(description="How long relining takes.")
    wall_loss: FactorOrZero = default(0.3, MEMORY, low=0.0, high=1.0, description="By how much the wall loss has risen, relatively, at the end of a campaign.")
    needs: Needs = Field(default=(), description="Resources that are held while relining.")
    priority: Priority | None = Field(default=None, description=PRIORITY)


class Control(Model):
    """Temperatures that the operators keep."""

    target: Temperature = Field(description="What burner and electrodes hold.")
    coldest: Temperature = Field(description="Below it nothing is charged or blown that cools.")
    hottest: Temperature = Field(description="Above it nothing is charged or blown that heats.")
    band: Annotated[float, Quantity("1", gt=0)] = default(
        25.0,
        "not critical: the width in K within which charging and blowing are slowed down",
        description="Width in K in which charging and blowing slow down.",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.coldest < self.target < self.hottest:
            refuse("coldest, target and hottest must rise", "target")
        return self


class FurnaceModel(ProcessModel):
    """A batch furnace."""

    works_in_phases: ClassVar[bool] = True

    capacity: Capacity = Field(description="What it holds.")
    heel: Holdings = Field(default=Holdings(), description="What stays in it when it is tapped.")
    initial: InitialBath | None = Field(default=None, description="What it holds at the start; nothing, cold, where not given.")
    temperature: Control = Field(description="Temperatures that are kept.")
    burner: Burner | None = Field(default=None, description="The burner; needed where there are no electrodes and nothing is fumed.")
    electrodes: Electrodes | None = Field(default=None, description="Electrodes in the slag; none where not given.")
    oxygen: Oxygen | None = Field(default=None, description="The oxygen plant that it draws from; needed for more than 21 % oxygen.")
    offgas: OffGas = Field(default=OffGas(), description="Off-gas.")
    walls: Watts = Field(description="Heat through the walls at 1300 °C.")
    freeze_lining: FreezeLining | None = Field(default=None, description="Cooled walls that slag freezes onto, beside 'walls'; none where not given.")
    organics_in_bath: Fraction = default(
        0.2, MEMORY, low=0.05, high=0.5, description="Share of plastics and other organics that reacts in the bath; the rest burns above it."
    )
    fines: Length = default(0.001, MEMORY, low=0.0002, high=0.002, description="Size below which solid feed is fine.")
    dust: Fraction = default(0.01, "0.5 to 2 % of fines, " + MEMORY, low=0.005, high=0.02, description="Share of fine feed that is blown out as dust.")
    fuming: Annotated[float, Quantity("m3/s", ge=0)] = default(
        10.0, MEMORY, low=1.0, high=100.0, description="Mass transfer to the gas, area times coefficient: how far vapours reach saturation."
    )
    fuming_gas: NormalFlow = default(1.0, NOT_USED, description="Gas through the bath at which 'fuming' holds.")
    fuming_growth: Annotated[float, Quantity("1", ge=0, le=2, example="0.8")] = default(
        0.0, NOT_USED, description="Power of the gas by which 'fuming' grows; it is fixed at 0."
    )
    droplets: Droplets = Field(description="Metal droplets in the slag.")
    lining: Lining | None = Field(default=None, description="Wear of the lining; none where not given.")
    phases: tuple[Phase, ...] = Field(min_length=1, max_length=50, description="The recipe: what is done in a batch, in order.")
    step: Duration = default(
        900.0,
        "a step is as short as the tolerance asks; of a hundredth of it products differ by less than 1 %, as a test shows",
        description="Longest time step of the heat and mass balance within a phase.",
    )
    tolerance: Annotated[float, Quantity("1", gt=0, le=1, example="1 %")] = default(
        0.01,
        "chosen so that products are within 1 % of those of a hundredth of the step; a test shows it, with its exceptions",
        description="Relative distance from a straight line that what a step gives may have; it is of second order, so the error is less.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults = Faults()
        if self.burner is None and self.electrodes is None and not any(phase.what == "fume" for phase in self.phases):
            faults.add("a furnace needs a 'burner' or 'electrodes'; only one that fumes is heated by its coal", "burner")
        enriched = self.burner is not None and self.burner.oxygen > AIR_OXYGEN
        for index, phase in enumerate(self.phases):
            model = phase.model
            place: tuple[str | int, ...] = ("phases", index, phase.what)
            if isinstance(model, Charge):
                self._check_charge(model, place, faults)
            if isinstance(model, Working):
                bought = (model.blast is not None and model.blast.oxygen > AIR_OXYGEN) or enriched
                if bought and self.oxygen is None:
                    faults.add(
                        "more than 21 % oxygen needs an 'oxygen' plant",
                        "oxygen" if enriched else "phases",
                        *(() if enriched else place[1:]),
                    )
                for key in ("burner", "electrodes"):
                    if getattr(model, key) is not None and getattr(self, key) is None:
                        faults.add(f"the furnace has no {key}", *place, key)
                if model.coolant is not None and model.coolant.source not in self.from_:
                    faults.add(f"{model.coolant.source!r} must also stand under 'from'", *place, "coolant", "source")
                self._check_stock(model, place, faults)
        if not any(phase.what == "charge" for phase in self.phases) or not any(phase.what == "tap" for phase in self.phases):
            faults.add("a recipe needs a charge and a tap", "phases")
        for key in ("metal", "slag"):
            if getattr(self.heel, key) >= getattr(self.capacity, key):
                faults.add("must be less than the capacity", "heel", key)
        faults.stop_if_any()
        return self

    def _check_stock(self, model: Working, place: tuple[str | int, ...], faults: Faults) -> None:
        source = model.reductant.source if model.reductant is not None else None
        if source is not None and source not in self.from_:
            faults.add(f"{source!r} must also stand under 'from' ({nearest(source, self.from_)})", *place, "reductant", "source")

    def _check_charge(self, model: Charge, place: tuple[str | int, ...], faults: Faults) -> None:
        for name in model.recipe:
            if name not in self.from_:
                faults.add(f"{name!r} must also stand under 'from' ({nearest(name, self.from_)})", *place, "recipe", name)
        if model.flux is not None and model.flux.source not in self.from_:
            faults.add(f"{model.flux.source!r} must also stand under 'from'", *place, "flux", "source")
        if model.blend is not None:
            for key in ("rich", "lean"):
                if getattr(model.blend, key) not in model.recipe:
                    faults.add(f"{getattr(model.blend, key)!r} must also stand in the recipe", *place, "blend", key)
            if model.blend.element not in ELEMENTS:
                faults.add(f"unknown element {model.blend.element!r}", *place, "blend", "element")

    def tap_ports(self) -> tuple[str, ...]:
        """The ports of metals and slags, in the order of the phases."""
        taps = [phase.tap for phase in self.phases if phase.tap is not None]
        metals = [port for tap in taps if tap.metal is not None for port in tap.metal_to]
        slags = [port for tap in taps if tap.slag is not None for port in tap.slag_to]
        return tuple(dict.fromkeys([*metals, *slags]))

    def carriers_used(self) -> Iterator[str]:
        """Yield each energy carrier that the furnace draws."""
        yield "electricity"
        if self.burner is not None:
            yield self.burner.carrier
        for phase in self.phases:
            if isinstance(phase.model, Working) and phase.model.reductant is not None:
                yield phase.model.reductant.carrier

    def utilities(self) -> Iterator[str]:
        """Yield the oxygen plant."""
        if self.oxygen is not None:
            yield self.oxygen.source

    def check(self, vocabulary: Vocabulary) -> Iterator[tuple[Loc, str]]:
        """Yield what is wrong with fuels and initial melts."""
        from twin.materials.carriers import fuel

        for carrier in dict.fromkeys(self.carriers_used()):
            if carrier != "electricity":
                try:
                    fuel(carrier)
                except UsageError as error:
                    yield ("burner", "carrier"), str(error)
        for key in ("metal", "slag"):
            melted = getattr(self.initial, key) if self.initial is not None else None
            if melted is not None:
                for element in melted.assay:
                    if element not in ELEMENTS:
                        yield ("initial", key, "assay", element), f"unknown element {element!r}; known: {', '.join(ELEMENTS)}"
                if sum(melted.assay.values()) > 1 + 1e-6:
                    yield ("initial", key, "assay"), f"the elements must not add up to more than 100 % (got {100 * sum(melted.assay.values()):.6g} %)"


def ports_of(model: FurnaceModel) -> tuple[str, ...]:
    """The ports of a furnace: its metals, its slags, off-gas."""
    return (*model.tap_ports(), "offgas")
