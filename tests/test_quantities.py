from __future__ import annotations

import contextlib
import math
from fractions import Fraction as Ratio
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from twin.errors import UsageError
from twin.quantities import (
    _KNOWN,
    _LADDERS,
    BASES,
    UNITS,
    Fraction,
    Length,
    MassFlow,
    Quantity,
    Unit,
    example_of,
    format_quantity,
    kind_of,
    parse,
    quantity_of,
    unit,
)


@pytest.mark.parametrize(
    ("text", "si", "value"),
    [
        ("20 t/h", "kg/s", 20_000 / 3600),
        ("15 min", "s", 900.0),
        ("1300 °C", "K", 1573.15),
        ("+6 %", "1", 0.06),
        ("-6 %", "1", -0.06),
        ("0.18 EUR/kWh", "EUR/J", 0.18 / 3.6e6),
        ("363 g/kWh", "kg/J", 363e-3 / 3.6e6),
        ("6 m2", "m2", 6.0),
        ("6 m²", "m2", 6.0),
        ("45000 Nm3/h", "Nm3/s", 12.5),
        ("18 kWh/t", "J/kg", 64_800.0),
        ("320 A/m2", "A/m2", 320.0),
        ("60 rpm", "1/s", 1.0),
        ("25 1/s", "1/s", 25.0),
        ("3600 /h", "1/s", 1.0),
        ("0.1 T", "T", 0.1),
        ("30 deg", "rad", math.pi / 6),
        ("5.96e7 S/m", "S/m", 5.96e7),
        ("20t/h", "kg/s", 20_000 / 3600),
        (0.4, "1", 0.4),
        (3, "1", 3.0),
        ("0.4", "1", 0.4),
        ("0.45 kJ/(kg K)", "J/(kg K)", 450.0),
        ("2 V s/m2", "T", 2.0),
        ("1 J", "kg m2/s2", 1.0),
        ("0 kg", "kg", 0.0),
    ],
)
def test_a_quantity_becomes_its_si_value(text: object, si: str, value: float) -> None:
    assert parse(text, si) == pytest.approx(value, rel=1e-15)


def test_a_value_is_rounded_once() -> None:
    """25 t/h is 25 000 / 3600, not 25 times a rounded factor."""
    assert parse("25 t/h", "kg/s") == 25_000 / 3600
    assert parse("40 mm", "m") == 0.04


