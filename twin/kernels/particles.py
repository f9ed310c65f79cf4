"""Particle mode: the partition of a sensor sorter or an eddy-current separator out of pieces that lie on its belt one by one.

The closed forms of :mod:`twin.kernels.sensor_sorter` and :mod:`twin.kernels.eddy_current` reckon with averages: the occupation of the belt, the share of it
that open valves cover. Here pieces are drawn at random and placed; each lies under those that happen to lie on it, and flies along in the
windows that happen to be open. It is for research on overlap, crowding and misalignment, not for the runs of a plant.

Random numbers are counted (:mod:`twin.kernels.philox`): by seed, stretch of belt and piece. What is added up are integers. So the same seed gives
the same decision for every piece, and the same result, for any number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import UsageError
from twin.kernels.belt_load import load_nodes
from twin.kernels.compile import Floats, Properties, Sizes
from twin.kernels.eddy_current import landings
from twin.kernels.particle_belt import Ints, sort_stretches, throw_stretches
from twin.kernels.sensing import free_water, moisture_loss, responses, seen_share
from twin.kernels.sensor_sorter import errors

STRETCH = 2048
"""Pieces on a stretch of belt, on average: few enough for the processor's cache, many against those at its ends, which only act on others."""
FARTHEST = 6.8
"""No noise is larger, in standard deviations: Box and Muller's radius of the smallest uniform number, 2^-33, is 6.77."""
MOST_ON_A_STRETCH = 1_000_000
_APART = 1 << 40
"""Between the seeds of the loads of an uneven belt: farther than users number theirs."""


@dataclass(frozen=True)
class Sampled:
    """A partition that was sampled.

    ``share`` (port, material, size) of the pieces, and so of the mass, that leaves by each port; ``error``, its standard error, from how it differs
    between stretches of belt; ``pieces`` (material, size) that were counted. A cell without pieces has NaN.
    """

    share: Floats
    error: Floats
    pieces: NDArray[np.int64]


def sensor_partition(
    values: Mapping[str, Any], properties: Properties, sizes: Sizes, at: Floats, *, pieces: int = 200_000, seed: int = 0, threads: int = 1
) -> Sampled:
    """Return the partition (eject, pass; or eject, eject_2, pass) of a sensor sorter at the stream ``at`` (material, size), kg/s, from about ``pieces`` pieces.

    ``values``, ``properties`` and ``sizes`` are those of :data:`twin.kernels.sensor_sorter.SENSOR_SORTER`. A piece is hidden if another that lies on it
    covers its centre; of ``overlap`` only 0 counts: then none hides another. A window opens the valves that the piece seems to touch, at the time
    at which it seems to pass, wrong by ``position_error`` and ``timing_error``; whatever passes an open valve with its centre is ejected, unless the valve
    is blocked, or the piece hidden and not ``lifted``. Edges of the belt are real. An uneven belt is one for each load of the closed form, with its share
    of the mass. Raises ``UsageError`` for an empty stream, or one too dense or fine to be sampled.
    """
    loads, met = load_nodes(float(values["unevenness"]))
    runs = [
        _sensor_partition(values, properties, sizes, at * load, max(1, round(pieces * share)), seed + _APART * k, threads)
        for k, (load, share) in enumerate(zip(loads.tolist(), met.tolist(), strict=True))
    ]
    counted = np.array([run.pieces for run in runs])
    weights = met[:, None, None] * (counted > 0)
    with np.errstate(invalid="ignore"):
        weights = (weights / weights.sum(axis=0))[:, None]  # of the loads at which a cell had pieces; NaN where it had none
    share = sum(weight * np.nan_to_num(run.share) for weight, run in zip(weights, runs, strict=True))
    error = np.sqrt(sum((weight * np.nan_to_num(run.error)) ** 2 for weight, run in zip(weights, runs, strict=True)))
    return Sampled(share, error, counted.sum(axis=0))


