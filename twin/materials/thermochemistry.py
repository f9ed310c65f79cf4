"""Thermochemistry of copper smelting: oxides, activities, gases, evaporation and enthalpies, each number with basis, source and doubt.

The numbers stand in ``data/thermochemistry.yaml``. ``thermochemistry()`` reads them into frozen records, and ``Thermochemistry.smelting``
turns them, with a choice where sources differ, into the records that ``twin.kernels.smelting`` works on. Energies are in J/mol,
temperatures in K, pressures of free energies in atm.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from typing import Any

from twin.errors import Problem, UsageError
from twin.kernels.physical_constants import T0
from twin.kernels.record_table import Records
from twin.kernels.smelting_tables import ELEMENT, GASES, ROLE, ChemistryRecords
from twin.materials.catalogue import data_text, data_tree
from twin.materials.elements import ELEMENTS, REST
from twin.materials.number import Number, Reading
from twin.quantities import Quantity

_ROLES = {"C": ROLE.carbon, "H": ROLE.hydrogen, "N": ROLE.nitrogen, "O": ROLE.oxygen, "Cl": ROLE.halogen, "Br": ROLE.halogen, REST: ROLE.inert}
SOLVENT = "Cu"
_BASE = {"Ca": 1.0, "Mg": 1.0, "Na": 0.5, "Si": -1.0}
"""What a mol adds to the basicity of a slag."""
REST_MOLAR_MASS = 0.060
"""What a mol of an assay's remainder is counted with, in kg: that of SiO2."""

_ONE = Quantity("1")
_KELVIN = Quantity("K")
_ENERGY, _ENTROPY = Quantity("J/mol"), Quantity("J/(mol K)")


@dataclass(frozen=True)
class FreeEnergy:
    """dG = A + B T + C T ln T of the reaction ``title``, from ``coldest`` to ``hottest``; of oxides per mol O2.

    ``metal`` is the form that the metal has in the reaction: ``condensed`` or ``gas``.
    """

    title: str
    A: Number
    B: Number
    C: Number | None = None
    coldest: float = 0.0
    hottest: float = math.inf
    metal: str = "condensed"

    def at(self, temperature: float) -> float:
        """Return dG in J/mol: of iron after O'Neill at 1573.15 K it is -323604."""
        curved = self.C.value * math.log(temperature) if self.C else 0.0
        return self.A.value + (self.B.value + curved) * temperature

    def enthalpy(self, temperature: float) -> float:
        """Return dH = dG - T d(dG)/dT = A - C T in J/mol."""
        return self.A.value - (self.C.value * temperature if self.C else 0.0)


@dataclass(frozen=True)
class Activity:
    """log10 g = a/T + b; ln g falls by ``self`` x, x the mole fraction of the element itself, and stays from ``clamp`` on.

    Of an oxide in slag, ln g rises by ``basicity`` with the slag's basicity, and a and b hold at the basicity ``at_basicity``.
    """

    b: Number
    a: Number | None = None
    self_: Number | None = None
    clamp: Number | None = None
    basicity: Number | None = None
    at_basicity: Number | None = None

    def at(self, temperature: float) -> float:
        """Return g of the dilute element: tin's is 0.0371 at 1573.15 K."""
        return math.exp(math.log(10.0) * ((self.a.value / temperature if self.a else 0.0) + self.b.value))


@dataclass(frozen=True)
class Element:
    """How one element behaves. Of ``oxides``, ``metal`` and ``solids``, where sources differ, the first variant is the default.

    ``higher``: of its oxide in slag to its higher oxide there, per atom of metal, which takes ``more`` oxygen. ``solids``: of the metal to a solid oxide, per
    mol O2, ``solid_oxygen`` to an atom.

    It has ``oxides`` (free energies) or a ``ratio``: metal over slag by mole fractions at the pivot pressure. ``slope`` is
    d ln(slag/metal) / d ln pO2 where it is not half the oxygen.
    """

    name: str
    molar_mass: Number
    oxide_name: str = ""
    oxygen: float = 0.0
    ratio: Number | None = None
    slope: Number | None = None
    oxides: Mapping[str, FreeEnergy] = field(default_factory=dict)
    metal: Mapping[str, Activity] = field(default_factory=dict)
    slag: Mapping[str, Activity] = field(default_factory=dict)
    vapour: FreeEnergy | None = None
    oxide_vapour: FreeEnergy | None = None
    more: float = 0.0
    higher: FreeEnergy | None = None
    solid_oxygen: float = 0.0
    solids: Mapping[str, FreeEnergy] = field(default_factory=dict)