@pytest.mark.parametrize(
    ("text", "si", "message"),
    [
        ("20", "kg/s", "a mass per time is needed, e.g. '20 t/h' (got '20', a bare number)"),
        (20, "kg/s", "a mass per time is needed, e.g. '20 t/h' (got 20, a bare number)"),
        ("20 mm", "kg/s", "a mass per time is needed, e.g. '20 t/h' (got '20 mm', a length)"),
        ("20 t/h", "m", "a length is needed, e.g. '40 mm' (got '20 t/h', a mass per time)"),
        ("1,5 t", "kg", "write 1.5, not 1,5"),
        ("1_000 kg", "kg", "without separators"),
        ("1 000 kg", "kg", "without separators"),
        ("1e999 kg", "kg", "a finite number is needed"),
        ("9e307 kt", "kg", "a finite number is needed"),
        ("1e-400 kg", "kg", "too small"),
        ("nan kg", "kg", "a mass is needed"),
        (math.nan, "1", "a finite number is needed"),
        (math.inf, "1", "a finite number is needed"),
        (10**400, "1", "a finite number is needed"),
        (True, "1", "a number without unit is needed"),
        (None, "kg", "a mass is needed"),
        ("5 Kg", "kg", "did you mean 'kg'?"),
        ("20 tons", "kg", "unknown unit 'tons'"),
        ("20 t/h/m", "kg/s", "more than one '/'"),
        ("20 kJ/kg K", "J/(kg K)", "in brackets"),
        ("3 °C/s", "K", "write K"),
        ("", "kg", "a mass is needed"),
        ("kg", "kg", "a mass is needed"),
        ("1 " + "k" * 500, "kg", "a mass is needed"),
        ([1], "kg", "a mass is needed"),
    ],
)
def test_what_is_no_such_quantity_is_refused_with_what_is_needed(text: object, si: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        parse(text, si)
    assert message in str(error.value)


@given(st.text(max_size=40), st.sampled_from(sorted(_KNOWN)))
def test_any_text_is_a_finite_number_or_a_usage_error(text: str, si: str) -> None:
    with contextlib.suppress(UsageError):
        assert math.isfinite(parse(text, si))


@given(
    st.lists(st.tuples(st.sampled_from(sorted(set(UNITS) - {"1"})), st.integers(1, 3)), min_size=1, max_size=3),
    st.lists(st.sampled_from(sorted(set(UNITS) - {"1", "Nm3"})), max_size=2),
)
def test_any_product_and_quotient_of_units_is_read(above: list[tuple[str, int]], below: list[str]) -> None:
    words = [symbol if power == 1 or symbol == "Nm3" else f"{symbol}{power}" for symbol, power in above]
    text = " ".join(words) + (f"/({' '.join(below)})" if below else "")
    expected = Unit(Ratio(1), (0,) * len(BASES))
    for symbol, power in above:
        expected = expected.times(UNITS[symbol].power(1 if symbol == "Nm3" else power))
    for symbol in below:
        expected = expected.times(UNITS[symbol].power(-1))
    assert unit(text) == expected


@pytest.mark.parametrize("si", sorted(_KNOWN))
def test_every_known_si_unit_is_coherent_and_its_example_is_of_it(si: str) -> None:
    assert unit(si).factor == 1
    assert math.isfinite(parse(example_of(si), si))
    assert kind_of(si)


@pytest.mark.parametrize("si", sorted(_LADDERS))
def test_every_way_to_show_a_unit_is_of_that_unit(si: str) -> None:
    for name in _LADDERS[si]:
        assert unit(name).exponents == unit(si).exponents


@pytest.mark.parametrize(
    ("value", "si", "text"),
    [
        (25_000 / 3600, "kg/s", "25 t/h"),
        (0.04, "m", "40 mm"),
        (64_800.0, "J/kg", "18 kWh/t"),
        (1573.15, "K", "1300 °C"),
        (0.4, "1", "40 %"),
        (1.4, "1", "1.4"),
        (86_400.0 * 30, "s", "30 d"),
        (0.0, "s", "0 s"),
        (5e-8, "EUR/J", "0.18 EUR/kWh"),
        (12_345.0, "kg/m3", "12345 kg/m3"),
        (math.inf, "kg", "inf kg"),
    ],
)
def test_a_value_is_shown_in_the_unit_that_people_read(value: float, si: str, text: str) -> None:
    assert format_quantity(value, si) == text


@given(st.floats(1e-6, 1e9), st.sampled_from(sorted(set(_KNOWN) - {"K"})))
def test_what_is_shown_reads_back_to_four_digits(value: float, si: str) -> None:
    assert parse(format_quantity(value, si), si) == pytest.approx(value, rel=1e-3)


class Belt(BaseModel):
    rate: MassFlow
    width: Length | None = None
    share: Fraction = 0.5
    gap: Annotated[float, Quantity("m", ge=0.001, lt=0.1)] = 0.01


def test_a_model_takes_text_and_holds_si() -> None:
    assert Belt.model_validate({"rate": "36 t/h", "share": "40 %"}).rate == 10.0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"rate": "0 t/h"}, "must be more than 0"),
        ({"rate": "1 t/h", "share": 1.2}, "must be at most 1 (got 1.2; 1.2 %?)"),
        ({"rate": "1 t/h", "share": -0.1}, "must be at least 0"),
        ({"rate": "1 t/h", "gap": "0.1 mm"}, "must be at least 1 mm (got '0.1 mm')"),
        ({"rate": "1 t/h", "gap": "10 cm"}, "must be less than 100 mm (got '10 cm')"),
    ],
)
def test_limits_are_named_with_their_unit(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError) as error:
        Belt.model_validate(fields)
    assert message in error.value.errors()[0]["msg"]


def test_a_type_knows_its_si_unit() -> None:
    for annotation in (MassFlow, MassFlow | None):
        flow = quantity_of(annotation)
        assert flow is not None
        assert flow.si == "kg/s"
    assert quantity_of(int) is None
    found = quantity_of(Length)
    assert found is not None
    assert found.gt == 0


def test_a_type_has_a_json_schema_with_unit_and_example() -> None:
    schema = Belt.model_json_schema()["properties"]
    assert schema["rate"]["x-unit"] == "kg/s"
    assert schema["rate"]["examples"] == ["20 t/h"]
    assert schema["share"]["anyOf"][0] == {"type": "number", "minimum": 0, "maximum": 1}
