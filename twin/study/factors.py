"""What a study varies: a path of the scenario, and how a number from 0 to 1 becomes a value there."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from twin.errors import UsageError
from twin.quantities import BASES, Quantity, example_of, parse, shown, unit
from twin.scenario import Scenario
from twin.scenario.cluster import Cluster
from twin.scenario.distributions import FORMS, Distribution, read_distribution
from twin.scenario.model import Parameter
from twin.scenario.places import Plain, split
from twin.scenario.problems import Faults, nearest, wrong
from twin.study.cluster_changes import site_of

MOST_LEVELS = 10_000
QUANTITY = re.compile(r"[+-]?(\d++\.?\d*+|\.\d++)([eE][+-]?\d{1,3})?\s*+(.*)")  # possessive: linear in the length
_NEW_FORMS = ("list", "range")


@dataclass(frozen=True)
class Factor:
    """One thing that varies.

    ``at(u)`` turns a number from 0 to 1 into the value in the SI unit ``unit`` and as it is written in the scenario: by ``distribution``, or as one of
    ``levels``, whose ``values`` are in SI; the values of words are their places in the list, and their unit is "".
    ``whole``: only whole numbers are allowed there. ``edge`` keeps both ends away from what has no bounds.
    """

    path: str
    unit: str
    distribution: Distribution | None = None
    levels: tuple[Plain, ...] = ()
    values: tuple[float, ...] = ()
    whole: bool = False
    edge: float = 0.0

    @property
    def is_bounded(self) -> bool:
        """Whether there is a smallest and a largest value."""
        return self.distribution is None or (math.isfinite(self.distribution.lower) and math.isfinite(self.distribution.upper))

    def at(self, u: float) -> tuple[float, Plain]:
        """Return the value at ``u``, in SI and as written.

        For a uniform distribution from 20 mm to 60 mm, ``at(0.25)`` is ``(0.03, "0.03 m")``; for the levels 1, 2 and 4, ``at(0.5)`` is ``(2.0, 2)``.
        """
        if self.distribution is None:
            k = min(int(u * len(self.levels)), len(self.levels) - 1)
            return self.values[k], self.levels[k]
        if not self.is_bounded:
            u = self.edge + (1.0 - 2.0 * self.edge) * u
        if not self.whole:
            value = self.distribution.inverse(min(u, 1.0 - 2.0**-53))
            value = self.distribution.upper if u >= 1.0 and self.is_bounded else value
            return value, written(value, self.unit)
        if self.distribution.form == "uniform":
            low, high = self.distribution.lower, self.distribution.upper
            value = min(low + math.floor(u * (high - low + 1.0)), high)
        else:
            value = float(round(self.distribution.inverse(min(u, 1.0 - 2.0**-53))))
        return value, int(value)


def written(value: float, si: str) -> Plain:
    """Return an SI value as a scenario has it: ``written(0.03, "m")`` is ``"0.03 m"``; a number without unit stays one."""
    if si in ("1", ""):
        return value
    above, _, below = si.partition("/")
    return f"{value!r} {below}-1" if above == "1" else f"{value!r} {si}"


def read_factor(path: str, how: object, scenario: Scenario | Cluster, known: Mapping[str, Parameter]) -> Factor:
    """Return a factor as written in a study; ``known`` are the scenario's numbers by path. Raises pydantic's errors, with places below ``how``."""
    if how == "assumed":
        return assumed(path, scenario, known)
    if not isinstance(how, Mapping) or len(how) != 1:
        raise wrong(f"a list of levels, a distribution or 'assumed' is needed, e.g. {{uniform: [20 mm, 60 mm]}} or {{list: [1, 2]}} (got {shown(how)})")
    form, parameters = next(iter(how.items()))
    if form not in (*FORMS, *_NEW_FORMS):
        raise wrong(f"unknown form {str(form)[:80]!r}; {nearest(form, (*_NEW_FORMS, *FORMS))}, or 'assumed'")
    si = known[path].unit if path in known else unit_of(first_quantity(parameters), known)
    if form == "list":
        return _listed(path, parameters, si, sure=path in known)
    if form == "range":
        return _ranged(path, parameters, si or "1")
    distribution = read_distribution(form, parameters, si or "1")
    return Factor(path, si or "1", distribution, whole=is_whole(scenario, path))


def assumed(path: str, scenario: Scenario | Cluster, known: Mapping[str, Parameter]) -> Factor:
    """Return the factor that spans what a scenario says an assumed number may be. Raises pydantic's error where it does not say so."""
    number = known.get(path)
    if number is None:
        raise wrong(f"the scenario has no number at {path!r}; {nearest(path, known)}")
    if number.low is None or number.high is None or not number.low < number.high:
        raise wrong(f"the scenario does not say from where to where {path} may be ('low' and 'high'); give a distribution")
    limits = [written(value, number.unit) for value in (number.low, number.high)]
    return Factor(path, number.unit, read_distribution("uniform", limits, number.unit), whole=is_whole(scenario, path))


def all_assumed(scenario: Scenario | Cluster) -> list[Factor]:
    """Return a factor for every assumed number whose range a scenario or its catalogues state."""
    known = {number.path: number for number in scenario.parameters()}
    ranged = [path for path, n in known.items() if n.basis == "assumed" and n.low is not None and n.high is not None and n.low < n.high]
    return [assumed(path, scenario, known) for path in ranged]


