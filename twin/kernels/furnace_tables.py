"""What goes into a furnace phase and comes out of it: one table for each kind of record, and the places of rows. Needs no compiler."""

from __future__ import annotations

import math
from typing import NamedTuple

from twin.kernels.physical_constants import AIR_OXYGEN
from twin.kernels.record_table import COUNT, Field, Table, places

SHARE = "share"
"""Unit of a number from 0 to 1."""

PLAN = Table(
    "The plan of a phase",
    (
        Field("dt", "s", 900.0, "longest step"),
        Field("tolerance", "", 0.02, "relative distance from a straight line that what a step gives may have"),
        Field("at_least", "s", 0.0, "shortest duration"),
        Field("at_most", "s", 86400.0, "longest duration"),
        Field("target", "K", 1523.15, "temperature that the burner holds"),
        Field("coldest", "K", 1423.15, "below which the bath may not fall"),
        Field("hottest", "K", 1673.15, "above which it may not rise"),
        Field("band", "K", 20.0, "below `hottest` within which coolant comes, and over which limits are weighed"),
        Field("feed_rate", "kg/s", 0.0, "of the charge"),
        Field("coolant_rate", "kg/s", 0.0, "of the coolant, at most"),
        Field("coolant_mass", "kg", 0.0, "coolant that there is"),
        Field("blast", "Nm3/s", 0.0, "gas blown into the bath"),
        Field("blast_oxygen", "volume fraction", AIR_OXYGEN, "oxygen in it, 0.21 to 1; what is above air's is bought"),
        Field("burner_power", "W", 0.0, "at the lower heating value, the most"),
        Field("fuel_lhv", "J/kg", 5e7, "lower heating value of the fuel"),
        Field("burner_oxygen", "volume fraction", AIR_OXYGEN, "oxygen in the burner's oxidant"),
        Field("burner_excess", "", 1.05, "oxygen over need"),
        Field("electrode_power", "W", 0.0, "electric heat that reaches the bath, the most"),
        Field("reductant_rate", "kg/s", 0.0, "of the reductant"),
        Field("reductant_mass", "kg", math.inf, "reductant that there is"),
        Field("oxygen_limit", "Nm3/s", math.inf, "bought oxygen, at most"),
        Field("gas_limit", "Nm3/s", math.inf, "burnt off-gas with its air, at most"),
        Field("blast_use", SHARE, 1.0, "of the blast's oxygen that reaches the bath; the rest passes"),
        Field("burner_in_bath", SHARE, 0.0, "of the flame that passes through the bath: 1 for a lance"),
        Field("burner_return", SHARE, 0.6, "of the flame's heat over gas at bath temperature that the bath takes up"),
        Field("reductant_use", SHARE, 1.0, "that reacts in the bath; the rest burns above"),
        Field("wall_loss", "W", 0.0, "at 1573.15 K, in proportion to T - 298.15 K"),
        Field("post_combustion", SHARE, 1.0, "of the heat above the bath that is set free near it"),
        Field("heat_return", SHARE, 0.0, "of that which the bath takes up"),
        Field("air_excess", "", 1.0, "air over need, above the bath"),
        Field("organics_in_bath", SHARE, 1.0, "of the organics that react in the bath"),
        Field("dust_share", SHARE, 0.0, "of the fines that leaves as dust"),
        Field("fuming", "m3/s", 0.0, "kA, mass transfer of vapours"),
        Field("fuming_gas", "Nm3/s", 1.0, "gas through the bath at which `fuming` holds"),
        Field("fuming_exponent", "", 0.0, "power of the gas by which it grows"),
        Field("tuyere_zone", "", 0.0, "1 if coal and blast of the tuyeres react apart from the bath"),
        Field("coal_burnt", SHARE, 0.0, "of the reductant that burns at the tuyeres, beside `reductant_use` in the bath"),
        Field("slag_oxidation", SHARE, 0.0, "of the blast's oxygen left over there that the slag takes up"),
        Field("tuyere_heat", SHARE, 1.0, "of the heat of that gas over the bath's temperature that the bath takes up"),
        Field("jacket_area", "m2", 0.0, "cooled wall that slag freezes onto"),
        Field("jacket_film", "W/(m2 K)", 500.0, "heat transfer from bath to frozen slag"),
        Field("jacket_temperature", "K", 350.0, "of the wall below it"),
        Field("frozen_conductivity", "W/(m K)", 1.5, "of frozen slag"),
        Field("frozen_most", "m", 0.2, "thickest layer"),
        Field("stirred", "", 0.0, "1 if the bath is stirred, so that metal stays in the slag"),
        Field("entrainment", "kg/kg", 0.0, "metal in slag while stirred"),
        Field("droplet", "m", 2e-4, "median diameter of metal drops that settle, by mass"),
        Field("spread", "", 1.0, "their geometric standard deviation, at least 1"),
        Field("area", "m2", 10.0, "of the slag"),
        Field("thickness", "", 1.0, "viscosity over that of the equation"),
        Field("target_to", "K", 0.0, "what `target` comes to …"),
        Field("target_over", "s", 0.0, "… in a straight line over so long; 0 where it stays, as of the three that follow"),
        Field("feed_to", "kg/s", 0.0, "what `feed_rate` comes to …"),
        Field("feed_over", "s", 0.0, "… over so long"),
        Field("blast_to", "Nm3/s", 0.0, "what `blast` comes to …"),
        Field("blast_over", "s", 0.0, "… over so long"),
        Field("reductant_to", "kg/s", 0.0, "what `reductant_rate` comes to …"),
        Field("reductant_over", "s", 0.0, "… over so long"),
        Field("cut_at", "s", math.inf, "the phase is cut off then, whatever has still to be done; the steps before are those of the whole phase"),
    ),
)
STATE = Table(
    "The state that a furnace keeps between phases",
    (
        Field("temperature", "K", 0.0, "of the bath; 0 where it is to be found from its enthalpy, with which it agrees in any case"),
        Field("log_po2", "log10 atm", 0.0, "oxygen pressure; 0 where it is to be found"),
        Field("molten", "", 0.0, "1 from 1373.15 K on, where the bath reacts"),
        Field("entrained", "kg", 0.0, "metal in slag"),
        Field("fallen", "", 0.0, "depths of slag that the median drop has fallen since the bath was stirred"),
        Field("liquidus", "K", 0.0, "estimate, of the slag"),
        Field("viscosity", "Pa s", 0.0, "of the slag"),
        Field("gas_temperature", "K", 0.0, "of the off-gas"),
    ),
)
REPORT = Table(
    "What goes from step to step, and what a step reports of itself",
    (
        Field("temperature", "K", 0.0, "of the bath"),
        Field("unanswered", "K", 0.0, "temperature that the heat content gives it, with reactions at the one that was foreseen"),
        Field("log_po2", "log10 atm", 0.0, "oxygen pressure"),
        Field("molten", "", 0.0, "1 where the bath reacts"),
        Field("entrained", "kg", 0.0, "metal in slag"),
        Field("fallen", "", 0.0, "depths of slag that the median drop has fallen since the bath was stirred"),
        Field("falls", "1/s", 0.0, "depths of slag that it falls in a second"),
        Field("content", "J", 0.0, "heat content of the bath at 1573.15 K"),
        Field("slope", "J/K", 0.0, "of the heat content there"),
        Field("liquidus", "K", 0.0, "of the slag"),
        Field("viscosity", "Pa s", 0.0, "of the slag"),
        Field("solids", SHARE, 0.0, "of the slag"),
        Field("gas_temperature", "K", 0.0, "of the off-gas"),
        Field("tuyere_gas", "mol", 0.0, "of the tuyere zone"),
        Field("gas_volume", "Nm3", 0.0, "of the burnt off-gas"),
        Field("freeboard_air", "Nm3", 0.0, "drawn in above the bath"),
        Field("wall", "J", 0.0, "lost by the walls"),
        Field("returned", "J", 0.0, "that came back from above the bath"),
        Field("electric", "J", 0.0, "of the electrodes"),
        Field("level", "J", 0.0, "heat of off-gas and fume by level, hottest first", length=4),
        Field("iron_to_silica", "kg/kg", 0.0, "Fe/SiO2 of the slag"),
        Field("lime", "kg/kg", 0.0, "CaO in slag"),
        Field("alumina", "kg/kg", 0.0, "Al2O3 in slag"),
        Field("silicate", "kg/kg", 0.0, "FeO and SiO2 in slag"),
    ),
)
DRIVE = Table(
    "What a step is given besides the bath; blast and burner apart",
    (
        Field("dt", "s", 0.0, "length"),
        Field("fed", SHARE, 0.0, "of the charge"),
        Field("coolant", "kg", 0.0, ""),
        Field("fuel", "kg", 0.0, ""),
        Field("reductant", "kg", 0.0, ""),
        Field("blast_o2", "mol", 0.0, ""),
        Field("blast_n2", "mol", 0.0, ""),
        Field("flame_o2", "mol", 0.0, ""),
        Field("flame_n2", "mol", 0.0, ""),
        Field("bought_o2", "mol", 0.0, "of blast and flame, beyond their air"),
        Field("target", "K", 0.0, "that electrodes hold"),
        Field("answer", "K/K", 0.0, "how much colder the bath's reactions make it for each degree that they run warmer, as a negative number"),
    ),
)
CONTROL = Table(
    "What steers a run of steps",
    (
        Field("lever", SHARE, 0.0, "by LEVER: what the rates of feed and reductant, blast, burner and coolant are multiplied with", length=4),
        Field("held", "", 0.0, "places of what holds feed and blast back, -1 for nothing", length=2),
        Field("heat", "W", 0.0, "by LEVER: heating of the bath by a whole lever", length=4),
        Field("volume", "Nm3/s", 0.0, "by LEVER: burnt off-gas of a whole lever", length=4),
        Field("measured", "s", -1.0, "when those of feed and blast were measured last, -1 for never"),
        Field("filled", "J/K", 0.0, "heat capacity of a bath at the end of a step that begins with none, 0 before that has been tried"),
        Field("warming", "K/s", 0.0, "of the bath, in the last step"),
        Field("gas", "Nm3/s", 0.0, "burnt off-gas, in the last step"),
        Field("trend", "K/s", 0.0, "of the bath, as foreseen for the next stage"),
        Field("warming_off", "K/s2", 0.0, "temperature that a step has beyond a straight line through its first stage, over its length squared"),
        Field("gas_off", "Nm3/s2", 0.0, "likewise of the off-gas"),
        Field("off_over", "s", 0.0, "length of the step that these two were found in"),
        Field("liquidus", "K/s", 0.0, "by which that of the slag rose in the last step"),
        Field("answer", "K/K", 0.0, "of the reactions to the temperature, as DRIVE has it"),
        Field("learned", "", 0.0, "1 if it was found in this step"),
        Field("next", "s", 0.0, "length of the next step by the error of the last"),
        Field("lost", "", 0.0, "1 where the last search for levers did not come to rest"),
        Field("target", "K", 0.0, "of the burner, in this step"),
        Field("feed_rate", "kg/s", 0.0, "at a whole lever, in this step"),
        Field("blast", "Nm3/s", 0.0, "likewise"),
        Field("reductant_rate", "kg/s", 0.0, "likewise"),
        Field("organic", "mol/kg", 0.0, "oxygen that burns a kg of feed"),
        Field("burnable", "mol/kg", 0.0, "oxygen that burns a kg of reductant"),
        Field("need", "mol/kg", 0.0, "oxygen that burns a kg of fuel"),
        Field("most_burner", SHARE, 0.0, "of the burner's power that the limits of off-gas and bought oxygen can take"),
        Field("oxygen_mass", "kg/mol", 0.0, "of O2"),
        Field("feed_left", SHARE, 0.0, "of the charge"),
        Field("coolant_left", "kg", 0.0, ""),
        Field("reductant_left", "kg", 0.0, ""),
        Field("feed_mass", "kg", 0.0, "of the whole charge"),
    ),
)
SUMS = Table(
    "What adds up over a phase",
    (
        Field("seconds", "s", 0.0, "duration"),
        Field("outcome", "", 0.0, "0 done, 1 time is up, 2 cut off"),
        Field("fed", SHARE, 0.0, "of the charge"),
        Field("oxygen_volume", "Nm3", 0.0, "bought oxygen"),
        Field("air_volume", "Nm3", 0.0, "air of blast and burner"),
        Field("freeboard_air", "Nm3", 0.0, "air drawn in above the bath"),
        Field("gas_volume", "Nm3", 0.0, "burnt off-gas"),
        Field("gas_peak", "Nm3/s", 0.0, "the most of it"),
        Field("blown", "kg", 0.0, "oxygen of the blast"),
        Field("wall_loss", "J", 0.0, "through the walls"),
        Field("returned_heat", "J", 0.0, "that came back from above the bath"),
        Field("heat", "J", 0.0, "of off-gas and fume by level, hottest first", length=4),
        Field("fuel_heat", "J", 0.0, "lower heating value of the fuel"),
        Field("electric_heat", "J", 0.0, "of the electrodes, in the bath"),
        Field("hottest", "K", 0.0, "bath, over the phase"),
        Field("coldest", "K", 0.0, "likewise"),
        Field("steps", "", 0.0, "taken"),
        Field("tried", "", 0.0, "steps computed, those thrown away among them"),
    ),
)
END_TEST = Table(
    "An end test of a phase",
    (
        Field("quantity", "", 0.0, "place of what it asks for", COUNT),
        Field("element", "", 0.0, "place of the element", COUNT),
        Field("way", "", 1.0, "1 for at least, -1 for at most"),
        Field("limit", "", 0.0, "in the quantity's unit"),
    ),
)
TABLES = (PLAN, END_TEST, STATE, SUMS, REPORT, DRIVE, CONTROL)


