"""What work needs of resources: each by name, one of several (``any_of``), or one that has a skill; and how urgent it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictInt, WithJsonSchema

from twin.quantities import shown
from twin.scenario.fields import NAME, read_name, read_names
from twin.scenario.problems import Faults, wrong

MOST_NEEDS = 100


@dataclass(frozen=True)
class Choice:
    """One of ``names``, the first that is free; or, with ``skill``, one of those that have it."""

    names: tuple[str, ...] = ()
    skill: str | None = None


Need = str | Choice


def _need(value: object) -> Need:
    if isinstance(value, Choice):
        return value
    if not isinstance(value, Mapping):
        return read_name(value)
    if len(value) == 1 and "any_of" in value:
        return Choice(read_names(value["any_of"]))
    if len(value) == 1 and "skill" in value:
        return Choice(skill=read_name(value["skill"]))
    raise wrong(f"the name of a resource, {{any_of: [a, b]}} or {{skill: name}} is needed (got {shown(value)})")


def _needs(value: object) -> tuple[Need, ...]:
    items = value if isinstance(value, (list, tuple)) else [value]
    if not 1 <= len(items) <= MOST_NEEDS and value != ():
        raise wrong(f"a resource or a list of 1 to {MOST_NEEDS} is needed (got {shown(value)})")
    faults, found = Faults(), []
    for index, item in enumerate(items):
        place = (index,) if isinstance(value, (list, tuple)) else ()
        try:
            need = _need(item)
        except ValueError as error:
            faults.add(str(error), *place, got=item)
            continue
        if isinstance(need, str) and need in found:
            faults.add(f"{item!r} is named twice", *place, got=item)
        found.append(need)
    faults.stop_if_any()
    return tuple(found)


_NAME_SCHEMA: dict[str, Any] = {"type": "string", "pattern": f"^{NAME}$"}
_SEVERAL = {"anyOf": [_NAME_SCHEMA, {"type": "array", "items": _NAME_SCHEMA, "minItems": 1}]}
_NEED_SCHEMA: dict[str, Any] = {
    "anyOf": [
        _NAME_SCHEMA,
        {"type": "object", "properties": {"any_of": _SEVERAL}, "required": ["any_of"], "additionalProperties": False},
        {"type": "object", "properties": {"skill": _NAME_SCHEMA}, "required": ["skill"], "additionalProperties": False},
    ]
}
Needs = Annotated[
    tuple[Any, ...],
    BeforeValidator(_needs),
    WithJsonSchema({"anyOf": [*_NEED_SCHEMA["anyOf"], {"type": "array", "items": _NEED_SCHEMA, "minItems": 1}]}),
]
"""Resources that are held together: each a name, ``{any_of: [a, b]}`` or ``{skill: mechanic}``."""
Priority = Annotated[StrictInt, Field(ge=-1000, le=1000)]
PRIORITY = "Who asks with a larger number is served first, then in order of asking; 0 where not given."


def alternatives(need: Need, skills: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the resources that meet a need, in the order in which they are tried. ``skills``: those of each resource."""
    if isinstance(need, str):
        return (need,)
    return need.names if need.skill is None else tuple(name for name, known in skills.items() if need.skill in known)


def names_in(needs: Sequence[Need], skills: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield each resource that may be taken for ``needs``, once."""
    yield from dict.fromkeys(name for need in needs for name in alternatives(need, skills))


def assigned(needs: Sequence[Need], skills: Mapping[str, Sequence[str]], counts: Mapping[str, int]) -> bool:
    """Return whether all ``needs`` can be met at once with ``counts`` of each resource."""
    if not needs:
        return True
    rest = needs[1:]
    return any(counts.get(name, 0) > 0 and assigned(rest, skills, {**counts, name: counts[name] - 1}) for name in alternatives(needs[0], skills))