def _sensor_partition(values: Mapping[str, Any], properties: Properties, sizes: Sizes, at: Floats, pieces: int, seed: int, threads: int) -> Sampled:
    number, cover = properties["piece_number"], properties["piece_cover"]
    moisture = float((at.sum(axis=1) * free_water(properties)).sum() / max(at.sum(), 1e-300))
    seen = np.array([seen_share(d, float(values["smallest"]), float(values["sharpness"])) for d in sizes.mean.tolist()])
    read = responses(values, properties, sizes) * seen * math.exp(-moisture_loss(values) * moisture)
    along, across = errors(values)
    speed, extra = float(values["belt_speed"]), float(values["belt_speed"]) * float(values["valve_time"])
    belt = _Belt.under(at * number, np.sqrt(cover / number), speed, float(values["belt_width"]))
    late = min(float(values["late"]), 1.0) if float(values["blocked_valves"]) > 0.0 else 0.0
    hides = belt.largest if float(values["overlap"]) > 0.0 else 0.0
    longest = 2.0 * belt.largest + extra
    reach = np.array([hides, belt.largest + 0.5 * extra + FARTHEST * along + (longest if late > 0.0 else 0.0)])
    stretch = belt.cut(float(reach.sum()))

    chances = np.cumsum([np.zeros(len(belt.places)), *(belt.of(block) for block in read)], axis=0)
    valves = (extra, float(values["valve_pitch"]), along, across, min(float(values["blocked_valves"]), 1.0), late, min(float(values["lifted"]), 1.0))
    arguments: tuple[Any, ...] = (_key(seed), *belt.pieces(stretch), chances, *valves, reach, stretch.most)

    def run(first: int, last: int, tally: Ints) -> None:
        sort_stretches(first, last, tally, *arguments)

    return belt.sample(run, 1 + len(read), stretch.needed(pieces), threads)


def eddy_partition(
    values: Mapping[str, Any], properties: Properties, sizes: Sizes, at: Floats, *, pieces: int = 200_000, seed: int = 0, threads: int = 1
) -> Sampled:
    """Return the partition (light, heavy, rest) of an eddy-current separator at the stream ``at`` (material, size), kg/s, from about ``pieces``.

    ``values``, ``properties`` and ``sizes`` are those of :data:`twin.kernels.eddy_current.EDDY_CURRENT`. Where that takes the mean occupation of the belt,
    here each piece is scattered, and its throw shortened, by the layers that really lie over its own area. Raises ``UsageError`` as
    :func:`sensor_partition` does.
    """
    number, cover = properties["piece_number"], properties["piece_cover"]
    belt = _Belt.under(at * number, np.sqrt(cover / number), float(values["belt_speed"]), float(values["belt_width"]))
    free, thrown = landings(values, properties)
    ferromagnetic = np.broadcast_to(properties["ferromagnetic"][:, None], at.shape)
    edges = np.array([float(values["splitter"]), float(values["splitter_rest"])])
    scale = float(values["spread"]) * math.sqrt(3.0) / math.pi  # logistic, of this standard deviation
    reach = 2.0 * belt.largest
    stretch = belt.cut(reach)

    flight = (belt.of(free), belt.of(thrown), belt.of(ferromagnetic), edges, scale, float(values["scatter"]), float(values["shielding"]))
    arguments: tuple[Any, ...] = (_key(seed), *belt.pieces(stretch), *flight, reach, stretch.most)

    def run(first: int, last: int, tally: Ints) -> None:
        throw_stretches(first, last, tally, *arguments)

    return belt.sample(run, 3, stretch.needed(pieces), threads)


@dataclass(frozen=True)
class _Stretch:
    """A stretch of belt: its length and that of the ends which only act on others, m; room for pieces; how many are counted on average."""

    length: float
    guard: float
    most: int
    counted: float

    def needed(self, pieces: int) -> int:
        """Return how many stretches hold so many pieces."""
        return max(2, math.ceil(pieces / self.counted))


