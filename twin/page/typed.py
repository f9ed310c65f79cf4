"""Numbers as people type them, made into what a change file says: one text for one value, in the unit in which the base writes it."""

from __future__ import annotations

import re
from contextlib import suppress
from fractions import Fraction as Ratio

from twin.errors import UsageError
from twin.quantities import CELSIUS, example_of, format_quantity, parse, shown, unit

_TYPED = re.compile(r"\s*(?P<number>[+-]?[\d.,'  \N{NARROW NO-BREAK SPACE}]*\d(?:[eE][+-]?\d{1,3})?)\s*(?P<unit>.*?)\s*", re.DOTALL)
_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}([.,])\d{3}")
"""A number that is one in English and another, a thousand times as large, in German, or the other way round."""
_COMMA = re.compile(r"[+-]?\d+,\d+")
LIMIT = re.compile(r"\s*([<>]=?)\s*(.*)", re.DOTALL)
"""A limit such as "<= 3 %": its sign and its number."""
_LONGEST = 17


def read_typed(text: str) -> str:
    """Return what was typed with a decimal point: a comma is one too.

    >>> read_typed("1,5 t/h"), read_typed("0,125"), read_typed(">=92,5 %")
    ('1.5 t/h', '0.125', '>= 92.5 %')

    Raises ``UsageError``, with both readings, for a number that English and German read differently.
    """
    if limit := LIMIT.fullmatch(text):
        return f"{limit[1]} {read_typed(limit[2])}"
    match = _TYPED.fullmatch(text)
    if match is None:
        return text.strip()
    number, rest = match["number"], match["unit"]
    behind = f" {rest}" if rest else ""
    if groups := _GROUPS.fullmatch(number):
        whole, part = number.split(groups[1])
        small = f"{whole}.{part}".rstrip("0").rstrip(".")
        raise UsageError(f"{shown(text.strip())} can be read as {small}{behind} or as {whole}{part}{behind}: write one of them")
    if _COMMA.fullmatch(number):
        number = number.replace(",", ".")
    return f"{number}{behind}"


def sign_of(text: object) -> str:
    """Return the sign of a limit, "" of what is none."""
    limit = LIMIT.fullmatch(text) if isinstance(text, str) else None
    return limit[1] if limit is not None else ""


def canonical_limit(text: str, si: str, like: str) -> tuple[str, float]:
    """Return the one text of a number, or of a limit, and its value: of ``">= 0.925"`` in % it is ``(">= 92.5 %", 0.925)``. Raises ``UsageError``."""
    limit = LIMIT.fullmatch(text)
    if limit is None:
        return canonical(text, si, like)
    one, value = canonical(limit[2], si, (LIMIT.fullmatch(like) or ("", "", like))[2])
    return f"{limit[1]} {one}", value


def canonical(text: str, si: str, like: str) -> tuple[str, float]:
    """Return the text that stands for the value in the unit of ``like``, and the value in the SI unit ``si``.

    >>> canonical("3.2 cm", "m", "50 mm"), canonical("0.032 m", "m", "50 mm")
    (('32 mm', 0.032), ('32 mm', 0.032))

    Raises ``UsageError`` as :func:`twin.quantities.parse` does.
    """
    given = text.strip()
    value = parse(given, si)
    number, written = _parted(given)
    _, wanted = _parted(like)
    for target in (wanted, written):
        if (found := _in_unit(number, written, target, si)) is not None and parse(found, si) == value:
            return found, value
    return given, value


def _parted(text: str) -> tuple[str, str]:
    match = _TYPED.fullmatch(text)
    return (match["number"], match["unit"]) if match is not None else ("", text.strip())


def size_of(text: object) -> object:
    """Return what is equal for texts of one value, whatever their unit; anything else as it is.

    >>> size_of("120 min") == size_of("2 h"), size_of("2 h") == size_of("2 m"), size_of("two")
    (True, False, 'two')
    """
    number, written = _parted(text) if isinstance(text, str) else ("", "")
    if not number or written in CELSIUS:
        return text
    try:
        found = unit(written or "1")
        return found.exponents, Ratio(number) * found.factor
    except (UsageError, ValueError):
        return text


def _in_unit(number: str, written: str, target: str, si: str) -> str | None:
    """The number in another unit, in decimals that are all there is of it; None where there are too many."""
    exact = Ratio(number)
    if written in CELSIUS or target in CELSIUS:
        if si == "K":
            exact += Ratio("273.15") * ((written in CELSIUS) - (target in CELSIUS))
    else:
        try:
            ours, theirs = unit(written or "1"), unit(target or "1")
        except UsageError:
            return None
        if ours.exponents != theirs.exponents:
            return None
        exact *= ours.factor / theirs.factor
    decimals = _decimal(exact)
    return None if decimals is None else f"{decimals} {target}".strip()


def _decimal(exact: Ratio) -> str | None:
    """A ratio in plain decimals, None where they do not end soon."""
    for places in range(_LONGEST):
        scaled = exact * 10**places
        if scaled.denominator == 1:
            digits = f"{abs(scaled.numerator):0{places + 1}d}"
            if len(digits) > _LONGEST:
                return None
            sign = "-" if scaled < 0 else ""
            return sign + (digits if not places else f"{digits[:-places]}.{digits[-places:]}")
    return None


def written_like(value: float, si: str, like: str) -> str:
    """Return a value of a slider in the unit of ``like``, with four digits: ``written_like(0.0321, "m", "50 mm")`` is ``"32.1 mm"``."""
    _, target = _parted(like)
    if target in CELSIUS or (not target and si != "1"):
        return format_quantity(value, si)
    try:
        size = float(unit(target or "1").factor)
    except UsageError:
        return format_quantity(value, si)
    number = _decimal(Ratio(f"{value / size:.4g}"))
    return f"{number} {target}".strip() if number is not None else format_quantity(value, si)


def exactly_like(value: float, si: str, like: str) -> str:
    """Return a value in the unit of ``like`` with as many digits as it takes to read it back as it is.

    >>> exactly_like(4.12345 / 3.6, "kg/s", "6 t/h"), exactly_like(0.05, "m", "2 cm"), exactly_like(293.15, "K", "25 °C")
    ('4.12345 t/h', '5 cm', '20 °C')
    """
    _, target = _parted((LIMIT.fullmatch(like) or ("", "", like))[2])
    for wanted in (target, _parted(example_of(si))[1], si):
        with suppress(UsageError):
            shift, size = (273.15, 1.0) if wanted in CELSIUS and si == "K" else (0.0, float(unit(wanted or "1").factor))
            for digits in range(4, 18):
                number = _decimal(Ratio(f"{(value - shift) / size:.{digits}g}"))
                text = f"{number} {wanted}".strip()
                if number is not None and parse(text, si) == value:
                    return text
    return repr(value) if si == "1" else f"{value!r} {si}"
