"""Places the units of a plant in layers, recycles apart, with few crossings.

The usual four steps (after Sugiyama and others): the weakest connection of each loop is set aside; each unit comes one layer behind the last one before it;
connections over several layers get a place in each layer between, so that they pass between units; units are ordered by the mean place of their neighbours
and moved towards them. All of it in a fixed order, so that the same plant gives the same picture. Nothing here knows whether layers are columns or rows:
``size`` and ``start`` are measured across the layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

SWEEPS = 16
"""How often neighbours order a layer, and later pull it."""
THIN = 2.0
"""Least room for a connection that passes a layer."""


@dataclass(frozen=True)
class Edge:
    """A connection; ``leaves`` and ``enters`` say how far behind the start of its ends it is attached, ``size`` how much room it takes.

    Loops are cut where ``weight`` is least.
    """

    source: str
    target: str
    size: float = THIN
    leaves: float = 0.0
    enters: float = 0.0
    weight: float = 0.0


@dataclass(frozen=True)
class Placement:
    """``start`` of each unit and its ``layer``; ``route`` of each edge: its middle in each layer between its ends; ``back``: edges that close a loop."""

    layer: dict[str, int]
    start: dict[str, float]
    route: list[tuple[float, ...]]
    back: frozenset[int]
    extent: float


@dataclass(eq=False)
class _Slot:
    """A place in a layer: a unit, or an edge that passes. Neighbours with how much we must start behind them, and a weight."""

    size: float
    start: float = 0.0
    order: int = 0
    before: list[tuple[_Slot, float, float]] = field(default_factory=list)
    after: list[tuple[_Slot, float, float]] = field(default_factory=list)


def place(sizes: Mapping[str, float], edges: Sequence[Edge], gap: float, early: Sequence[str] = ()) -> Placement:
    """Place units of given sizes, ``gap`` apart at least. Units in ``early`` stand as near to what they feed as they can.

    >>> places = place({"a": 10, "b": 10, "c": 10}, [Edge("a", "b"), Edge("b", "c"), Edge("c", "b")], gap=5)
    >>> places.layer, sorted(places.back)
    ({'a': 0, 'b': 1, 'c': 2}, [2])
    """
    back = loop_edges(list(sizes), edges)
    layer = _ranks(list(sizes), [edge for k, edge in enumerate(edges) if k not in back], early)
    layers: list[list[_Slot]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    slots = {name: _Slot(size) for name, size in sizes.items()}
    for name, slot in slots.items():
        layers[layer[name]].append(slot)
    passes = {k: _thread(edge, slots, layers, layer) for k, edge in enumerate(edges) if k not in back}
    _order_all(layers)
    _settle(layers, gap)
    low = min((slot.start for own in layers for slot in own), default=0.0)
    high = max((slot.start + slot.size for own in layers for slot in own), default=0.0)
    route = [tuple(slot.start - low + slot.size / 2 for slot in passes.get(k, ())) for k in range(len(edges))]
    return Placement(layer, {name: slot.start - low for name, slot in slots.items()}, route, back, high - low)


def loop_edges(names: Sequence[str], edges: Sequence[Edge]) -> frozenset[int]:
    """The edges without which there is no loop: each in turn, the heaviest first, is kept unless it closes one."""
    after: dict[str, list[str]] = {name: [] for name in names}
    back = []
    for k in sorted(range(len(edges)), key=lambda k: (-edges[k].weight, k)):
        edge = edges[k]
        if _reaches(after, edge.target, edge.source):
            back.append(k)
        else:
            after[edge.source].append(edge.target)
    return frozenset(back)


def _reaches(after: Mapping[str, Sequence[str]], start: str, end: str) -> bool:
    seen, stack = {start: True}, [start]
    while stack:
        name = stack.pop()
        if name == end:
            return True
        for other in after[name]:
            if other not in seen:
                seen[other] = True
                stack.append(other)
    return False


def _ranks(names: Sequence[str], edges: Sequence[Edge], early: Sequence[str]) -> dict[str, int]:
    rank = dict.fromkeys(names, 0)
    for _ in names:  # the longest way from a start; settles after as many rounds as the plant is deep
        moved = False
        for edge in edges:
            if rank[edge.target] <= rank[edge.source]:
                rank[edge.target], moved = rank[edge.source] + 1, True
        if not moved:
            break
    for _ in early:
        for name in early:
            following = [rank[edge.target] for edge in edges if edge.source == name]
            if following:
                rank[name] = max(rank[name], min(following) - 1)
    return rank


def _thread(edge: Edge, slots: dict[str, _Slot], layers: list[list[_Slot]], layer: Mapping[str, int]) -> list[_Slot]:
    """Give an edge a place in each layer that it passes, and tell neighbours of each other."""
    passed = [_Slot(max(edge.size, THIN)) for _ in range(layer[edge.source] + 1, layer[edge.target])]
    for k, slot in enumerate(passed):
        layers[layer[edge.source] + 1 + k].append(slot)
    chain = [slots[edge.source], *passed, slots[edge.target]]
    for k in range(len(chain) - 1):
        leaves = edge.leaves if k == 0 else chain[k].size / 2
        enters = edge.enters if k == len(chain) - 2 else chain[k + 1].size / 2
        weight = max(edge.size, THIN) * (1.0 if len(chain) == 2 else 2.0)  # long ones are kept straight
        chain[k].after.append((chain[k + 1], enters - leaves, weight))
        chain[k + 1].before.append((chain[k], leaves - enters, weight))
    return passed


def _order_all(layers: list[list[_Slot]]) -> None:
    """Order all layers; of the orders tried, the one with the fewest crossings is kept."""
    _number(layers)
    best, least = [list(own) for own in layers], _crossings(layers)
    for sweep in range(SWEEPS):
        forwards = sweep % 2 == 0
        for own in layers if forwards else reversed(layers):
            keys = {id(slot): _mean_order(slot, forwards, len(own)) for slot in own}
            own.sort(key=lambda slot: keys[id(slot)])
            _number([own])
        if (found := _crossings(layers)) < least:
            best, least = [list(own) for own in layers], found
    layers[:] = best
    _number(layers)


def _number(layers: list[list[_Slot]]) -> None:
    for own in layers:
        for k, slot in enumerate(own):
            slot.order, slot.start = k, (k + 0.5) / len(own)


def _mean_order(slot: _Slot, forwards: bool, count: int) -> float:
    """Where its neighbours stand, from 0 to 1; what has none there keeps its place."""
    near = slot.before if forwards else slot.after
    weight = sum(w for _, _, w in near)
    return sum(other.start * w for other, _, w in near) / weight if near else (slot.order + 0.5) / count


def _crossings(layers: list[list[_Slot]]) -> int:
    count = 0
    for own in layers:
        lines = sorted((slot.order, other.order) for slot in own for other, _, _ in slot.after)
        count += sum(lines[j][1] < lines[i][1] for i in range(len(lines)) for j in range(i + 1, len(lines)) if lines[j][0] > lines[i][0])
    return count


def _settle(layers: list[list[_Slot]], gap: float) -> None:
    """Move all towards their neighbours, in their order and ``gap`` apart."""
    for own in layers:
        start = 0.0
        for slot in own:
            slot.start, start = start, start + slot.size + gap
    for sweep in range(SWEEPS):
        for own in layers if sweep % 2 == 0 else reversed(layers):
            wanted = [_wanted(slot, sweep) for slot in own]
            for slot, start in zip(own, spread(wanted, [slot.size + gap for slot in own]), strict=True):
                slot.start = start


def _wanted(slot: _Slot, sweep: int) -> float:
    near = slot.before + slot.after if sweep >= SWEEPS - 2 else (slot.before if sweep % 2 == 0 else slot.after) or slot.before or slot.after
    weight = sum(w for _, _, w in near)
    return sum((other.start + shift) * w for other, shift, w in near) / weight if near else slot.start


def spread(wanted: Sequence[float], sizes: Sequence[float]) -> list[float]:
    """The starts nearest to ``wanted`` (in least squares) at which each thing ends before the next begins; order kept.

    >>> spread([0, 0, 100], [10, 10, 10])
    [-5.0, 5.0, 100.0]
    """
    offsets, offset = [], 0.0
    for size in sizes:
        offsets.append(offset)
        offset += size
    blocks: list[tuple[float, int]] = []  # (mean of where the first is wanted, how many): neighbours that push each other move as one
    for start, offset in zip(wanted, offsets, strict=True):
        mean, count = float(start - offset), 1
        while blocks and blocks[-1][0] > mean:
            other, n = blocks.pop()
            mean, count = (other * n + mean * count) / (n + count), n + count
        blocks.append((mean, count))
    means = [mean for mean, count in blocks for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]
