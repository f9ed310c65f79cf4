"""Erlang's loss against worked numbers, its closed form, and a simulation of pickers who let pass what comes while they are busy."""

import heapq
import math
import random

import pytest

from twin.kernels.manual_picking import erlang_loss


@pytest.mark.parametrize(("offered", "pickers", "loss"), [(2.0, 2.0, 0.4), (10.0, 12.0, 0.11974), (1.0, 1.0, 0.5)])
def test_worked_numbers(offered, pickers, loss):
    assert erlang_loss(pickers, offered) == pytest.approx(loss, abs=5e-6)


@pytest.mark.parametrize("pickers", [1, 4, 15])
@pytest.mark.parametrize("offered", [0.3, 3.0, 20.0])
def test_the_recursion_is_the_closed_form(pickers, offered):
    terms = [offered**k / math.factorial(k) for k in range(pickers + 1)]
    assert erlang_loss(float(pickers), offered) == pytest.approx(terms[-1] / sum(terms), rel=1e-12)


@pytest.mark.parametrize("service", ["exponential", "constant"])
def test_a_simulated_belt_loses_as_many_whatever_the_spread_of_picking_times(service):
    """3 pickers of 30 picks a minute, 1.2 targets a second: 40000 targets, standard error .003."""
    chance, now, lost, busy = random.Random(5), 0.0, 0, [0.0, 0.0, 0.0]
    for _ in range(40_000):
        now += chance.expovariate(1.2)
        if busy[0] > now:
            lost += 1
        else:
            heapq.heapreplace(busy, now + (chance.expovariate(0.5) if service == "exponential" else 2.0))
    assert lost / 40_000 == pytest.approx(erlang_loss(3.0, 2.4), abs=0.012)
