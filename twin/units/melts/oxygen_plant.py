"""An oxygen plant: furnaces hold a part of its capacity while they blow, and wait where it is taken."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from twin.engine.clock import NANOSECONDS
from twin.engine.states import RUNNING, STARVED
from twin.engine.unit import NEVER, State, Unit
from twin.engine.waiting import WaitingList
from twin.scenario.kinds.oxygen_plant import OxygenPlant as OxygenPlantModel
from twin.units.ground.assembly import Assembly
from twin.units.melts.process_records import ProcessRecords

TOLERANCE = 1e-9


@dataclass(slots=True)
class PlantRecord:
    """``held``: Nm3/s that each furnace keeps free for itself; ``flows``: Nm3/s that each really draws; ``made``: Nm3 so far; ``since``: ns."""

    until: int = NEVER
    held: dict[str, float] = field(default_factory=dict)
    flows: dict[str, float] = field(default_factory=dict)
    made: float = 0.0
    since: int = 0


class OxygenPlant(Unit):
    """Has no event of its own: furnaces tell it what they draw."""

    @classmethod
    def assemble(cls, site: Assembly, name: str, model: OxygenPlantModel) -> None:
        """Add the plant."""
        site.units.append(cls(site, name, site.next_index(), model))

    def __init__(self, site: Assembly, name: str, index: int, model: OxygenPlantModel) -> None:
        super().__init__(name, index, site.clock, record := PlantRecord())
        self.record: PlantRecord = record
        self.model = model
        self.records = ProcessRecords(site.recorder, name, model.idle)
        self.holders: list[Unit] = []
        self.queue = WaitingList(f"{name}: oxygen", self._enough, lambda: list(self.holders))

    def _enough(self, flow: float) -> bool:
        return sum(self.record.held.values()) + flow <= self.model.capacity * (1.0 + TOLERANCE)

    def free_for(self, unit: Unit, flow: float) -> bool:
        """Whether ``unit`` could hold ``flow`` Nm3/s now."""
        return self.queue.free_for(unit) and self._enough(flow)

    def hold(self, unit: Unit, flow: float) -> None:
        """Keep ``flow`` Nm3/s for ``unit``."""
        self.record.held[unit.name] = flow
        self.holders.append(unit)

    def draw(self, unit: Unit, flow: float, now: int) -> None:
        """``unit`` draws ``flow`` Nm3/s from now on."""
        self._count(now)
        self.record.flows[unit.name] = flow
        self._show(now)

    def power_for(self, unit: Unit) -> float:
        """What making the oxygen that ``unit`` draws takes, W."""
        return self.record.flows.get(unit.name, 0.0) * self.model.specific

    def take(self, volume: float, now: int) -> None:
        """``volume`` Nm3 are drawn at once: what a burner used while its furnace waited, or in a phase that takes no time."""
        self._count(now)
        recorder, energy = self.records.recorder, volume * self.model.specific
        recorder.use[recorder.step(now)][self.records.use_row][self.records.electricity] += energy
        self.records.used[self.records.electricity] += energy
        self._meter(now, now, energy)
        self.record.made += volume

    def release(self, unit: Unit, now: int) -> None:
        """``unit`` is done."""
        self._count(now)
        self.record.flows.pop(unit.name, None)
        if self.record.held.pop(unit.name, None) is not None:
            self.holders.remove(unit)
        self._show(now)
        self.queue.wake_first(now)

    def _show(self, now: int) -> None:
        self.records.stand(RUNNING if self.record.flows else STARVED, now)

    def _count(self, now: int) -> None:
        """Energy of what was drawn since the last look."""
        record, recorder = self.record, self.records.recorder
        flow = sum(record.flows.values())
        for k, part in recorder.cut(record.since, now):
            recorder.use[k][self.records.use_row][self.records.electricity] += flow * self.model.specific * (part / NANOSECONDS)
        made = flow * (now - record.since) / NANOSECONDS
        record.made += made
        self.records.used[self.records.electricity] += made * self.model.specific
        if record.since < now:
            self._meter(record.since, now, made * self.model.specific)
        record.since = now

    def _meter(self, begin: int, end: int, energy: float) -> None:
        use = np.zeros(len(self.records.used))
        use[self.records.electricity] = energy
        self.records.metered(begin, end, use)

    def step(self, now: int) -> bool:
        """Nothing to do by itself."""
        return False

    def settle(self, now: int) -> None:
        self._count(now)
        self.records.settle(now)

    def save(self) -> State:
        saved = super().save()
        record = saved["record"]
        record["held"], record["flows"] = dict(record["held"]), dict(record["flows"])
        queue = {"units": [unit.name for unit in self.queue.units], "wishes": list(self.queue.wishes)}
        return {**saved, "records": self.records.save(), "queue": queue, "holders": [unit.name for unit in self.holders]}

    def load(self, state: State) -> None:
        super().load(state)
        self.record.held, self.record.flows = dict(self.record.held), dict(self.record.flows)
        self.records.load(state["records"])

    def load_lists(self, state: State, units: dict[str, Unit]) -> None:
        """Restore who holds and who waits, by name."""
        self.holders = [units[name] for name in state["holders"]]
        for name, wish in zip(state["queue"]["units"], state["queue"]["wishes"], strict=True):
            self.queue.join(units[name], wish)
