"""The network of a plant: nodes, at which mass is conserved, and the streams between them; written out, or taken from a scenario."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from twin.errors import UsageError
from twin.plant.streams import streams_of
from twin.plant.topology import derive
from twin.scenario.machine import MachineModel
from twin.scenario.model import Scenario
from twin.scenario.problems import nearest
from twin.scenario.process import ProcessModel

BREAKING = ("shredder", "hammer_mill", "granulator", "baler", "bag_opener")
"""Kinds of machine that change sizes."""
GASLESS = ("casting_wheel", "slag_granulation")
"""Processes that take nothing but their streams."""
OUTSIDE = ""


@dataclass(frozen=True)
class Edge:
    """A stream; ``source`` or ``target`` is :data:`OUTSIDE` where it enters or leaves the plant."""

    name: str
    source: str
    target: str
    bare: bool = False
    """Whether it carries none of the components: air and gas."""


@dataclass(frozen=True)
class Node:
    """A place at which mass is conserved. ``stock``: it holds some; ``breaks``: sizes change in it; ``role`` as in scenarios."""

    name: str
    stock: bool = False
    breaks: bool = False
    role: str = "machine"


@dataclass(frozen=True)
class Network:
    """Nodes and streams, in order of declaration; ``digest`` is the SHA-256 of what they were read from."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    name: str = ""
    digest: str = ""

    @cached_property
    def edge(self) -> dict[str, Edge]:
        """Streams by name."""
        return {edge.name: edge for edge in self.edges}

    @cached_property
    def node(self) -> dict[str, Node]:
        """Nodes by name."""
        return {node.name: node for node in self.nodes}

    def of(self, node: str) -> list[tuple[float, Edge]]:
        """Return the streams of a node: 1 for what comes in, -1 for what goes out."""
        return [(sign, edge) for edge in self.edges for sign, end in ((1.0, edge.target), (-1.0, edge.source)) if end == node]

    def split(self, rest: str) -> tuple[str, str]:
        """Return the longest stream that the words begin with, and what follows it. Raises ``UsageError`` where none does."""
        words = rest.split(".")
        for end in range(len(words), 0, -1):
            if ".".join(words[:end]) in self.edge:
                return ".".join(words[:end]), ".".join(words[end:])
        raise UsageError(f"no stream of the plant begins {rest[:80]!r}; {nearest(rest, self.edge)}")


def read_edge(name: str, text: object) -> Edge:
    """Return the stream that is written ``a -> b``, with nothing before or after the arrow for outside. Raises ``UsageError``.

    >>> read_edge("dust", "mill ->")
    Edge(name='dust', source='mill', target='', bare=False)
    """
    parts = text.split("->") if isinstance(text, str) else []
    if len(parts) != 2 or parts[0].strip() == parts[1].strip():
        raise UsageError(f"a stream is written 'mill -> screen', '-> mill' from outside or 'mill ->' to it (got {str(text)[:60]!r})")
    return Edge(name, parts[0].strip(), parts[1].strip())


def explicit(flows: Iterable[Edge], stocks: Iterable[str], breaking: Iterable[str], name: str, digest: str) -> Network:
    """Return a network that is written out: the nodes are what its streams name."""
    edges = tuple(flows)
    stocks, breaking = tuple(stocks), tuple(breaking)
    names = dict.fromkeys(end for edge in edges for end in (edge.source, edge.target) if end)
    return Network(tuple(Node(node, node in stocks, node in breaking, "bunker" if node in stocks else "machine") for node in names), edges, name, digest)


def of_scenario(scenario: Scenario, by_line: bool = False) -> Network:
    """Return the network of a scenario: every unit is a node, its ports are streams by the names they have in results.

    A feed's stream comes from outside, a product's own name is the stream that leaves. Where several units take from a bunker, what each takes is named
    ``BUNKER.UNIT``, and the bunker's name is the sum. Bunkers and furnaces hold stock; what lies on a belt is left out of account. Furnaces and their like
    also take ``UNIT.air_and_gas``, a stream that is not measured and carries no assayed element, as air, oxygen and what burns are no streams of a plant.
    ``by_line``: machines that are coupled without a bunker between are one node, named after their head; streams between them are none.
    """
    topology = derive(scenario)
    nodes, edges = [], []
    for name, model in scenario.units.items():
        role = scenario.kinds[name].role
        if role == "utility":
            continue
        if role != "feed":
            nodes.append(Node(name, role == "bunker" or _works_in_phases(model), model.kind in BREAKING, role))
        if isinstance(model, ProcessModel) and model.kind not in GASLESS:
            edges.append(Edge(f"{name}.air_and_gas", OUTSIDE, name, bare=True))
        for stream in streams_of(scenario, name):
            if role == "bunker" and stream == name:
                taken, more = _taken(scenario, name)
                edges += taken
                nodes += more
            else:
                target = topology.destination.get(stream, OUTSIDE)
                edges.append(Edge(stream, OUTSIDE if role == "feed" else name, target))
    network = Network(tuple(nodes), tuple(edges), scenario.name, scenario.sha256)
    groups = {machine: line.name for line in topology.lines for machine in line.machines}
    return _merged(network, groups) if by_line else network


def _merged(network: Network, groups: Mapping[str, str]) -> Network:
    """The network with the nodes of a group as one."""
    breaking = {groups.get(node.name, node.name) for node in network.nodes if node.breaks}
    nodes = [replace(node, breaks=node.name in breaking) for node in network.nodes if groups.get(node.name, node.name) == node.name]
    moved = [replace(edge, source=groups.get(edge.source, edge.source), target=groups.get(edge.target, edge.target)) for edge in network.edges]
    return replace(network, nodes=tuple(nodes), edges=tuple(edge for edge in moved if edge.source != edge.target))


def _works_in_phases(model: object) -> bool:
    return isinstance(model, ProcessModel) and model.works_in_phases


def _taken(scenario: Scenario, bunker: str) -> tuple[list[Edge], list[Node]]:
    takers = []
    for name, model in scenario.units.items():
        sources = model.from_.names if isinstance(model, MachineModel) else getattr(model, "from_", ())
        if bunker in sources:
            takers.append(name)
    if len(takers) < 2:
        return [Edge(bunker, bunker, takers[0] if takers else OUTSIDE)], []
    gate = f"{bunker}:out"
    return [Edge(bunker, bunker, gate), *(Edge(f"{bunker}.{taker}", gate, taker) for taker in takers)], [Node(gate, role="splitter")]


def check_names(known: Mapping[str, object], names: Iterable[str], what: str) -> None:
    """Raise ``UsageError`` for a name that is not known."""
    for name in names:
        if name not in known:
            raise UsageError(f"{name[:80]!r} is no {what} of the plant; {nearest(name, known)}")
