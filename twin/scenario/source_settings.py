"""Settings by source: what is set of a line and its belts while it works on one of its bunkers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from twin.errors import UsageError
from twin.quantities import parse, shown
from twin.scenario.kinds.conveyor import Conveyor
from twin.scenario.machine import MachineModel
from twin.scenario.places import Path
from twin.scenario.problems import nearest
from twin.scenario.set_points import Complain, Plant, SetPoint, find_set_point


@dataclass(frozen=True)
class Setting:
    """One value of a set point, SI; of a word 1.0, and the word stands among the point's choices."""

    point: SetPoint
    value: float


SourceSettings = Mapping[str, tuple[Setting, ...]]
"""By the bunker that is worked on."""


def read_settings(plant: Plant, complain: Complain) -> dict[str, SourceSettings]:
    """Return the settings by source of each line that has some, by its head machine; what is wrong with them is noted."""
    found: dict[str, SourceSettings] = {}
    for head, model in plant.models.items():
        if isinstance(model, MachineModel) and model.settings:
            found[head] = {source: tuple(_of(head, source, values, plant, complain)) for source, values in model.settings.items()}
            _check_sources(head, model, complain)
    return found


def _check_sources(head: str, model: MachineModel, complain: Complain) -> None:
    for source in model.settings:
        if source not in model.from_.names:
            complain(("units", head, "settings", source), f"{head!r} does not take from it; {nearest(source, model.from_.names)}")
    first, *others = model.settings.values()
    for source, values in model.settings.items():
        for path in first:
            if path not in values:
                complain(("units", head, "settings", source), f"{path!r} is set for another source and not for this one: each source needs the same paths")
        for path in values:
            if path not in first and others:
                complain(("units", head, "settings", source, path), "is set for this source and not for others: each source needs the same paths")


def _of(head: str, source: str, values: Mapping[str, Any], plant: Plant, complain: Complain) -> Iterator[Setting]:
    for path, written in values.items():
        place: Path = ("units", head, "settings", source, path)
        try:
            point = find_set_point(path, plant)
        except UsageError as error:
            complain(place, str(error))
            continue
        if path in plant.owners:
            complain(place, f"is set by the policy {plant.owners[path]!r} already")
        elif not isinstance(plant.models[point.unit], (MachineModel, Conveyor)):
            complain(place, f"settings are those of machines and belts (got {path!r})")
        elif (setting := _setting(point, written, plant, place, complain)) is not None:
            yield setting


def _setting(point: SetPoint, written: Any, plant: Plant, place: Path, complain: Complain) -> Setting | None:
    """The value, with which the unit must be right."""
    unit, key = cast(Mapping[str, Any], plant.written[point.unit]), point.path.rpartition(".")[2]
    _, wrong = plant.validate(point.unit, {**unit, key: written})
    for _, message in wrong:
        complain(place, message)
        return None
    if not point.si:
        return Setting(replace(point, choices=(str(written),), low=1.0, high=1.0), 1.0)
    try:
        value = parse(written, point.si)
    except UsageError:
        complain(place, f"one number is needed (got {shown(written)})")
        return None
    return Setting(replace(point, low=value, high=value), value)
