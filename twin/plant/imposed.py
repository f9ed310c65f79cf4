"""Inputs of a plant that come from outside while it runs: deliveries, pick-ups, stops, parameters. What is not imposed is drawn, as ever."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from twin.errors import UsageError
from twin.plant.build import Built
from twin.quantities import format_quantity
from twin.scenario import Scenario
from twin.scenario.model import TimedEvent
from twin.scenario.places import Plain
from twin.scenario.problems import nearest
from twin.units.control.timetable import Timetable
from twin.units.gates.arrivals import Arrivals
from twin.units.gates.pickups import PickUps
from twin.units.ground.inputs import Input, Listener
from twin.units.lines.breakdown import Breakdown
from twin.units.lines.by_hand import StoppedByHand
from twin.units.lines.outage import WORKING

MOST_REVISIONS = 256
"""So many sets of parameters are kept checked: those of the members of an ensemble, of some 20 kB each. Members learn new ones each day, for months."""
_CHECKED: dict[tuple[str, tuple[tuple[str, str], ...]], tuple[TimedEvent, ...]] = {}
"""What sets of parameters make of a scenario, by its hash: members of an ensemble and the plants that look ahead for them have the same."""


class ImposedInputs:
    """The inputs of one plant. ``names``: what can be imposed: feeds, products with pick-ups, machines (of a plant that is not live: those with failures)."""

    def __init__(self, scenario: Scenario, built: Built) -> None:
        self.scenario = scenario
        units = built.site.units
        self._arrivals = {unit.name: unit for unit in units if isinstance(unit, Arrivals)}
        self._pickups = {unit.product: unit for unit in units if isinstance(unit, PickUps)}
        self._breakdowns: dict[str, list[Breakdown | StoppedByHand]] = {}
        for line in built.lines:
            for outage in line.breakdowns:
                if isinstance(outage, (Breakdown, StoppedByHand)):
                    self._breakdowns.setdefault(outage.machine.name, []).append(outage)
        self._timetable = next((unit for unit in units if isinstance(unit, Timetable)), None)
        if self._timetable is not None:
            self._timetable.events_with = self._events_with

    @property
    def names(self) -> tuple[str, ...]:
        """Feeds, products and machines whose inputs can be imposed."""
        return (*self._arrivals, *self._pickups, *self._breakdowns)

    @property
    def failing(self) -> tuple[str, ...]:
        """The machines that fail by chance."""
        return tuple(name for name, outages in self._breakdowns.items() if isinstance(outages[0], Breakdown))

    def _units(self, names: Iterable[str]) -> list[Arrivals | PickUps | Breakdown | StoppedByHand]:
        found: list[Arrivals | PickUps | Breakdown | StoppedByHand] = []
        for name in names:
            if name not in self.names:
                raise UsageError(
                    f"the inputs of {name[:80]!r} cannot be imposed: it is no feed, no product with pick-ups and no machine that can be stopped; "
                    f"{nearest(name, self.names)}"
                )
            if name in self._breakdowns:
                found += self._breakdowns[name]
            else:
                found.append(self._arrivals[name] if name in self._arrivals else self._pickups[name])
        return found

    def listen(self, listener: Listener) -> None:
        """Tell of each delivery, pick-up, stop and restart as it happens by chance, of what can be imposed."""
        for unit in self._units(self.names):
            if not isinstance(unit, StoppedByHand):
                unit.listener = listener

    def apply(self, happened: Input, now: int) -> None:
        """Let happen what happened elsewhere."""
        if happened.what == "delivery":
            self.deliver(happened.unit, happened.mass, None, now)
        elif happened.what == "pickup":
            self.pick_up(happened.unit, happened.mass, now)
        elif happened.what == "stop":
            self.stop(happened.unit, happened.copy, now)
        else:
            self.restart(happened.unit, happened.copy, now)

    def impose(self, names: Iterable[str], now: int) -> None:
        """Draw nothing of these any more."""
        for unit in self._units(names):
            unit.impose(now)

    def release(self, names: Iterable[str], now: int) -> None:
        """Draw them again, given what has happened and what has not."""
        for unit in self._units(names):
            unit.release(now)

    def deliver(self, feed: str, mass: float, composition: Mapping[str, float] | None, now: int) -> None:
        """A truck comes to a feed."""
        if feed not in self._arrivals:
            raise UsageError(f"no feed {feed[:80]!r}; {nearest(feed, self._arrivals)}")
        _check_mass(mass, f"a delivery to {feed}")
        self._arrivals[feed].deliver(mass, self._composition(feed, composition), now)

    def _composition(self, feed: str, composition: Mapping[str, float] | None) -> dict[str, float] | None:
        if composition is None:
            return None
        known = self.scenario.materials.names
        for material, share in composition.items():
            if material not in known:
                raise UsageError(f"a delivery to {feed}: the scenario has no material {material[:80]!r}; {nearest(material, known)}")
            if not 0.0 <= share <= 1.0:
                raise UsageError(f"a delivery to {feed}: the share of {material} is 0 to 1 (got {share:g})")
        total = sum(composition.values())
        if abs(total - 1.0) > 1e-6:
            raise UsageError(f"a delivery to {feed}: the shares of materials add up to {total:.8g}, they must to 1")
        return dict(composition)

    def pick_up(self, product: str, mass: float, now: int) -> None:
        """A truck comes for a product."""
        if product not in self._pickups:
            raise UsageError(f"no product with pick-ups {product[:80]!r}; {nearest(product, self._pickups)}")
        _check_mass(mass, f"a pick-up of {product}")
        self._pickups[product].pick_up(mass, now)

    def stop(self, machine: str, copy: int, now: int) -> None:
        """A copy of a machine goes down; one that is down already stays so."""
        outage = self._outage(machine, copy)
        if outage.record.phase == WORKING:
            outage.stop(now)

    def restart(self, machine: str, copy: int, now: int) -> None:
        """It works again; one that works goes on."""
        for outage in self._breakdowns[self._outage(machine, copy).machine.name]:
            if outage.copy == copy and outage.record.phase != WORKING:
                outage.restart(now)

    def _outage(self, machine: str, copy: int) -> Breakdown | StoppedByHand:
        """What is imposed of a copy; the first of its kinds of failure."""
        if machine not in self._breakdowns:
            why = "it is no machine, or one without failures in a plant that is not live"
            raise UsageError(f"stops of {machine[:80]!r} cannot be imposed: {why}; {nearest(machine, self._breakdowns)}")
        copies = [outage for outage in self._breakdowns[machine] if outage.copy == copy]
        if not copies:
            raise UsageError(f"{machine} has no copy number {copy}; they are counted from 0")
        if not copies[0].imposed and copies[0].record.phase == WORKING:
            raise UsageError(f"the stops of {machine} are drawn; impose them first, or leave them to chance")
        return copies[0]

    def revise(self, changes: Mapping[str, Plain], now: int) -> None:
        """From now on parameters are these."""
        if self._timetable is None:
            raise UsageError("the parameters of this plant cannot change from outside; make it with twin.Plant(scenario, live=True)")
        self._timetable.revise(changes, now)

    def _events_with(self, changes: Mapping[str, Plain]) -> tuple[TimedEvent, ...]:
        """The events of the scenario after one at its start that makes ``changes``, checked as a scenario is; looked up where it was so before."""
        key = (self.scenario.sha256, tuple((path, repr(value)) for path, value in sorted(changes.items())))
        found = _CHECKED.get(key)
        if found is None:
            found = self.scenario.revisions.events_after(changes) if self.scenario.revisions is not None else None
            found = found or self._checked_whole(changes)
            while len(_CHECKED) >= MOST_REVISIONS:
                del _CHECKED[next(iter(_CHECKED))]
            _CHECKED[key] = found
        return found

    def _checked_whole(self, changes: Mapping[str, Plain]) -> tuple[TimedEvent, ...]:
        """As a scenario that is read is, which says of all that is wrong where it stands."""
        written = self.scenario.merged.get("events") if isinstance(self.scenario.merged, dict) else None
        first: Plain = {"at": "0 s", "set": dict(changes)}
        return tuple(self.scenario.change({"events": [first, *(written if isinstance(written, list) else [])]}).events)


def _check_mass(mass: float, what: str) -> None:
    if not 0.0 < mass < 1e9:
        raise UsageError(f"{what} has a mass above 0 and below {format_quantity(1e9, 'kg')} (got {mass:g} kg)")