@dataclass(frozen=True)
class Enthalpy:
    """H(T) - H(298.15 K) = H + c (T - 1573.15 K) of a substance in the form ``form``; J/kg.

    ``formation`` at 298.15 K in J/mol of the formula, where no free energy gives it.
    """

    form: str
    H: Number
    c: Number
    formation: Number | None = None

    def at(self, temperature: float) -> float:
        """Return J/kg; of liquid copper at 1573.15 K it is 784800, that is 218 kWh/t."""
        return self.H.value + self.c.value * (temperature - T0)


@dataclass(frozen=True)
class Thermochemistry:
    """All of it. ``gases`` by name: co, co2, h2o, so2, dissolved_oxygen; ``limits`` by name; ``enthalpies`` by substance."""

    elements: Mapping[str, Element]
    gases: Mapping[str, FreeEnergy]
    limits: Mapping[str, Number]
    enthalpies: Mapping[str, Enthalpy]

    def numbers(self) -> list[tuple[str, Number]]:
        """Return every number with its dotted path, e.g. ``elements.Fe.oxides.oneill.A``."""
        return list(_numbers(self, ""))

    def smelting(
        self,
        variants: Mapping[str, str] | None = None,
        activities: Mapping[str, str] | None = None,
        slopes: Mapping[str, float] | None = None,
    ) -> ChemistryRecords:
        """Return the kernel's records: an ELEMENT for each of ``ELEMENTS`` in their order, and one GASES.

        ``variants`` chooses an element's oxide, ``activities`` its coefficient in copper, by name: ``{"Fe": "nasa"}``; ``slopes`` gives
        d ln(slag/metal) / d ln pO2: ``{"Sb": 0.75}``. Raises ``UsageError`` for an element or a name that is not known.
        """
        variants, activities, slopes = variants or {}, activities or {}, slopes or {}
        for name in (*variants, *activities, *slopes):
            if name not in self.elements or not self.elements[name].oxygen:
                known = ", ".join(element.name for element in self.elements.values() if element.oxygen)
                raise UsageError(f"{name!r} has no oxide in the slag; known: {known}")
        records = ELEMENT.new(len(ELEMENTS))
        for i, name in enumerate(ELEMENTS):
            values = self._element(name, variants.get(name), activities.get(name), slopes.get(name))
            for key, value in values.items():
                records[i][key] = value
        return ChemistryRecords(records, self._gases())

    def _gases(self) -> Records:
        names = {"co": "co", "co2": "co2", "h2o": "h2o", "oxygen": "dissolved_oxygen"}
        values = {f"{name}_{part}": getattr(self.gases[own], part).value for name, own in names.items() for part in ("A", "B")}
        values["oxygen_self"] = self.limits["oxygen_self"].value
        limits = {"matte_limit": "matte", "speiss_limit": "speiss", "copper_limit": "copper", "most_oxygen": "oxygen"}
        values |= {name: self.limits[limits.get(name, name)].value for name in GASES.names if name not in values}
        return GASES.of(values)

    def _element(self, name: str, variant: str | None, activity: str | None, slope: float | None) -> dict[str, float]:
        """What of an ELEMENT is not at its default, by field."""
        row = {"role": _ROLES.get(name, ROLE.distributed), "solvent": float(name == SOLVENT), "to_pure": float(name == SOLVENT)}
        row |= {"matte": float(name == "S"), "speiss": float(name in ("As", "Sb"))}
        row["base"] = _BASE.get(name, 0.0)
        if name == REST:
            return {**row, "molar_mass": REST_MOLAR_MASS}
        element = self.elements[name]
        row["molar_mass"] = element.molar_mass.value
        if name == "S":  # not in the slag; its oxide is a gas, whose pressure follows from the mole fraction in the metal
            gas = self.gases["so2"]
            row.update(A=gas.A.value, B=gas.B.value, oxygen=2.0, oxide_vapour_A=0.0, oxide_vapour_B=0.0)
        if not element.oxygen:
            return row
        row.update(oxygen=element.oxygen, in_slag=1.0)
        if slope is not None or element.slope is not None:
            row["slope"] = slope if slope is not None else element.slope.value if element.slope else math.nan
        if element.ratio is not None:
            row["ln_ratio"] = math.log(element.ratio.value)
        else:
            row.update(_oxide_columns(element, _chosen(element.oxides, variant, f"oxide of {name}")))
        if element.metal:
            row.update(_activity_columns("metal", _chosen(element.metal, activity, f"activity of {name}")))
        if element.slag:
            row.update(_activity_columns("slag", _chosen(element.slag, None, "")))
        if element.higher is not None and row["oxygen"] == element.oxygen:  # a variant may be the higher oxide itself
            row.update(more=element.more, higher_A=element.higher.A.value, higher_B=element.higher.B.value)
        if element.solids:
            solid = _free_energy(element, next(iter(element.solids.values())), element.solid_oxygen)
            row.update({f"solid_{key}": value for key, value in solid.items()} | {"solid_oxygen": element.solid_oxygen})
        for key, evaporation in (("vapour", element.vapour), ("oxide_vapour", element.oxide_vapour)):
            if evaporation is not None:
                row.update({f"{key}_A": evaporation.A.value, f"{key}_B": evaporation.B.value})
        return row


