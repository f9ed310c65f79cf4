"""Which machines form a line, in what order they are evaluated, where every stream leads to; and what is wrong with that.

Works on a scenario alone: nothing of the compiler or the simulator is imported.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from twin.errors import Problem, ScenarioError
from twin.plant.fits import never_fits
from twin.plant.openings import never_open
from twin.plant.rules import wrong_rules
from twin.plant.streams import is_diverted, melt_streams, streams_of
from twin.quantities import format_quantity
from twin.scenario.kinds.bunker import Bunker
from twin.scenario.kinds.conveyor import Conveyor
from twin.scenario.kinds.feed import Feed
from twin.scenario.kinds.product import Product
from twin.scenario.line_rules import rule_keys
from twin.scenario.machine import MachineModel
from twin.scenario.model import Scenario
from twin.scenario.process import ProcessModel

LOT = -1
"""Source of a machine that takes from its line's lot."""


@dataclass(frozen=True)
class LineLayout:
    """A derived line, named after its head machine.

    ``machines`` in order of evaluation; ``sources``, ``blocks`` and ``outlets`` number them (see :class:`twin.units.lines.network.Wiring`).
    ``destinations``: the unit each outlet leads to.
    """

    name: str
    machines: tuple[str, ...]
    sources: tuple[tuple[tuple[int, int], ...], ...]
    blocks: tuple[tuple[int, int, bool], ...]
    outlets: tuple[tuple[int, int], ...]
    destinations: tuple[str, ...]
    bunkers: tuple[str, ...]
    lot: float


@dataclass(frozen=True)
class Topology:
    """``destination``: stream (port, feed or conveyor) -> unit that takes it. ``streams``: all stream names, in order of declaration."""

    lines: tuple[LineLayout, ...]
    destination: dict[str, str]
    streams: tuple[str, ...]

    def line_of(self, machine: str) -> LineLayout:
        """The line a machine belongs to."""
        return self._line_by_machine[machine]

    @cached_property
    def _line_by_machine(self) -> dict[str, LineLayout]:
        return {machine: line for line in self.lines for machine in line.machines}

    @cached_property
    def line_by_head(self) -> dict[str, LineLayout]:
        """Each line by the name of the machine that takes from its bunkers."""
        return {line.name: line for line in self.lines}


def derive(scenario: Scenario) -> Topology:
    """Derive the lines of a scenario; raises :class:`~twin.errors.ScenarioError` with all that is wrong."""
    builder = _Builder(scenario)
    topology = builder.build()
    if builder.problems:
        raise ScenarioError(builder.problems)
    return topology


