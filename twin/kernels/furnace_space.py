"""What the kernels of bath, freeboard and phase share: bundles of records and arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.kernels.compile import Floats, kernel
from twin.kernels.furnace_tables import CONTROL, DRIVE, HEATS, LIMIT, OVER, PARTS, REPORT, REPORTS, ROW, SCRATCH, STREAMS, SUMS
from twin.kernels.physical_constants import ATMOSPHERE
from twin.kernels.record_table import Record, Records
from twin.kernels.smelting import R
from twin.kernels.smelting_tables import COEFFICIENT, CONDITIONS, ENTHALPY, KEY, MELT, MIXTURE, MOLECULE, ODD, PRESENT, ROLE, SOLUTION, Chemistry, Melt

Counts = NDArray[np.int64]

MOLTEN_FROM = 1373.15  # K: below, nothing reacts
HOTTEST_EQUILIBRIUM = 1773.15  # K: the equilibrium is not asked for more, its data end there; counted as its `temperature`
EMPTY = 1.0  # J/K, some 2 g: a bath that holds less heat is none, and its walls lose nothing
NORMAL = ATMOSPHERE / (R * 273.15)  # mol in a Nm3
LOWEST_VISCOSITY, HIGHEST_VISCOSITY = 1e-3, 1e6  # Pa s

_COEFFICIENT, _CONDITIONS, _PRESENT, _MIXTURE, _MELT = (table.dtype for table in (COEFFICIENT, CONDITIONS, PRESENT, MIXTURE, MELT))
_CONTROL, _DRIVE, _REPORT, _ENTHALPY = (table.dtype for table in (CONTROL, DRIVE, REPORT, ENTHALPY))


class Data(NamedTuple):
    """What is known of elements and gases: ``heat`` a HEAT for each element, ``species`` an ENTHALPY for each molecule; the places of oxygen and nitrogen."""

    chemistry: Chemistry
    heat: Records
    species: Records
    oxygen: int
    nitrogen: int


class Charge(NamedTuple):
    """What a phase works on: ``bath`` (E + 2,), in and out; ``feed`` (3, E + 2) by FED, ``supplies`` (3, E + 2) per kg by SUPPLY; an END_TEST for each test.

    A row is kg of each element, enthalpy of formation and sensible heat, J. The feed is the whole charge; its temperature is in its sensible heat. What
    of the organics does not burn belongs to ``bulk``.
    """

    bath: Floats
    feed: Floats
    supplies: Floats
    tests: Records


class Account(NamedTuple):
    """What a phase gives: ``split`` (3, E + 2), the bath by PARTS; ``streams`` (9, E + 2) by STREAMS; one SUMS; seconds by LIMIT; counts by WARNING.

    ``solids`` (E,): kg of each element that is solid oxide in the slag at the end.
    """

    split: Floats
    streams: Floats
    sums: Records
    limits: Floats
    warned: Counts
    solids: Floats


class Bench(NamedTuple):
    """Arrays that the steps of a phase overwrite, see :class:`Run` and :class:`Space`."""

    old: Floats
    control: Records
    drive: Records
    reports: Records
    new: Floats
    start: Floats
    first: Floats
    scratch: Floats
    mass: Floats
    held: Floats
    keeps: Floats
    shares: Floats
    moles: Floats
    spare: Floats
    heats: Records
    over: Records
    melt: Melt


class Setting(NamedTuple):
    """What does not change in a phase: data of the elements, what is fed and supplied, the plan."""

    data: Data
    charge: Charge
    plan: Record


class Run(NamedTuple):
    """The state of a run of steps: ``old`` bath, CONTROL, the DRIVE of the last step, the REPORT that it begins with, streams and sums."""

    old: Floats
    control: Record
    drive: Record
    now: Record
    streams: Floats
    sums: Record


class Space(NamedTuple):
    """What every step overwrites; ``new`` (rows by ROW, E + 2) and ``then``, a REPORT, are its result, ``melt.counted`` its warnings.

    ``start`` and ``first`` are like ``new``: of the start of the step the parts of the bath, of its first stage with what is laid on by it;
    ``reports`` by REPORTS; ``scratch`` by SCRATCH; ``shares`` by KEY of the slag; ``moles`` by MOLECULE;
    ``held`` (E,) kg/s of vapours that the gas of the last step left behind, ``keeps`` that of the step that is tried;
    ``heats`` by HEATS and ``over`` by OVER, of ENTHALPY.
    """

    reports: Records
    then: Record
    new: Floats
    start: Floats
    first: Floats
    scratch: Floats
    mass: Floats
    held: Floats
    keeps: Floats
    shares: Floats
    moles: Floats
    heats: Records
    over: Records
    melt: Melt


def new_account(elements: int, warned: Counts) -> Account:
    """Return the arrays that a phase of so many elements gives; ``warned`` is counted up."""
    width = elements + 2
    return Account(np.zeros((len(PARTS), width)), np.zeros((len(STREAMS), width)), SUMS.new(), np.zeros(len(LIMIT)), warned, np.zeros(elements))


@kernel()
def new_bench(elements: int) -> Bench:
    """Return the arrays that a phase of so many elements works with; made here, since each array that Python hands over costs as much as many steps."""
    width = elements + 2
    melt = Melt(
        np.zeros(elements, dtype=_COEFFICIENT),
        np.zeros(1, dtype=_CONDITIONS),
        np.zeros(elements, dtype=_PRESENT),
        np.zeros(1, dtype=_MIXTURE),
        np.zeros((len(SOLUTION), elements)),
        np.zeros(1, dtype=_MELT),
        np.zeros(len(ODD), dtype=np.int64),
    )
    return Bench(
        np.zeros(width),
        np.zeros(1, dtype=_CONTROL),
        np.zeros(1, dtype=_DRIVE),
        np.zeros(len(REPORTS), dtype=_REPORT),
        np.zeros((len(ROW), width)),
        np.zeros((len(ROW), width)),
        np.zeros((len(ROW), width)),
        np.zeros((len(SCRATCH), width)),
        np.zeros(elements),
        np.zeros(elements),
        np.zeros(elements),
        np.zeros(len(KEY)),
        np.zeros(len(MOLECULE)),
        np.zeros(len(MOLECULE)),
        np.zeros(len(HEATS), dtype=_ENTHALPY),
        np.zeros(len(OVER), dtype=_ENTHALPY),
        melt,
    )


@kernel()
def clear(heats: Records) -> None:
    """Set enthalpies to zero."""
    for k in range(heats.shape[0]):
        heats[k].formation = heats[k].content = heats[k].slope = 0.0


@kernel()
def burns(element: Record) -> bool:
    """Whether an element leaves as gas: C, H, N, O, halogens and sulphur."""
    role = element.role
    return role in (ROLE.carbon, ROLE.hydrogen, ROLE.nitrogen, ROLE.oxygen, ROLE.halogen) or element.matte > 0.0
