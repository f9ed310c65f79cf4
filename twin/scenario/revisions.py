"""Numbers of a scenario that change from outside, as events at its start would change them: checked without reading the whole scenario again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from twin.scenario.events import Entry, Validate, timed
from twin.scenario.kind import UnitModel
from twin.scenario.model import TimedEvent
from twin.scenario.places import Path, Plain
from twin.scenario.policies import PolicySpec
from twin.scenario.references import Names
from twin.scenario.settings import Event, Settings
from twin.scenario.vocabulary import Vocabulary


@dataclass(frozen=True)
class Revisions:
    """What is needed to check changes of a scenario that is right: what was written of its units, and what can be named."""

    settings: Settings
    units: Mapping[str, Plain]
    models: Mapping[str, UnitModel]
    validate: Validate
    known: Names
    policies: Mapping[str, PolicySpec]
    vocabulary: Vocabulary

    def events_after(self, changes: Mapping[str, Plain]) -> tuple[TimedEvent, ...] | None:
        """Return the events of the scenario after one at its start that makes ``changes``; None where that is for the whole check to say.

        It sees what is wrong with numbers and texts. What a mapping brings, as of a material that nothing holds yet, only the whole check does.
        """
        if any(isinstance(value, (dict, list)) for value in changes.values()):
            return None
        wrong: list[tuple[Path, str]] = []
        settings = self.settings.model_copy(update={"events": [Event(at="0 s", set=dict(changes)), *self.settings.events]})
        entries = timed(settings, self.units, self.models, self.validate, self.known, lambda loc, message: wrong.append((loc, message)), self.policies)
        if wrong or not all(self._right(entry) for entry in entries):
            return None
        return tuple(entry.event for entry in entries)

    def _right(self, entry: Entry) -> bool:
        return not any(any(True for _ in model.check(self.vocabulary)) for model in entry.event.models.values())