def is_whole(scenario: Scenario | Cluster, path: str) -> bool:
    """Return whether a parameter of a unit, or of a link, is a whole number."""
    node: Any
    below: Mapping[str, object]
    if isinstance(scenario, Cluster):
        site, path = site_of(path, scenario)
        if site:
            return is_whole(scenario.sites[site], path)
        below, parts = scenario.links, split(path)
    else:
        below, parts = scenario.units, split(path)
    if parts[0] not in ("units", "links") or len(parts) < 3:
        return False
    node = below.get(str(parts[1]))
    for part in parts[2:]:
        node = node.get(part) if isinstance(node, Mapping) else getattr(node, str(part), None)
    return isinstance(node, int) and not isinstance(node, bool)


def first_quantity(parameters: object) -> object:
    """Return the first number with its unit in what is written, at any depth."""
    if isinstance(parameters, Mapping):
        parameters = list(parameters.values())
    if isinstance(parameters, list):
        return next((found for item in parameters if (found := first_quantity(item)) is not None), None)
    return parameters if isinstance(parameters, (int, float)) or (isinstance(parameters, str) and QUANTITY.fullmatch(parameters.strip())) else None


def unit_of(quantity: object, known: Mapping[str, Parameter]) -> str:
    """Return the SI unit of a quantity as written, as the scenario names it where it has such numbers; "" where that is no quantity."""
    match = QUANTITY.fullmatch(quantity.strip()) if isinstance(quantity, str) else None
    if match is None or not match[3]:
        return "" if quantity is None else "1"
    if match[3] in ("°C", "degC"):
        return "K"
    try:
        exponents = unit(match[3]).exponents
    except UsageError:
        return ""
    if not any(exponents):
        return "1"
    own = (number.unit for number in known.values() if unit(number.unit).exponents == exponents)
    return next(own, " ".join(f"{base}{n}" for base, n in zip(BASES, exponents, strict=True) if n))


def _listed(path: str, items: object, si: str, *, sure: bool) -> Factor:
    """The levels of a list: quantities of one unit, else words (or whatever stands there)."""
    if not isinstance(items, list) or not 1 <= len(items) <= MOST_LEVELS:
        raise wrong(f"a list of 1 to {MOST_LEVELS} levels is needed (got {shown(items)})")
    faults, values = Faults(), []
    numeric = [isinstance(item, (int, float)) or (isinstance(item, str) and bool(QUANTITY.fullmatch(item))) for item in items if not isinstance(item, bool)]
    if not si or not any(numeric) or len(numeric) < len(items):
        return Factor(path, "", levels=tuple(items), values=tuple(float(k) for k in range(len(items))))
    for index, item in enumerate(items):
        try:
            values.append(parse(item, si))
        except UsageError as error:
            faults.add(str(error), "list", index, got=item)
    faults.stop_if_any()
    return Factor(path, si, levels=tuple(items), values=tuple(values))


def _ranged(path: str, given: object, si: str) -> Factor:
    """Equally spaced levels: ``{low, high, levels}`` or ``{low, high, step}``."""
    example = f"{{low: {example_of(si)}, high: …, levels: 5}}"
    if not isinstance(given, Mapping) or not {"low", "high"} <= given.keys() or len(given.keys() & {"levels", "step"}) != 1 or len(given) != 3:
        raise wrong(f"a mapping with 'low', 'high' and either 'levels' or 'step' is needed, e.g. {example} (got {shown(given)})")
    faults = Faults()
    numbers: dict[str, float] = {}
    for name in ("low", "high", *given.keys() & {"step"}):
        try:
            numbers[name] = Quantity(si, gt=0.0 if name == "step" else None).read(given[name])
        except UsageError as error:
            faults.add(str(error), "range", name, got=given[name])
    count = given.get("levels", 2)
    if isinstance(count, bool) or not isinstance(count, int) or not 2 <= count <= MOST_LEVELS:
        faults.add(f"a whole number from 2 to {MOST_LEVELS} is needed (got {shown(count)})", "range", "levels", got=count)
    faults.stop_if_any()
    low, high = numbers["low"], numbers["high"]
    if not low < high:
        raise wrong(f"'low' must be less than 'high' (got {shown(dict(given))})")
    if "step" in numbers:
        count = math.floor((high - low) / numbers["step"] * (1 + 1e-12)) + 1
        if count > MOST_LEVELS:
            raise wrong(f"at most {MOST_LEVELS} levels are possible (got {count})")
    step = numbers.get("step", (high - low) / (count - 1))
    values = tuple(high if k == count - 1 and "step" not in numbers else low + k * step for k in range(count))
    whole = si == "1" and all(isinstance(given[name], int) for name in given if name != "levels") and all(v == int(v) for v in values)
    return Factor(path, si, levels=tuple(int(v) if whole else written(v, si) for v in values), values=values)


def faults_in(error: ValidationError | Any, loc: Sequence[str | int] = ()) -> list[tuple[tuple[str | int, ...], str]]:
    """Return (place, message) of each fault in one of pydantic's errors."""
    from twin.scenario.problems import in_words

    if isinstance(error, ValidationError):
        return [((*loc, *detail["loc"]), in_words(detail)) for detail in error.errors(include_url=False)]
    return [(tuple(loc), str(error))]