class _Fed(NamedTuple):
    """Rows of the feed. Their sum is the feed. ``organic`` reacts in the bath or burns above it; of ``fines`` a share leaves as dust."""

    bulk: int
    organic: int
    fines: int


class _Supplies(NamedTuple):
    """Rows of supplies, each per kg: cold scrap that is added against overheating, burner fuel, reductant (coke, coal dust, natural gas, hydrogen)."""

    coolant: int
    fuel: int
    reductant: int


class _Rows(NamedTuple):
    """Rows of what a step gives: the bath and its parts; then the streams, first what flows in."""

    bath: int
    metal: int  # with what is entrained in the slag
    slag: int
    solid: int  # carbon, or the whole bath where it is not molten
    feed: int
    coolant: int
    fuel: int
    reductant: int
    oxygen: int
    air: int  # of blast, burner and freeboard
    gas: int  # burnt; this and what follows flows out
    fume: int  # metal vapours, oxidised
    dust: int  # fines as charged


class _Scratch(NamedTuple):
    """Rows of the scratch space of a step."""

    above: int
    flame: int
    vapour: int
    vapour_oxygen: int  # mol
    kept: int  # mol of oxygen of the vapours that stay
    tuyere: int  # coal that burns at the tuyeres, then its gas


class _Heats(NamedTuple):
    """Enthalpies of what is in the bath, with its gas and that of the tuyeres."""

    metal: int
    slag: int
    solid: int
    gas: int
    tuyere: int


