"""Arrays of a furnace step and the names of their entries, which the kernels of bath, freeboard and phase share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.kernels.compile import Floats, kernel
from twin.kernels.physical_constants import ATMOSPHERE
from twin.kernels.smelting import AS_CARBON, AS_HALOGEN, AS_HYDROGEN, AS_NITROGEN, AS_OXYGEN, MATTE, ROLE, R

Counts = NDArray[np.int64]

MOLTEN_FROM = 1373.15  # K: below, nothing reacts
HOTTEST_EQUILIBRIUM = 1773.15  # K: the equilibrium is not asked for more, its data end there; counted as its `temperature`
NORMAL = ATMOSPHERE / (R * 273.15)  # mol in a Nm3
LOWEST_VISCOSITY, HIGHEST_VISCOSITY = 1e-3, 1e6  # Pa s

BULK, ORGANIC, FINES = range(3)
COOLANT, FUEL, REDUCTANT = range(3)

# What a step is given besides the bath: shares of the feed, kg, mol of O2 and N2; those of the blast and of the burner apart
DRIVE = ("dt", "fed", "coolant", "fuel", "reductant", "blast_o2", "blast_n2", "flame_o2", "flame_n2", "bought_o2")
DT, FED, COOLANT_KG, FUEL_KG, REDUCTANT_KG, BLAST_O2, BLAST_N2, FLAME_O2, FLAME_N2, BOUGHT_O2 = range(10)

# How a furnace behaves: the part of the plan that a step needs
MANNER = (
    *("blast_use", "burner_in_bath", "burner_return", "reductant_use", "wall_loss", "post_combustion", "heat_return"),
    *("air_excess", "organics_in_bath", "dust_share", "fuming", "stirred", "entrainment", "droplet", "area", "thickness"),
)
BLAST_USE, BURNER_IN_BATH, BURNER_RETURN, REDUCTANT_USE, WALL, POST, RETURN = range(7)
EXCESS, IN_BATH, DUST_SHARE, KA, STIRRED, ENTRAINMENT, DROPLET, AREA, THICKNESS = range(7, 16)

# Rows of what a step gives: the bath and its parts, then the streams
BATH, METAL, SLAG, SOLID = range(4)
FEED, COOLANT_IN, FUEL_IN, REDUCTANT_IN, OXYGEN_IN, AIR_IN, GAS, FUME, DUST = range(4, 13)
ROWS = 13

# State that goes from step to step, and what a step reports of itself
NOW = (
    *("temperature", "log_po2", "molten", "entrained", "a", "b", "liquidus", "viscosity", "gas_temperature"),
    *("gas_volume", "freeboard_air", "wall", "returned", "level_0", "level_1", "level_2", "level_3", "iron_to_silica", "lime", "alumina", "silicate"),
)
T, PO2, MOLTEN, ENTRAINED, A, B, LIQUIDUS, VISCOSITY, GAS_T, VOLUME, FREEBOARD, WALL_HEAT, RETURNED, LEVEL = range(14)
IRON, LIME, ALUMINA, SILICATE = 17, 18, 19, 20

# Rows of the scratch space
ABOVE, FLAME, VAPOUR, VAPOUR_O, KEPT = range(5)
SCRATCH_ROWS = 5


class Setting(NamedTuple):
    """What does not change in a phase: data of the elements, what is fed and supplied, the manner, the places of oxygen and nitrogen."""

    table: Floats
    constants: Floats
    heat: Floats
    species: Floats
    feed: Floats
    supplies: Floats
    manner: Floats
    oxygen: int
    nitrogen: int


class Space(NamedTuple):
    """Arrays that every step overwrites; ``new`` (ROWS, element + 2) and ``then`` (len(NOW),) are its result, ``counted`` its warnings."""

    at: Floats
    work: Floats
    mass: Floats
    out: Floats
    smelted: Floats
    counted: Counts
    scratch: Floats
    moles: Floats
    sums: Floats
    new: Floats
    then: Floats


@kernel()
def burns(i: int, table: Floats) -> bool:
    """Whether an element leaves as gas: C, H, N, O, halogens and sulphur."""
    role = int(table[i, ROLE])
    return role in (AS_CARBON, AS_HYDROGEN, AS_NITROGEN, AS_OXYGEN, AS_HALOGEN) or table[i, MATTE] > 0.0
