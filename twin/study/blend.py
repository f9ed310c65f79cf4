"""A charge blended to targets by a linear programme, before the run: its masses go into a scenario as decimal text in a change file, and a run solves nothing.

Of each source that the recipe draws from and whose composition is known, the mass is free; shares are of all that is blended, as received. Limits hold, targets
are met as nearly as can be, each deviation over its target; then cost or a content is made least, or the masses move as little as can be.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import UsageError
from twin.materials import ELEMENTS
from twin.materials.heat import heat_data
from twin.quantities import format_quantity, parse
from twin.scenario import Scenario
from twin.scenario.furnace import FurnaceModel
from twin.scenario.kinds.bunker import Bunker
from twin.scenario.kinds.feed import Feed
from twin.scenario.phases import Charge, Portion
from twin.scenario.problems import nearest
from twin.scenario.series import Series

Floats = NDArray[np.float64]
HEAT, COST = "heat", "cost"
UNITS = {HEAT: "J/kg", COST: "EUR/kg"}
AT_MOST, AT_LEAST, NEAR = "<=", ">=", "="
_TARGET = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\s*(<=|>=|=)\s*(.+?)\s*")
_OXIDE = re.compile(r"([A-Z][a-z]?)([1-9]?)O([1-9]?)")
LAST = 1e-6
"""Weight of what comes last beside deviations from targets."""
REACHED = 1e-7
"""A limit that is missed by less than this share of it is rounding."""


@dataclass(frozen=True)
class Target:
    """``name`` is an element, an oxide of one, ``heat``, ``cost`` or a source of the recipe; ``sense`` one of ``<=``, ``>=``, ``=``; ``value`` in SI."""

    name: str
    sense: str
    value: float
    unit: str = "1"

    def __str__(self) -> str:
        return f"{self.name} {self.sense} {value_text(self.value, self.unit)}"


def value_text(value: float, unit: str) -> str:
    """A share in per cent, a heat in MJ/kg, a cost in EUR/t, a mass in the unit in which people read it.

    >>> value_text(0.2, "1"), value_text(3e6, "J/kg"), value_text(0.6, "EUR/kg"), value_text(500.0, "kg")
    ('20 %', '3 MJ/kg', '600 EUR/t', '500 kg')
    """
    per = {"1": (100.0, "%"), "J/kg": (1e-6, "MJ/kg"), "EUR/kg": (1000.0, "EUR/t")}
    return f"{value * per[unit][0]:.4g} {per[unit][1]}" if unit in per else format_quantity(value, unit)


@dataclass(frozen=True)
class Source:
    """A bunker that is drawn from: kg in the recipe, and by kg of it ``elements`` (element,), ``heat`` J and ``cost`` EUR."""

    name: str
    mass: float
    elements: Floats
    heat: float
    cost: float


@dataclass(frozen=True)
class Outcome:
    """What a target came to, ``missed`` by how much (0 where it holds), and ``price``: what is made least, for one hundredth of all mass; NaN for none."""

    target: Target
    value: float
    missed: float = 0.0
    price: float = math.nan


@dataclass(frozen=True)
class Blended:
    """Masses of the sources, kg; what the targets came to; ``kept``: sources that keep their mass, each with the reason. ``feasible``: all limits hold."""

    unit: str
    phase: int
    sources: tuple[Source, ...]
    masses: tuple[float, ...]
    outcomes: tuple[Outcome, ...]
    feasible: bool
    least: str = ""
    kept: Mapping[str, str] = field(default_factory=dict)

    @property
    def mass(self) -> float:
        """All that is blended, kg."""
        return math.fsum(self.masses)

    def mean(self, name: str) -> float:
        """Element, oxide, ``heat`` or ``cost`` of the blend, by kg."""
        return math.fsum(m * content_of(source, name) for m, source in zip(self.masses, self.sources, strict=True)) / self.mass


def read_target(text: str, sources: Sequence[str] = ()) -> Target:
    """Return the target that ``text`` says, e.g. ``"Cu>=20 %"``, ``"Al2O3<=5 %"``, ``"heat=3 MJ/kg"`` or ``"bay<=30 t"``. Raises ``UsageError``.

    >>> str(read_target("Cu >= 20 %")), str(read_target("heat=3 MJ/kg"))
    ('Cu >= 20 %', 'heat = 3 MJ/kg')
    """
    found = _TARGET.fullmatch(text)
    if found is None:
        raise UsageError(f"a target is a name, one of <=, >= and =, and a value, e.g. 'Cu>=20 %' or 'heat<=4 MJ/kg' (got {text[:60]!r})")
    name, sense, value = found.groups()
    if name in sources:
        return Target(name, sense, _positive(parse(value, "kg"), text), "kg")
    if name not in UNITS:
        _element(name, sources)
    unit = UNITS.get(name, "1")
    number = parse(value, unit)
    if unit == "1" and not 0.0 <= number <= 1.0:
        raise UsageError(f"{text[:60]!r}: a share lies between 0 and 100 %")
    return Target(name, sense, number, unit)


def _positive(value: float, text: str) -> float:
    if value < 0.0:
        raise UsageError(f"{text[:60]!r}: a mass is not below 0")
    return value


def _element(name: str, sources: Sequence[str] = ()) -> tuple[str, float]:
    """The element of a name, and kg of it in a kg of what the name says: 1, or its share in an oxide. Raises ``UsageError``.

    >>> element, share = _element("Al2O3")
    >>> element, round(share, 4)
    ('Al', 0.5293)
    """
    if name in ELEMENTS:
        return name, 1.0
    oxide = _OXIDE.fullmatch(name)
    if oxide is None or oxide[1] not in ELEMENTS or oxide[1] == "O":
        raise UsageError(
            f"{name[:40]!r} is no element, oxide of one, 'heat', 'cost' or source of the recipe; {nearest(name, (*ELEMENTS, HEAT, COST, *sources))}"
        )
    molar = heat_data().molar_mass
    metal = float(molar[ELEMENTS.index(oxide[1])]) * int(oxide[2] or 1)
    return oxide[1], metal / (metal + float(molar[ELEMENTS.index("O")]) * int(oxide[3] or 1))


def content_of(source: Source, name: str) -> float:
    """Element, oxide, ``heat`` or ``cost`` of a kg of a source; all of an element is taken as its oxide."""
    if name in UNITS:
        return source.heat if name == HEAT else source.cost
    element, share = _element(name)
    return float(source.elements[ELEMENTS.index(element)]) / share


# -- what there is to blend ---------------------------------------------------------------------------------------------------------------------


def charge_of(scenario: Scenario, unit: str, phase: str | None) -> tuple[int, Charge]:
    """Return the charge of a furnace that ``phase`` (name, number from 0, or None for the first) says. Raises ``UsageError``."""
    furnaces = [name for name, model in scenario.units.items() if isinstance(model, FurnaceModel)]
    model = scenario.units.get(unit)
    if not isinstance(model, FurnaceModel):
        raise UsageError(f"{unit[:40]!r} is no furnace of the scenario; {nearest(unit, furnaces)}" if furnaces else "the scenario has no furnace")
    charges = [(k, each.title, each.model) for k, each in enumerate(model.phases) if isinstance(each.model, Charge)]
    for k, title, charge in charges:
        if phase is None or phase in (title, str(k)):
            return k, charge
    raise UsageError(f"{unit!r} has no phase {str(phase)[:40]!r} that charges; it has {', '.join(f'{title} ({k})' for k, title, _ in charges)}")


def sources_of(scenario: Scenario, charge: Charge) -> tuple[list[Source], dict[str, str]]:
    """Return the sources of a recipe whose composition is known, and the others with the reason why it is not."""
    known, kept = [], {}
    for name, portion in charge.recipe.items():
        found = _source(scenario, name, portion)
        if isinstance(found, Source):
            known.append(found)
        else:
            kept[name] = found
    return known, kept


def _source(scenario: Scenario, name: str, portion: Portion) -> Source | str:
    model = scenario.units.get(name)
    if not isinstance(model, Bunker):
        return "comes hot"
    feeds = [feed for source in model.from_ if isinstance(feed := scenario.units.get(source), Feed)]
    cost = math.fsum(_price(scenario, feed) for feed in feeds) / len(feeds) if feeds else 0.0
    if model.initial is not None and model.initial.melt is not None:
        elements = np.array([model.initial.melt.get(element, 0.0) for element in ELEMENTS])
        return Source(name, portion.mass, elements, 0.0, cost)
    composition = model.initial.composition if model.initial is not None else None
    if composition is None and len(feeds) == 1 == len(model.from_):
        composition = feeds[0].composition
    if composition is None:
        return "no composition is stated under 'initial', nor by a single feed"
    assays = feeds[0].assay if len(feeds) == 1 else {}
    elements, heat = np.zeros(len(ELEMENTS)), 0.0
    materials = scenario.materials
    for material, share in composition.items():
        m = materials.index(material)
        row = materials.assay[m].copy()
        for element, own in assays.get(material, {}).items():
            row[ELEMENTS.index(element)] = own
        elements += share * row
        heat += share * float(materials.properties["heating_value"][m])
    return Source(name, portion.mass, elements, heat, cost)


def _price(scenario: Scenario, feed: Feed) -> float:
    return feed.price.mean(scenario.start, scenario.horizon) if isinstance(feed.price, Series) else feed.price


# -- the programme ------------------------------------------------------------------------------------------------------------------------------


def blend(scenario: Scenario, unit: str, targets: Sequence[str], phase: str | None = None, mass: float | None = None, least: str = "") -> Blended:
    """Return the blend of a furnace's charge: all masses together are ``mass`` kg, or what the recipe's are. Raises ``UsageError``.

    Where the limits exclude each other, the blend misses them as little as can be, each over its value, and says which and by how much.
    """
    number, charge = charge_of(scenario, unit, phase)
    sources, kept = sources_of(scenario, charge)
    if not sources:
        raise UsageError(f"no source of the recipe has a known composition: {'; '.join(f'{name} {why}' for name, why in kept.items())}")
    read = [read_target(text, [source.name for source in sources]) for text in targets]
    if least and least not in UNITS:
        _element(least)
    total = math.fsum(source.mass for source in sources) if mass is None else mass
    programme = _Programme(sources, read, total, least)
    found = programme.solve(elastic=False)
    feasible = found is not None
    if found is None:
        found = programme.solve(elastic=True)
    assert found is not None, "an elastic programme has an answer"
    masses, prices = found
    outcomes = tuple(programme.outcome(target, masses, prices.get(k, math.nan)) for k, target in enumerate(read))
    return Blended(unit, number, tuple(sources), tuple(masses.tolist()), outcomes, feasible, least, kept)


class _Programme:
    """Masses of the sources over the total, then two deviations for each target and two for each source from its share in the recipe."""

    def __init__(self, sources: Sequence[Source], targets: Sequence[Target], total: float, least: str) -> None:
        self.sources, self.targets, self.total, self.least = sources, targets, total, least
        recipe = math.fsum(source.mass for source in sources)
        self.present = np.array([source.mass / recipe for source in sources])
        self.rows = np.array([self._row(target) for target in targets]).reshape(len(targets), len(sources))
        self.values = np.array([target.value / total if target.unit == "kg" else target.value for target in targets])
        spread = [float(np.abs(row).max()) for row in self.rows]
        self.scales = np.array([max(abs(value), 1e-3 * most, 1e-12) for value, most in zip(self.values.tolist(), spread, strict=True)])

    def _row(self, target: Target) -> list[float]:
        if target.unit == "kg":
            return [1.0 if source.name == target.name else 0.0 for source in self.sources]
        return [content_of(source, target.name) for source in self.sources]

    def _weights(self, elastic: bool) -> Floats:
        n, k = len(self.sources), len(self.targets)
        weights = np.zeros(n + 2 * k + 2 * n)
        near = [target.sense == NEAR for target in self.targets]
        first = 1.0 if elastic else 0.0
        for j, is_near in enumerate(near):
            weights[n + 2 * j : n + 2 * j + 2] = (LAST if elastic else 1.0) if is_near else first
        last = LAST * LAST if elastic and any(near) else LAST if elastic or any(near) else 1.0
        if self.least:
            contents = np.array([content_of(source, self.least) for source in self.sources])
            weights[:n] = last * contents / max(float(np.abs(contents).max()), 1e-300)
        else:
            weights[n + 2 * k :] = last
        return weights

    def solve(self, elastic: bool) -> tuple[Floats, dict[int, float]] | None:
        """The masses, kg, and by number of a limit what it costs; None where the limits exclude each other."""
        from scipy.optimize import linprog

        n, k = len(self.sources), len(self.targets)
        width = n + 2 * k + 2 * n
        equal, right = [np.concatenate([np.ones(n), np.zeros(2 * k + 2 * n)])], [1.0]
        below, most, limits = [], [], []
        for j, target in enumerate(self.targets):
            row = np.zeros(width)
            row[:n] = self.rows[j] / self.scales[j]
            row[n + 2 * j], row[n + 2 * j + 1] = -1.0, 1.0
            value = self.values[j] / self.scales[j]
            if target.sense == NEAR:
                equal.append(row)
                right.append(value)
                continue
            sign = 1.0 if target.sense == AT_MOST else -1.0
            below.append(sign * row)
            most.append(sign * value)
            limits.append(j)
        for s in range(n):
            row = np.zeros(width)
            row[s], row[n + 2 * k + 2 * s], row[n + 2 * k + 2 * s + 1] = 1.0, -1.0, 1.0
            equal.append(row)
            right.append(float(self.present[s]))
        bounds: list[tuple[float, float | None]] = [(0.0, None)] * n
        bounds += [(0.0, None if elastic or target.sense == NEAR else 0.0) for target in self.targets for _ in range(2)] + [(0.0, None)] * (2 * n)
        weights = self._weights(elastic)
        upper = np.array(below).reshape(len(below), width)
        found: Any = linprog(weights, upper, np.array(most), np.array(equal), np.array(right), bounds, method="highs-ds")
        if found.status == 2:
            return None
        if found.status != 0:
            raise UsageError(f"the blend has no answer: {found.message}")
        return np.maximum(found.x[:n], 0.0) * self.total, self._prices(found, limits) if below and not elastic else {}

    def _prices(self, found: Any, limits: Sequence[int]) -> dict[int, float]:
        """What a limit costs of what is made least, per hundredth of all mass (of ``heat`` and ``cost`` per hundredth of the limit)."""
        if not self.least or any(target.sense == NEAR for target in self.targets):
            return {}
        contents = max(abs(content_of(source, self.least)) for source in self.sources)
        marginals = found.ineqlin.marginals.tolist()
        prices = {}
        for j, marginal in zip(limits, marginals, strict=True):
            step = 0.01 if self.targets[j].unit in ("1", "kg") else 0.01 * abs(float(self.values[j]))
            prices[j] = abs(marginal) / float(self.scales[j]) * step * contents * self.total
        return prices

    def outcome(self, target: Target, masses: Floats, price: float) -> Outcome:
        """What a target came to."""
        k = self.targets.index(target)
        value = float(self.rows[k] @ masses) / (1.0 if target.unit == "kg" else self.total)
        off = value - target.value
        missed = max(off, 0.0) if target.sense == AT_MOST else max(-off, 0.0) if target.sense == AT_LEAST else abs(off)
        return Outcome(target, value, missed if missed > REACHED * max(abs(target.value), 1e-12) else 0.0, price)


# -- the recipe ---------------------------------------------------------------------------------------------------------------------------------


def recipe_of(charge: Charge, found: Blended, source: str) -> dict[str, object]:
    """Return the recipe with the masses found, as a change file writes it: to a tenth of a kg; what is not blended as it is, what gets no mass not at all."""
    from twin.study.change_file import Change

    named = (charge.blend.rich, charge.blend.lean) if charge.blend is not None else ()
    masses = {s.name: kg for s, kg in zip(found.sources, found.masses, strict=True)}
    recipe: dict[str, object] = {}
    for name, portion in charge.recipe.items():
        kg = round(masses.get(name, portion.mass), 1)
        if name in masses and kg <= 0.0:
            if name not in named:
                continue
            kg = 1.0
        entry: dict[str, object] = {"mass": Change(f"{kg!r} kg", "assumed", source)} if name in masses else {"mass": f"{portion.mass!r} kg"}
        if portion.least is not None:
            entry["least"] = f"{min(portion.least, kg)!r} kg"
        if portion.fines > 0.0:
            entry["fines"] = portion.fines
        recipe[name] = entry
    return recipe