class _Above(NamedTuple):
    """Enthalpies of what is above the bath."""

    flame: int
    gas: int
    fume: int


class _Tests(NamedTuple):
    """What an end test can ask for."""

    metal: int  # mass fraction of an element in metal …
    slag: int  # … in slag …
    slag_and_drops: int  # … in slag with its entrained metal
    temperature: int  # K
    log_po2: int  # log10 atm
    oxygen: int  # kg O2 blown in this phase
    entrained: int  # entrained metal over slag by mass


class _Limits(NamedTuple):
    """What a phase waits for; the seconds of all add up to its own."""

    feeder: int
    heat: int
    cooling: int
    off_gas: int
    oxygen: int
    blast: int
    reductant: int
    fuming: int
    settling: int
    time: int


class _Levers(NamedTuple):
    """What a run of steps is steered by."""

    feed: int  # and reductant
    blast: int
    burner: int
    coolant: int


class _Warnings(NamedTuple):
    """Counted once a step: what an equilibrium counts, then what the furnace does."""

    oxygen_low: int
    oxygen_high: int
    temperature: int
    solid_carbon: int
    matte: int
    speiss: int
    iron_rich: int
    copper_poor: int
    iron_to_silica: int  # an iron silicate slag outside Fe/SiO2 1.1 to 1.5 …
    lime: int  # … CaO 3 to 10 % …
    alumina: int  # … with more than 15 % Al2O3 …
    viscosity: int  # … above 0.5 Pa s …
    liquidus: int  # … or with more than 2 % of solids
    too_cold: int  # a frozen bath
    overheated: int  # one above `hottest`
    off_gas: int  # more of it than the limit, which what is in the bath already can cause
    other_slag: int  # one that is no iron silicate, to which viscosity and settling do not apply


class _Reports(NamedTuple):
    """Places of reports: of the state, of what is tried, one that stays empty; of the end of a step's first stage, and of what a stage begins with."""

    now: int
    then: int
    blank: int
    first: int
    middle: int


FED, SUPPLY, ROW, SCRATCH, HEATS, OVER = places(_Fed), places(_Supplies), places(_Rows), places(_Scratch), places(_Heats), places(_Above)
TEST, LIMIT, WARNING, REPORTS, LEVER = places(_Tests), places(_Limits), places(_Warnings), places(_Reports), places(_Levers)
PARTS: tuple[str, ...] = ROW._fields[ROW.metal : ROW.feed]
"""What a bath is made of."""
STREAMS: tuple[str, ...] = ROW._fields[ROW.feed :]
"""What flows in and out."""
