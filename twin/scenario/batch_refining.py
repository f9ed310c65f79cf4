"""The parameters that refineries share which work up batches by fixed shares: how much at once, how long, with what energy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Self

from pydantic import Field, model_validator

from twin.materials import ELEMENTS
from twin.quantities import Duration, Mass, SpecificEnergy
from twin.scenario.fields import Name
from twin.scenario.kind import Model
from twin.scenario.needs import PRIORITY, Needs, Priority
from twin.scenario.problems import Faults, refuse
from twin.scenario.process import ProcessModel


class BatchHeat(Model):
    """Heat, or a fuel, by the mass that is worked up."""

    carrier: Name = Field(description="An energy carrier of the scenario.")
    specific: SpecificEnergy = Field(description="Heat for each kg of a batch.")


class BatchRefiningModel(ProcessModel):
    """A unit that draws batches from bunkers, works on each for a time, and shares its elements out among ports."""

    batch: Mass = Field(description="What is worked up at once; it waits until so much is there.")
    time: Duration = Field(description="How long a batch takes.")
    needs: Needs = Field(default=(), description="Resources that are held meanwhile.")
    priority: Priority | None = Field(default=None, description=PRIORITY)
    heating: BatchHeat | None = Field(default=None, description="Heat by mass of a batch; none where not given.")

    named: ClassVar[tuple[str, ...]] = ()
    """The ports whose shares are keys ``to_PORT``; the last port takes what they leave."""
    rest_port: ClassVar[str] = ""
    phase: ClassVar[str] = "batch"

    def share(self, port: str, element: str) -> float:
        """Return the share of an element that goes to a port; of the last port what the others leave."""
        if port == self.rest_port:
            return max(0.0, 1.0 - sum(self.share(other, element) for other in self.named))
        return float(getattr(getattr(self, f"to_{port}"), element, 0.0))

    def taken_up(self, port: str) -> dict[str, dict[str, float]]:
        """Return what each element takes up from reagents in a port, mol of other elements to a mol; nothing here."""
        return {}

    @model_validator(mode="after")
    def _from_bunkers(self) -> Self:
        faults = Faults()
        for source in self.from_:
            if "." in source:
                refuse(f"a batch is drawn from a bunker: put one between (got {source!r})", "from")
        for element in ELEMENTS:
            total = sum(self.share(port, element) for port in self.named)
            if total > 1.0 + 1e-12:
                port = next(port for port in self.named if self.share(port, element) > 0.0)
                faults.add(f"the ports cannot take more than all {element} (got {100 * total:.6g} %)", f"to_{port}", element)
        faults.stop_if_any()
        return self

    def carriers_used(self) -> Iterator[str]:
        """Yield each energy carrier that the unit draws."""
        yield "electricity"
        if self.heating is not None:
            yield self.heating.carrier