@dataclass(frozen=True)
class _Belt:
    """What lies on a belt of ``width`` [m]: ``per_metre`` pieces, of the cells ``places`` of (material, size) in the frequencies of the alias method."""

    shape: tuple[int, ...]
    places: NDArray[np.intp]
    per_metre: float
    width: float
    half: Floats
    stay: Floats
    alias: Ints

    @classmethod
    def under(cls, rates: Floats, sides: Floats, speed: float, width: float) -> _Belt:
        """Return the belt that ``rates`` (material, size), 1/s, of square pieces with ``sides`` [m] fall on."""
        if not rates.sum() > 0.0 or not np.isfinite(rates).all() or rates.min() < 0.0:
            raise UsageError("particle mode needs a stream: masses per time that are not negative and not all 0, and finite")
        places = np.flatnonzero(rates.reshape(-1) > 0.0)
        numbers = rates.reshape(-1)[places]
        total = float(numbers.sum())
        stay, alias = alias_table(numbers / total)
        return cls(rates.shape, places, total / speed, width, 0.5 * sides.reshape(-1)[places], stay, alias)

    @property
    def largest(self) -> float:
        """Half the side of the largest piece."""
        return float(self.half.max())

    def of(self, table: Floats) -> Floats:
        """Return the values of a table (material, size) for the cells that are there."""
        return np.ascontiguousarray(table.reshape(-1)[self.places])

    def pieces(self, stretch: _Stretch) -> tuple[Any, ...]:
        """Return what a kernel places pieces by."""
        return self.per_metre, stretch.length, self.width, stretch.guard, self.half, self.stay, self.alias

    def cut(self, guard: float) -> _Stretch:
        """Return a stretch whose pieces are undisturbed by its ends, which reach ``guard`` [m] far."""
        pieces = max(float(STRETCH), 8.0 * guard * self.per_metre)
        if pieces > MOST_ON_A_STRETCH:
            raise UsageError(
                f"{self.per_metre:.3g} pieces on a metre of belt, of which the largest reach {guard:.3g} m, are too many to sample; leave out the finest sizes"
            )
        length = pieces / self.per_metre
        return _Stretch(length, guard, int(pieces + 10.0 * math.sqrt(pieces)) + 10, pieces * (1.0 - 2.0 * guard / length))

    def sample(self, run: Callable[[int, int, Ints], None], ports: int, stretches: int, threads: int) -> Sampled:
        """Run all stretches, shared among threads, and return the shares."""
        kinds = len(self.places)
        bounds = [stretches * k // max(threads, 1) for k in range(max(threads, 1) + 1)]
        tallies = [np.zeros((2 + 3 * ports, kinds), np.int64) for _ in bounds[1:]]
        with ThreadPoolExecutor(max(threads, 1)) as pool:
            list(pool.map(run, bounds[:-1], bounds[1:], tallies))
        tally = np.zeros((2 + 3 * ports, kinds), np.int64)
        for part in tallies:
            tally += part
        return self._sampled(tally.astype(np.float64), ports)

    def _sampled(self, tally: Floats, ports: int) -> Sampled:
        share, error = np.full((ports, math.prod(self.shape)), np.nan), np.full((ports, math.prod(self.shape)), np.nan)
        pieces = np.zeros(math.prod(self.shape), np.int64)
        n, n2 = tally[0], tally[1]
        counted = n > 0
        pieces[self.places] = n.astype(np.int64)
        for port in range(ports):
            e, e2, en = tally[2 + 3 * port : 5 + 3 * port]
            p = e[counted] / n[counted]
            share[port, self.places[counted]] = p
            variance = e2[counted] - 2.0 * p * en[counted] + p * p * n2[counted]
            error[port, self.places[counted]] = np.sqrt(np.maximum(variance, 0.0)) / n[counted]
        shape = (ports, *self.shape)
        return Sampled(share.reshape(shape), error.reshape(shape), pieces.reshape(self.shape))


def alias_table(shares: Floats) -> tuple[Floats, Ints]:
    """Return the tables of Walker's alias method for the probabilities ``shares``: the share of each bucket that stays, and the two cells it holds.

    >>> [part.tolist() for part in alias_table(np.array([0.5, 0.25, 0.25]))]
    [[1.0, 0.75, 0.75], [[0, 0], [1, 0], [2, 0]]]
    """
    count = len(shares)
    stay, alias = np.ones(count), np.arange(count)
    filled = [float(share) * count for share in shares]
    small, large = [k for k in range(count) if filled[k] < 1.0], [k for k in range(count) if filled[k] >= 1.0]
    while small and large:
        low, high = small.pop(), large[-1]
        stay[low], alias[low] = filled[low], high
        filled[high] -= 1.0 - filled[low]
        if filled[high] < 1.0:
            small.append(large.pop())
    return stay, np.stack([np.arange(count), alias], axis=1).astype(np.int64)


def _key(seed: int) -> Ints:
    return np.array([seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF], dtype=np.int64)