def _oxide_columns(element: Element, oxide: FreeEnergy) -> dict[str, float]:
    # SnO2 has two oxygen to a tin, where the dissolved oxide has one
    oxygen = 2.0 if element.name == "Sn" and "SnO2" in oxide.title else element.oxygen
    return {**_free_energy(element, oxide, oxygen), "oxygen": oxygen}


def _free_energy(element: Element, oxide: FreeEnergy, oxygen: float) -> dict[str, float]:
    columns = {"A": oxide.A.value, "B": oxide.B.value, "C": oxide.C.value if oxide.C else 0.0}
    if oxide.metal == "gas" and element.vapour is not None:  # refer it to the liquid: 2/z mol of metal evaporate for a mol O2
        columns["A"] += 2.0 / oxygen * element.vapour.A.value
        columns["B"] += 2.0 / oxygen * element.vapour.B.value
    return columns


def _activity_columns(phase: str, activity: Activity) -> dict[str, float]:
    columns = {f"{phase}_a": activity.a.value if activity.a else 0.0, f"{phase}_b": activity.b.value}
    if activity.self_ is not None and activity.clamp is not None:
        columns |= {"self": activity.self_.value, "clamp": activity.clamp.value}
    if activity.basicity is not None and activity.at_basicity is not None:
        columns |= {"basicity": activity.basicity.value, "basicity_at": activity.at_basicity.value}
    return columns


def _chosen(variants: Mapping[str, Any], name: str | None, what: str) -> Any:
    if name is None:
        return next(iter(variants.values()))
    if name not in variants:
        raise UsageError(f"unknown variant {name!r} of the {what}; known: {', '.join(variants)}")
    return variants[name]


def _numbers(record: Any, path: str) -> Any:
    if isinstance(record, Number):
        yield path, record
    elif isinstance(record, Mapping):
        for key, value in record.items():
            yield from _numbers(value, f"{path}.{key}".strip("."))
    elif is_dataclass(record):
        for item in fields(record):
            yield from _numbers(getattr(record, item.name), f"{path}.{item.name.rstrip('_')}".strip("."))


@cache
def thermochemistry() -> Thermochemistry:
    """Return the data that come with twin: ``thermochemistry().elements["Fe"].oxides["oneill"].A.value`` is ``-551159.0``."""
    return _read(data_tree(data_text("thermochemistry")))


def changed(values: Mapping[str, float]) -> Thermochemistry:
    """Return the data with other values, in SI, at the paths of ``Thermochemistry.numbers``; these are then assumed.

    Raises ``UsageError`` for a path that is not there, ``ScenarioError`` for a value that is not possible.
    """
    tree = copy.deepcopy(data_tree(data_text("thermochemistry")))
    known = dict(thermochemistry().numbers())
    for path, value in values.items():
        if path not in known:
            raise UsageError(f"no number {path!r} in the thermochemistry; e.g. {next(iter(known))!r}")
        unit = known[path].unit
        _put(tree, path, {"value": f"{value!r} {unit}" if unit != "1" else float(value), "basis": "assumed", "source": "memory", "note": "changed"})
    return _read(tree)


def _put(tree: Any, path: str, node: dict[str, Any]) -> None:
    parts = path.split(".")
    if parts[0] == "elements" and parts[2] in _GROUPED:
        places = {
            "metal": ("activities", "metal"),
            "slag": ("activities", "slag"),
            "vapour": ("evaporation", "metal"),
            "oxide_vapour": ("evaporation", "oxide"),
        }
        parts = [*places.get(parts[2], (parts[2],)), parts[1], *parts[3:]]
    for part in parts[:-1]:
        tree = tree[part]
    tree[parts[-1]] = node


_GROUPED = ("oxides", "metal", "slag", "vapour", "oxide_vapour", "higher", "solids")
"""What the file groups by what it is, and then by element."""


