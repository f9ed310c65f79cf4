"""Places the units of a plant in layers, recycles apart, with few crossings.

The usual four steps (after Sugiyama and others): the weakest connection of each loop is set aside; each unit comes one layer behind the last one before it;
connections over several layers get a place in each layer between, so that they pass between units; units are ordered by the mean place of their neighbours
and moved towards them. All of it in a fixed order, so that the same plant gives the same picture. Nothing here knows whether layers are columns or rows:
``size`` and ``start`` are measured across the layer.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter

SWEEPS, PASSES = 16, 2
"""How often neighbours order a layer, and later pull it; how often they are then swapped."""
THIN = 2.0
"""Least room for a connection that passes a layer."""


@dataclass(frozen=True)
class Edge:
    """A connection; ``leaves`` and ``enters`` say how far behind the start of its ends it is attached, ``size`` how much room it takes.

    Loops are cut where ``weight`` is least. ``ports``: where it is fixed along its ends, from 0 to 1, as at a machine of a line: where these differ,
    crossings of connections of one unit count.
    """

    source: str
    target: str
    size: float = THIN
    leaves: float = 0.0
    enters: float = 0.0
    weight: float = 0.0
    ports: tuple[float, float] = (0.5, 0.5)


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
    ports_before: list[tuple[float, float]] = field(default_factory=list)
    ports_after: list[tuple[float, float]] = field(default_factory=list)

    def ends(self, forwards: bool) -> list[tuple[float, float]]:
        """(Own port, order of the neighbour with its port) of each connection to the layer before, or behind."""
        near, ports = (self.before, self.ports_before) if forwards else (self.after, self.ports_after)
        return [(own, other.order + there) for (other, _, _), (own, there) in zip(near, ports, strict=True)]


def place(sizes: Mapping[str, float], edges: Sequence[Edge], gap: float, early: Sequence[str] = (), room: float = math.inf) -> Placement:
    """Place units of given sizes, ``gap`` apart at least. Units in ``early`` stand as near to what they feed as they can.

    A finite ``room`` is the most that a layer takes up: of a fuller one, units go into another behind it. What alone is larger stays so.

    >>> places = place({"a": 10, "b": 10, "c": 10}, [Edge("a", "b"), Edge("b", "c"), Edge("c", "b")], gap=5)
    >>> places.layer, sorted(places.back)
    ({'a': 0, 'b': 1, 'c': 2}, [2])
    """
    back = loop_edges(list(sizes), edges)
    layer = _ranks(list(sizes), [edge for k, edge in enumerate(edges) if k not in back], early)
    if room < math.inf:
        layer = _parted(sizes, edges, back, layer, gap, room)
    layers: list[list[_Slot]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    slots = {name: _Slot(size) for name, size in sizes.items()}
    for name, slot in slots.items():
        layers[layer[name]].append(slot)
    passes = {k: _thread(edge, slots, layers, layer) for k, edge in enumerate(edges) if k not in back}
    _order_all(layers)
    _settle(layers, gap, room + gap)
    low = min((slot.start for own in layers for slot in own), default=0.0)
    high = max((slot.start + slot.size for own in layers for slot in own), default=0.0)
    route = [tuple(slot.start - low + slot.size / 2 for slot in passes.get(k, ())) for k in range(len(edges))]
    return Placement(layer, {name: slot.start - low for name, slot in slots.items()}, route, back, high - low)


def layers_of(names: Sequence[str], edges: Sequence[Edge], early: Sequence[str] = ()) -> dict[str, int]:
    """The layer of each unit, without placing them: as :func:`place` has it where the room is not finite."""
    back = loop_edges(names, edges)
    return _ranks(names, [edge for k, edge in enumerate(edges) if k not in back], early)


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


def _parted(sizes: Mapping[str, float], edges: Sequence[Edge], back: frozenset[int], layer: dict[str, int], gap: float, room: float) -> dict[str, int]:
    """Part layers that are fuller than the room, what passes them counted: units go into a new layer behind, and what leads to them then passes.

    First goes who alone makes enough room, of these who is led to by least and leads nowhere; else who makes most.
    """
    ahead = [edge for k, edge in enumerate(edges) if k not in back]
    leads = dict.fromkeys((edge.source for edge in ahead), 1)
    led = dict.fromkeys(sizes, 0.0)
    for edge in ahead:
        led[edge.target] += max(edge.size, THIN) + gap
    rank, k = dict(layer), 0
    while k <= max(rank.values(), default=-1):
        own = [name for name in sizes if rank[name] == k]
        full = sum(sizes[name] + gap for name in own) - gap
        full += sum(max(edge.size, THIN) + gap for edge in ahead if rank[edge.source] < k < rank[edge.target])
        moved = []
        while full > room and len(own) > 1:
            gain = {name: sizes[name] + gap - led[name] for name in own}
            enough = [name for name in own if gain[name] >= full - room]
            name = min(reversed(enough), key=lambda name: (led[name], leads.get(name, 0))) if enough else max(reversed(own), key=lambda name: gain[name])
            if gain[name] <= 0.0:
                break
            own.remove(name)
            moved.append(name)
            full -= gain[name]
        if moved:
            rank = {name: r + 1 if r > k or name in moved else r for name, r in rank.items()}
        k += 1
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
        ports = (edge.ports[0] if k == 0 else 0.5, edge.ports[1] if k == len(chain) - 2 else 0.5)
        chain[k].ports_after.append(ports)
        chain[k + 1].ports_before.append((ports[1], ports[0]))
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
        _swap(layers)
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


def _swap(layers: list[list[_Slot]]) -> None:
    """Swap neighbours as long as it spares crossings."""
    for _ in range(PASSES):
        swapped = False
        for own in layers:
            if _swap_in(own):
                _number([own])
                swapped = True
        if not swapped:
            return


def _swap_in(own: list[_Slot]) -> bool:
    """Swap neighbours of one layer, once along it; the other layers stand still, so that where connections lead is looked up once."""
    ends = [[sorted(there for _, there in slot.ends(way)) for way in (True, False)] for slot in own]
    swapped = False
    for k in range(len(own) - 1):
        gain = sum(_inversions(left, right) - _inversions(right, left) for left, right in zip(ends[k], ends[k + 1], strict=True))
        if gain > 0:
            own[k], own[k + 1], ends[k], ends[k + 1], swapped = own[k + 1], own[k], ends[k + 1], ends[k], True
    return swapped


def _inversions(left: Sequence[float], right: Sequence[float]) -> int:
    """Crossings of connections that lead to ``left`` with those of the one on its right that lead to ``right``; both are sorted."""
    return sum(bisect_left(right, there) for there in left) if right else 0


def _crossings(layers: list[list[_Slot]]) -> int:
    count = 0
    for own in layers:
        lines = sorted((slot.order + port, there) for slot in own for port, there in slot.ends(False))
        seen: list[float] = []  # where lines lead that begin further left; those that begin at one place do not cross
        for _, group in groupby(lines, key=itemgetter(0)):
            heads = [there for _, there in group]
            count += sum(len(seen) - bisect_right(seen, there) for there in heads)
            for there in heads:
                insort(seen, there)
    return count


def _settle(layers: list[list[_Slot]], gap: float, room: float) -> None:
    """Move all towards their neighbours, in their order, ``gap`` apart and within the room."""
    for own in layers:
        start = 0.0
        for slot in own:
            slot.start, start = start, start + slot.size + gap
    for sweep in range(SWEEPS):
        for own in layers if sweep % 2 == 0 else reversed(layers):
            wanted = [_wanted(slot, sweep) for slot in own]
            weights = [sum(_pull(w) for _, _, w in slot.before + slot.after) or 1.0 for slot in own]
            for slot, start in zip(own, spread(wanted, [slot.size + gap for slot in own], weights, room), strict=True):
                slot.start = start


def _pull(width: float) -> float:
    """How hard a connection pulls: by the cube of its width, so that a thick one stays straight and thin ones bend around it."""
    return width**3


def _wanted(slot: _Slot, sweep: int) -> float:
    near = slot.before + slot.after if sweep >= SWEEPS - 2 else (slot.before if sweep % 2 == 0 else slot.after) or slot.before or slot.after
    weight = sum(_pull(w) for _, _, w in near)
    return sum((other.start + shift) * _pull(w) for other, shift, w in near) / weight if near else slot.start


def spread(wanted: Sequence[float], sizes: Sequence[float], weights: Sequence[float] = (), room: float = math.inf) -> list[float]:
    """The starts nearest to ``wanted`` (in least squares, by ``weights``, which are above 0) at which each thing ends before the next begins; order kept.

    Of a finite ``room`` all lie between 0 and it, or begin at 0 where it is too small.

    >>> spread([0, 0, 100], [10, 10, 10])
    [-5.0, 5.0, 100.0]
    >>> spread([0, 0, 100], [10, 10, 10], [3, 1, 1])
    [-2.5, 7.5, 100.0]
    >>> spread([0, 0, 100], [10, 10, 10], room=60)
    [0.0, 10.0, 50.0]
    """
    offsets, offset = [], 0.0
    for size in sizes:
        offsets.append(offset)
        offset += size
    whole = offset
    blocks: list[tuple[float, float, int]] = []  # (mean of where the first is wanted, weight, how many): neighbours that push each other move as one
    for start, offset, weight in zip(wanted, offsets, weights or [1.0] * len(offsets), strict=True):
        mean, heavy, count = float(start - offset), float(weight), 1
        while blocks and blocks[-1][0] > mean:
            other, w, n = blocks.pop()
            mean, heavy, count = (other * w + mean * heavy) / (w + heavy), w + heavy, n + count
        blocks.append((mean, heavy, count))
    last = max(room - whole, 0.0)
    low = 0.0 if room < math.inf else -math.inf
    means = [min(max(mean, low), last) for mean, _, count in blocks for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]