@dataclass
class _Builder:
    scenario: Scenario
    problems: list[Problem] = field(default_factory=list)
    destination: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        units = self.scenario.units
        self.machines = {name: model for name, model in units.items() if isinstance(model, MachineModel)}
        self.bunkers = {name: model for name, model in units.items() if isinstance(model, Bunker)}
        self.takers: dict[str, list[str]] = {name: [] for name in self.bunkers}
        """By bunker who takes from it."""
        for taker, model in units.items():
            for source in dict.fromkeys(model.from_.names if isinstance(model, MachineModel) else getattr(model, "from_", ())):
                if source in self.takers:
                    self.takers[source].append(taker)

    def wrong(self, path: str, message: str) -> None:
        self.problems.append(self.scenario.problem(path, message))

    def build(self) -> Topology:
        self._connect()
        streams = tuple(stream for name in self.scenario.units for stream in streams_of(self.scenario, name))
        if not self.problems:
            self._check_ends(streams)
            self._check_supply()
        lines = tuple(self._layout(members) for members in self._components()) if not self.problems else ()
        for line in lines:
            if line is not None:
                self._check_line(line)
        for path, message in never_fits(self.scenario, self.destination):
            self.wrong(path, message)
        self._check_melts()
        for path, message in wrong_rules(self.scenario, [line for line in lines if line is not None], self.destination):
            self.wrong(path, message)
        for path, message in never_open(self.scenario, [line for line in lines if line is not None]):
            self.wrong(path, message)
        return Topology(tuple(line for line in lines if line is not None), self.destination, streams)

    # -- connections ---------------------------------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        for name, model in self.scenario.units.items():
            if isinstance(model, Feed):
                continue
            if isinstance(model, MachineModel):
                self._connect_machine(name, model)
            elif isinstance(model, (Bunker, Conveyor, Product)):
                self._connect_other(name, model)
            elif isinstance(model, ProcessModel):
                self._connect_process(name, model)

    def _connect_machine(self, name: str, model: MachineModel) -> None:
        ports = [source for source in model.from_.names if "." in source]
        for source in model.from_.names:
            if source in self.scenario.units and source not in self.bunkers:
                self.wrong(f"units.{name}.from", f"a line takes from bunkers, and {source!r} is a {self.scenario.units[source].kind}; put a bunker between")
        if ports and len(ports) < len(model.from_.names):
            self.wrong(f"units.{name}.from", f"takes from bunkers and from ports ({', '.join(ports)}): name ports of the same line under 'recycle'")
        if ports and model.from_.shares is not None:
            self.wrong(f"units.{name}.from", "shares blend bunkers; ports come as they are")
        for source in ports:
            if is_diverted(self.scenario, source):
                what = "what a full bunker cannot take" if source.partition(".")[0] in self.bunkers else "lots that a product rejects"
                self.wrong(f"units.{name}.from", f"a line takes from bunkers, and {source!r} is {what}; put a bunker between")
            else:
                self._claim(source, name, f"units.{name}.from")
        for source in model.recycle:
            if source.partition(".")[0] not in self.machines:
                self.wrong(f"units.{name}.recycle", f"a port of a machine of the same line is needed (got {source!r})")
            else:
                self._claim(source, name, f"units.{name}.recycle")

    def _connect_other(self, name: str, model: Bunker | Conveyor | Product) -> None:
        path = f"units.{name}.from"
        bunkers = [source for source in model.from_ if source in self.bunkers]
        if isinstance(model, Product):
            if bunkers and len(bunkers) < len(model.from_):
                self.wrong(path, "takes from bunkers and from ports: give the ports a bunker of their own")
            if model.pickup is not None and not bunkers:
                self.wrong(path, "a pick-up takes from a bunker; put one between, or leave out 'pickup'")
            if model.orders and not bunkers:
                self.wrong(path, "orders are loaded from a bunker; put one between, or leave out 'orders'")
        elif bunkers:
            self.wrong(path, f"a {model.kind} cannot take from the bunker {bunkers[0]!r}: a machine or a conveyor's line stands between")
        for source in model.from_:
            if source not in self.bunkers:
                self._claim(source, name, path)
                if isinstance(model, Conveyor) and source.partition(".")[0] in self.bunkers:
                    self.wrong(path, f"what a full bunker cannot take goes to a bunker or a product, not onto a conveyor ({source!r})")

    def _connect_process(self, name: str, model: ProcessModel) -> None:
        path = f"units.{name}.from"
        for source in model.from_:
            unit = source.partition(".")[0]
            if source in self.bunkers:
                continue
            if isinstance(self.scenario.units.get(unit), ProcessModel):
                self._claim(source, name, path)
            else:
                kind = self.scenario.units[unit].kind
                self.wrong(path, f"a {model.kind} takes from bunkers and ports of furnaces, not from a {kind} ({source!r}): put a bunker between")
        for utility in model.utilities():
            if utility not in self.scenario.units or self.scenario.kinds[utility].role != "utility":
                self.wrong(f"units.{name}", f"{utility!r} is no utility such as an oxygen plant")

    def _claim(self, source: str, taker: str, path: str) -> None:
        if source in self.destination and self.destination[source] != taker:
            self.wrong(path, f"{source!r} already leads to {self.destination[source]!r}: a port has one taker, a splitter shares")
        elif isinstance(self.scenario.units.get(source), Product):
            self.wrong(path, f"{source!r} is a product: it leaves the plant")
        else:
            self.destination[source] = taker

    def _check_ends(self, streams: Sequence[str]) -> None:
        for stream in streams:
            unit = stream.partition(".")[0]
            if stream in self.destination or (stream == unit and isinstance(self.scenario.units[unit], (Bunker, Product))):
                continue
            self.wrong(f"units.{unit}", f"{stream!r} leads nowhere: every port must be taken by a unit (a product, if it leaves the plant)")

    def _check_supply(self) -> None:
        """Every unit must be reached from a feed or an initial stock."""
        reached = [n for n, model in self.scenario.units.items() if isinstance(model, Feed) or (isinstance(model, Bunker) and model.initial is not None)]
        seen = dict.fromkeys(reached)
        while reached:
            for name in self._next(reached.pop()):
                if name not in seen:
                    seen[name] = None
                    reached.append(name)
        for name in self.scenario.units:
            if name not in seen and self.scenario.kinds[name].role != "utility":
                self.wrong(f"units.{name}", "nothing ever comes here: no feed and no initial stock leads to it")

    def _next(self, name: str) -> Iterator[str]:
        for stream in streams_of(self.scenario, name):
            if stream in self.destination:
                yield self.destination[stream]
        yield from self.takers.get(name, ())

    # -- lines ---------------------------------------------------------------------------------------------------------------------------

    def _sources(self, name: str) -> list[str]:
        """Ports of machines that a machine takes from."""
        model = self.machines[name]
        return [source for source in (*model.from_.names, *model.recycle) if "." in source]

    def _components(self) -> list[list[str]]:
        """Machines that belong together, in order of declaration."""
        group = {name: name for name in self.machines}

        def root(name: str) -> str:
            while group[name] != name:
                group[name] = group[group[name]]  # halves the way for who asks next
                name = group[name]
            return name

        for name in self.machines:
            for source in self._sources(name):
                a, b = root(name), root(source.partition(".")[0])
                group[b] = a
        members: dict[str, list[str]] = {}
        for name in self.machines:
            members.setdefault(root(name), []).append(name)
        return list(members.values())

    def _layout(self, members: list[str]) -> LineLayout | None:
        heads = [name for name in members if any(source in self.bunkers for source in self.machines[name].from_.names)]
        if len(heads) != 1:
            for name in heads[1:]:
                self.wrong(
                    f"units.{name}.from",
                    f"{name!r} is coupled with {heads[0]!r} without a bunker between, so both are one line, and one machine of a line takes from bunkers; "
                    "a bunker cannot feed in the middle of a line",
                )
            if not heads:
                self.wrong(f"units.{members[0]}", f"the line {', '.join(members)} takes from no bunker")
            return None
        head = heads[0]
        blocks = _order(head, members, {name: [source.partition(".")[0] for source in self._sources(name)] for name in members})
        order = [name for block in blocks for name in block]
        number = {name: i for i, name in enumerate(order)}
        unreached = [name for name in members if name not in number]
        if unreached:
            self.wrong(f"units.{unreached[0]}", f"nothing that {head!r} takes reaches {', '.join(map(repr, unreached))}")
            return None
        sources = tuple(
            tuple(([(LOT, 0)] if name == head else []) + [(number[s.partition(".")[0]], self._port(s)) for s in self._sources(name)]) for name in order
        )
        leaving = [stream for name in members for stream in streams_of(self.scenario, name) if self.destination[stream] not in number]
        numbered = []
        begin = 0
        for block in blocks:
            loops = len(block) > 1 or block[0] in [s.partition(".")[0] for s in self._sources(block[0])]
            numbered.append((begin, begin + len(block), loops))
            begin += len(block)
            self._check_exit(block, loops)
        model = self.machines[head]
        lot = model.lot if model.lot is not None else self.scenario.lot
        if lot is None:
            self.wrong(f"units.{head}", "no 'lot': say how much a line draws at once, here or for the whole scenario, e.g. lot: 200 kg")
            return None
        return LineLayout(
            name=head,
            machines=tuple(order),
            sources=sources,
            blocks=tuple(numbered),
            outlets=tuple((number[stream.partition(".")[0]], self._port(stream)) for stream in leaving),
            destinations=tuple(self.destination[stream] for stream in leaving),
            bunkers=model.from_.names,
            lot=lot,
        )

    def _port(self, stream: str) -> int:
        name, _, port = stream.partition(".")
        return self.scenario.kinds[name].ports(self.machines[name]).index(port)

    def _check_exit(self, block: list[str], loops: bool) -> None:
        """A loop must have a way out, else what enters it circles for ever."""
        within = frozenset(block)
        if loops and all(self.destination[stream] in within for name in block for stream in streams_of(self.scenario, name)):
            self.wrong(f"units.{block[0]}", f"the loop {' -> '.join([*block, block[0]])} has no way out: what enters it circles for ever")

    def _check_line(self, line: LineLayout) -> None:
        models = [self.machines[name] for name in line.machines]
        limited = [model for model in models if not model.unlimited]
        members = ", ".join(line.machines)
        if not limited:
            self.wrong(f"units.{line.name}", f"nothing limits the line {members}: give at least one of its machines a 'rate' or a 'cycle_time'")
        elif all(model.when_down == "bypass" for model in limited):
            self.wrong(f"units.{line.name}", f"nothing limits the line {members} while its limiting machines are bypassed: give one that stops it a 'rate'")
        for key in ("lot", "partial", "blocking", "hold", "take", *rule_keys()):
            for name in line.machines[1:]:
                if key in self.machines[name].model_fields_set:
                    self.wrong(f"units.{name}.{key}", f"{key!r} is for the machine that takes from bunkers, {line.name!r}")
        shares = dict(zip(line.bunkers, self.machines[line.name].from_.shares or (), strict=False))
        for bunker in line.bunkers:
            share = shares.get(bunker, 1.0)
            self._check_capacity(line.name, bunker, share * line.lot, "draws from")
        for unit in dict.fromkeys(line.destinations):
            if isinstance(self.scenario.units[unit], (Bunker, Conveyor)):
                self._check_capacity(line.name, unit, line.lot * self._batches(line), "delivers to")

    def _batches(self, line: LineLayout) -> int:
        """Batches for which there must be room before a lot starts: one for each copy of a machine with a cycle time."""
        if self.machines[line.name].blocking == "after":
            return 1
        return max((self.scenario.copies(name)[1] for name in line.machines if self.machines[name].cycle_time is not None), default=1)

    def _least_capacity(self, unit: str) -> float | None:
        """What a bunker or belt holds at the least, after whatever events and policies change."""
        models = [self.scenario.units[unit], *(event.models[unit] for event in self.scenario.events if unit in event.models)]
        found = [getattr(model, "capacity", None) for model in models]
        found += [point.low for spec in self.scenario.policies.values() for point in spec.sets if point.path == f"units.{unit}.capacity"]
        return min((float(capacity) for capacity in found if capacity is not None), default=None)

    def _check_capacity(self, line: str, unit: str, lot: float, verb: str) -> None:
        capacity = self._least_capacity(unit)
        if capacity is not None and lot > capacity * (1 + 1e-9):
            path = f"units.{line}.lot" if self.machines[line].lot is not None else f"units.{unit}.capacity"
            self.wrong(
                path,
                f"a lot of {format_quantity(lot, 'kg')} that {line!r} {verb} {unit!r} is more than it holds, {format_quantity(capacity, 'kg')}; "
                "use smaller lots or a larger capacity",
            )

    def _check_melts(self) -> None:
        """What has melted is no material any more: no machine can sort it."""
        melts = melt_streams(self.scenario, self.destination)
        for name, model in self.machines.items():
            for source in model.from_.names:
                if source in melts:
                    self.wrong(f"units.{name}.from", f"{source!r} holds what has melted, which no machine splits: it is taken by furnaces and products")


def _order(head: str, members: list[str], sources: dict[str, list[str]]) -> list[list[str]]:
    """Strongly connected groups of machines in order of flow, each in order from where the flow enters (Tarjan's algorithm, without recursion)."""
    followers: dict[str, list[str]] = {name: [] for name in members}
    for name in members:
        for source in sources[name]:
            followers[source].append(name)
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    stacked: set[str] = set()
    groups: list[list[str]] = []
    work: list[tuple[str, int]] = [(head, 0)]
    while work:
        name, k = work.pop()
        if name not in index:
            index[name] = low[name] = len(index)
            stack.append(name)
            stacked.add(name)
        for j in range(k, len(followers[name])):
            after = followers[name][j]
            if after not in index:
                work += [(name, j), (after, 0)]
                break
            if after in stacked:
                low[name] = min(low[name], low[after])
        else:
            if low[name] == index[name]:
                group: list[str] = []
                while not group or group[-1] != name:
                    group.append(stack.pop())
                    stacked.discard(group[-1])
                groups.append(group[::-1])
    return groups[::-1]
