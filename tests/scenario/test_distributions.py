"""Each form against scipy, and the mean against the integral of the inverse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from scipy import stats

from twin.scenario.distributions import FORMS, Distribution
from twin.scenario.variates import CycleVariate, DurationVariate, LifeVariate, MassVariate, RateVariate, Variate


class Draws(BaseModel):
    time: DurationVariate | None = None
    mass: MassVariate | None = None
    rate: RateVariate | None = None
    cycle: CycleVariate | None = None
    life: LifeVariate | None = None


def read(value: object) -> Distribution:
    return Variate("s").read(value)


EXAMPLES: dict[str, tuple[Any, Any]] = {
    "constant": ("5 s", None),
    "uniform": ({"uniform": ["2 s", "6 s"]}, stats.uniform(2, 4)),
    "normal": ({"normal": {"mean": "50 s", "sd": "4 s"}}, stats.norm(50, 4)),
    "lognormal": ({"lognormal": {"mean": "3 s", "sd": "1 s"}}, stats.lognorm(math.sqrt(math.log1p(1 / 9)), scale=3 / math.sqrt(1 + 1 / 9))),
    "triangular": ({"triangular": {"low": "1 s", "mode": "2 s", "high": "6 s"}}, stats.triang(0.2, 1, 5)),
    "exponential": ({"exponential": {"mean": "2 s"}}, stats.expon(scale=2)),
    "weibull": ({"weibull": {"scale": "2 s", "shape": 1.5}}, stats.weibull_min(1.5, scale=2)),
    "gamma": ({"gamma": {"mean": "6 s", "shape": 2.5}}, stats.gamma(2.5, scale=6 / 2.5)),
    "geometric": ({"geometric": {"mean": "4 s"}}, stats.geom(0.25)),
    "empirical": ({"empirical": {"values": ["1 s", "3 s", "4 s"], "cumulative": [0, 0.5, 1]}}, None),
    "discrete": ({"discrete": {"values": ["1 s", "3 s"], "weights": [1, 3]}}, None),
}


def test_every_form_has_an_example_here() -> None:
    assert tuple(EXAMPLES) == FORMS


@pytest.mark.parametrize("form", [form for form, (_, exact) in EXAMPLES.items() if exact is not None])
def test_the_inverse_is_that_of_scipy(form: str) -> None:
    written, exact = EXAMPLES[form]
    distribution = read(written)
    for u in (1e-9, 0.01, 0.2, 0.5, 0.7123, 0.99, 1 - 1e-9):
        assert distribution.inverse(u) == pytest.approx(exact.ppf(u), rel=1e-9)


@pytest.mark.parametrize("form", FORMS)
def test_the_mean_is_the_integral_of_the_inverse(form: str) -> None:
    """Midpoint rule over 200 000 uniforms; the tails left out are worth less than the tolerance."""
    distribution = read(EXAMPLES[form][0])
    n = 200_000
    mean = math.fsum(distribution.inverse((i + 0.5) / n) for i in range(n)) / n
    assert mean == pytest.approx(distribution.mean, rel=2e-4)


@pytest.mark.parametrize("form", FORMS)
@given(u=st.floats(0, 1, exclude_max=True))
def test_draws_are_finite_rise_with_u_and_stay_in_the_support(form: str, u: float) -> None:
    distribution = read(EXAMPLES[form][0])
    value = distribution.inverse(u)
    assert math.isfinite(value)
    assert distribution.lower <= value <= distribution.upper
    assert value <= distribution.inverse(min(u + 0.05, 1 - 2**-53))


def test_exact_values() -> None:
    assert read({"exponential": {"mean": "2 s"}}).inverse(0.5) == 1.3862943611198906
    assert read({"exponential": {"mean": "2 s"}}).inverse(0.0) == 0.0
    discrete = read({"discrete": {"values": ["1 s", "3 s"], "weights": [1, 3]}})
    assert [discrete.inverse(u) for u in (0.0, 0.2499, 0.25, 0.999)] == [1.0, 1.0, 3.0, 3.0]
    empirical = read({"empirical": {"values": ["4 s", "1 s", "3 s"]}})
    assert [empirical.inverse(u) for u in (0.0, 0.25, 0.5, 0.75)] == [1.0, 2.0, 3.0, 3.5]


def test_a_geometric_draw_is_a_multiple_of_its_step() -> None:
    distribution = read({"geometric": {"mean": "30 s", "step": "10 s"}})
    values = {distribution.inverse(u) / 10 for u in np.linspace(0, 0.999, 500)}
    assert all(value == round(value) >= 1 for value in values)
    assert distribution.inverse(1 / 3 - 1e-12) == 10
    assert distribution.inverse(1 / 3 + 1e-12) == 20


def test_a_step_in_an_empirical_table_is_a_jump_not_a_division_by_zero() -> None:
    distribution = read({"empirical": {"values": ["1 s", "2 s", "5 s", "6 s"], "cumulative": [0, 0.5, 0.5, 1]}})
    assert [distribution.inverse(u) for u in (0.0, 0.49, 0.5, 0.75)] == [1.0, 1.98, 5.0, 5.5]


def test_a_normal_distribution_is_clipped_at_its_floor_and_at_min_and_max() -> None:
    found = Draws.model_validate({"rate": {"normal": {"mean": "10 kg/s", "sd": "10 kg/s"}}, "time": {"normal": {"mean": "1 s", "sd": "5 s"}}})
    assert found.rate is not None
    assert found.time is not None
    assert found.rate.inverse(0.0) == 0.1
    assert found.time.inverse(0.01) == 0.0
    limited = read({"normal": {"mean": "10 s", "sd": "4 s", "min": "5 s", "max": "15 s"}})
    assert (limited.inverse(0.0), limited.inverse(0.5), limited.inverse(0.9999)) == (5.0, 10.0, 15.0)


def test_a_bare_time_to_failure_is_the_mean_of_an_exponential() -> None:
    found = Draws.model_validate({"life": "40 h", "cycle": "5 min"})
    assert found.life is not None
    assert found.cycle is not None
    assert (found.life.form, found.life.mean) == ("exponential", 144_000.0)
    assert found.cycle.is_constant
    assert list(found.life.numbers()) == [((), 144_000.0, "s")]


@pytest.mark.parametrize(
    ("written", "place", "message"),
    [
        (5, (), "a time is needed, e.g. '15 min' (got 5, a bare number)"),
        ("0 s", (), "must be more than 0"),
        ([1], (), "or a distribution of it is needed"),
        ({}, (), "a distribution is a mapping with one form"),
        ({"exponential": {"mean": "1 s"}, "normal": {}}, (), "a distribution is a mapping with one form"),
        ({"exponentail": {"mean": "1 s"}}, (), "did you mean 'exponential'?"),
        ({"exponential": "1 s"}, ("exponential",), "a mapping with 'mean' is needed"),
        ({"exponential": {"mean": "1 kg"}}, ("exponential", "mean"), "a time is needed"),
        ({"exponential": {"maen": "1 s"}}, ("exponential", "maen"), "unknown key 'maen'; did you mean 'mean'?"),
        ({"normal": {"mean": "1 s"}}, ("normal", "sd"), "'sd' is missing"),
        ({"normal": {"mean": "1 s", "sd": "0 s"}}, ("normal",), "'sd' must be more than 0"),
        ({"normal": {"mean": "-1 s", "sd": "1 s"}}, ("normal",), "the mean must be more than 0"),
        ({"normal": {"mean": "1 s", "sd": "1 s", "min": "2 s", "max": "2 s"}}, ("normal",), "'min' must be less than 'max'"),
        ({"uniform": ["1 s"]}, ("uniform",), "[low, high] is needed"),
        ({"uniform": ["2 s", "1 s"]}, ("uniform",), "'low' must be less than 'high'"),
        ({"uniform": ["-1 s", "2 s"]}, ("uniform",), "no value may be less than 0"),
        ({"triangular": {"low": "3 s", "mode": "2 s", "high": "4 s"}}, ("triangular",), "'low' <= 'mode' <= 'high'"),
        ({"weibull": {"scale": "1 s", "shape": 0.001}}, ("weibull",), "'shape' from 0.1 to 1000"),
        ({"lognormal": {"mean": "1 s", "sd": "1e9 s"}}, ("lognormal",), "1000 times the mean"),
        ({"geometric": {"mean": "1 s", "step": "2 s"}}, ("geometric",), "at least one step"),
        ({"empirical": {"values": ["1 s"]}}, ("empirical", "values"), "at least 2 values"),
        ({"empirical": {"values": ["1 s", "2 s"], "cumulative": [0, 0.5]}}, ("empirical", "cumulative"), "must rise from 0 to 1"),
        ({"empirical": {"values": ["1 s", "2 s"], "cumulative": [1]}}, ("empirical", "cumulative"), "as many numbers as values"),
        ({"discrete": {"values": ["1 s"], "weights": [0]}}, ("discrete", "weights"), "not all 0"),
        ({"discrete": {"values": ["1 s", "2"], "weights": [1, 1]}}, ("discrete", "values", 1), "a time is needed"),
        ({"discrete": {"values": "1 s"}}, ("discrete", "values"), "a list"),
        ({"discrete": {"values": ["0 s"]}}, ("discrete",), "the mean must be more than 0"),
    ],
)
def test_what_is_no_distribution_is_refused_at_its_place(written: object, place: tuple[str | int, ...], message: str) -> None:
    with pytest.raises(ValidationError) as error:
        Draws.model_validate({"time": written})
    found = {detail["loc"][1:]: detail["msg"] for detail in error.value.errors()}
    assert message in found[place]


def test_all_faults_of_a_distribution_are_found_at_once() -> None:
    with pytest.raises(ValidationError) as error:
        Draws.model_validate({"time": {"normal": {"mean": "1 kg", "sd": 3, "bla": 1}}})
    assert [detail["loc"] for detail in error.value.errors()] == [("time", "normal", word) for word in ("bla", "mean", "sd")]


def test_the_numbers_of_a_distribution_have_paths_and_units() -> None:
    assert list(read({"weibull": {"scale": "2 s", "shape": 1.5}}).numbers()) == [(("weibull", "scale"), 2.0, "s"), (("weibull", "shape"), 1.5, "1")]
