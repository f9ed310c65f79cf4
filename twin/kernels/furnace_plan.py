"""Names of what goes into a furnace phase and comes out of it, and the checks of the plan: the numbers are places in the arrays of ``run_phase``."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from twin.kernels import furnace_space as fs
from twin.kernels.compile import Floats, kernel
from twin.kernels.physical_constants import AIR_OXYGEN
from twin.kernels.smelting import WARNINGS as SMELTING_WARNINGS

FEED_ROWS = ("bulk", "organic", "fines")
"""Rows of the feed. Their sum is the feed. ``organic`` reacts in the bath or burns above it; of ``fines`` a share leaves as dust."""

SUPPLIES = ("coolant", "fuel", "reductant")
"""Rows of ``supplies``, each per kg: cold scrap that is added against overheating, burner fuel, reductant (coke, coal dust, natural gas, hydrogen)."""

DEFAULTS = {
    "dt": 60.0,  # s
    "at_least": 0.0,  # s
    "at_most": 86400.0,  # s
    "target": 1523.15,  # K that the burner holds
    "coldest": 1423.15,  # K
    "hottest": 1673.15,  # K
    "band": 20.0,  # K
    "feed_rate": 0.0,  # kg/s
    "coolant_rate": 0.0,  # kg/s
    "coolant_mass": 0.0,  # kg there is
    "blast": 0.0,  # Nm3/s
    "blast_oxygen": AIR_OXYGEN,  # volume fraction, 0.21 to 1; what is above air's is bought
    "burner_power": 0.0,  # W at the lower heating value, the most
    "fuel_lhv": 5e7,  # J/kg
    "burner_oxygen": AIR_OXYGEN,  # volume fraction of the oxidant
    "burner_excess": 1.05,  # oxygen over need
    "reductant_rate": 0.0,  # kg/s
    "reductant_mass": math.inf,  # kg there is
    "oxygen_limit": math.inf,  # Nm3/s of bought oxygen
    "gas_limit": math.inf,  # Nm3/s of burnt off-gas with its air
    "blast_use": 1.0,  # share of the blast's O2 that reaches the bath; the rest passes
    "burner_in_bath": 0.0,  # share of the flame that passes through the bath: 1 for a lance
    "burner_return": 0.6,  # share of the flame's heat over gas at bath temperature that the bath takes up
    "reductant_use": 1.0,  # share that reacts in the bath; the rest burns above
    "wall_loss": 0.0,  # W at 1573.15 K, in proportion to T - 298.15 K
    "post_combustion": 1.0,  # share of the heat above the bath that is set free near it
    "heat_return": 0.0,  # share of that which the bath takes up
    "air_excess": 1.0,  # air over need
    "organics_in_bath": 1.0,  # share
    "dust_share": 0.0,  # share of fines
    "fuming": 0.0,  # kA, m3/s
    "stirred": 0.0,  # 0 or 1
    "entrainment": 0.0,  # kg metal in a kg slag while stirred
    "droplet": 2e-4,  # m
    "area": 10.0,  # m2 of slag
    "thickness": 1.0,  # viscosity over that of Riboud's equation
}
PLAN = tuple(DEFAULTS)
"""Entries of the plan of a phase, see the comments at DEFAULTS."""
(DT, AT_LEAST, AT_MOST, TARGET, COLDEST, HOTTEST, BAND, FEED_RATE, COOLANT_RATE, COOLANT_MASS, BLAST, BLAST_OXYGEN) = range(12)
POWER, LHV, BURNER_OXYGEN, BURNER_EXCESS, REDUCTANT_RATE, REDUCTANT_MASS, OXYGEN_LIMIT, GAS_LIMIT, MANNER = range(12, 21)

STATE = ("temperature", "log_po2", "molten", "entrained", "liquidus", "viscosity", "gas_temperature")
"""K; log10 atm; 1 above 1373.15 K where the bath reacts, else 0; kg metal in slag; K; Pa s; K of the off-gas. Of these temperature, log_po2 and
entrained are also read: where the first two are 0 they are found from the bath's enthalpy, and the temperature in any case agrees with it."""

SPLIT = ("metal", "slag", "solid")
"""Rows of ``split``, the bath at the end. ``metal`` includes what is entrained in the slag. ``solid``: carbon, or the whole bath where it is not molten."""
METAL, SLAG, SOLID = range(3)

STREAMS = ("feed", "coolant", "fuel", "reductant", "oxygen", "air", "gas", "fume", "dust")
"""Rows of ``streams``: what flowed in (the first six, ``air`` that of blast, burner and freeboard) and out: burnt off-gas, fume (metal vapours, oxidised),
dust (fines as charged)."""

