from __future__ import annotations

from typing import Any

import pytest
from scenario_plants import plant, problems

from twin.scenario import load


def test_events_are_in_order_of_time_and_keep_what_earlier_ones_changed() -> None:
    scenario = load(
        plant(
            {
                "events": [
                    {"at": "2026-01-15T06:00", "set": {"units.sorter.partition.accept.target": "50 %"}},
                    {"at": "2 d", "set": {"units.sorter.rate": {"value": "10 t/h", "basis": "measured"}, "units.deliveries.mass": "5 t"}},
                ]
            }
        )
    )
    first, second = scenario.events
    assert (first.at, second.at) == (2 * 86_400.0, 10 * 86_400.0)
    assert first.changes == {"units.sorter.rate": "10 t/h", "units.deliveries.mass": "5 t"}
    assert list(first.models) == ["sorter", "deliveries"]
    assert list(second.models) == ["sorter"]
    assert second.models["sorter"].rate.mean == 10_000 / 3600
    assert dict(second.models["sorter"].partition.ports)["accept"][0][1].shares == (0.5,)
    assert second.models["sorter"].from_ == scenario.units["sorter"].from_
    assert scenario.units["sorter"].rate.mean == 20_000 / 3600


def test_one_event_needs_no_list() -> None:
    assert len(load(plant({"events": {"at": "1 d", "set": {"units.sorter.rate": "1 t/h"}}})).events) == 1


def test_an_event_can_bring_a_new_material() -> None:
    scenario = load(plant({"materials.glass": {}, "events": {"at": "1 d", "set": {"units.deliveries.composition": {"glass": 1}}}}))
    assert scenario.materials.names == ("target", "other", "glass")


RATE = {"units.sorter.rate": "1 t/h"}


@pytest.mark.parametrize(
    ("event", "path", "message"),
    [
        ({"at": "-1 d", "set": RATE}, "events.0.at", "must be at least 0 s"),
        ({"at": "2026-01-05T05:59", "set": RATE}, "events.0.at", "must not be before the start, 2026-01-05T06:00:00"),
        ({"at": 5, "set": RATE}, "events.0.at", "a date or a time since the start"),
        ({"at": [], "set": RATE}, "events.0.at", "a date or a time since the start"),
        ({"set": RATE}, "events.0", "'at' is missing"),
        ({"at": "1 d", "set": {}}, "events.0.set", "length of at least 1"),
        ({"at": "1 d", "set": {"lot": "5 kg"}}, "events.0.set.lot", "only parameters of units and policies can change"),
        ({"at": "1 d", "set": {"units.sortr.rate": "1 t/h"}}, 'events.0.set."units.sortr.rate"', "did you mean 'sorter'?"),
        ({"at": "1 d", "set": {"units.sorter.count": 0}}, 'events.0.set."units.sorter.count"', "at least 1"),
        ({"at": "1 d", "set": {"units.sorter.when_down": "stop"}}, 'events.0.set."units.sorter.when_down"', "cannot change while the plant runs"),
        ({"at": "1 d", "set": {"units.sorter.from": "yard"}}, 'events.0.set."units.sorter.from"', "cannot change while the plant runs"),
        ({"at": "1 d", "set": {"units.yard.from": "sorter"}}, 'events.0.set."units.yard.from"', "known: capacity"),
        ({"at": "1 d", "set": {"units.deliveries.price": "5 EUR/t"}}, 'events.0.set."units.deliveries.price"', "cannot change while the plant runs"),
        ({"at": "1 d", "set": {"units.good.price": "5 EUR/t"}}, 'events.0.set."units.good.price"', "cannot change while the plant runs"),
        ({"at": "1 d", "set": {"units.sorter.rate": "1 t"}}, 'events.0.set."units.sorter.rate"', "a mass per time is needed"),
        ({"at": "1 d", "set": {"units.sorter.partition.acept.target": 1}}, 'events.0.set."units.sorter.partition.acept.target"', "unknown port 'acept'"),
        ({"at": "1 d", "set": {"units.sorter.partition.accept.targt": 1}}, "events.0.set", "did you mean 'target'?"),
        ({"at": "1 d", "set": {"units.deliveries.composition": {"glas": 1}}}, "events.0.set", "unknown material 'glas'"),
        ({"at": "1 d", "set": {"units.sorter.ports": ["a", "accept"]}}, 'events.0.set."units.sorter.ports"', "takes what is left"),
        ({"at": "1 d", "set": {"units.sorter.ports": ["accept", "b"]}}, 'events.0.set."units.sorter.ports"', "the ports must stay accept, reject"),
        ({"at": "1 d", "set": {"units.": 1}}, 'events.0.set."units."', "a path such as"),
    ],
)
def test_an_event_that_cannot_be_is_refused(event: dict[str, Any], path: str, message: str) -> None:
    found = problems(plant({"events": [event]}))
    assert path in found, found
    assert message in found[path]


def test_the_event_of_a_wrong_unit_causes_no_further_problem() -> None:
    assert set(problems(plant({"units.sorter.lot": "5 m", "events": {"at": "1 d", "set": RATE}}))) == {"units.sorter.lot"}
