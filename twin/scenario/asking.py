"""When a policy is asked: every so often, at thresholds of a level, when a line looks for its next lot, when a truck comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pydantic import Field, ValidationError

from twin.errors import UsageError
from twin.quantities import parse, shown
from twin.scenario.kind import Model, UnitModel
from twin.scenario.kinds.feed import Feed
from twin.scenario.kinds.product import Product
from twin.scenario.machine import MachineModel
from twin.scenario.places import Path
from twin.scenario.problems import in_words, nearest

ASK, EVERY = "ask", "every"
Complain = Callable[[Path, str], None]
_NAMES: dict[str, Any] = {"anyOf": [{"type": "string"}, {"type": "array", "minItems": 1, "items": {"type": "string"}}]}


class AskEntry(Model):
    """What a policy is asked by, beside or instead of the clock; one or more of these."""

    at: Any = Field(
        default=None,
        description="Thresholds of the level that it reads, e.g. [10 t, 40 t]: asked when the level reaches, leaves or crosses one, and at the start for those "
        "that it lies above. Where it reads several, a mapping from its words to thresholds.",
        json_schema_extra={"anyOf": [{"type": "array", "minItems": 1}, {"type": "object"}]},
    )
    lot: Any = Field(
        default=(),
        description="A machine or furnace, or several: asked whenever its line looks for its next lot, or it begins to charge, just before.",
        json_schema_extra=_NAMES,
    )
    truck: Any = Field(
        default=(), description="A feed or a product with `pickup`, or several: asked whenever a truck of it comes, just before.", json_schema_extra=_NAMES
    )


@dataclass(frozen=True)
class Asking:
    """When a policy is asked: ``every`` s (None: not by the clock), at ``thresholds`` (kg, rising) of the levels of bunkers, by lines and trucks."""

    every: float | None
    thresholds: Mapping[str, tuple[float, ...]]
    lots: tuple[str, ...] = ()
    trucks: tuple[str, ...] = ()
    places: tuple[tuple[Path, float], ...] = ()
    """Where below the policy each threshold stands."""


def read_asking(every: float | None, written: Any, reads: Mapping[str, str], units: Mapping[str, UnitModel], complain: Complain) -> Asking | None:
    """Return when a policy is asked; ``reads``: the quantity of each of its words. What is wrong is noted, and None returned."""
    if written is None:
        if every is None:
            complain((), f"when is it asked? Give 'every', e.g. every: 10 min, or '{ASK}', e.g. {ASK}: {{lot: mill}}")
            return None
        return Asking(every, {})
    try:
        entry = AskEntry.model_validate(written)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            complain((ASK, *detail["loc"]), in_words(detail, ()))
        return None
    wrong: list[bool] = []

    def note(below: Path, message: str) -> None:
        wrong.append(True)
        complain((ASK, *below), message)

    places: list[tuple[Path, float]] = []
    thresholds = _thresholds(entry.at, reads, places, note) if entry.at is not None else {}
    batchwise = [name for name, model in units.items() if isinstance(model, MachineModel) or getattr(model, "works_in_phases", False)]
    lots = _named(entry.lot, "lot", batchwise, "a machine or furnace", note)
    coming = [name for name, model in units.items() if isinstance(model, Feed) or (isinstance(model, Product) and model.pickup is not None)]
    trucks = _named(entry.truck, "truck", coming, "a feed, or a product with 'pickup',", note)
    if not (thresholds or lots or trucks or wrong):
        note((), "one of 'at', 'lot' and 'truck' is needed, e.g. {lot: mill}")
    return None if wrong else Asking(every, thresholds, lots, trucks, tuple(places))


def read_every(written: Any) -> float:
    """Return how often a policy is asked from now on, s; raises ``UsageError``."""
    every = parse(written, "s")
    if every <= 0.0:
        raise UsageError(f"'{EVERY}' must be more than 0 s (got {shown(written)})")
    return every


def _named(written: Any, key: str, known: Iterable[str], what: str, complain: Complain) -> tuple[str, ...]:
    names = [written] if isinstance(written, str) else list(written) if isinstance(written, (list, tuple)) else [written]
    known = list(known)
    for name in names:
        if not isinstance(name, str) or name not in known:
            complain((key,), f"{what} is needed; {nearest(str(name), known)} (got {shown(name)})")
    return tuple(dict.fromkeys(str(name) for name in names))


def _thresholds(written: Any, reads: Mapping[str, str], places: list[tuple[Path, float]], complain: Complain) -> dict[str, tuple[float, ...]]:
    if not isinstance(written, dict):
        if len(reads) > 1:
            complain(("at",), f"thresholds for one or more of {', '.join(reads)} are needed, e.g. {{{next(iter(reads))}: [10 t, 40 t]}} (got {shown(written)})")
            return {}
        given: dict[Path, tuple[str, Any]] = {(): (next(iter(reads.values()), ""), written)}
    else:
        for role in written:
            if role not in reads:
                complain(("at", role), f"unknown word {role!r}; {nearest(str(role), reads)}")
        given = {(role,): (reads[role], written[role]) for role in written if role in reads}
    found: dict[str, tuple[float, ...]] = {}
    for below, (quantity, values) in given.items():
        place: Path = ("at", *below)
        bunker = quantity.removeprefix("level.")
        if bunker == quantity:
            complain(place, f"only a level is at a threshold at an instant; read a level, or give 'every' (it reads {shown(quantity)})")
            continue
        read = _rising(values, lambda message, place=place: complain(place, message))  # type: ignore[misc]
        if read:
            places += [((ASK, *place, k), value) for k, value in enumerate(read)]
            found[bunker] = tuple(sorted({*found.get(bunker, ()), *read}))
    return found


def _rising(values: Any, complain: Callable[[str], None]) -> Sequence[float]:
    if not isinstance(values, list) or not values:
        complain(f"a list of thresholds is needed, e.g. [10 t, 40 t] (got {shown(values)})")
        return ()
    try:
        read = [parse(value, "kg") for value in values]
    except UsageError as error:
        complain(str(error))
        return ()
    if read[0] < 0.0 or any(later <= earlier for earlier, later in pairwise(read)):
        complain(f"thresholds of a level rise from 0 kg on (got {shown(values)})")
        return ()
    return read
