"""Where mass enters the operation at which an act measures it, e.g. sorted plastics an extruder: what the block ``calculation_points`` holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field

from twin.scenario.fields import References, Text
from twin.scenario.kind import Kind, Model, UnitModel
from twin.scenario.problems import Loc, nearest
from twin.scenario.vocabulary import Vocabulary

Stream = Literal["municipal", "packaging", "weee", "elv"]
ACTS: dict[Stream, str] = {
    "municipal": "Decision (EU) 2019/1004",
    "packaging": "Decision 2005/270/EC as amended by (EU) 2019/665",
    "weee": "Decision (EU) 2019/2193",
    "elv": "Decision 2005/293/EC",
}
"""The act that says where the mass of a stream of waste is measured."""
_CARRY = ("feed", "bunker", "conveyor", "product")


class CalculationPoint(Model):
    """Where mass enters a stated operation."""

    at: References = Field(description="What enters it: products, bunkers, feeds or ports whose streams lead there.")
    operation: Text = Field(description="What is done there, e.g. `extrusion`.", min_length=1)
    waste: Stream = Field(description="Of which waste the mass counts; it names the act.")
    targets: tuple[Text, ...] = Field(description="Elements, materials or groups that the operation recycles; all else but moisture is apart.", min_length=1)

    @property
    def act(self) -> str:
        """Return the act by its number.

        >>> CalculationPoint.model_validate({"at": ["bales"], "operation": "extrusion", "waste": "elv", "targets": ["pp"]}).act
        'Decision 2005/293/EC'
        """
        return ACTS[self.waste]


def check_points(points: Mapping[str, CalculationPoint], models: Mapping[str, UnitModel], kinds: Mapping[str, Kind]) -> Iterator[tuple[Loc, str]]:
    """Yield (place, message) of each stream that there is not, or that counts twice. ``models`` and ``kinds`` are by unit."""
    streams = [name for name, model in models.items() if kinds[name].role in _CARRY]
    streams += [f"{name}.{port}" for name, model in models.items() for port in kinds[name].ports(model)]
    taken: dict[tuple[str, str], str] = {}
    for name, point in points.items():
        for place, stream in enumerate(point.at):
            loc: Loc = ("calculation_points", name, "at", place)
            if stream not in streams:
                yield loc, f"unknown stream {stream[:80]!r}: a product, bunker, conveyor, feed or port is needed; {nearest(stream, streams)}"
            for target in point.targets:
                if (other := taken.setdefault((stream, target), name)) != name:
                    yield loc, f"{target} in {stream} counts at {other!r} already"


def unknown_targets(points: Mapping[str, CalculationPoint], words: Vocabulary) -> Iterator[tuple[Loc, str]]:
    """Yield (place, message) of each target that is no element, material or group."""
    for name, point in points.items():
        for place, target in enumerate(point.targets):
            if message := words.unknown_material(target, elements=True):
                yield ("calculation_points", name, "targets", place), message
