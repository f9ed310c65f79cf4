"""What a scenario does that it may not mean: data that end before the run, rows that are left out, shifts that do not come, what `every` counts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from twin.plant.openings import opens_after
from twin.plant.topology import Topology
from twin.quantities import DAY, format_quantity
from twin.scenario.distributions import Distribution
from twin.scenario.fields import EveryCounts, counted_by
from twin.scenario.kinds.feed import Feed, Schedule
from twin.scenario.kinds.product import Product
from twin.scenario.machine import MachineModel
from twin.scenario.model import Scenario
from twin.scenario.stops import StopList

MEANING = {
    "open_time": "counts open time only",
    "open_days": "counts open days, each as 24 h however long it is open",
    "clock": "counts all time; who would come while it is closed comes when it opens",
}
"""What `every` counts, in words."""


def cautions(scenario: Scenario, topology: Topology) -> list[str]:
    """Return what a user should know before trusting a run, one sentence each."""
    found = []
    for name, model in scenario.units.items():
        if isinstance(model, Feed) and model.schedule is not None:
            found += [f"{name}: {text}" for text in _of_schedule(scenario, model, model.schedule)]
        elif isinstance(model, MachineModel):
            found += [f"{name}: {text}" for text in _of_stops(scenario, model.stops)]
    return [*found, *opens_after(scenario, topology.lines)]


def _of_schedule(scenario: Scenario, feed: Feed, schedule: Schedule) -> Iterator[str]:
    times = schedule.times[: feed.limit]
    end = format_quantity(scenario.horizon, "s")
    late = sum(time >= scenario.horizon for time in times)
    if schedule.early:
        yield f"{_rows(schedule.early)} of {schedule.name} {_are(schedule.early)} before the start, {scenario.start.isoformat()}, and left out"
    if late:
        yield f"{_rows(late)} of {schedule.name} {_are(late)} after the end of the run, {end}, and left out"
    elif not times:
        yield f"no row of {schedule.name} is within the run: nothing comes"
    else:
        gaps = [after - before for before, after in pairwise(times)]
        if scenario.horizon - times[-1] > max(gaps, default=DAY):
            last, rest = format_quantity(times[-1], "s"), format_quantity(scenario.horizon - times[-1], "s")
            yield f"the deliveries of {schedule.name} end at {last}, and the run at {end}: in the last {rest} nothing comes, which lowers all means"


def _of_stops(scenario: Scenario, stops: StopList) -> Iterator[str]:
    where = f" of {stops.name}" if stops.name else ""
    if stops.early:
        yield f"{_stops(stops.early)}{where} {_are(stops.early)} over before the start, {scenario.start.isoformat()}, and left out"
    if stops.cut:
        yield f"{_stops(stops.cut)}{where} {_are(stops.cut)} under way at the start, {scenario.start.isoformat()}: what is left of it counts"
    late = sum(stop.begin >= scenario.horizon for stop in stops.stops)
    if late:
        yield f"{_stops(late)}{where} {_are(late)} after the end of the run, {format_quantity(scenario.horizon, 's')}, and left out"


def _stops(count: int) -> str:
    return "1 stop" if count == 1 else f"{count} stops"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def counted(scenario: Scenario) -> dict[str, str]:
    """Return for each feed and pick-up with a calendar what its `every` counts."""
    found = {}
    for name, model in scenario.units.items():
        part = model.pickup if isinstance(model, Product) else model if isinstance(model, Feed) else None
        if part is not None and part.calendar is not None and part.every is not None:
            found[name] = _counted(part.every, part.every_counts, part.calendar)
    return found


def _counted(every: Distribution, counts: EveryCounts | None, calendar: str) -> str:
    return f"every {format_quantity(every.mean, 's')} {MEANING[counted_by(every.mean, counts)]} (calendar {calendar})"
