"""From a network and what was measured to unknowns and equations.

Unknowns: ``flow.STREAM``; ``share.STREAM.COMPONENT``, ``share.STREAM.SIZE`` and ``share.STREAM.COMPONENT.SIZE``, the share of a component, of a size class, and
of a component in it; ``level.NODE.opening`` and ``.closing`` (or ``.change``), also ``level.NODE.COMPONENT.opening``; constants. Balances are of mass, of
each component (flow times share) and, where nothing breaks, of each size class and each component in it (flow times share times share).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from twin.errors import UsageError
from twin.fit.reconcile.network import Edge, Network, Node
from twin.fit.reconcile.readings import Measured
from twin.fit.reconcile.system import Equation, System, Term, Variable
from twin.scenario.problems import nearest

MOST_UNKNOWNS = 1200
MOMENTS = ("opening", "closing", "change")
_NUMBER = re.compile(r"\d+(?:\.\d*)?|\.\d+")
FIRST_SHARE = 0.1
"""First guess of a share that was measured nowhere."""


@dataclass(frozen=True)
class Setting:
    """What the data say beside readings: ``sizes`` classes, ``whole`` the components whose shares sum to 1 in each stream, ``relations`` between quantities."""

    sizes: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    relations: tuple[str, ...] = ()
    steady: tuple[str, ...] = ()
    constants: tuple[str, ...] = ()


def canonical(name: str, network: Network, constants: Iterable[str]) -> str:
    """Return the full name of a quantity: ``copper.Cu`` is ``share.copper.Cu`` where ``copper`` is a stream. Raises ``UsageError``.

    >>> from twin.fit.reconcile.network import explicit, read_edge
    >>> plant = explicit([read_edge("scrap", "-> mill"), read_edge("copper", "mill ->")], [], [], "", "")
    >>> [canonical(name, plant, ["tc"]) for name in ("scrap", "copper.Cu", "mill.opening", "tc")]
    ['flow.scrap', 'share.copper.Cu', 'level.mill.opening', 'tc']
    """
    if name in constants:
        return name
    word, _, rest = name.partition(".")
    if word == "level":
        return f"level.{_level(rest, network)}"
    if word in ("flow", "share"):
        stream, part = network.split(rest)
        if word == "share" and not part:
            raise UsageError(f"{name[:80]!r} does not say of what: share.STREAM.COMPONENT, e.g. share.{stream}.Cu")
        return f"{word}.{stream}.{part}" if part else f"{word}.{stream}"
    try:
        stream, part = network.split(name)
    except UsageError:
        if name.rpartition(".")[2] in MOMENTS:
            return f"level.{_level(name, network)}"
        known = [*network.edge, *constants]
        raise UsageError(f"{name[:80]!r} is no stream, no part of one and no constant; {nearest(name, known)}") from None
    return f"share.{stream}.{part}" if part else f"flow.{stream}"


def _level(rest: str, network: Network) -> str:
    words = rest.split(".")
    place = [*words[:-1]] if words[-1] in MOMENTS else words
    node = next((".".join(place[:end]) for end in (len(place), len(place) - 1) if ".".join(place[:end]) in network.node), None)
    if node is None:
        raise UsageError(f"{rest[:80]!r} is no node of the plant; {nearest(rest, network.node)}")
    return rest


@dataclass
class _Builder:
    network: Network
    setting: Setting
    measured: Mapping[str, Sequence[Measured]]
    variables: list[Variable] = field(default_factory=list)
    place: dict[str, int] = field(default_factory=dict)
    equations: list[Equation] = field(default_factory=list)
    instruments: dict[str, str] = field(default_factory=dict)
    """Instrument by the name of the unknown that it measures."""
    si: str = "kg"
    typical: float = 1.0

    def at(self, name: str) -> int:
        """Number of an unknown, which is made where it is new."""
        if name not in self.place:
            self._make(name)
        return self.place[name]

    def _make(self, name: str) -> None:
        own = self.measured.get(name, ())
        share = name.startswith("share.")
        si = "1" if share or name in self.setting.constants else self.si
        guess = self._guess(name) if share else self.typical
        first = own[0] if own else None
        scale = max(abs(first.value), first.deviation, 1e-3 * guess) if first is not None else guess
        value, deviation = (first.value, first.deviation) if first is not None else (guess, math.inf)
        self.place[name] = len(self.variables)
        self.variables.append(Variable(name, value, deviation, scale, si))
        if first is not None:
            self.instruments[name] = first.instrument
        for other in own[1:]:
            extra = Variable(other.instrument, other.value, other.deviation, scale, si)
            self.place[other.instrument] = len(self.variables)
            self.variables.append(extra)
            self.instruments[other.instrument] = other.instrument
            self.equations.append(Equation(f"{other.instrument} = {name}", (Term(1.0, (self.place[name],)), Term(-1.0, (self.place[other.instrument],)))))
        if len(self.variables) > MOST_UNKNOWNS:
            raise UsageError(f"the network has more than {MOST_UNKNOWNS} unknowns: leave out components, or write a smaller network with 'flows'")

    def _guess(self, name: str) -> float:
        """What other streams have."""
        _, part = self.network.split(name.removeprefix("share."))
        if part in self.setting.sizes:
            return 1.0 / len(self.setting.sizes)
        component = part.partition(".")[0]
        alike = [
            row[0].value
            for other, row in self.measured.items()
            if other.startswith("share.") and self.network.split(other.removeprefix("share."))[1].partition(".")[0] == component
        ]
        return max(abs(median(alike)), 1e-9) if alike else FIRST_SHARE

    def add(self, name: str, terms: Sequence[Term], node: str = "") -> None:
        if terms:
            self.equations.append(Equation(name, tuple(terms), node))

    # -- balances ------------------------------------------------------------------------------------------------------------------------

    def mass(self) -> None:
        for node in self.network.nodes:
            terms = [Term(sign, (self.at(f"flow.{edge.name}"),)) for sign, edge in self.network.of(node.name)]
            self.add(f"mass of {node.name}", terms + self.stock(node, ""), node.name)

    def stock(self, node: Node, component: str) -> list[Term]:
        """What the stock of a node takes: less closing, plus opening."""
        key = f"level.{node.name}.{component}" if component else f"level.{node.name}"
        said = [moment for moment in MOMENTS if f"{key}.{moment}" in self.measured]
        if not said and (not node.stock or node.name in self.setting.steady):
            return []
        if not said or said == ["change"]:
            return [Term(-1.0, (self.at(f"{key}.change"),))]
        terms = [Term(1.0, (self.at(f"{key}.opening"),)), Term(-1.0, (self.at(f"{key}.closing"),))]
        if "change" in said:
            self.add(f"change of {key}", [*terms, Term(1.0, (self.at(f"{key}.change"),))])
        return terms

    def component(self, component: str) -> None:
        for node in self.network.nodes:
            terms = [Term(sign, self._content(edge, component)) for sign, edge in self.network.of(node.name) if not edge.bare]
            self.add(f"{component} of {node.name}", terms + self.stock(node, component), f"{node.name} ({component})")

    def _content(self, edge: Edge, *parts: str) -> tuple[int, ...]:
        return (self.at(f"flow.{edge.name}"), *(self.at(f"share.{edge.name}.{part}") for part in parts))

    def size(self, components: Sequence[str]) -> None:
        """Size classes: shares of a stream sum to 1; what does not break conserves each, and each component in it."""
        by_size = [c for c in components if any(f".{c}.{size}" in name for name in self.measured for size in self.setting.sizes)]
        for edge in self.network.edges:
            if edge.bare:
                continue
            shares = [self.at(f"share.{edge.name}.{size}") for size in self.setting.sizes]
            self.add(f"sizes of {edge.name}", [*(Term(1.0, (share,)) for share in shares), Term(-1.0, ())])
            for c in by_size:
                parts = [Term(1.0, (share, self.at(f"share.{edge.name}.{c}.{size}"))) for share, size in zip(shares, self.setting.sizes, strict=True)]
                self.add(f"{c} of {edge.name} by size", [*parts, Term(-1.0, (self.at(f"share.{edge.name}.{c}"),))])
        for node in self.network.nodes:
            if node.breaks or (node.stock and node.name not in self.setting.steady):
                continue
            streams = [(sign, edge) for sign, edge in self.network.of(node.name) if not edge.bare]
            for size in self.setting.sizes:
                self.add(f"{size} of {node.name}", [Term(sign, self._content(edge, size)) for sign, edge in streams], f"{node.name} ({size})")
                for c in by_size:
                    terms = [Term(sign, self._content(edge, size, f"{c}.{size}")) for sign, edge in streams]
                    self.add(f"{c} {size} of {node.name}", terms, f"{node.name} ({c}, {size})")

    def whole(self) -> None:
        for edge in self.network.edges:
            if not edge.bare and self.setting.whole:
                shares = [Term(1.0, (self.at(f"share.{edge.name}.{part}"),)) for part in self.setting.whole]
                self.add(f"components of {edge.name}", [*shares, Term(-1.0, ())])

    def parts_of_flows(self) -> None:
        """Flows of one component that were measured as such."""
        for name in self.measured:
            if name.startswith("flow."):
                stream, part = self.network.split(name.removeprefix("flow."))
                if part:
                    self.add(f"content of {name}", [Term(1.0, self._content(self.network.edge[stream], part)), Term(-1.0, (self.at(name),))])

    def relation(self, text: str) -> None:
        left, equals, right = text.partition("=")
        if not equals or "=" in right:
            raise UsageError(f"a relation is written 'slag = tc * feed' (got {text[:60]!r})")
        self.add(text, [*self._terms(left, 1.0, text), *self._terms(right, -1.0, text)])

    def _terms(self, side: str, sign: float, text: str) -> list[Term]:
        found = []
        for piece in re.findall(r"[+-]?[^+-]+", side.strip()):
            factor, numbers = sign * (-1.0 if piece.startswith("-") else 1.0), []
            for word in piece.lstrip("+-").split("*"):
                if _NUMBER.fullmatch(word.strip()):
                    factor *= float(word)
                else:
                    numbers.append(self.at(canonical(word.strip(), self.network, self.setting.constants)))
            if len(numbers) > 3:
                raise UsageError(f"at most three quantities are multiplied in a relation (got {text[:60]!r})")
            found.append(Term(factor, tuple(numbers)))
        return found


def components_of(measured: Iterable[str], network: Network, setting: Setting) -> list[str]:
    """Return the components that are balanced: those that were measured in a stream or a stock, then the rest of ``whole``."""
    found: dict[str, None] = {}
    for name in measured:
        word, _, rest = name.partition(".")
        if word in ("share", "flow"):
            part = network.split(rest)[1]
            first = part.partition(".")[0]
            if first and first not in setting.sizes:
                found[first] = None
        elif word == "level":
            words = [each for each in rest.split(".") if each not in MOMENTS]
            if ".".join(words) not in network.node:
                found[words[-1]] = None
    return [*sorted(found), *(part for part in setting.whole if part not in found)]


def build(network: Network, measured: Sequence[Measured], setting: Setting, si: str) -> tuple[System, dict[str, str]]:
    """Return the system, and the instrument of each unknown that has one. Raises ``UsageError``.

    ``measured`` has full names (:func:`canonical`); ``si`` is the unit of flows and stocks: kg of a window, kg/s or 1.
    """
    by_name: dict[str, list[Measured]] = {}
    for one in sorted(measured, key=lambda one: (one.quantity, one.instrument != one.quantity, one.instrument)):
        by_name.setdefault(one.quantity, []).append(one)
    flows = [abs(own[0].value) for name, own in by_name.items() if name.startswith("flow.") and own[0].value]
    builder = _Builder(network, setting, by_name, si=si, typical=median(flows) if flows else 1.0)
    builder.mass()
    components = components_of(by_name, network, setting)
    for component in components:
        builder.component(component)
    builder.whole()
    if setting.sizes:
        builder.size(components)
    builder.parts_of_flows()
    for constant in setting.constants:
        builder.at(constant)
    for relation in setting.relations:
        builder.relation(relation)
    unused = [name for name in by_name if name not in builder.place]
    if unused:
        raise UsageError(f"{unused[0]!r} stands in no balance and no relation; a stock needs a node that holds one, a size class must be listed in 'sizes'")
    return System(tuple(builder.variables), tuple(builder.equations)), builder.instruments
