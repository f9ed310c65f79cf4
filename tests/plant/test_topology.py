"""Derived lines, and what is wrong with a plant's connections: each with its place and what to do."""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

import twin
from twin.errors import ScenarioError
from twin.plant.topology import derive
from twin.scenario import load

FEED = "jobs: {kind: feed, every: 1 h, mass: 1 t, composition: {part: 100 %}}"
YARD = "yard: {kind: bunker, from: jobs, capacity: 100 t}"


def text(*units: str, lot: str = "lot: 200 kg") -> str:
    return "\n".join(["twin: 1", "name: t", "time: {horizon: 1 d}", lot, "materials: {part: {}}", "units:", *(f"  {unit}" for unit in units)]) + "\n"


def problems(*units: str, **more: Any) -> str:
    with pytest.raises(ScenarioError) as caught:
        twin.load(text(*units, **more))
    return str(caught.value)


def test_machines_without_a_bunker_between_are_one_line() -> None:
    found = derive(
        load(
            text(
                FEED,
                YARD,
                "mill: {kind: separator, from: yard, recycle: sieve.coarse, rate: 1 t/h, ports: [out]}",
                "sieve: {kind: separator, from: mill, ports: [coarse, fine], partition: {coarse: {part: 30 %}}}",
                "sort: {kind: separator, from: sieve.fine, ports: [good, bad], partition: {good: {part: 30 %}}}",
                "bay: {kind: bunker, from: sort.good, capacity: 5 t}",
                "press: {kind: separator, from: bay, rate: 2 t/h, lot: 1 t}",
                "bales: {kind: product, from: press}",
                "waste: {kind: product, from: sort.bad}",
            )
        )
    )
    mill, press = found.lines
    assert (mill.name, mill.machines, mill.bunkers, mill.lot) == ("mill", ("mill", "sieve", "sort"), ("yard",), 200.0)
    assert mill.sources == (((-1, 0), (1, 0)), ((0, 0),), ((1, 1),))
    assert mill.blocks == ((0, 2, True), (2, 3, False))
    assert mill.outlets == ((2, 0), (2, 1))
    assert mill.destinations == ("bay", "waste")
    assert (press.machines, press.lot) == (("press",), 1000.0)
    assert found.line_of("sieve") is mill
    assert found.streams[:4] == ("jobs", "yard", "mill.out", "sieve.coarse")


def test_evaluation_follows_the_flow_and_not_the_order_of_declaration() -> None:
    found = derive(
        load(
            text(
                "last: {kind: separator, from: middle}",
                "middle: {kind: separator, from: head}",
                "head: {kind: separator, from: yard, rate: 1 t/h}",
                FEED,
                YARD,
                "out: {kind: product, from: last}",
            )
        )
    )
    assert found.lines[0].machines == ("head", "middle", "last")


HEAD = "mill: {kind: separator, from: yard, rate: 1 t/h, ports: [a, b], partition: {a: {part: 50 %}}}"


