"""A conveyor: residence time between units, first in, first out."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from twin.quantities import Duration, Mass
from twin.scenario.fields import CalendarName, Name, References
from twin.scenario.kind import Kind, UnitModel
from twin.scenario.machine import Power


class Conveyor(UnitModel):
    """A belt that takes a transit time and holds a mass."""

    changeable: ClassVar[frozenset[str]] = frozenset({"power", "capacity", "transit"})

    kind: Literal["conveyor"]
    from_: References = Field(alias="from", description="Ports or feeds that flow onto it.")
    transit: Duration = Field(description="Time from its start to its end.")
    capacity: Mass = Field(description="What it holds.")
    power: Power = Field(default=Power(), description="Electric power.")
    when_blocked: Literal["run_on", "stop", "accumulate"] = Field(
        default="run_on",
        description="What happens when the first lot finds no room at the end: the belt runs on below it and lots close up behind; the whole belt stops, lots "
        "keep their distance and nothing is put on it; or lots close up (`accumulate`) and it draws power only while one of them moves.",
    )
    stops_with: Name | None = Field(
        default=None, description="A machine: the belt stands while the line of it is off shift, in maintenance or down, and lots keep their distance."
    )
    calendar: CalendarName = Field(default=None, description="When it runs; always where not given.")


KIND = Kind(
    name="conveyor",
    model=Conveyor,
    role="conveyor",
    behaviour="twin.units.lines.conveyor:Conveyor",
    summary="Residence time: first in, first out, with a transit time and a capacity.",
)
