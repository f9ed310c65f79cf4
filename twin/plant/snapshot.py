"""The state of a plant between two events: all records, lists, contents, stream counts and open sums, as plain data and arrays."""

from __future__ import annotations

from typing import Any

from twin.engine.unit import Unit
from twin.plant.accounts import accounts_state
from twin.plant.build import Built

State = dict[str, Any]


def snapshot(built: Built) -> State:
    """The state now; all events before now are done."""
    site = built.site
    return {
        "now": site.clock.now,
        "events": site.clock.events,
        "units": [unit.save() for unit in site.units],
        "bunkers": {name: bunker.save() for name, bunker in site.bunkers.items()},
        "accounts": accounts_state(built),
        "recorder": site.recorder.save(),
        "genealogy": site.genealogy.save() if site.genealogy is not None else None,
    }


def restore(built: Built, state: State) -> None:
    """Bring a freshly built plant of the same scenario into a saved state, pending events included."""
    site = built.site
    site.clock.begin_at(state["now"], state["events"])
    # who waits or holds, by name; a resource may be called like a unit, but it does neither and stands before
    units: dict[str, Unit] = {unit.name: unit for unit in site.units}
    site.recorder.load(state["recorder"])
    if site.genealogy is not None:
        site.genealogy.load(state["genealogy"])
    for unit, saved in zip(site.units, state["units"], strict=True):
        unit.load(saved)
    for name, bunker in site.bunkers.items():
        bunker.load(state["bunkers"][name], units)
    for unit, saved in zip(site.units, state["units"], strict=True):
        unit.load_lists(saved, units)
    for name, account in site.accounts.items():
        account.taken[:] = state["accounts"][name]
    for unit in site.units:
        unit.rearm()