TESTS = ("metal", "slag", "slag_and_drops", "temperature", "log_po2", "oxygen", "entrained")
"""What an end test can ask for: mass fraction of an element in metal, in slag, in slag with its entrained metal; K; log10 atm; kg O2 blown in this phase;
entrained metal over slag by mass."""
IN_METAL, IN_SLAG, IN_SLAG_AND_DROPS, TEMPERATURE, LOG_PO2, BLOWN, ENTRAINED = range(7)


SUMS = (
    *("seconds", "outcome", "fed"),  # s; index in OUTCOMES; share of the feed charged, 0 to 1
    *(
        "oxygen_volume",
        "air_volume",
        "freeboard_air",
        "gas_volume",
        "gas_peak",
        "blown",
    ),  # Nm3 bought oxygen, air of blast and burner; Nm3/s; kg O2 of the blast
    *("wall_loss", "returned_heat", "heat_0", "heat_1", "heat_2", "heat_3", "fuel_heat"),  # J; heat_k: of off-gas and fume by LEVELS; LHV of the fuel
    *("hottest", "coldest", "steps", "tried"),  # K over the phase; steps taken, and tried
)
"""Entries of ``sums``."""
SECONDS, OUTCOME, FED, OXYGEN_V, AIR_V, FREEBOARD_V, GAS_V, GAS_PEAK, BLOWN_KG, WALL, RETURNED, HEAT = range(12)
FUEL_HEAT, T_MOST, T_LEAST, STEPS, TRIED = range(15, 20)

OUTCOMES = ("done", "time is up")
"""How a phase ended: all fed and tests met; ``at_most`` reached."""

LIMITS = ("feeder", "heat", "cooling", "off_gas", "oxygen", "blast", "reductant", "fuming", "settling", "time")
"""What a phase waits for. ``limits`` [s] adds up to its seconds."""
FEEDER, HEATING, COOLING, OFF_GAS, OXYGEN_SUPPLY, BLASTING, REDUCING, FUMING, SETTLING, TIME = range(10)

WARNINGS = (*SMELTING_WARNINGS, "iron_to_silica", "lime", "alumina", "viscosity", "liquidus", "too_cold", "overheated", "off_gas", "other_slag")
"""Counted once a step: those of ``smelting``; an iron silicate slag outside Fe/SiO2 1.1 to 1.5 or CaO 3 to 10 %, with more than 15 % Al2O3, above
0.5 Pa s, or colder than its estimated liquidus; a frozen bath; one above ``hottest``; more off-gas than the limit, which what is in the bath already can
cause; a slag that is no iron silicate, to which viscosity and settling do not apply.
"""

STATUSES = (
    "an amount in the bath, the feed or a supply is negative or not finite",
    "the plan has a value that is not possible",
    "the equilibrium did not converge",
)


def plan_of(values: Mapping[str, float]) -> Floats:
    """Return the array of a plan; what is not named has its default.

    Raises ``KeyError`` for a name that is not in PLAN. ``plan_of({"blast": 2.0})[BLAST]`` is 2.0.
    """
    plan = np.array([*DEFAULTS.values()], dtype=np.float64)
    places = {name: place for place, name in enumerate(PLAN)}
    for name, value in values.items():
        plan[places[name]] = value
    return plan


@kernel()
def possible(plan: Floats) -> bool:
    """Whether the plan has no value that is negative, not a number, or out of its range."""
    for k in range(plan.shape[0]):
        if math.isnan(plan[k]) or plan[k] < 0.0:
            return False
    shares = plan[MANNER + fs.BLAST_USE] <= 1.0 and plan[MANNER + fs.BURNER_IN_BATH] <= 1.0 and plan[MANNER + fs.BURNER_RETURN] <= 1.0
    shares = shares and plan[MANNER + fs.REDUCTANT_USE] <= 1.0 and plan[MANNER + fs.POST] <= 1.0 and plan[MANNER + fs.RETURN] <= 1.0
    shares = shares and plan[MANNER + fs.IN_BATH] <= 1.0 and plan[MANNER + fs.DUST_SHARE] <= 1.0
    times = 0.0 < plan[DT] < math.inf and plan[AT_LEAST] <= plan[AT_MOST] < math.inf
    air = AIR_OXYGEN <= plan[BLAST_OXYGEN] <= 1.0 and AIR_OXYGEN <= plan[BURNER_OXYGEN] <= 1.0 and plan[LHV] > 0.0
    finite = plan[BLAST] + plan[POWER] + plan[REDUCTANT_RATE] + plan[FEED_RATE] + plan[COOLANT_RATE] < math.inf
    return bool(shares and times and air and finite and plan[BAND] > 0.0 and plan[MANNER + fs.AREA] > 0.0 and plan[COLDEST] < plan[HOTTEST])


@kernel()
def valid_amounts(rows: Floats, elements: int) -> bool:
    """Whether all amounts are at least zero and all heats finite."""
    for k in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            if not math.isfinite(rows[k, j]) or (j < elements and rows[k, j] < 0.0):
                return False
    return True
