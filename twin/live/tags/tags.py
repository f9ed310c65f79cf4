"""Tags, checked: what each signal of a plant shows, and where it comes from. Nothing here needs a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from twin.live.ensemble.settings import EstimateModel
from twin.live.tags.models import SourceModel
from twin.measurement import Measurement
from twin.scenario import Scenario


@dataclass(frozen=True)
class Tag:
    """A signal of the plant.

    ``measurement`` is in ``si``; a number of the signal becomes SI by ``scale`` and ``offset`` (that of °C). ``every`` [s]: how often it comes, 0 where nobody
    says. ``source`` names one of the file's sources, "" where there is none. ``use``: whether anything is concluded from it.

    Where it tells of what the plant's surroundings do to it, ``input`` is the feed, product or machine (and its ``copy``, from 0), else "".
    """

    signal: str
    measurement: Measurement
    unit: str
    si: str
    scale: float = 1.0
    offset: float = 0.0
    every: float = 0.0
    source: str = ""
    address: str = ""
    use: bool = True
    input: str = ""
    copy: int = 0

    @property
    def quantity(self) -> str:
        """The name of what it shows."""
        return self.measurement.quantity

    def to_si(self, value: float) -> float:
        """Return a number of the signal in SI.

        >>> Tag("yard", Measurement("level.yard"), "t", "kg", scale=1000.0).to_si(12.5)
        12500.0
        """
        return value * self.scale + self.offset

    def written(self, value: float) -> float:
        """Return an SI value in the signal's unit."""
        return (value - self.offset) / self.scale


@dataclass(frozen=True)
class Tags:
    """The signals of a plant. ``start``: the time of the plant's clock, s since 1970 UTC, that is the start of the scenario; ``folder``: where files are."""

    scenario: Scenario
    scenario_path: Path | None
    start: float
    tags: tuple[Tag, ...]
    sources: Mapping[str, SourceModel]
    folder: Path
    sha256: str
    title: str = ""
    estimate: EstimateModel = field(default_factory=EstimateModel)
    _by_signal: dict[str, Tag] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._by_signal.update((tag.signal, tag) for tag in self.tags)

    def __getitem__(self, signal: str) -> Tag:
        return self._by_signal[signal]

    def get(self, signal: str) -> Tag | None:
        """Return the tag of a signal, None where there is none."""
        return self._by_signal.get(signal)

    def __contains__(self, signal: object) -> bool:
        return signal in self._by_signal

    def since_start(self, time: float) -> float:
        """Return a time of the plant's clock as s since the start of the scenario."""
        return time - self.start

    @property
    def shown(self) -> tuple[Tag, ...]:
        """The tags that show a quantity and are used."""
        return tuple(tag for tag in self.tags if tag.use and not tag.input)

    @property
    def inputs(self) -> tuple[Tag, ...]:
        """The tags that tell of trucks and stops, and are used."""
        return tuple(tag for tag in self.tags if tag.use and tag.input)

    def of_source(self, name: str) -> tuple[Tag, ...]:
        """Return the tags of a source, in the order of the file."""
        return tuple(tag for tag in self.tags if tag.source == name)
