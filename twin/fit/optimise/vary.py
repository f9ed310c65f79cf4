"""What a study varies, as it is written: ends of a number, a list, or variants with the changes that they make."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from twin.errors import ScenarioError, TwinError, UsageError
from twin.fit.optimise.space import Range, Variants
from twin.quantities import Quantity, shown
from twin.scenario import Scenario
from twin.scenario.loading import CHANGE
from twin.scenario.model import Parameter
from twin.scenario.places import Plain
from twin.scenario.problems import Faults, nearest, wrong
from twin.study.factors import QUANTITY, Factor, is_whole, read_factor, unit_of

FORMS = ("low", "uniform", "list", "choice")
EXAMPLE = "{low: 30 mm, high: 60 mm}, {list: [1, 2, 4]} or {choice: {early: {units.mill.calendar: early}, late: {units.mill.calendar: late}}}"
_BAD = (ValidationError, PydanticCustomError)


def read_dimension(path: str, how: object, scenario: Scenario, known: Mapping[str, Parameter]) -> Factor:
    """Return what varies, as written in a study; ``known`` are the scenario's numbers by path. Raises pydantic's errors, with places below ``how``."""
    if how == "assumed":
        return _assumed(path, scenario, known)
    if not isinstance(how, Mapping) or not how:
        raise wrong(f"two ends, a list or a choice is needed, e.g. {EXAMPLE} (got {shown(how)})")
    if "low" in how or "high" in how:
        return _range(path, dict(how), scenario, known)
    form = next(iter(how))
    if len(how) == 1 and form == "uniform" and isinstance(how[form], list) and len(how[form]) == 2:
        return _range(path, dict(zip(("low", "high"), how[form], strict=True)), scenario, known)
    if len(how) == 1 and form == "choice":
        return _choice(path, how[form])
    if len(how) == 1 and form == "list":
        return read_factor(path, how, scenario, known)
    raise wrong(f"two ends, a list or a choice is needed, e.g. {EXAMPLE} (got {shown(dict(how))}); {nearest(form, FORMS)}")


def _assumed(path: str, scenario: Scenario, known: Mapping[str, Parameter]) -> Factor:
    found = read_factor(path, "assumed", scenario, known)  # says what is missing
    number = known[path]
    written = "" if number.unit == "1" else number.unit
    return Range(path, found.unit, whole=found.whole, low=float(number.low or 0.0), high=float(number.high or 0.0), written=written)


def _range(path: str, given: dict[str, Any], scenario: Scenario, known: Mapping[str, Parameter]) -> Range:
    unknown = [key for key in given if key not in ("low", "high", "log", "whole")]
    if unknown or "low" not in given or "high" not in given:
        raise wrong(f"'low' and 'high' are needed, and 'log: true' or 'whole: true' may be given (got {shown(given)})")
    flags = [given.get(key, False) for key in ("log", "whole")]
    if not all(isinstance(flag, bool) for flag in flags):
        raise wrong(f"'log' and 'whole' are true or false (got {shown(given)})")
    si = known[path].unit if path in known else unit_of(given["low"], known) or "1"
    faults, ends = Faults(), {}
    for key in ("low", "high"):
        try:
            ends[key] = Quantity(si).read(given[key])
        except UsageError as error:
            faults.add(str(error), key, got=given[key])
    faults.stop_if_any()
    if not ends["low"] < ends["high"]:
        raise wrong(f"'low' must be less than 'high' (got {shown(given)})")
    whole = flags[1] or is_whole(scenario, path) or path.startswith("resources.")
    low, high, written = _as_written(given["low"], given["high"], ends, si)
    if whole and (low != math.floor(low) or high != math.floor(high)):
        raise wrong(f"{path} is a whole number, so that 'low' and 'high' must be (got {shown(given)})")
    if flags[0] and (whole or low <= 0.0):
        raise wrong(f"'log: true' is for numbers above 0 that are not whole (got {shown(given)})")
    return Range(path, si, whole=whole, low=low, high=high, written=written, log=flags[0])


def _as_written(low: object, high: object, ends: Mapping[str, float], si: str) -> tuple[float, float, str]:
    """The ends in the unit in which both are written, else in SI."""
    matches = [QUANTITY.fullmatch(end.strip()) if isinstance(end, str) else None for end in (low, high)]
    units = [match[3] if match is not None else "" for match in matches]
    if units[0] == units[1]:
        numbers = [float(str(end).strip()[: len(str(end).strip()) - len(units[0])]) if units[0] else float(str(end)) for end in (low, high)]
        return numbers[0], numbers[1], units[0]
    return ends["low"], ends["high"], "" if si == "1" else si


def _choice(name: str, given: object) -> Factor:
    if isinstance(given, list) and given:
        return Factor(name, "", levels=tuple(given), values=tuple(float(k) for k in range(len(given))))
    if not isinstance(given, Mapping) or len(given) < 2 or not all(isinstance(changes, Mapping) for changes in given.values()):
        raise wrong(
            f"at least two names are needed, each with what it changes, e.g. {{one_shift: {{}}, two_shifts: {{units.mill.calendar: two}}}} (got {shown(given)})"
        )
    changes = {str(one): dict(values) for one, values in given.items()}
    return Variants(name, "", levels=tuple(changes), values=tuple(float(k) for k in range(len(changes))), changes=changes)


def unusable(factor: Factor, scenario: Scenario) -> list[str]:
    """Return why values of a factor cannot be put in the scenario: of variants each that cannot, of others only where none of its ends and middle can."""
    if isinstance(factor, Variants):
        return [f"{name}: {reason}" for name, changes in factor.changes.items() if (reason := _refused(scenario, changes))]
    if factor.path == "seed":
        return ["the seed does not vary: settings share their random numbers"]
    reasons = [_refused(scenario, {factor.path: factor.at(u)[1]}) for u in (0.5, 0.0, 1.0)]
    return [] if None in reasons else [str(reasons[0])]


def _refused(scenario: Scenario, changes: Mapping[str, Plain]) -> str | None:
    try:
        scenario.change(dict(changes))
    except ScenarioError as error:
        first = error.problems[0]
        where = "" if first.path.removeprefix("change.") in changes or first.file != CHANGE else f"{first.path}: "
        return f"{where}{first.message}"
    except TwinError as error:
        return str(error)
    return None


def level_of(factor: Factor, known: Mapping[str, Parameter]) -> float:
    """Return where the base stands on a factor, from 0 to 1; NaN where that is not told, or outside."""
    if isinstance(factor, Variants):
        same = [k for k, changes in enumerate(factor.changes.values()) if not changes]
        return (same[0] + 0.5) / len(factor.levels) if same else math.nan
    if factor.path not in known:
        return math.nan
    value = known[factor.path].value
    if isinstance(factor, Range):
        return factor.level_of(value)
    near = [k for k, level in enumerate(factor.values) if factor.unit and math.isclose(level, value, rel_tol=1e-12)]
    return (near[0] + 0.5) / len(factor.levels) if near else math.nan
