"""The catalogue: which materials there are, what they are made of and how they behave.

A catalogue is read from a parsed YAML tree (``catalogue_from_tree``), so this module knows no file and no YAML; the built-in ones come
from ``builtin_catalogue``. ``Catalogue.select`` turns the materials that a plant uses into arrays.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, UsageError
from twin.materials.breaking import BRITTLE, DROPS, read_law, read_liberated, read_own_sizes
from twin.materials.carbon import check_shares, mean_by_carbon
from twin.materials.elements import ELEMENTS, REST, WATER
from twin.materials.number import NAME, Label, Number, Reading, Report
from twin.materials.pieces import FORMS, WALLED, Shape, shapes_of
from twin.materials.properties import CLASSES, COMPUTED, EVAPORATION, FRACTION, NO_CLASS, OF_CARBON, PROPERTIES

Floats = NDArray[np.float64]

SUM_TOLERANCE = 1e-6
"""How far a sum of fractions that must be 1 may be off: what people type has six digits at most (33.3333 %)."""

_MATERIAL_KEYS = ("title", "groups", "assay", "constituents", "form", "breaks", "liberated", "comes_off", *PROPERTIES, *CLASSES)


@dataclass(frozen=True)
class Material:
    """One entry of a catalogue.

    It has either an ``assay`` (elements of the dry material) or ``constituents`` (other materials), and neither where it is water only.
    ``breaks`` says how, one of :data:`twin.kernels.breakage_laws.LAWS`. Of a composite ``liberated`` holds (size in m, the size as written, share that is
    liberated), ascending, and ``comes_off`` the size of the pieces that a constituent comes off in where it is not the fragment's.
    """

    name: str
    title: str
    groups: tuple[str, ...]
    assay: Mapping[str, Number]
    constituents: Mapping[str, Number]
    properties: Mapping[str, Number]
    classes: Mapping[str, Label]
    form: Label
    breaks: Label = BRITTLE
    liberated: tuple[tuple[float, str, Number], ...] = ()
    comes_off: Mapping[str, Number] = field(default_factory=dict)


@dataclass(frozen=True)
class Materials:
    """The materials of one plant as arrays.

    - ``names``: the material axis;
    - ``properties``: by name, each of shape (material,), SI units, of the material as received, see ``twin.materials.PROPERTIES``;
    - ``assay``: (material, element), kg of an element in a kg of the material as received, moisture included; rows sum to 1;
    - ``groups``: members of each group among ``names``, in that order;
    - ``classes``: what sensors see, ``nir`` and ``colour``, each a text by material; ``none`` where nothing is said;
    - ``forms``: what pieces of each are, one of :data:`twin.materials.pieces.FORMS`; see :meth:`shapes`;
    - ``constituents``: for each composite whose constituents are all among ``names``, what it is in the end made of: (material, mass fraction), as
      received, so a moist composite's water is one of them;
    - ``breaks``: how each breaks in a mill, one of :data:`twin.kernels.breakage_laws.LAWS`;
    - ``liberated``: for composites that have a table, (size in m, liberated share), ascending;
    - ``comes_off``: for composites, by constituent, the size in m of the pieces that it comes off in where that is its own.
    """

    names: tuple[str, ...]
    properties: Mapping[str, Floats]
    assay: Floats
    groups: Mapping[str, tuple[str, ...]]
    constituents: Mapping[str, tuple[tuple[str, float], ...]] = field(default_factory=dict)
    classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    forms: tuple[str, ...] = ()
    breaks: tuple[str, ...] = ()
    liberated: Mapping[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    comes_off: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def shapes(self) -> list[Shape]:
        """Return what the pieces of each material have in common."""
        return shapes_of(self.forms, self.properties)

    def index(self, name: str) -> int:
        """Return the place of a material on the axis."""
        return self.names.index(name)

    def fractions(self) -> dict[str, dict[str, float]]:
        """Return the mass fraction of every element by material."""
        return {name: dict(zip(ELEMENTS, row.tolist(), strict=True)) for name, row in zip(self.names, self.assay, strict=True)}

    def members(self, name: str) -> tuple[int, ...]:
        """Return the places that a material or a group of materials stands for; empty for any other name."""
        return tuple(self.names.index(n) for n in self.groups.get(name, (name,)) if n in self.names)


@dataclass(frozen=True)
class Catalogue:
    """Materials by name, from one file or several."""

    name: str
    title: str
    materials: Mapping[str, Material]

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """Members of every group, in the order in which the groups first appear."""
        found: dict[str, list[str]] = {}
        for material in self.materials.values():
            for group in material.groups:
                found.setdefault(group, []).append(material.name)
        return {group: tuple(names) for group, names in found.items()}

    def joined(self, other: Catalogue) -> Catalogue:
        """Return both catalogues as one; a material of ``other`` replaces one of the same name here."""
        return Catalogue(f"{self.name}+{other.name}", self.title, {**self.materials, **other.materials})

    def clashes(self) -> list[str]:
        """Return the names that stand for two things: elements, materials and groups share one namespace."""
        groups = self.groups
        return [name for name in self.materials if name in ELEMENTS or name in groups] + [name for name in groups if name in ELEMENTS]

    def select(self, names: Sequence[str]) -> Materials:
        """Return the materials ``names`` as arrays. Raises ``UsageError`` for a name that is not in the catalogue."""
        unknown = [name for name in names if name not in self.materials]
        if unknown:
            raise UsageError(f"material {unknown[0]!r} is not in catalogue {self.name!r}; known: {', '.join(self.materials)}")
        properties = {key: np.array([self._property(name, key) for name in names], dtype=np.float64).reshape(len(names)) for key in PROPERTIES}
        assay = np.array([self.assay(name) for name in names], dtype=np.float64).reshape(len(names), len(ELEMENTS))
        chosen = {group: tuple(n for n in names if n in members) for group, members in self.groups.items()}
        groups = {group: members for group, members in chosen.items() if members}
        parts = {name: made_of for name in names if (made_of := self.made_of(name)) and all(part in names for part in made_of)}
        constituents = {name: tuple(made_of.items()) for name, made_of in parts.items()}
        classes = {key: tuple(self.materials[name].classes[key].value for name in names) for key in CLASSES}
        forms = tuple(self.materials[name].form.value for name in names)
        chosen_ones = {name: self.materials[name] for name in names}
        breaks = tuple(material.breaks.value for material in chosen_ones.values())
        liberated = {name: tuple((size, share.value) for size, _, share in one.liberated) for name, one in chosen_ones.items() if one.liberated}
        comes_off = {name: self._own_sizes(name) for name in constituents}
        return Materials(tuple(names), properties, assay, groups, constituents, classes, forms, breaks, liberated, comes_off)

    def _own_sizes(self, name: str) -> dict[str, float]:
        """The sizes that constituents of a composite come off in; its water runs off as drops."""
        water = {part: DROPS for part in self.made_of(name) if self._property(part, "moisture") == 1.0}
        return {**water, **{part: size.value for part, size in self.materials[name].comes_off.items()}}

    def made_of(self, name: str) -> dict[str, float]:
        """Return the mass fraction of each material that is no composite in a composite as received, however deep it lies; empty for what is none.

        Moisture of a composite's own is water, the first material of the catalogue that is nothing else; empty where it has none such.
        """
        material = self.materials[name]
        found: dict[str, float] = {}
        for part, fraction in material.constituents.items():
            below = self.made_of(part) if self.materials[part].constituents else {part: 1.0}
            if not below:
                return {}
            for leaf, share in below.items():
                found[leaf] = found.get(leaf, 0.0) + fraction.value * share
        moisture = self._property(name, "moisture") if found else 0.0
        if moisture > 0.0:
            water = next((other for other in self.materials if self._property(other, "moisture") == 1.0), None)
            if water is None:
                return {}
            found = {leaf: (1.0 - moisture) * share for leaf, share in found.items()}
            found[water] = found.get(water, 0.0) + moisture
        return found

    def assay(self, name: str) -> tuple[float, ...]:
        """Return the mass fraction of every element in the material as received, in the order of ``ELEMENTS``; the sum is 1.

        A composite's follows from its constituents; ``moisture`` adds water; what is left open is ``rest``.
        """
        material = self.materials[name]
        share = dict.fromkeys(ELEMENTS, 0.0)
        if material.constituents:
            for part, fraction in material.constituents.items():
                for element, value in zip(ELEMENTS, self.assay(part), strict=True):
                    share[element] += fraction.value * value
        else:
            for element, number in material.assay.items():
                share[element] += number.value
        water = self._property(name, "moisture")
        share = {element: value * (1.0 - water) for element, value in share.items()}
        for element, value in WATER.items():
            share[element] += water * value
        share[REST] = max(0.0, share[REST] + 1.0 - math.fsum(share.values()))
        return tuple(share[element] for element in ELEMENTS)

    def numbers(self, names: Iterable[str]) -> list[tuple[str, Number]]:
        """Return every number that the materials ``names`` rest on, with its dotted path in the catalogue; constituents included."""
        found: dict[str, Number] = {}
        waiting = list(names)
        done: list[str] = []
        while waiting:
            material = self.materials[waiting.pop(0)]
            if material.name in done:
                continue
            done.append(material.name)
            waiting.extend(material.constituents)
            table = {size: share for _, size, share in material.liberated}
            parts = {
                "assay": material.assay,
                "constituents": material.constituents,
                "liberated": table,
                "comes_off": material.comes_off,
                "": material.properties,
            }
            for part, numbers in parts.items():
                for key, number in numbers.items():
                    found[".".join(["materials", material.name, *([part] if part else []), key])] = number
        return list(found.items())

    def _property(self, name: str, key: str) -> float:
        material = self.materials[name]
        parts = material.constituents
        if key in material.properties:
            value = material.properties[key].value
        elif key == "envelope_density":
            value = self._property(name, "density") * self._property(name, "solidity")
        elif key == "density":  # volumes add up
            value = 1.0 / math.fsum(f.value / self._property(part, key) for part, f in parts.items())
        elif key in OF_CARBON:
            value = mean_by_carbon((f.value * self.assay(part)[ELEMENTS.index("C")], self._property(part, key)) for part, f in parts.items())
        else:
            value = math.fsum(f.value * self._property(part, key) for part, f in parts.items())
        water = material.properties["moisture"].value
        if key == "heating_value":
            return (1.0 - water) * value - water * EVAPORATION
        if key == "oxide_oxygen":
            return (1.0 - water) * (value if parts else min(value, material.assay["O"].value if "O" in material.assay else 0.0))
        return value


def catalogue_from_tree(tree: object, report: Report, known: Mapping[str, Material] = MappingProxyType({})) -> Catalogue:
    """Return the catalogue in a parsed YAML document (dict, list, str, int, float).

    ``known`` are materials of other catalogues that composites may name as constituents.
    ``report(path, message)`` makes the :class:`~twin.errors.Problem` for a dotted path such as ``materials.steel.density``. Raises
    ``ScenarioError`` with everything that is wrong.
    """
    reading = Reading(report)
    top = reading.mapping(tree, "", ("twin_catalogue", "name", "title", "materials"))
    if isinstance(tree, dict) and top.get("twin_catalogue") != 1:
        reading.wrong("twin_catalogue", f"1 is needed, the version of the format (got {top.get('twin_catalogue')!r})")
    materials: dict[str, Material] = {}
    if isinstance(tree, dict) and "materials" not in top:
        reading.wrong("", "'materials' is missing")
    for name, node in reading.mapping(top.get("materials", {}), "materials").items():
        materials[name] = _material(name, node, reading)
    catalogue = Catalogue(reading.text(top.get("name"), "name", "catalogue"), reading.text(top.get("title"), "title"), materials)
    _check_composites(catalogue, known, reading)
    for name in catalogue.clashes():
        where = f"materials.{name}" if name in materials else "materials"
        reading.wrong(where, f"{name!r} stands for two things; elements, materials and groups share one namespace")
    reading.stop_if_any()
    return catalogue


def _material(name: str, node: object, reading: Reading) -> Material:
    path = f"materials.{name}"
    if not NAME.fullmatch(name):
        reading.wrong(path, f"a material is named by lower-case letters, digits and _, beginning with a letter (got {name!r})")
    fields = reading.mapping(node, path, _MATERIAL_KEYS)
    groups = fields.get("groups", [])
    if not isinstance(groups, list) or not all(isinstance(g, str) and NAME.fullmatch(g) for g in groups):
        reading.wrong(f"{path}.groups", f"a list of names is needed (got {groups!r})")
        groups = []
    properties = {key: reading.number(fields[key], PROPERTIES[key].quantity, f"{path}.{key}") for key in PROPERTIES if key in fields}
    moisture = properties.get("moisture")
    _check_make_up(fields, water=moisture is not None and moisture.value == 1.0, path=path, reading=reading)
    check_shares(properties, path, reading)
    labels = {key: reading.label(fields[key], f"{path}.{key}") for key in CLASSES if key in fields}
    if "density" not in fields and "constituents" not in fields:
        reading.wrong(path, "'density' is missing, e.g. 'density: 1080 kg/m3'")
    assay = _fractions(fields.get("assay", {}), f"{path}.assay", reading)
    for element in assay:
        if element not in ELEMENTS:
            reading.wrong(f"{path}.assay.{element}", f"unknown element {element!r}; known: {', '.join(ELEMENTS)}")
    total = math.fsum(number.value for number in assay.values())
    if total > 1 + SUM_TOLERANCE:
        reading.wrong(f"{path}.assay", f"the elements must not add up to more than 100 % (got {100 * total:.6g} %)")
    return Material(
        name,
        reading.text(fields.get("title"), f"{path}.title", name),
        tuple(groups),
        assay,
        _fractions(fields.get("constituents", {}), f"{path}.constituents", reading),
        {**_defaults("constituents" in fields), **{key: number for key, number in properties.items() if number is not None}},
        {key: labels.get(key) or Label(NO_CLASS, source="default of twin") for key in CLASSES},
        _form(fields, properties.get("wall"), path, reading),
        read_law(fields, path, reading),
        read_liberated(fields, path, reading),
        read_own_sizes(fields, path, reading),
    )


def _form(fields: Mapping[str, Any], wall: Number | None, path: str, reading: Reading) -> Label:
    form = (reading.label(fields["form"], f"{path}.form") if "form" in fields else None) or Label("solid", source="default of twin")
    if form.value not in FORMS:
        reading.wrong(f"{path}.form", f"unknown form {form.value!r}; allowed: {', '.join(FORMS)}")
    elif form.value in WALLED and (wall is None or wall.value == 0.0) and not reading.problems:
        reading.wrong(path, f"pieces of the form {form.value!r} need a 'wall' above 0, e.g. 'wall: 1 mm'")
    elif form.value == "solid" and wall is not None and wall.value > 0.0:
        reading.wrong(f"{path}.wall", f"solid pieces have no wall; forms that have one: {', '.join(WALLED)}")
    return form


def _check_make_up(fields: Mapping[str, Any], *, water: bool, path: str, reading: Reading) -> None:
    if water and (fields.get("assay") or fields.get("constituents")):
        reading.wrong(path, "a moisture of 100 % leaves nothing dry: no 'assay' and no 'constituents' are needed")
    elif not water and ("assay" in fields) == ("constituents" in fields):
        reading.wrong(path, "either 'assay' (elements) or 'constituents' (materials) is needed")


def _defaults(composite: bool) -> dict[str, Number]:
    return {
        key: Number(about.default, about.quantity.si, "assumed", "default of twin")
        for key, about in PROPERTIES.items()
        if about.default is not None and not (composite and key in COMPUTED)
    }


def _fractions(node: Any, path: str, reading: Reading) -> dict[str, Number]:
    numbers = {key: reading.number(value, FRACTION, f"{path}.{key}") for key, value in reading.mapping(node, path).items()}
    return {key: number for key, number in numbers.items() if number is not None}


def _check_composites(catalogue: Catalogue, known: Mapping[str, Material], reading: Reading) -> None:
    for name, material in catalogue.materials.items():
        path = f"materials.{name}.constituents"
        if not material.constituents:
            continue
        for part in material.constituents:
            if part not in catalogue.materials and part not in known:
                reading.wrong(f"{path}.{part}", f"unknown material {part!r}; known: {', '.join((*catalogue.materials, *known))}")
        if name in _within(catalogue, name):
            reading.wrong(path, f"{name!r} is a constituent of itself")
        total = math.fsum(number.value for number in material.constituents.values())
        if abs(total - 1) > SUM_TOLERANCE:
            reading.wrong(path, f"the constituents must add up to 100 % (got {100 * total:.6g} %)")


def _within(catalogue: Catalogue, name: str) -> list[str]:
    """All materials inside ``name``, directly or deeper."""
    found: list[str] = []
    waiting = list(catalogue.materials[name].constituents)
    while waiting:
        part = waiting.pop()
        if part not in found and part in catalogue.materials:
            found.append(part)
            waiting.extend(catalogue.materials[part].constituents)
    return found


_OTHER_DATA = ("carriers", "thermochemistry")
"""Data files that are no catalogues of materials."""


def builtin_names() -> tuple[str, ...]:
    """Return the names of the catalogues that come with twin."""
    return tuple(name for name in _data_names() if name not in _OTHER_DATA)


def builtin_text(name: str) -> str:
    """Return the YAML text of a built-in catalogue. Raises ``UsageError`` for an unknown name."""
    if name not in builtin_names():
        raise UsageError(f"no catalogue {name!r} comes with twin; known: {', '.join(builtin_names())}")
    return data_text(name)


@cache
def builtin_catalogue(name: str) -> Catalogue:
    """Return a built-in catalogue: ``builtin_catalogue("weee").select(["copper"]).properties["density"]`` is ``[8930.]``."""
    return catalogue_from_tree(data_tree(builtin_text(name)), lambda path, message: Problem(f"{name}.yaml", 0, 0, path, message))


@cache
def _data_names() -> tuple[str, ...]:
    folder = resources.files("twin.materials") / "data"
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml")))


def data_text(name: str) -> str:
    """Return the text of a data file of this package."""
    return (resources.files("twin.materials") / "data" / f"{name}.yaml").read_text(encoding="utf-8")


def data_tree(text: str) -> Any:
    """Parse the text of one of our own data files; it is trusted, so YAML's rules for scalars are enough."""
    import yaml

    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