@pytest.mark.parametrize(
    ("units", "message"),
    [
        ((FEED, YARD, HEAD, "out: {kind: product, from: mill.a}"), r"9:9 units.mill: 'mill.b' leads nowhere: every port must be taken by a unit"),
        ((FEED,), r"units.jobs: 'jobs' leads nowhere"),
        ((FEED, YARD, HEAD, "x: {kind: product, from: mill.a}", "y: {kind: product, from: [mill.a, mill.b]}"), r"units.y.from: 'mill.a' already leads to 'x': a port has one taker"),
        ((FEED, "mill: {kind: separator, from: jobs, rate: 1 t/h}", "out: {kind: product, from: mill}"), r"units.mill.from: a line takes from bunkers, and 'jobs' is a feed"),
        (
            (FEED, YARD, HEAD, "next: {kind: separator, from: mill.a}", "mid: {kind: bunker, from: next, capacity: 1 t}", "late: {kind: separator, from: [mid, mill.b]}"),
            r"units.late.from: takes from bunkers and from ports \(mill.b\)",
        ),
        (
            (FEED, YARD, "b2: {kind: bunker, from: mill.b, capacity: 9 t}", HEAD, "two: {kind: separator, from: [mill.a], recycle: three.out}", "three: {kind: separator, from: b2}",
             "p: {kind: product, from: two}"),
            r"units.three.from: 'three' is coupled with 'mill' without a bunker between",
        ),
        ((FEED, YARD, "mill: {kind: separator, from: yard}", "p: {kind: product, from: mill}"), r"units.mill: nothing limits the line mill"),
        ((FEED, YARD, "mill: {kind: separator, from: yard, rate: 1 t/h, when_down: bypass, bypass_to: out}", "p: {kind: product, from: mill}"), r"while its limiting machines are bypassed"),
        ((FEED, YARD, HEAD, "bay: {kind: bunker, from: mill.a, capacity: 100 kg}", "p: {kind: product, from: [mill.b]}", "q: {kind: product, from: bay}"),
         r"units.bay.capacity: a lot of 200 kg that 'mill' delivers to 'bay' is more than it holds, 100 kg"),
        ((FEED.replace("1 t,", "300 t,"), YARD, HEAD, "p: {kind: product, from: [mill.a, mill.b]}"), r"units.jobs.mass: a delivery of at least 300 t never fits into 'yard', which holds 100 t"),
        ((FEED, YARD, HEAD, "p: {kind: product, from: [mill.a, mill.b], pickup: {every: 1 h, mass: 1 t}}"), r"units.p.from: a pick-up takes from a bunker"),
        ((FEED, YARD, "heap: {kind: bunker, from: [spin.out], capacity: 9 t}", "spin: {kind: separator, from: heap, rate: 1 t/h}", "p: {kind: product, from: yard}"),
         r"units.heap: nothing ever comes here: no feed and no initial stock leads to it"),
        ((FEED, YARD, "mill: {kind: separator, from: yard, recycle: turn.out, rate: 1 t/h}", "turn: {kind: separator, from: mill}"),
         r"units.mill: the loop mill -> turn -> mill has no way out"),
        ((FEED, YARD, HEAD, "next: {kind: separator, from: mill.a, lot: 5 t}", "p: {kind: product, from: [next, mill.b]}"), r"units.next.lot: 'lot' is for the machine that takes from bunkers, 'mill'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(units: tuple[str, ...], message: str) -> None:
    found = problems(*units)
    assert re.search(message, found), found


def test_a_line_without_a_lot() -> None:
    assert "units.mill: no 'lot': say how much a line draws at once" in problems(FEED, YARD, HEAD, "p: {kind: product, from: [mill.a, mill.b]}", lot="seed: 1")


def test_all_problems_are_reported_at_once_in_order_of_place() -> None:
    found = problems(FEED, YARD, "m: {kind: separator, from: yard}", "n: {kind: separator, from: [m], lot: 3 t}", "p: {kind: product, from: n}").splitlines()
    assert len(found) == 2
    assert found == sorted(found, key=lambda line: int(line.split(":")[1]))


class Counted(dict[str, Any]):
    """Units that count how many of them were looked at one after the other."""

    looks = 0

    def items(self) -> Any:
        for item in super().items():
            self.looks += 1
            yield item

    def __iter__(self) -> Iterator[str]:
        for name in super().__iter__():
            self.looks += 1
            yield name


def long_plant(count: int, bunkers: bool) -> dict[str, Any]:
    """``count`` units in a row: machines with or without a bunker between any two, and a product at each."""
    units: dict[str, Any] = {
        "trucks": {"kind": "feed", "every": "1 h", "mass": "1 t", "composition": {"stuff": "100 %"}},
        "b0": {"kind": "bunker", "from": "trucks", "capacity": "100 t"},
    }
    before = "b0"
    for k in range(count // (3 if bunkers else 2)):
        machine = f"m{k}"
        units[machine] = {"kind": "splitter", "from": before, "shares": {"on": "50 %", "off": "50 %"}, **({"rate": "5 t/h"} if bunkers or k == 0 else {})}
        units[f"p{k}"] = {"kind": "product", "from": f"{machine}.off"}
        before = f"{machine}.on"
        if bunkers:
            units[f"b{k + 1}"] = {"kind": "bunker", "from": before, "capacity": "100 t"}
            before = f"b{k + 1}"
    units["last"] = {"kind": "product", "from": before}
    return {"twin": 1, "time": {"horizon": "1 d"}, "lot": "1 t", "materials": {"stuff": {}}, "units": units}


@pytest.mark.parametrize("bunkers", [True, False])
def test_a_plant_of_three_thousand_units_is_read_in_time_that_grows_as_it_does(bunkers: bool) -> None:
    """Units are looked at a set number of times each. When takers were searched for at each bunker it was half a thousand times each."""
    scenario = load(long_plant(3000, bunkers))
    counted = Counted(scenario.units)
    begin = time.process_time()
    topology = derive(dataclasses.replace(scenario, units=counted))
    assert counted.looks < 20 * len(counted)
    assert time.process_time() - begin < 3.0  # 0.1 s where this was written
    assert len(topology.lines) == (1000 if bunkers else 1)
    assert topology.line_of("m999").name == ("m999" if bunkers else "m0")
    assert list(topology.line_by_head) == [line.name for line in topology.lines]
    if not bunkers:
        assert topology.lines[0].machines == tuple(f"m{k}" for k in range(1500))
