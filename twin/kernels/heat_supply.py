"""How heat gets to where it is used: along a pipe, through a heat exchanger, from boilers, in the order of what it costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Pipe:
    """A buried pipe: ``length`` m, ``conductance`` to the ground W/mK."""

    length: float
    conductance: float


def pipe_outlet(pipe: Pipe, inlet: float, ground: float, heat_flow: float) -> float:
    """Return the temperature at a pipe's end: what is above the ground's decays as exp(-U L / (m c)).

    ``inlet`` and ``ground`` in one unit (°C or K); ``heat_flow`` m c, W/K, above 0. 95 °C over 10, .25 W/mK, 3 km, 60 kg/s of 4190 J/kgK: 94.746798 °C.
    """
    return ground + (inlet - ground) * math.exp(-pipe.conductance * pipe.length / heat_flow)


def pipe_loss(pipe: Pipe, inlet: float, ground: float, heat_flow: float) -> float:
    """Return what a pipe loses, W; as :func:`pipe_outlet`, where it is 63.6550 kW."""
    return -heat_flow * (inlet - ground) * math.expm1(-pipe.conductance * pipe.length / heat_flow)


@dataclass(frozen=True)
class HotStream:
    """What gives heat, without a change of phase: ``temperature`` °C or K, ``flow`` kg/s, ``specific_heat`` J/kgK."""

    temperature: float
    flow: float
    specific_heat: float


def exchanged(source: HotStream, inlet: float, outlet: float, pinch: float) -> float:
    """Return the most heat that a counterflow exchanger takes from a hot stream for water from ``inlet`` to ``outlet``, W.

    Nowhere is the source less than ``pinch`` K above the water. Both run linearly, so both ends decide: the source leaves at ``inlet`` + ``pinch`` at the
    lowest, and where it does not come ``pinch`` above ``outlet`` there is no heat at this level. Gas of 1300 °C, 12 kg/s of 1150 J/kgK, water 60 to 95 °C,
    20 K: 16.836 MW, which is 114.804 kg/s of water of 4190 J/kgK.
    """
    if source.temperature < outlet + pinch or outlet <= inlet:
        return 0.0
    return max(0.0, source.flow * source.specific_heat * (source.temperature - inlet - pinch))


@dataclass(frozen=True)
class OnOff:
    """A boiler with two thresholds: ``period`` s of one on and off, ``duty``: share of it on."""

    period: float
    duty: float


def on_off(demand: float, power: float, band: float) -> OnOff | None:
    """Return how a boiler of ``power`` W cycles at a steady ``demand`` (W) over a store that it fills and leaves by ``band`` J.

    None where it does not cycle: no demand, or as much as it has. 3 MW of 8, 2 MWh: 1.0666667 h, .375.
    """
    if not 0.0 < demand < power:
        return None
    return OnOff(band / (power - demand) + band / demand, demand / power)


@dataclass(frozen=True)
class HeatSource:
    """What can give ``most`` W of heat, each J of which takes ``1 / yield_`` J of its carrier (COP of a heat pump, efficiency of a boiler)."""

    name: str
    most: float
    yield_: float


@dataclass(frozen=True)
class Dispatch:
    """``powers`` W by source as given; ``unserved`` W of the demand; ``cost`` per s, in the currency of the prices."""

    powers: tuple[float, ...]
    unserved: float
    cost: float


def merit_order(demand: float, sources: Sequence[HeatSource], prices: Sequence[float]) -> Dispatch:
    """Return who gives how much of ``demand`` W: the cheapest heat first. ``prices``: of each source's carrier per J; of equal costs the first goes first.

    Without ramps and least loads this is the least cost there is. 18 MW; a heat pump of 4 MW at 3.2, a gas boiler of 25 MW at .92 and 45 EUR/MWh, a rod of 5 MW
    at .99: 809.782609 EUR/h with power at 100 EUR/MWh, 629.232543 at 30.
    """
    costs = [price / source.yield_ for source, price in zip(sources, prices, strict=True)]
    powers, left = [0.0] * len(sources), max(0.0, demand)
    for place in sorted(range(len(sources)), key=lambda place: (costs[place], place)):
        powers[place] = min(sources[place].most, left)
        left -= powers[place]
    return Dispatch(tuple(powers), left, math.fsum(power * cost for power, cost in zip(powers, costs, strict=True)))
