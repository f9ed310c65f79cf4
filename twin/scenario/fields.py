"""The types of fields that many kinds of unit share: names, lists of names, references to ports, compositions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, StrictBool, StrictInt, StrictStr, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from twin.errors import UsageError
from twin.materials.catalogue import SUM_TOLERANCE
from twin.quantities import DAY, Quantity, shown
from twin.scenario.problems import Faults, wrong

NAME = r"[a-z][a-z0-9_]*"
_NAME = re.compile(NAME)
_REFERENCE = re.compile(rf"{NAME}(\.{NAME})?")
_SHARE = Quantity("1", ge=0, le=1)
_MOST_NAMES = 1000


def read_name(value: object) -> str:
    """Return a name; raises pydantic's error for anything else."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise wrong(f"a name of small letters, digits and '_' that begins with a letter is needed (got {shown(value)})")
    return value


def read_reference(value: object) -> str:
    """Return the name of a unit or port; raises pydantic's error for anything else."""
    if not isinstance(value, str) or not _REFERENCE.fullmatch(value):
        raise wrong(f"the name of a unit or of a port is needed, e.g. 'yard' or 'screen.oversize' (got {shown(value)})")
    return value


def _calendar(value: object) -> str | None:
    return None if value is None or value == "always" else read_name(value)


def read_names(value: object) -> tuple[str, ...]:
    """Return the names written as a name or a list of names; raises pydantic's error for anything else."""
    return _tuple_of(value, read_name)


def _references(value: object) -> tuple[str, ...]:
    return _tuple_of(value, read_reference)


def _tuple_of(value: object, read: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, (list, tuple)) or not 1 <= len(value) <= _MOST_NAMES:
        raise wrong(f"a name or a list of 1 to {_MOST_NAMES} names is needed (got {shown(value)})")
    faults, names = Faults(), []
    for index, item in enumerate(value):
        try:
            if read(item) in names:
                faults.add(f"{item!r} is named twice", index, got=item)
            names.append(item)
        except ValueError as error:
            faults.add(str(error), index, got=item)
    faults.stop_if_any()
    return tuple(names)


_NAME_SCHEMA = {"type": "string", "pattern": f"^{NAME}$"}
_REFERENCE_SCHEMA = {"type": "string", "pattern": rf"^{NAME}(\.{NAME})?$"}


def _one_or_more(item: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [item, {"type": "array", "items": item, "minItems": 1}]}


Name = Annotated[str, BeforeValidator(read_name), WithJsonSchema(_NAME_SCHEMA)]
CalendarName = Annotated[str | None, BeforeValidator(_calendar), WithJsonSchema(_NAME_SCHEMA)]
"""The name of a calendar; ``always`` is the same as none."""
EveryCounts = Literal["open_time", "open_days", "clock"]
OPEN_TIME: EveryCounts = "open_time"
OPEN_DAYS: EveryCounts = "open_days"
CLOCK: EveryCounts = "clock"
EVERY_COUNTS = (
    "What 'every' counts where there is a calendar: `open_time`; `open_days`, of which each that opens at all counts as 24 h, however long it is open; "
    "or `clock`, all time, and who would come while it is closed comes when it opens. Where not given, open days if the mean gap is a day or more, else "
    "open time."
)


def counted_by(mean: float, counts: EveryCounts | None) -> EveryCounts:
    """Return what a gap of ``mean`` s counts: what is asked for, else open days from a day on and open time below."""
    return counts if counts is not None else OPEN_DAYS if mean >= DAY else OPEN_TIME


Names = Annotated[tuple[str, ...], BeforeValidator(read_names), WithJsonSchema(_one_or_more(_NAME_SCHEMA))]
References = Annotated[tuple[str, ...], BeforeValidator(_references), WithJsonSchema(_one_or_more(_REFERENCE_SCHEMA))]
"""One or several units or ports that are taken from, in the order written."""
Count = Annotated[StrictInt, Field(ge=1)]
Text = StrictStr
Switch = StrictBool


@dataclass(frozen=True)
class Shorthand:
    """Lets a field also be written in a shorter way, which ``read`` turns into the long one; ``schema`` describes the short one."""

    read: Callable[[object], object]
    schema: Mapping[str, Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [dict(self.schema), handler(schema)]}


class OneOrMore:
    """Lets a list of mappings with one item be written without the list."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._read, handler(source))

    @staticmethod
    def _read(value: object) -> object:
        return [value] if isinstance(value, Mapping) else value

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        several = handler(schema)
        return {"anyOf": [several["items"], several]}


@dataclass(frozen=True)
class Sources:
    """What a machine takes from: ports or bunkers in the order written and, for a blend, the share of each (they sum to 1)."""

    names: tuple[str, ...]
    shares: tuple[float, ...] | None = None

    def numbers(self) -> Iterator[tuple[tuple[str | int, ...], float, str]]:
        """Yield (place below the value, value, SI unit) of every number in it."""
        for name, share in zip(self.names, self.shares or (), strict=False):
            yield (name,), share, "1"

    @classmethod
    def read(cls, value: object) -> Sources:
        """Return the sources written as a name, a list of names or a mapping of names to shares."""
        if isinstance(value, Sources):
            return value
        if not isinstance(value, Mapping):
            return cls(_references(value))
        faults = Faults()
        for name in value:
            try:
                read_reference(name)
            except ValueError as error:
                faults.add(str(error), str(name), got=name)
        shares = read_shares(value, faults)
        faults.stop_if_any()
        return cls(tuple(shares), tuple(shares.values()))

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.read)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        one_or_more = _one_or_more(_REFERENCE_SCHEMA)["anyOf"]
        blend = {"type": "object", "propertyNames": _REFERENCE_SCHEMA, "additionalProperties": _SHARE.json_schema()}
        return {"anyOf": [*one_or_more, blend]}


def read_share(value: object, faults: Faults, *loc: str | int) -> float:
    """Return a share from 0 to 1; a fault is noted at ``loc`` and gives 0."""
    try:
        return _SHARE.read(value)
    except UsageError as error:
        faults.add(str(error), *loc, got=value)
        return 0.0


def read_shares(value: Mapping[Any, Any], faults: Faults) -> dict[str, float]:
    """Return shares by name that sum to 1 within :data:`SUM_TOLERANCE`; faults are noted, not raised."""
    before = len(faults)
    shares = {str(name): read_share(share, faults, str(name)) for name, share in value.items()}
    total = sum(shares.values())
    if len(faults) == before and abs(total - 1) > SUM_TOLERANCE:
        faults.add(f"the shares must sum to 1 (got {total:.9g})", got=total)
    return shares


def _composition(value: object) -> dict[str, float]:
    if not isinstance(value, Mapping):
        raise wrong(f"a mapping of materials to shares is needed, e.g. {{steel: 60 %, copper: 40 %}} (got {shown(value)})")
    faults = Faults()
    shares = read_shares(value, faults)
    faults.stop_if_any()
    return shares


Composition = Annotated[
    dict[str, float],
    BeforeValidator(_composition),
    WithJsonSchema({"type": "object", "additionalProperties": _SHARE.json_schema(), "minProperties": 1}),
]
"""Shares by material, as written; they sum to 1 within :data:`SUM_TOLERANCE`."""
