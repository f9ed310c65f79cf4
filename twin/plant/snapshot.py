"""The state of a plant between two events: all records, lists, contents, stream counts and open sums, as plain data and arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.engine.unit import Unit
from twin.plant.accounts import accounts_state
from twin.plant.build import Built

State = dict[str, Any]


def snapshot(built: Built) -> State:
    """The state now, with what is recorded and not yet written; all events before now are done."""
    site = built.site
    return {**units_state(built), "recorder": site.recorder.save(), "genealogy": site.genealogy.save() if site.genealogy is not None else None}


def units_state(built: Built) -> State:
    """The state of clock, units, bunkers and accounts."""
    site = built.site
    return {
        "now": site.clock.now,
        "events": site.clock.events,
        "units": [unit.save() for unit in site.units],
        "bunkers": {name: bunker.save() for name, bunker in site.bunkers.items()},
        "accounts": accounts_state(built),
        **({"settlements": settled} if (settled := {n: a.settlement.save() for n, a in site.accounts.items() if a.settlement is not None}) else {}),
        **({"acceptance": judged} if (judged := {n: a.save() for n, a in site.accounts.items() if a.sampler is not None}) else {}),
    }


def restore(built: Built, state: State) -> None:
    """Bring a plant of the same scenario, built or run, into a saved state, pending events included; the state can be used again."""
    site = built.site
    site.recorder.load(state["recorder"])
    if site.genealogy is not None:
        site.genealogy.load(state["genealogy"])
    restore_units(built, state)


def restore_units(built: Built, state: State) -> None:
    """The same for clock, units, bunkers and accounts."""
    site = built.site
    site.clock.begin_at(state["now"], state["events"])
    for unit in site.units:
        unit.vacate()
    # who waits or holds, by name; a resource may be called like a unit, but it does neither and stands before
    units: dict[str, Unit] = {unit.name: unit for unit in site.units}
    for unit, saved in zip(site.units, state["units"], strict=True):
        unit.load(saved)
    for name, bunker in site.bunkers.items():
        bunker.load(state["bunkers"][name], units)
    for unit, saved in zip(site.units, state["units"], strict=True):
        unit.load_lists(saved, units)
    for name, account in site.accounts.items():
        account.taken[:] = state["accounts"][name]
        if account.settlement is not None:
            account.settlement.load(state["settlements"][name])
        if account.sampler is not None:
            account.load(state["acceptance"][name])
    for unit in site.units:
        unit.rearm()


def check_fits(new: Any, saved: Any, path: str = "state") -> None:
    """Raise ``ValueError`` where a saved state has not the form of the state of a ``new`` plant of the same scenario.

    Arrays go to compiled code that looks at no bounds, so dtype and shape must be right, but for the first axis of what grows: the lots of a bunker, the
    genealogy. Lists may have any length; what a new plant has not yet (None, an empty list) can hold arrays of numbers of few axes only.
    """
    if isinstance(new, dict):
        if not isinstance(saved, dict) or (new and saved.keys() != new.keys()):
            raise ValueError(f"{path} does not hold what it should")
        for key, value in saved.items():
            check_fits(new.get(key), value, f"{path}.{key}")
    elif isinstance(new, np.ndarray):
        if not isinstance(saved, np.ndarray) or saved.dtype != new.dtype or saved.ndim != new.ndim:
            raise ValueError(f"{path} is not {new.ndim}-dimensional of type {new.dtype}")
        grows = new.ndim > 0 and (new.shape[0] == 0 or any(part in path for part in _GROWING))
        if saved.shape[1 if grows else 0 :] != new.shape[1 if grows else 0 :]:
            raise ValueError(f"{path} has the shape {saved.shape}, not {new.shape}")
    elif isinstance(new, list):
        if not isinstance(saved, list):
            raise ValueError(f"{path} is no list")
        if path == "state.units" and len(saved) != len(new):
            raise ValueError(f"{path} has {len(saved)} entries, not {len(new)}")
        for place, value in enumerate(saved):
            check_fits(new[place] if path == "state.units" else None, value, f"{path}[{place}]")
    elif new is None or saved is None:
        _check_loose(saved, path)
    elif isinstance(new, (bool, str)) or isinstance(saved, (bool, str)):
        if type(new) is not type(saved):
            raise ValueError(f"{path} is {saved!r:.60}, not {type(new).__name__}")
    elif not isinstance(saved, (int, float)) or (isinstance(new, int) and (not isinstance(saved, int) or abs(saved) >= 1 << 63)):
        raise ValueError(f"{path} is {saved!r:.60}, not {type(new).__name__}")


_GROWING = (".content", ".genealogy", ".lots", ".data")


def _check_loose(saved: Any, path: str) -> None:
    """Look at a part of which the new plant says nothing."""
    if isinstance(saved, np.ndarray) and (saved.dtype not in (np.float64, np.int64, np.bool_) or saved.ndim > 4):
        raise ValueError(f"{path} is an array of type {saved.dtype} with {saved.ndim} axes")
    if isinstance(saved, dict):
        for key, value in saved.items():
            _check_loose(value, f"{path}.{key}")
    elif isinstance(saved, list):
        for place, value in enumerate(saved):
            _check_loose(value, f"{path}[{place}]")
