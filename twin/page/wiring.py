"""Puts a unit into a plant, or takes one out, as changes of a draft: what it takes, and who takes what leaves it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from twin.errors import UsageError
from twin.page.draft import Draft, sources_of
from twin.plant.streams import streams_of
from twin.quantities import shown
from twin.scenario import Scenario
from twin.scenario.fields import NAME
from twin.scenario.kind import find
from twin.scenario.places import Plain, child


def required(kind: str) -> list[str]:
    """The keys that a unit of a kind cannot do without, but for its source."""
    fields = find(kind).model.model_fields
    return [key for name, field in fields.items() if field.is_required() and (key := field.alias or name) not in ("kind", "from")]


def with_unit(draft: Draft, scenario: Scenario, name: str, kind: str, after: str, values: Mapping[str, Plain], to: Mapping[str, str]) -> Draft:
    """Return the draft with a new unit that takes the stream ``after``.

    ``values`` are its parameters; ``to`` says by port which unit takes what leaves it. Who took ``after`` takes it no longer. Raises ``UsageError``.
    """
    if not re.fullmatch(NAME, name) or name in scenario.units:
        raise UsageError(f"a new unit needs a name of its own, of small letters, digits and '_' (got {shown(name)})")
    streams = [stream for unit in scenario.units for stream in streams_of(scenario, unit)]
    if after not in streams:
        raise UsageError(f"there is no stream {shown(after)} to put a unit behind; there are {', '.join(streams)[:300]}")
    changes = dict(draft.changes)
    changes[f"units.{name}"] = {"kind": find(kind).name, "from": after, **values}
    takes = {unit: sources_of(scenario, unit) for unit in scenario.units}
    for unit, sources in takes.items():
        if after in sources:
            takes[unit] = [source for source in sources if source != after]
    for port, unit in to.items():
        if unit not in takes:
            raise UsageError(f"{name}.{port} cannot lead to {shown(unit)}: there is no such unit")
        takes[unit] = [*takes[unit], f"{name}.{port}" if port else name]
    return replace(draft, changes=_rewired(changes, scenario, takes))


def without_unit(draft: Draft, scenario: Scenario, name: str, through: str) -> Draft:
    """Return the draft without a unit.

    Who took its port ``through`` takes what the unit took; other units that took from it alone, and feed nobody, go as well. Raises ``UsageError``.
    """
    if name not in scenario.units:
        raise UsageError(f"there is no unit {shown(name)} to remove")
    leaving, before = streams_of(scenario, name), sources_of(scenario, name)
    if through and through not in leaving:
        raise UsageError(f"{shown(through)} does not leave {name}; {', '.join(leaving)} do")
    takes = {unit: sources_of(scenario, unit) for unit in scenario.units if unit != name}
    gone = [name]
    for unit, sources in takes.items():
        kept = [source for source in sources if source not in leaving]
        if through in sources:
            kept += [source for source in before if source not in kept and source != unit]
        if sources and not kept:
            if scenario.kinds[unit].role != "product":
                raise UsageError(f"{unit} takes from {name} alone: let it take what goes on, or remove it first")
            gone.append(unit)
        takes[unit] = kept
    changes = {path: value for path, value in draft.changes.items() if not any(path == f"units.{unit}" or path.startswith(f"units.{unit}.") for unit in gone)}
    added = [unit for unit in gone if f"units.{unit}" in draft.changes]
    removed = tuple(f"units.{unit}" for unit in gone if unit not in added)
    changes = _rewired(changes, scenario, {unit: sources for unit, sources in takes.items() if unit not in gone})
    return replace(draft, changes=changes, remove=(*draft.remove, *removed))


def _rewired(changes: dict[str, Plain], scenario: Scenario, takes: Mapping[str, list[str]]) -> dict[str, Plain]:
    """The changes with what each unit takes, where that differs from now."""
    for unit, sources in takes.items():
        if sources == sources_of(scenario, unit):
            continue
        if _is_blend(scenario, unit):
            raise UsageError(f"{unit} takes a blend with shares: who else it takes from is for the YAML file to say")
        if not sources:
            raise UsageError(f"nothing would lead to {unit} any more: let a port of the new unit lead to it")
        one: Plain = sources[0] if len(sources) == 1 else list[Plain](sources)
        whole = changes.get(f"units.{unit}")
        if isinstance(whole, dict):
            changes[f"units.{unit}"] = {**whole, "from": one}
        else:
            changes.pop(f"units.{unit}.from", None)
            changes[f"units.{unit}.from"] = one
    return changes


def _is_blend(scenario: Scenario, unit: str) -> bool:
    units = child(scenario.tree, "units")
    own = child(units, unit) if units is not None else None
    written = child(own, "from") if own is not None else None
    return written is not None and isinstance(written.value, dict)
