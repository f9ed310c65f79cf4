"""Numbers with units: ``"20 t/h"`` to SI floats and back, and the pydantic types made from them.

Everything inside is SI: kg, m, s, K, A, mol, J, W and, besides, EUR, rad and Nm3 (a cubic metre of gas at 0 °C and 101 325 Pa). A value
is converted once, where it is read, exactly and rounded once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction as Ratio
from functools import lru_cache
from typing import Annotated, Any, NamedTuple, get_args, get_origin

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from twin.errors import UsageError

HOUR, DAY, WEEK = 3600.0, 86_400.0, 604_800.0  # s
YEAR = 365.0 * DAY  # s; a month is a twelfth of it
NANOSECONDS = 1_000_000_000  # of a second; the clock of a run counts them
ZERO_CELSIUS = 273.15  # K
BASES = ("kg", "m", "s", "K", "A", "mol", "EUR", "rad", "Nm3")
Exponents = tuple[int, ...]


class Unit(NamedTuple):
    """A unit: how many SI units it is, and the exponents of the base units in the order of :data:`BASES`."""

    factor: Ratio
    exponents: Exponents

    def power(self, n: int) -> Unit:
        """Return this unit to the power ``n``."""
        return Unit(self.factor**n, tuple(e * n for e in self.exponents))

    def times(self, other: Unit) -> Unit:
        """Return the product of two units."""
        return Unit(self.factor * other.factor, tuple(a + b for a, b in zip(self.exponents, other.exponents, strict=True)))


def _base(**exponents: int) -> Exponents:
    return tuple(exponents.get(name, 0) for name in BASES)


ONE = _base()
_JOULE = _base(kg=1, m=2, s=-2)
_WATT = _base(kg=1, m=2, s=-3)
_SIEMENS = _base(kg=-1, m=-2, s=3, A=2)
_VOLT = _base(kg=1, m=2, s=-3, A=-1)

# (symbols, their size in SI, exponents); a prefix is spelled out so that every accepted word can be listed
_TABLE: tuple[tuple[dict[str, str], Exponents], ...] = (
    ({"%": "0.01", "‰": "0.001", "ppm": "1e-6", "1": "1"}, ONE),
    ({"kg": "1", "g": "1e-3", "mg": "1e-6", "µg": "1e-9", "ug": "1e-9", "t": "1e3", "kt": "1e6", "Mt": "1e9"}, _base(kg=1)),
    ({"m": "1", "km": "1e3", "dm": "0.1", "cm": "1e-2", "mm": "1e-3", "µm": "1e-6", "um": "1e-6", "nm": "1e-9"}, _base(m=1)),
    ({"s": "1", "ms": "1e-3", "min": "60", "h": "3600", "d": "86400", "week": "604800", "month": "2628000", "a": "31536000"}, _base(s=1)),
    ({"l": "1e-3", "L": "1e-3", "ml": "1e-6", "mL": "1e-6"}, _base(m=3)),
    ({"K": "1", "mK": "1e-3"}, _base(K=1)),
    ({"A": "1", "kA": "1e3", "mA": "1e-3"}, _base(A=1)),
    ({"mol": "1", "kmol": "1e3", "mmol": "1e-3"}, _base(mol=1)),
    ({"EUR": "1", "€": "1", "ct": "0.01", "kEUR": "1e3", "MEUR": "1e6"}, _base(EUR=1)),
    ({"rad": "1"}, _base(rad=1)),
    ({"Nm3": "1"}, _base(Nm3=1)),
    ({"J": "1", "kJ": "1e3", "MJ": "1e6", "GJ": "1e9", "TJ": "1e12"}, _JOULE),
    ({"Wh": "3600", "kWh": "3.6e6", "MWh": "3.6e9", "GWh": "3.6e12"}, _JOULE),
    ({"W": "1", "kW": "1e3", "MW": "1e6", "GW": "1e9", "mW": "1e-3"}, _WATT),
    ({"V": "1", "kV": "1e3", "mV": "1e-3"}, _VOLT),
    ({"S": "1", "mS": "1e-3", "kS": "1e3", "MS": "1e6"}, _SIEMENS),
    ({"T": "1", "mT": "1e-3"}, _base(kg=1, s=-2, A=-1)),
    ({"Pa": "1", "hPa": "100", "kPa": "1e3", "MPa": "1e6", "bar": "1e5", "mbar": "100"}, _base(kg=1, m=-1, s=-2)),
    ({"N": "1", "kN": "1e3"}, _base(kg=1, m=1, s=-2)),
    ({"Hz": "1", "kHz": "1e3", "rpm": "1/60"}, _base(s=-1)),
)
UNITS: dict[str, Unit] = {symbol: Unit(Ratio(factor), exponents) for symbols, exponents in _TABLE for symbol, factor in symbols.items()}
UNITS["deg"] = UNITS["°"] = Unit(Ratio(math.pi) / 180, _base(rad=1))
CELSIUS = ("°C", "degC")

# SI unit -> (what it measures, an example); an example without a unit in it would teach the wrong habit
_KNOWN: dict[str, tuple[str, str]] = {
    "1": ("dimensionless number", "40 %"),
    "kg": ("mass", "12 t"),
    "m": ("length", "40 mm"),
    "s": ("time", "15 min"),
    "K": ("temperature", "1300 °C"),
    "A": ("electric current", "20 kA"),
    "mol": ("amount of substance", "3 mol"),
    "EUR": ("amount of money", "500 EUR"),
    "rad": ("angle", "30 deg"),
    "Nm3": ("volume of gas", "100 Nm3"),
    "m2": ("area", "6 m2"),
    "m3": ("volume", "4 m3"),
    "kg/s": ("mass per time", "20 t/h"),
    "m/s": ("speed", "2.5 m/s"),
    "m/s2": ("acceleration", "9.81 m/s2"),
    "m3/s": ("volume per time", "6000 m3/h"),
    "Nm3/s": ("volume of gas per time", "45000 Nm3/h"),
    "J": ("energy", "90 kWh"),
    "W": ("power", "60 kW"),
    "J/kg": ("energy per mass", "18 kWh/t"),
    "1/s": ("frequency", "60 rpm"),
    "T": ("magnetic flux density", "0.1 T"),
    "T/m": ("gradient of flux density", "2 T/m"),
    "S/m": ("electric conductivity", "37 MS/m"),
    "V": ("voltage", "0.3 V"),
    "A/m": ("magnetic field strength", "80 kA/m"),
    "A/m2": ("current density", "320 A/m2"),
    "kg/m3": ("density", "2700 kg/m3"),
    "kg/m2": ("mass per area", "15 kg/m2"),
    "kg/(s m)": ("mass per time and width", "5 t/(h m)"),
    "kg/(s m2)": ("mass per time and area", "5 t/(h m2)"),
    "m2/kg": ("area per mass", "300 m2/kg"),
    "EUR/kg": ("price per mass", "120 EUR/t"),
    "EUR/J": ("price per energy", "0.18 EUR/kWh"),
    "EUR/s": ("money per time", "40 EUR/h"),
    "kg/J": ("mass per energy", "363 g/kWh"),
    "Pa": ("pressure", "2 bar"),
    "Pa s": ("dynamic viscosity", "0.000018 Pa s"),
    "N": ("force", "2 kN"),
    "J/(kg K)": ("specific heat", "0.45 kJ/(kg K)"),
    "W/(m2 K)": ("heat transfer coefficient", "500 W/(m2 K)"),
    "W/(m K)": ("heat conductivity", "1.5 W/(m K)"),
}

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
_FACTOR = re.compile(r"(Nm3|Nm³|1|[A-Za-zµμ°%‰€]+)(?:\^?(-?[1-9])|([²³]))?(?![\w])")
_INVERSE = re.compile(r"1\s*/\s*[^\W\d]|1\s*/\s*\(")
_LONGEST = 60


@lru_cache(maxsize=4096)
def unit(text: str) -> Unit:
    """Return the unit that ``text`` names: products, one quotient, powers, e.g. ``"kJ/(kg K)"``.

    Raises ``UsageError`` for a word that is not in the table.
    """
    if text.count("/") > 1:
        raise UsageError(f"unit {text!r} has more than one '/': write the units below it in brackets, e.g. 'kJ/(kg K)'")
    above, _, below = text.partition("/")
    above, below = above if above.strip() or not below else "1", below.strip()  # '/s', as in '25 /s'
    if below.startswith("(") and below.endswith(")"):
        below = below[1:-1]
    elif below and len(_words(below, text)) > 1:
        raise UsageError(f"unit {text!r} can be read in two ways: write the units below '/' in brackets, e.g. 'kJ/(kg K)'")
    result = Unit(Ratio(1), ONE)
    for word in _words(above, text):
        result = result.times(word)
    for word in _words(below, text) if "/" in text else []:
        result = result.times(word.power(-1))
    return result


def _words(text: str, whole: str) -> list[Unit]:
    words: list[Unit] = []
    for part in re.split(r"[\s*·]+", text.strip()):
        match = _FACTOR.fullmatch(part)
        symbol = match[1].replace("μ", "µ").replace("³", "3") if match else ""
        if match is None or symbol not in UNITS:
            raise UsageError(f"{_unknown_unit(part, whole)}")
        exponent = int(match[2]) if match[2] else {"²": 2, "³": 3}.get(match[3] or "", 1)
        words.append(UNITS[symbol].power(exponent))
    return words


def _unknown_unit(part: str, whole: str) -> str:
    if part in CELSIUS:
        return f"'°C' cannot be a part of another unit ({whole!r}); write K"
    by_case = [symbol for symbol in UNITS if symbol.lower() == part.lower()]
    hint = f"; did you mean {by_case[0]!r}?" if by_case else ""
    return f"unknown unit {part!r}{'' if part == whole else f' in {whole!r}'}{hint}"


def kind_of(si: str) -> str:
    """Return what an SI unit measures, in words: ``kind_of("kg/s")`` is ``"mass per time"``."""
    return _KNOWN[si][0] if si in _KNOWN else f"value in {si}"


def example_of(si: str) -> str:
    """Return a value as a person would write it, of the SI unit ``si``."""
    return _KNOWN[si][1] if si in _KNOWN else f"1 {si}"


def article(noun: str) -> str:
    """Return ``noun`` with ``a`` or ``an`` before it."""
    return f"{'an' if noun[:1] in 'aeio' else 'a'} {noun}"


@lru_cache(maxsize=256)
def _kind_by_exponents(exponents: Exponents) -> str:
    return next((name for si, (name, _) in _KNOWN.items() if unit(si).exponents == exponents), "")


def _wanted(si: str) -> str:
    if si == "1":
        return "a number without unit is needed, e.g. 0.4 or '40 %'"
    return f"{article(kind_of(si))} is needed, e.g. '{example_of(si)}'"


def shown(value: object) -> str:
    """Return a short picture of what a person wrote, for a message."""
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def parse(text: object, si: str) -> float:
    """Return the value of ``text`` in the SI unit ``si``, finite.

    ``parse("25 t/h", "kg/s")`` is ``6.944444444444445``, ``parse("40 %", "1")`` is ``0.4`` and ``parse("1300 °C", "K")`` is ``1573.15``.
    A bare number is taken only where ``si`` is ``"1"``. Raises ``UsageError`` with what was got and what is allowed.
    """
    if isinstance(text, bool) or not isinstance(text, (str, int, float)):
        raise UsageError(f"{_wanted(si)} (got {shown(text)})")
    if not isinstance(text, str):
        if si != "1":
            raise UsageError(f"{_wanted(si)} (got {shown(text)}, a bare number)")
        return _finite(float(text) if abs(text) < 1e300 else math.inf, text)
    return _parsed(text, si)


@lru_cache(maxsize=8192)
def _parsed(text: str, si: str) -> float:
    """:func:`parse` of a text; scenarios of a study differ in a few numbers only."""
    stripped = text.strip()
    match = _NUMBER.match(stripped)
    if match is None or len(stripped) > 2 * _LONGEST:
        raise UsageError(f"{_wanted(si)} (got {shown(text)})")
    number, rest = match[0], stripped[match.end() :].strip()
    if rest[:1] in (",", "_", "'", ".") or (rest[:1].isdigit() and not _INVERSE.match(rest)):  # '25 1/s' is no '251/s'
        raise UsageError(f"{shown(text)} is not a number: write 1.5, not 1,5, and 1000 without separators; {_wanted(si)}")
    if rest in CELSIUS and si == "K":
        return _rounded(number, Ratio(1), text, offset=Ratio("273.15"))
    if not rest and si != "1":
        raise UsageError(f"{_wanted(si)} (got {shown(text)}, a bare number)")
    try:
        got = unit(rest) if rest else UNITS["1"]
    except UsageError as error:
        raise UsageError(f"{_wanted(si)} (got {shown(text)}: {error})") from None
    if got.exponents != unit(si).exponents:
        name = _kind_by_exponents(got.exponents)
        raise UsageError(f"{_wanted(si)} (got {shown(text)}{f', {article(name)}' if name else ''})")
    return _rounded(number, got.factor, text)


def _rounded(number: str, factor: Ratio, text: object, offset: Ratio | None = None) -> float:
    value = _finite(float(number), text)
    if value == 0 and any(digit in "123456789" for digit in re.split("[eE]", number)[0]):
        raise UsageError(f"{shown(text)} is too small to be told from zero")
    if factor == 1 and offset is None:
        return value
    try:
        return float(Ratio(number) * factor + (offset or 0))
    except OverflowError:
        return _finite(math.inf, text)


def _finite(value: float, text: object) -> float:
    if not math.isfinite(value):
        raise UsageError(f"a finite number is needed (got {shown(text)})")
    return value


_LADDERS: dict[str, tuple[str, ...]] = {
    "kg": ("kt", "t", "kg", "g", "mg"),
    "kg/s": ("kt/h", "t/h", "kg/h", "g/h"),
    "m": ("m", "mm", "µm"),
    "s": ("d", "h", "min", "s", "ms"),
    "J": ("GWh", "MWh", "kWh", "Wh"),
    "W": ("GW", "MW", "kW", "W"),
    "J/kg": ("MWh/t", "kWh/t", "Wh/t"),
    "EUR/kg": ("EUR/kg", "EUR/t"),
    "EUR/J": ("EUR/kWh",),
    "kg/J": ("kg/kWh", "g/kWh"),
    "EUR/s": ("EUR/h",),
    "m3/s": ("m3/h",),
    "Nm3/s": ("Nm3/h",),
    "S/m": ("MS/m", "S/m"),
    "rad": ("deg",),
    "1": ("1", "%"),
}


def format_quantity(value: float, si: str) -> str:
    """Return ``value``, in the SI unit ``si``, with the unit in which people read it: ``format_quantity(6.9444, "kg/s")`` is ``"25 t/h"``.

    The largest unit in which the value is at least 1 is taken, four digits are shown.
    """
    if not math.isfinite(value):
        return f"{value} {si}"
    if si == "K":
        return f"{digits(value - ZERO_CELSIUS)} °C"
    ladder = _LADDERS.get(si, (si,)) if value else (si,)
    sizes = [(name, float(unit(name).factor)) for name in ladder]
    name, size = next((rung for rung in sizes if abs(value) >= rung[1] * (1 - 1e-12)), sizes[-1])
    return f"{digits(value / size)} {name}".removesuffix(" 1")


def digits(value: float) -> str:
    """Return four digits; of large numbers, below a thousand million, all before the point."""
    text = f"{value:.4g}"
    return f"{value:.0f}" if "e+" in text and abs(value) < 1e9 else text


@dataclass(frozen=True)
class Quantity:
    """Makes ``Annotated[float, Quantity("kg/s", gt=0)]`` a pydantic type: text with a unit in, an SI float within the limits out."""

    si: str
    gt: float | None = None
    ge: float | None = None
    lt: float | None = None
    le: float | None = None
    example: str = ""

    def read(self, value: object) -> float:
        """Return the SI value; raises ``UsageError`` where it has no or another unit, or is out of the limits."""
        number = parse(value, self.si)
        for limit, holds, words in self._limits(number):
            if not holds:
                hint = f"; {value} %?" if self.le == 1.0 and 1.0 < number <= 100.0 and _NUMBER.fullmatch(str(value).strip()) else ""
                raise UsageError(f"must be {words} {format_quantity(limit, self.si)} (got {shown(value)}{hint})")
        return number

    def _limits(self, number: float) -> Iterable[tuple[float, bool, str]]:
        if self.gt is not None:
            yield self.gt, number > self.gt, "more than"
        if self.ge is not None:
            yield self.ge, number >= self.ge, "at least"
        if self.lt is not None:
            yield self.lt, number < self.lt, "less than"
        if self.le is not None:
            yield self.le, number <= self.le, "at most"

    def _validate(self, value: object) -> float:
        try:
            return self.read(value)
        except UsageError as error:
            raise PydanticCustomError("quantity", "{message}", {"message": str(error)}) from None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._validate)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return self.json_schema()

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of what a person may write; ``x-unit`` is the SI unit."""
        about = {"description": f"{kind_of(self.si)} (SI: {self.si})", "examples": [self.example or example_of(self.si)], "x-unit": self.si}
        if self.si != "1":
            return {**self.text_schema(), **about}
        bounds = {"exclusiveMinimum": self.gt, "minimum": self.ge, "exclusiveMaximum": self.lt, "maximum": self.le}
        # 1 and 1.0 are equal, so whichever type was made first may stand for both: they are written alike
        limits = {key: int(bound) if bound is not None and float(bound).is_integer() else bound for key, bound in bounds.items()}
        number = {"type": "number", **{key: limit for key, limit in limits.items() if limit is not None}}
        return {"anyOf": [number, self.text_schema()], **about}

    def text_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of a number and its unit in one text."""
        end = r"\S" if self.si != "1" else "(%|‰|ppm)?\\s*$"
        return {"type": "string", "pattern": rf"^\s*[+-]?[0-9.]+([eE][+-]?[0-9]+)?\s*{end}"}


def quantity_of(annotation: Any) -> Quantity | None:
    """Return the :class:`Quantity` that makes a type annotation, also below ``Optional`` and containers; None for any other type."""
    if isinstance(annotation, Quantity):
        return annotation
    if isinstance(own := getattr(annotation, "quantity", None), Quantity):  # a number that may also be written in another way
        return own
    parts = [*getattr(annotation, "__metadata__", ()), *(get_args(annotation) if get_origin(annotation) is not None else ())]
    return next((found for part in parts if (found := quantity_of(part)) is not None), None)


Mass = Annotated[float, Quantity("kg", gt=0)]
MassOrZero = Annotated[float, Quantity("kg", ge=0)]
MassFlow = Annotated[float, Quantity("kg/s", gt=0)]
Duration = Annotated[float, Quantity("s", gt=0)]
DurationOrZero = Annotated[float, Quantity("s", ge=0)]
Length = Annotated[float, Quantity("m", gt=0)]
LengthOrZero = Annotated[float, Quantity("m", ge=0)]
Area = Annotated[float, Quantity("m2", gt=0)]
Volume = Annotated[float, Quantity("m3", gt=0)]
Speed = Annotated[float, Quantity("m/s", gt=0)]
Frequency = Annotated[float, Quantity("1/s", gt=0)]
Angle = Annotated[float, Quantity("rad")]
Power = Annotated[float, Quantity("W", ge=0)]
Energy = Annotated[float, Quantity("J", ge=0)]
SpecificEnergy = Annotated[float, Quantity("J/kg", ge=0)]
ArealMass = Annotated[float, Quantity("kg/m2", gt=0)]
ArealMassOrZero = Annotated[float, Quantity("kg/m2", ge=0)]
Density = Annotated[float, Quantity("kg/m3", gt=0)]
Conductivity = Annotated[float, Quantity("S/m", ge=0)]
FluxDensity = Annotated[float, Quantity("T", ge=0)]
Viscosity = Annotated[float, Quantity("Pa s", gt=0)]
Temperature = Annotated[float, Quantity("K", gt=0)]
Fraction = Annotated[float, Quantity("1", ge=0, le=1)]
Factor = Annotated[float, Quantity("1", gt=0, example="1.4")]
FactorOrZero = Annotated[float, Quantity("1", ge=0, example="1.4")]
RelativeChange = Annotated[float, Quantity("1", gt=-1, example="+6 %")]
Money = Annotated[float, Quantity("EUR", ge=0)]
CostPerTime = Annotated[float, Quantity("EUR/s", ge=0)]
PricePerMass = Annotated[float, Quantity("EUR/kg")]
PricePerEnergy = Annotated[float, Quantity("EUR/J")]
EnergyPerLength = Annotated[float, Quantity("J/m", ge=0)]
CostPerLength = Annotated[float, Quantity("EUR/m", ge=0)]
EmissionFactor = Annotated[float, Quantity("kg/J", ge=0)]