class _Reader(Reading):
    """Reads the numbers of this file, whose sources are named once."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        super().__init__(lambda path, message: Problem("thermochemistry.yaml", 0, 0, path, message))
        self._sources = sources

    def take(self, node: Mapping[str, Any], key: str, quantity: Quantity, path: str) -> Number | None:
        """Return the number at ``key``, or None where there is none."""
        if key not in node:
            return None
        about = dict(node[key])
        if about.get("source") not in self._sources:
            self.wrong(f"{path}.{key}", f"unknown source {about.get('source')!r}; known: {', '.join(self._sources)}")
        about["source"] = self._sources.get(about.get("source", ""), "")
        return self.number(about, quantity, f"{path}.{key}")

    def needed(self, node: Mapping[str, Any], key: str, quantity: Quantity, path: str) -> Number:
        """Return the number at ``key``; one that is missing is a problem."""
        found = self.take(node, key, quantity, path)
        if found is None:
            self.wrong(path, f"{key!r} is missing")
        return found or Number(math.nan, quantity.si)

    def energy(self, node: Mapping[str, Any], path: str) -> FreeEnergy:
        """Return a free energy."""
        return FreeEnergy(
            self.text(node.get("title"), path),
            self.needed(node, "A", _ENERGY, path),
            self.needed(node, "B", _ENTROPY, path),
            self.take(node, "C", _ENTROPY, path),
            _KELVIN.read(node.get("from", "0 K")),
            _KELVIN.read(node.get("to", "6000 K")),
            self.text(node.get("metal"), path, "condensed"),
        )

    def activity(self, node: Mapping[str, Any], path: str) -> Activity:
        """Return an activity coefficient."""
        a, self_, clamp = self.take(node, "a", _KELVIN, path), self.take(node, "self", _ONE, path), self.take(node, "clamp", _ONE, path)
        if self_ is not None and clamp is not None and self_.value * clamp.value >= 1.0:
            self.wrong(path, f"self x clamp must be less than 1, or the activity would fall with the amount (got {self_.value * clamp.value:g})")
        basicity, at_basicity = self.take(node, "basicity", _ONE, path), self.take(node, "at_basicity", _ONE, path)
        if (basicity is None) != (at_basicity is None):
            self.wrong(path, "'basicity' and 'at_basicity' belong together")
        return Activity(self.needed(node, "b", _ONE, path), a, self_, clamp, basicity, at_basicity)

    def element(self, name: str, tree: Mapping[str, Any]) -> Element:
        """Return an element, with what the file says of it in other places."""
        node, path = tree["elements"][name], f"elements.{name}"
        oxides = {key: self.energy(value, f"oxides.{name}.{key}") for key, value in tree["oxides"].get(name, {}).items()}
        activities = {
            phase: {key: self.activity(value, f"activities.{phase}.{name}.{key}") for key, value in tree["activities"][phase].get(name, {}).items()}
            for phase in ("metal", "slag")
        }
        evaporation = {
            phase: self.energy(tree["evaporation"][phase][name], f"evaporation.{phase}.{name}") if name in tree["evaporation"][phase] else None
            for phase in ("metal", "oxide")
        }
        ratio = self.take(node, "ratio", Quantity("1", gt=0), path)
        oxygen = float(node.get("oxygen", 0.0))
        if oxygen and (ratio is None) == (not oxides):
            self.wrong(path, "either a 'ratio' or free energies under 'oxides' are needed")
        return Element(
            name,
            self.needed(node, "molar_mass", Quantity("kg/mol", gt=0), path),
            self.text(node.get("oxide_name"), path),
            oxygen,
            ratio,
            self.take(node, "slope", _ONE, path),
            oxides,
            activities["metal"],
            activities["slag"],
            evaporation["metal"],
            evaporation["oxide"],
            float(node.get("more", 0.0)),
            self.energy(tree["higher"][name], f"higher.{name}") if name in tree["higher"] else None,
            float(node.get("solid_oxygen", 0.0)),
            {key: self.energy(value, f"solids.{name}.{key}") for key, value in tree["solids"].get(name, {}).items()},
        )


def _read(tree: Any) -> Thermochemistry:
    reading = _Reader(tree["sources"])
    for name in ELEMENTS:
        if name != REST and name not in tree["elements"]:
            reading.wrong("elements", f"{name!r} is missing")
    reading.stop_if_any()
    elements = {name: reading.element(name, tree) for name in tree["elements"]}
    gases = {name: reading.energy(node, f"gases.{name}") for name, node in tree["gases"].items()}
    limits = {name: reading.needed(tree["limits"], name, _KELVIN if name in ("coldest", "hottest") else _ONE, "limits") for name in tree["limits"]}
    enthalpies = {
        name: Enthalpy(
            node["form"],
            reading.needed(node, "H", Quantity("J/kg", gt=0), f"enthalpies.{name}"),
            reading.needed(node, "c", Quantity("J/(kg K)", gt=0), f"enthalpies.{name}"),
            reading.take(node, "formation", _ENERGY, f"enthalpies.{name}"),
        )
        for name, node in tree["enthalpies"].items()
    }
    reading.stop_if_any()
    return Thermochemistry(elements, gases, limits, enthalpies)
