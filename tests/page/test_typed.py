"""Numbers as people type them."""

from __future__ import annotations

import doctest

import pytest

from twin.errors import UsageError
from twin.page import typed
from twin.quantities import parse


def test_worked_examples() -> None:
    assert doctest.testmod(typed).failed == 0


@pytest.mark.parametrize(("text", "small", "large"), [("1.200 t/h", "1.2 t/h", "1200 t/h"), ("1,200", "1.2", "1200"), ("12.345 mm", "12.345 mm", "12345 mm")])
def test_a_number_with_two_readings_is_refused_with_both(text: str, small: str, large: str) -> None:
    with pytest.raises(UsageError) as caught:
        typed.read_typed(text)
    assert f"as {small} or as {large}" in str(caught.value)


@pytest.mark.parametrize("text", ["0.125 m", "1.25 m", "1200 m", "1.2000 m", "1,5 m", "1e3 m"])
def test_a_number_with_one_reading_is_taken(text: str) -> None:
    assert parse(typed.read_typed(text), "m") == parse(text.replace(",", "."), "m")


@pytest.mark.parametrize("text", ["32 mm", "3.2 cm", "0.032 m", "32000 µm", "3.20 cm", "3.2e1 mm"])
def test_one_value_is_one_text(text: str) -> None:
    assert typed.canonical(text, "m", "50 mm") == ("32 mm", 0.032)


def test_a_value_without_end_keeps_its_own_unit() -> None:
    found, value = typed.canonical("1 rpm", "1/s", "3 Hz")
    assert parse(found, "1/s") == value == parse("1 rpm", "1/s")
