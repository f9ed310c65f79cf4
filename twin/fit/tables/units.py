"""Units as exports write them, with their exact size in the unit of the CSV form: kg, mm, min, share.

What has one meaning is taken; ``ton`` has three, and is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from twin.errors import UsageError

_POUND = Fraction("0.45359237")  # kg: the international yard and pound agreement, 1959
_SIZES: dict[str, dict[str, Fraction]] = {
    "mass": {
        "kg kgs kilogramm kilogram kilograms kilo": Fraction(1),
        "g gramm gram grams": Fraction(1, 1000),
        "mg": Fraction(1, 1_000_000),
        "t to tonne tonnen tonnes metric_ton metric_tons Mg": Fraction(1000),
        "dt dezitonne dezitonnen": Fraction(100),
        "kt": Fraction(1_000_000),
        "lb lbs pound pounds": _POUND,
        "short_ton short_tons us_ton us_tons us_short_ton us_short_tons ston stons": 2000 * _POUND,
        "long_ton long_tons uk_ton imperial_ton": 2240 * _POUND,
    },
    "length": {
        "mm millimeter millimetre": Fraction(1),
        "µm um μm micron microns mikron": Fraction(1, 1000),
        "cm": Fraction(10),
        "m": Fraction(1000),
        "in inch inches zoll": Fraction("25.4"),
    },
    "time": {
        "min mins minute minuten minutes": Fraction(1),
        "s sec secs sek sekunden seconds": Fraction(1, 60),
        "h hr hrs std stunden stunde hour hours": Fraction(60),
        "d tage days": Fraction(1440),
    },
    "share": {
        "% pct percent prozent perc ma.-% m.-% gew.-% gew% wt% wt.-% w% mass% masse% m% ma% wt.% weight% vol%": Fraction(1, 100),
        "‰ promille": Fraction(1, 1000),
        "ppm mg/kg g/t": Fraction(1, 1_000_000),
        "ppb µg/kg": Fraction(1, 1_000_000_000),
        "1 share fraction anteil": Fraction(1),
        "g/kg kg/t": Fraction(1, 1000),
    },
}
BASE = {"mass": "kg", "length": "mm", "time": "min", "share": "1"}
_UNITS = {word: (dimension, size) for dimension, words in _SIZES.items() for key, size in words.items() for word in key.split()}
_SAID_THREE_WAYS = frozenset({"ton", "tons"})
_NOT_BARE = frozenset({"in", "to", "1", "d", "days", "tage", "share", "fraction", "anteil", "hour", "hours", "stunde", "minute", "m", "mg"})
"""Words that are no unit where they end a heading without brackets: ``Time in``, ``valid_to``, ``Platz 1``."""
_CLOCKS = re.compile(r"[dmyj.\-/ ]{6,10}|hh?:mm(:ss)?|[dmyj.\-/ ]{6,10} hh?:mm(:ss)?", re.IGNORECASE)


@dataclass(frozen=True)
class Unit:
    """A unit as it was written: what it measures, and how many kg, mm, min or 1 it is."""

    word: str
    dimension: str
    size: Fraction


def unit_of(word: str) -> Unit | None:
    """Return what a word is the unit of; None where it is none. Raises ``UsageError`` for ``ton``.

    >>> unit_of("lb").size == Fraction("0.45359237"), unit_of("Netto")
    (True, None)
    """
    key = re.sub(r"\s+", "_", word.strip().strip("[]()").strip()).replace("-_%", "-%")
    if key.lower() in _SAID_THREE_WAYS:
        raise UsageError(f"{word.strip()!r} is 907.18474 kg (US short ton), 1016.0469088 kg (long ton) or 1000 kg: write [short ton], [long ton] or [t]")
    if key in ("M", "MG", "S", "D", "H", "G", "T", "TO", "IN"):  # a capital in a heading; of these only T and KG are clear
        return Unit("t", *_UNITS["t"]) if key in ("T", "TO") else None
    found = _UNITS.get(key) or _UNITS.get(key.lower())
    return Unit(word.strip().strip("[]()").strip(), *found) if found else None


def is_unit_like(text: str) -> bool:
    """Whether a cell below a heading can be one of a row of units: a unit, or the pattern of a date."""
    if _CLOCKS.fullmatch(text.strip().strip("[]()")):
        return True
    try:
        return unit_of(text) is not None
    except UsageError:
        return True


_MONEY = re.compile(r"EUR|€|USD|CHF|GBP|\$|kWh", re.IGNORECASE)
_BRACKETS = re.compile(r"(.*?)\s*[\[(]\s*([^\[\]()]{1,30}?)\s*[\])]\s*(.*)", re.DOTALL)
_ATTACHED = re.compile(r"(.*?\w)\s*(%)")


def heading_unit(heading: str) -> tuple[str, Unit | None]:
    """Return the name in a heading and its unit: ``Netto [kg]``, ``mass_t``, ``Netto in kg``, ``Cu %``, ``% Cu``. Raises ``UsageError`` for ``ton``.

    >>> heading_unit("Netto [kg]")[0], heading_unit("Netto [kg]")[1].size == 1
    ('Netto', True)
    """
    text = heading.strip()
    if len(text) > 200 or _MONEY.search(text):
        return text, None
    if (match := _BRACKETS.fullmatch(text)) and (found := unit_of(match[2])):
        return f"{match[1]} {match[3]}".strip() or text, found
    if text.startswith("%") and len(text) > 1:
        return text[1:].strip(" _-"), unit_of("%")
    if match := _ATTACHED.fullmatch(text):
        return match[1].rstrip("_ "), unit_of("%")
    words = re.split(r"[\s_]+", text)
    for count in (2, 1):  # short ton, t
        last = " ".join(words[-count:])
        if len(words) > count and last.lower() not in (_NOT_BARE - {"m", "mg"} if "_" in text else _NOT_BARE) and (found := unit_of(last)):
            rest = words[: len(words) - count]
            return " ".join(rest[:-1] if rest[-1] in ("in", "/") and len(rest) > 1 else rest).rstrip(" /,"), found
    name, slash, last = text.rpartition("/")
    if slash and name and not text.endswith(("]", ")")) and last.lower() not in _NOT_BARE and (found := unit_of(last)):
        return name.rstrip(), found
    return text, None
