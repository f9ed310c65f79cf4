"""What the kernels of bath, freeboard and phase share: bundles of records and arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from twin.kernels import bundles
from twin.kernels.bundles import Bundle, BundleType, arrays_of, records_of
from twin.kernels.compile import Floats, kernel
from twin.kernels.furnace_tables import CONTROL, DRIVE, END_TEST, FED, HEATS, LIMIT, OVER, PARTS, PLAN, REPORT, REPORTS, ROW, SCRATCH, STREAMS, SUMS, SUPPLY
from twin.kernels.physical_constants import ATMOSPHERE
from twin.kernels.record_table import Record, Records, Table
from twin.kernels.smelting import R
from twin.kernels.smelting_space import Chemistry, Melt, new_melt
from twin.kernels.smelting_tables import ENTHALPY, HEAT, KEY, MOLECULE, ROLE, ChemistryRecords

Counts = NDArray[np.int64]

MOLTEN_FROM = 1373.15  # K: below, nothing reacts
HOTTEST_EQUILIBRIUM = 1773.15  # K: the equilibrium is not asked for more, its data end there; counted as its `temperature`
EMPTY = 1.0  # J/K, some 2 g: a bath that holds less heat is none, and its walls lose nothing
NORMAL = ATMOSPHERE / (R * 273.15)  # mol in a Nm3
LOWEST_VISCOSITY, HIGHEST_VISCOSITY = 1e-3, 1e6  # Pa s

f8, i8 = types.float64, types.int64
NUMBERS, MATRIX, COUNTS = f8[::1], f8[:, ::1], i8[::1]
PAIR: Any = types.UniTuple(f8, 2)  # type: ignore[no-untyped-call]
STATUS_AND_LENGTH: Any = types.Tuple((i8, f8))  # type: ignore[no-untyped-call]
"""What tries steps returns: 0 or a status, and how long the step is that stands tried, s."""


def record_of(table: Table) -> Any:
    """The type of one record of a table."""
    return bundles.record_of(table.dtype)


class Data(Bundle):
    """What is known of elements and gases: ``heat`` a HEAT for each element, ``species`` an ENTHALPY for each molecule; the places of oxygen and nitrogen."""

    kind = BundleType(
        "Data",
        (
            ("chemistry", Chemistry.kind),
            ("heat", records_of(HEAT.dtype)),
            ("species", records_of(ENTHALPY.dtype)),
            ("oxygen", types.int64),
            ("nitrogen", types.int64),
        ),
    )
    chemistry: Chemistry
    heat: Records
    species: Records
    oxygen: int
    nitrogen: int

    def __init__(self, chemistry: Chemistry | ChemistryRecords, heat: Records, species: Records, oxygen: int, nitrogen: int) -> None:
        own = Chemistry(*chemistry) if isinstance(chemistry, ChemistryRecords) else chemistry
        super().__init__(own, heat, species, oxygen, nitrogen)


class Charge(Bundle):
    """What a phase works on: ``bath`` (E + 2,), in and out; ``feed`` (3, E + 2) by FED, ``supplies`` (3, E + 2) per kg by SUPPLY; an END_TEST for each test.

    A row is kg of each element, enthalpy of formation and sensible heat, J. The feed is the whole charge; its temperature is in its sensible heat. What
    of the organics does not burn belongs to ``bulk``.
    """

    kind = BundleType("Charge", (("bath", NUMBERS), ("feed", MATRIX), ("supplies", MATRIX), ("tests", records_of(END_TEST.dtype))))
    bath: Floats
    feed: Floats
    supplies: Floats
    tests: Records


class Account(Bundle):
    """What a phase gives: ``split`` (3, E + 2), the bath by PARTS; ``streams`` (9, E + 2) by STREAMS; one SUMS; seconds by LIMIT; counts by WARNING.

    ``solids`` (E,): kg of each element that is solid oxide in the slag at the end.
    """

    kind = BundleType(
        "Account",
        (
            ("split", MATRIX),
            ("streams", MATRIX),
            ("sums", records_of(SUMS.dtype)),
            ("limits", NUMBERS),
            ("warned", COUNTS),
            ("solids", NUMBERS),
        ),
    )
    split: Floats
    streams: Floats
    sums: Records
    limits: Floats
    warned: Counts
    solids: Floats


class Setting(Bundle):
    """What does not change in a phase: data of the elements, what is fed and supplied, the plan."""

    kind = BundleType("Setting", (("data", Data.kind), ("charge", Charge.kind), ("plan", record_of(PLAN))))
    data: Data
    charge: Charge
    plan: Record


class Run(Bundle):
    """The state of a run of steps: ``old`` bath, CONTROL, the DRIVE of the last step, the REPORT that it begins with, streams and sums."""

    kind = BundleType(
        "Run",
        (
            ("old", NUMBERS),
            ("control", record_of(CONTROL)),
            ("drive", record_of(DRIVE)),
            ("now", record_of(REPORT)),
            ("streams", MATRIX),
            ("sums", record_of(SUMS)),
        ),
    )
    old: Floats
    control: Record
    drive: Record
    now: Record
    streams: Floats
    sums: Record


class Space(Bundle):
    """What every step overwrites; ``new`` (rows by ROW, E + 2) and ``then``, a REPORT, are its result, ``melt.counted`` its warnings.

    ``start`` and ``first`` are like ``new``: of the start of the step the parts of the bath, of its first stage with what is laid on by it;
    ``reports`` by REPORTS; ``scratch`` by SCRATCH; ``shares`` by KEY of the slag; ``moles`` and ``spare`` by MOLECULE;
    ``held`` (E,) kg/s of vapours that the gas of the last step left behind, ``keeps`` that of the step that is tried;
    ``heats`` by HEATS and ``over`` by OVER, of ENTHALPY.
    """

    kind = BundleType(
        "Space",
        (
            ("reports", records_of(REPORT.dtype)),
            ("then", record_of(REPORT)),
            ("new", MATRIX),
            ("start", MATRIX),
            ("first", MATRIX),
            ("scratch", MATRIX),
            ("mass", NUMBERS),
            ("held", NUMBERS),
            ("keeps", NUMBERS),
            ("shares", NUMBERS),
            ("moles", NUMBERS),
            ("spare", NUMBERS),
            ("heats", records_of(ENTHALPY.dtype)),
            ("over", records_of(ENTHALPY.dtype)),
            ("melt", Melt.kind),
        ),
    )
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
    spare: Floats
    heats: Records
    over: Records
    melt: Melt


def new_account(elements: int, warned: Counts) -> Account:
    """Return the arrays that a phase of so many elements gives; ``warned`` is counted up."""
    width = elements + 2
    return Account(np.zeros((len(PARTS), width)), np.zeros((len(STREAMS), width)), SUMS.new(), np.zeros(len(LIMIT)), warned, np.zeros(elements))


def new_space(elements: int) -> Space:
    """Return the arrays that the steps of a phase of so many elements overwrite."""
    width = elements + 2
    reports = REPORT.new(len(REPORTS))
    return Space(
        reports=reports,
        then=reports[REPORTS.then :],
        new=np.zeros((len(ROW), width)),
        start=np.zeros((len(ROW), width)),
        first=np.zeros((len(ROW), width)),
        scratch=np.zeros((len(SCRATCH), width)),
        mass=np.zeros(elements),
        held=np.zeros(elements),
        keeps=np.zeros(elements),
        shares=np.zeros(len(KEY)),
        moles=np.zeros(len(MOLECULE)),
        spare=np.zeros(len(MOLECULE)),
        heats=ENTHALPY.new(len(HEATS)),
        over=ENTHALPY.new(len(OVER)),
        melt=new_melt(elements),
    )


def new_run(space: Space, elements: int, account: Account) -> Run:
    """Return the state of a run of steps that has not begun."""
    return Run(np.zeros(elements + 2), CONTROL.new(), DRIVE.new(), space.reports[REPORTS.now :], account.streams, account.sums)


class Works:
    """All that the phases of one furnace work with, laid out once and made blank before each: to lay it out anew takes a third of the time of a phase.

    What a phase gave stands in ``account`` until the next one begins.
    """

    def __init__(self, data: Data, warned: Counts) -> None:
        elements = len(data.heat)
        self.account, self.space = new_account(elements, warned), new_space(elements)
        self.run = new_run(self.space, elements, self.account)
        self._plan = PLAN.new()
        nothing = np.zeros(elements + 2)
        self._charge = Charge(nothing, np.zeros((len(FED), elements + 2)), np.zeros((len(SUPPLY), elements + 2)), END_TEST.new(0))
        self.setting = Setting(data, self._charge, self._plan)
        arrays = {id(value): value for bundle in (self.account, self.run, self.space, self.space.melt) for value in arrays_of(bundle) if value is not warned}
        self._blanks = [(array, array.copy()) for array in (value.view(np.uint8) for value in arrays.values())]

    def begin(self, charge: Charge, plan: Records) -> None:
        """Make all blank for a phase with this charge and plan."""
        self._charge.lay_out({name: getattr(charge, name) for name in Charge.kind.kinds})
        self._plan[:] = plan
        for array, blank in self._blanks:
            array[...] = blank


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
