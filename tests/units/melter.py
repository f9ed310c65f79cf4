"""A stand-in for a furnace: batch after batch it makes a melt and an off-gas out of nothing and waits until both are taken."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from typing import Any, Literal

import numpy as np
import pytest
from pydantic import Field

import twin
from twin.engine.clock import NANOSECONDS, nanoseconds
from twin.engine.deadlock import check_deadlock
from twin.engine.states import STARVED
from twin.engine.unit import Record
from twin.materials import ELEMENTS
from twin.plant.build import build
from twin.quantities import Duration
from twin.scenario import kind
from twin.scenario.kind import Kind
from twin.scenario.process import ProcessModel
from twin.units.ground.assembly import Assembly
from twin.units.melts.process import Process


class MelterModel(ProcessModel):
    """``metal`` and ``offgas``: kg by element in each batch, which takes ``every``; ``batches``: how many there are."""

    kind: Literal["melter"]
    every: Duration
    metal: dict[str, float] = Field(default={})
    offgas: dict[str, float] = Field(default={})
    sensible: float = 0.0
    formation: float = 0.0
    batches: int = 1_000_000


def by_element(masses: dict[str, float]) -> np.ndarray[Any, np.dtype[np.float64]]:
    elements = np.zeros(len(ELEMENTS))
    for name, mass in masses.items():
        elements[ELEMENTS.index(name)] = mass
    return elements


class Melter(Process):
    @classmethod
    def assemble(cls, site: Assembly, name: str, model: MelterModel) -> None:
        site.units.append(cls(site, name, site.next_index(), model))

    def __init__(self, site: Assembly, name: str, index: int, model: MelterModel) -> None:
        super().__init__(site, name, index, Record(until=0), model, ("metal", "offgas"))
        self.model, self.made = model, 0
        for source in model.from_:
            site.bunkers[source].takers.append(self)

    def step(self, now: int) -> bool:
        if self.parcels and not self.deliver(now):
            return False
        if self.made == self.model.batches:
            self.records.stand(STARVED, now)
            self.site.bunkers[self.model.from_[0]].getters.join(self, 1e12)
            check_deadlock(self, now)
            return False
        self.made += 1
        self.record.until = now + nanoseconds(self.model.every)
        flows = {}
        lot = self.genealogy.new(self.name, now) if self.genealogy is not None else 0
        for port in self.ports:
            elements = by_element(getattr(self.model, port))
            if elements.sum() > 0.0:
                self.take_from_outside(elements)
                x = self.melt(elements, self.model.formation, self.model.sensible)
                self.hand_over(port, x, float(sum(elements.tolist())), lot)
                flows[self.site.row(f"{self.name}.{port}")] = x.sum(axis=1)
                if self.genealogy is not None:
                    self.genealogy.edge(lot, 0, x.sum(axis=1))
        self.records.begin(now, self.record.until, flows, self.no_use(), self.no_heat())
        return True

    def save(self) -> dict[str, Any]:
        return {**super().save(), "made": self.made}

    def load(self, state: dict[str, Any]) -> None:
        super().load(state)
        self.made = state["made"]


KIND = Kind("melter", MelterModel, "process", lambda model: ("metal", "offgas"), "melter:Melter")


@pytest.fixture
def melter(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kind ``melter`` is installed."""
    monkeypatch.setitem(kind._entries(), "melter", EntryPoint("melter", "melter:KIND", kind.GROUP))


def plant(units: dict[str, Any], horizon: str = "100 h", **more: Any) -> twin.Scenario:
    """A scenario with a ``furnace`` that melts; ``units`` are the others, or more keys of the furnace."""
    units = dict(units)
    furnace = {"kind": "melter", "from": "yard", "every": "1 h", **units.pop("furnace", {})}
    scrap = {"kind": "bunker", "capacity": "1 t", "initial": {"mass": "1 t", "composition": {"part": "100 %"}}}
    top = {"twin": 1, "name": "melts", "time": {"horizon": horizon}, "materials": {"part": {}}, "record": {"every": "1 h", "genealogy": True}}
    return twin.load({**top, **more, "units": {"yard": scrap, "furnace": furnace, **units}})


def driven(scenario: twin.Scenario, hours: int) -> Iterator[Assembly]:
    """Build a plant and run it hour by hour; yields it after each."""
    site = build(scenario).site
    for unit in site.units:
        if unit.record.until >= 0:
            site.clock.schedule(unit, unit.record.until)
    for hour in range(1, hours + 1):
        site.clock.run(hour * 3600 * NANOSECONDS)
        yield site


def row(result: twin.Result, path: str, axis: str, name: str) -> Any:
    """One column of a series, by the label of its second dimension."""
    return result.array(path)[:, result.array(axis).tolist().index(name)]


def taken(result: twin.Result, stream: str) -> dict[str, float]:
    """Kg by element that a stream carried over the run, what there is."""
    bounds = result.array("time_bounds")
    flow = row(result, "streams/element_flow", "stream", stream)
    masses = (flow * (bounds[:, 1] - bounds[:, 0])[:, None]).sum(axis=0).tolist()
    return {name: mass for name, mass in zip(ELEMENTS, masses, strict=True) if mass}
