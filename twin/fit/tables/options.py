"""What a person says beside the file: options of the command, and a mapping file's."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

from twin.errors import UsageError
from twin.fit.tables.mapping import KINDS, ColumnMap
from twin.fit.tables.moments import Order
from twin.fit.tables.numerals import Decimal
from twin.fit.tables.text import SEPARATORS
from twin.fit.tables.units import unit_of
from twin.fit.tables.zones import Clock, clock_of
from twin.quantities import shown

Basis = Literal["wet", "dry"]
_CHOICES: dict[str, tuple[str, ...]] = {
    "kind": KINDS,
    "decimal": ("comma", "point"),
    "dates": ("day-first", "month-first"),
    "repeated_hour": ("first", "second"),
    "basis": ("wet", "dry"),
}


@dataclass(frozen=True)
class Options:
    """How a table is read. ``trucks``: kg of a truck that totals are spread over, 0 where a row stays a delivery; None where nothing is said."""

    kind: str | None = None
    columns: ColumnMap = field(default_factory=ColumnMap)
    decimal: Decimal | None = None
    dates: Order | None = None
    clock: Clock = field(default_factory=Clock)
    encoding: str | None = None
    separator: str | None = None
    sheet: str | None = None
    trucks: Fraction | None = None
    basis: Basis = "wet"
    material: str | None = None


def options_from(said: dict[str, Any], columns: ColumnMap) -> Options:
    """Return the options that are said by name, as texts. Raises ``UsageError``."""
    for key, allowed in _CHOICES.items():
        if said.get(key) is not None and said[key] not in allowed:
            raise UsageError(f"{key.replace('_', '-')} is one of {', '.join(allowed)} (got {shown(said[key])})")
    for key in ("zone", "encoding", "sheet", "separator", "trucks", "material"):
        if said.get(key) is not None and not isinstance(said[key], str):
            raise UsageError(f"{key} is a text (got {shown(said[key])})")
    separator = said.get("separator")
    if separator is not None and separator not in SEPARATORS and separator not in SEPARATORS.values():
        raise UsageError(f"separator is one of {', '.join(SEPARATORS)} (got {shown(separator)})")
    return Options(
        kind=said.get("kind"),
        columns=columns,
        decimal=said.get("decimal"),
        dates=said.get("dates"),
        clock=clock_of(said.get("zone"), said.get("repeated_hour")),
        encoding=said.get("encoding"),
        separator=SEPARATORS.get(separator, separator) if separator else None,
        sheet=said.get("sheet"),
        trucks=_trucks(said.get("trucks")),
        basis=said.get("basis") or "wet",
        material=said.get("material"),
    )


def _trucks(text: str | None) -> Fraction | None:
    if text is None or text == "none":
        return Fraction(0) if text else None
    match = re.fullmatch(r"\s*([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*(\S.{0,20})", text)
    unit = unit_of(match[2]) if match else None
    if match is None or unit is None or unit.dimension != "mass" or Fraction(match[1]) <= 0:
        raise UsageError(f"trucks is the mass of a truck, e.g. '24 t', or 'none' (got {shown(text)})")
    return Fraction(match[1]) * unit.size
