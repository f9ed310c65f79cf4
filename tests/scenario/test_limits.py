"""Limits as they are written, for specifications and for the end tests of phases."""

from __future__ import annotations

import doctest

import pytest

from twin.errors import UsageError
from twin.quantities import Quantity
from twin.scenario import limits
from twin.scenario.limits import Limit

TEMPERATURE = Quantity("K", gt=0)


def test_worked_numbers() -> None:
    found = doctest.testmod(limits)
    assert found.attempted > 0
    assert found.failed == 0


@pytest.mark.parametrize(
    ("op", "below", "at", "above"), [("<", True, False, False), ("<=", True, True, False), (">", False, False, True), (">=", False, True, True)]
)
def test_what_keeps_a_limit(op: str, below: bool, at: bool, above: bool) -> None:
    limit = Limit.read("temperature", f" {op}1250 °C", TEMPERATURE)
    assert [limit.holds(value) for value in (1523.0, 1523.15, 1524.0)] == [below, at, above]
    assert limit.lower == (op in (">", ">="))


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("5 %", 'a limit is needed, e.g. ">= 92 %" or "<= 3 %" (got \'5 %\')'),
        (5, 'a limit is needed, e.g. ">= 92 %" or "<= 3 %" (got 5)'),
        (">= 120 %", "must be at most 1 (got '120 %')"),
        ("< 3 t", "a number without unit is needed"),
    ],
)
def test_what_is_no_limit_is_refused(written: object, message: str) -> None:
    with pytest.raises(UsageError) as error:
        Limit.read("Cu", written, Quantity("1", ge=0, le=1), ">= 92 %", "<= 3 %")
    assert message in str(error.value)
