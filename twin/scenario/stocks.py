"""What bunkers hold at the start, where composition and sizes are left to their feed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from twin.scenario.kind import UnitModel
from twin.scenario.kinds.bunker import Bunker
from twin.scenario.kinds.feed import Feed
from twin.scenario.places import Path

Complain = Callable[[Path, str], None]


def with_stocks(models: Mapping[str, UnitModel], names: Collection[str], complain: Complain) -> dict[str, UnitModel]:
    """Return the models with composition and sizes of every initial stock filled in from the bunker's only feed.

    ``names`` are all units, also those whose parameters are wrong.
    """
    return {name: _filled(name, model, models, names, complain) if isinstance(model, Bunker) else model for name, model in models.items()}


def _filled(name: str, bunker: Bunker, models: Mapping[str, UnitModel], names: Collection[str], complain: Complain) -> Bunker:
    initial = bunker.initial
    if initial is None or initial.melt is not None or (initial.composition is not None and initial.size is not None):
        return bunker
    source = bunker.from_[0] if len(bunker.from_) == 1 else ""
    feed = models.get(source)
    if isinstance(feed, Feed) and feed.composition is not None:
        updates = {key: getattr(initial, key) or getattr(feed, key) for key in ("composition", "size")}
        return bunker.model_copy(update={"initial": initial.model_copy(update=updates)})
    broken = source.partition(".")[0] in names and source.partition(".")[0] not in models
    if initial.composition is None and not broken:
        complain(("units", name, "initial"), "'composition' is missing: only a bunker of one feed with a composition can do without")
    return bunker
