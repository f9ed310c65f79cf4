"""The base of all units in which material becomes melt: what they draw, deliver, hold, and take from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from twin.engine.bunker import Bunker
from twin.engine.calendars import FAR
from twin.engine.deadlock import check_deadlock
from twin.engine.needs import Needs, seize
from twin.engine.states import BLOCKED, WAITING
from twin.engine.unit import RecordLike, State, Unit
from twin.engine.waiting import lacking
from twin.kernels.heaps import add_materials
from twin.materials import ELEMENTS
from twin.scenario.process import ProcessModel
from twin.units.ground.assembly import Assembly
from twin.units.ground.components import TRACED
from twin.units.ground.decider import Decider
from twin.units.ground.outlet import Receiver
from twin.units.ground.power_share import PowerShare
from twin.units.ground.supply_share import Supply, SupplyShare
from twin.units.melts.process_records import ProcessRecords

Floats = NDArray[np.float64]


class Parcel:
    """A melt that waits at a port to be delivered: ``x`` (component, size), ``mass`` kg in all, ``left`` kg of it, and its number as a lot."""

    __slots__ = ("left", "lot", "mass", "x")

    def __init__(self, x: Floats, mass: float, lot: int, left: float | None = None) -> None:
        self.x, self.mass, self.lot = x, mass, lot
        self.left = mass if left is None else left

    def save(self) -> State:
        """As plain data."""
        return {"x": self.x.copy(), "mass": self.mass, "lot": self.lot, "left": self.left}

    @classmethod
    def loaded(cls, state: State) -> Parcel:
        """A saved parcel."""
        return cls(state["x"].copy(), state["mass"], state["lot"], state["left"])


class Process(Unit):
    """A step function like every unit; what it holds is weighed by :meth:`weigh`.

    Accounts, by component (component,), kg: ``inflow``, the elements that it took from outside (air, oxygen, fuel, acid), and ``converted``, what it made of
    each component less what it used up. A subclass adds to both when it takes something in, and names in ``WARNINGS`` the ranges that it can leave.
    """

    WARNINGS: ClassVar[tuple[str, ...]] = ()

    def __init__(self, site: Assembly, name: str, index: int, record: RecordLike, model: ProcessModel, ports: Sequence[str]) -> None:
        super().__init__(name, index, site.clock, record)
        self.deciders: list[Decider] = []
        self.limit: PowerShare | None = None
        """The limit of a cluster's power that it is under, if there is one."""
        self.supplies: dict[Supply, SupplyShare] = {}
        """Tanks of what it uses: of carriers, and of its oxygen plant; empty where all is drawn without limit."""
        self.site, self.components = site, site.components
        self.recorder, self.genealogy = site.recorder, site.genealogy
        self.records = ProcessRecords(site.recorder, name, model.power.idle)
        self.ports = tuple(ports)
        self.inflow, self.converted = np.zeros(site.shape[0]), np.zeros(site.shape[0])
        self.outlets: dict[str, Receiver] = {}
        self.parcels: dict[str, Parcel] = {}
        self.warned: dict[str, int] = {}
        self.part = np.zeros(site.shape)

    @property
    def electricity(self) -> int:
        """The column of electricity among the carriers."""
        return self.records.electricity

    def no_use(self) -> Floats:
        """Energy by carrier, all zero."""
        return np.zeros(len(self.recorder.axes.carriers))

    def no_heat(self) -> Floats:
        """Waste heat by level, all zero."""
        return np.zeros(len(self.recorder.axes.levels))

    def connect(self, site: Assembly) -> None:
        """Find where each port leads to; lets the deadlock report know who fills it."""
        self.outlets = {port: site.receiver_of(f"{self.name}.{port}") for port in self.ports}
        for receiver in dict.fromkeys(self.outlets.values()):
            receiver.fillers.append(self)

    # -- power --------------------------------------------------------------------------------------------------------------------------------

    def power_wanted(self) -> float:
        """What its present work may draw above idle, W; 0 for who draws what it draws in no time."""
        return 0.0

    def power_kept(self) -> float:
        """What is kept for it at all times beside its idle power, W."""
        return 0.0

    def untold_since(self) -> int:
        """Since when it may have drawn what is kept for it and has not told, ns; of most, never."""
        return FAR

    def supply_wanted(self, what: Supply) -> float:
        """What its present work may use of a carrier, J, or of the oxygen of a plant, Nm3; 0 for who needs none."""
        return 0.0

    def has_all_else(self) -> bool:
        """Whether it has all that its present work needs but power and what tanks hold."""
        return True

    def asked_shares(self) -> list[PowerShare | SupplyShare]:
        """Power, where that is limited, and tanks, of which its present work needs some."""
        if self.limit is None and not self.supplies:  # nearly always
            return []
        limit = [self.limit] if self.limit is not None and self.power_wanted() > 0.0 else []
        return [*limit, *(tank for what, tank in self.supplies.items() if self.supply_wanted(what) > 0.0)]

    def lacks_only(self, share: PowerShare | SupplyShare) -> bool:
        """Whether it has all else that its present work needs: only then others wait for it to get its share first."""
        return self.has_all_else() and all(other.covers(self) for other in self.asked_shares() if other is not share)

    def needing(self, needs: Needs) -> Needs:
        """``needs``, and power and what tanks hold where that is limited and the present work uses some."""
        shares = self.asked_shares()
        return Needs([*needs.choices, *([share] for share in shares)], needs.rank) if shares else needs

    def has_power(self, now: int) -> bool:
        """Take the power that the present work needs, or wait for it."""
        needs = self.needing(Needs())
        if not needs or seize(self, needs, now):
            return True
        self.takes_any = False
        self.records.stand(WAITING, now, lacking(self))
        check_deadlock(self, now)
        return False

    def give_power_back(self, now: int) -> None:
        """What :meth:`has_power` took, if it took any."""
        if self.limit is not None:
            self.limit.release(self, now)

    # -- materials and melts ----------------------------------------------------------------------------------------------------------------

    def melt(self, elements: Floats, formation: float = 0.0, sensible: float = 0.0, carbon: Floats | None = None) -> Floats:
        """The matrix (component, size) of a melt with masses by ``elements`` (element,), kg, enthalpies in J, and its ``carbon`` by origin (traced,), kg."""
        x = np.zeros(self.site.shape)
        components = self.components
        x[components.melt : components.melt + len(ELEMENTS), 0] = elements
        x[components.formation, 0], x[components.sensible, 0] = formation, sensible
        if carbon is not None:
            x[components.carbon : components.carbon + len(TRACED), 0] = carbon
        return x

    def draw(self, bunker: Bunker, amount: float, lot: int, now: int) -> Floats:
        """Take ``amount`` kg (or all, where less lies there by rounding) from a bunker, as components (component,), kg; recorded as the bunker's outflow.

        ``part`` (component, size) then holds it by size.
        """
        bunker.draw(float(amount), self.part, lot, now)
        rows = np.zeros(self.site.shape[0])
        add_materials(rows, self.part, 1.0)
        if bunker.name in self.site.scenario.units:
            k, row = self.recorder.step(now), self.site.row(bunker.name)
            self.recorder.mass[k][row] += rows
            self.recorder.size[k][row] += self.part[: self.components.solid].sum(axis=0)
        return rows

    def convert(self, rows: Floats, carbon: Floats | None = None) -> Floats:
        """What was drawn becomes elements (element,), kg: the account of what is used up and made. ``carbon`` (traced,): what is known of its origin."""
        elements = self.components.elements_of(rows)
        self.converted -= rows
        self.converted[self.components.melt : self.components.melt + len(ELEMENTS)] += elements
        if carbon is not None:
            self.converted[self.components.carbon : self.components.carbon + len(TRACED)] += carbon
        return elements

    def take_from_outside(self, elements: Floats, carrier: float = 0.0) -> None:
        """Elements (element,), kg, that came as air, oxygen, fuel or acid; ``carrier``: kg of their carbon that is of a bought fuel."""
        self.inflow[self.components.melt : self.components.melt + len(ELEMENTS)] += elements
        self.inflow[self.components.carbon + TRACED.index("carrier")] += carrier

    # -- delivery ---------------------------------------------------------------------------------------------------------------------------

    def hand_over(self, port: str, x: Floats, mass: float, lot: int) -> None:
        """Lay a melt ready at a port; :meth:`deliver` moves it."""
        if mass > 0.0:
            self.parcels[port] = Parcel(x, mass, lot)

    def deliver(self, now: int) -> bool:
        """Move what lies ready as far as there is room, port by port; returns whether all is gone, else waits as ``blocked``."""
        for port in list(self.parcels):
            parcel, receiver = self.parcels[port], self.outlets[port]
            if not receiver.putters.free_for(self):
                continue
            room = receiver.room()
            part = parcel.left if parcel.left <= room + receiver.tolerance else room
            if part > 0.0:
                parcel.left = parcel.left - part if part < parcel.left else 0.0
                receiver.put(parcel.x, part / parcel.mass, part, parcel.lot, now)
            if parcel.left <= 0.0:
                del self.parcels[port]
                self._leave(receiver, now)
        if not self.parcels:
            return True
        self.takes_any = True
        for port in self.parcels:
            self.outlets[port].putters.join(self, 0.0)
        self.records.stand(BLOCKED, now, lacking(self))
        check_deadlock(self, now)
        return False

    def _leave(self, receiver: Receiver, now: int) -> None:
        """Give up the place before a receiver that is served; whoever is next may look."""
        putters = receiver.putters
        if putters in self.waiting and not any(self.outlets[port] is receiver for port in self.parcels):
            self.waiting.remove(putters)
            putters.remove(self)
            putters.wake_first(now)

    # -- accounts ---------------------------------------------------------------------------------------------------------------------------

    def weigh(self, total: Floats) -> None:
        """Add what the unit holds to ``total`` (component,); a subclass adds its own content."""
        for parcel in self.parcels.values():
            add_materials(total, parcel.x, parcel.left / parcel.mass)

    def warn(self, what: str, count: int = 1) -> None:
        """Count that a valid range was left."""
        if count:
            self.warned[what] = self.warned.get(what, 0) + count

    def settle(self, now: int) -> None:
        self.records.settle(now)

    def save(self) -> State:
        return {
            **super().save(),
            "takes_any": self.takes_any,
            "records": self.records.save(),
            "inflow": self.inflow.copy(),
            "converted": self.converted.copy(),
            "parcels": {port: parcel.save() for port, parcel in self.parcels.items()},
            "warned": dict(self.warned),
        }

    def load(self, state: State) -> None:
        super().load(state)
        self.takes_any = state["takes_any"]
        self.records.load(state["records"])
        self.inflow[:], self.converted[:] = state["inflow"], state["converted"]
        self.parcels = {port: Parcel.loaded(saved) for port, saved in state["parcels"].items()}
        self.warned = dict(state["warned"])


def batch_row(unit: str, phase: str, begin: int, end: int, **columns: Any) -> dict[str, Any]:
    """A row of the batch table; times in ns. What is not given is NaN or empty in the file."""
    return {"batch_unit": unit, "phase": phase, "phase_start": begin, "phase_end": end, **columns}
