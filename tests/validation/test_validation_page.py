"""The page of ``make validate`` can be made, and no case that passed fails."""

import dataclasses
import math

import pytest
import validate
from validation_cases.case import Outcome

QUICK = [case for case in validate.CASES if not case.plant]
PLANTS = [case for case in validate.CASES if case.plant]


def key(case):
    return tuple(part.replace("|", "/") for part in (case.group, case.subject, case.expected))


def holds(cases):
    passed = validate.table_of(validate.PAGE.read_text(encoding="utf-8"))
    assert len(passed) == len(validate.CASES)
    outcomes = validate.outcomes_of(cases)
    assert {key(outcome.case): outcome.passed for outcome in outcomes} == {key(case): passed[key(case)] for case in cases}


def test_laws_pass_and_fail_as_the_page_says():
    holds(QUICK)


@pytest.mark.slow
def test_plants_pass_and_fail_as_the_page_says():
    holds(PLANTS)


def test_both_pages_show_every_case_and_what_fails():
    case = dataclasses.replace(QUICK[0], subject="a <b>bold</b> claim", note="too slow")
    outcomes = [Outcome(case, case.low), Outcome(case, math.nan), Outcome(case, case.high * 2.0)]
    table, page = validate.markdown(outcomes), validate.page(outcomes)
    assert table.startswith("1 of 3 cases pass.")
    assert [line.rsplit("|", 2)[1].strip() for line in table.splitlines()[4:]] == ["pass", "FAIL: too slow", "FAIL: too slow"]
    assert "<b>" not in page.split("<tbody>")[1]
    assert page.count("<tr class='fail'>") == 2


def test_a_case_names_its_source_and_what_is_right():
    for case in validate.CASES:
        assert case.source
        assert case.low <= case.high
        assert case.kind in ("analytic", "published", "peer")
    assert len({key(case) for case in validate.CASES}) == len(validate.CASES)
