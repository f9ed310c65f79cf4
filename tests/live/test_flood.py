"""Ten thousand values a second, over a real OPC UA server and from within: survived, counted, bounded; not all taken."""

from __future__ import annotations

import resource
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from servers import OpcuaPlant, until

from twin.live.following import RowFollower
from twin.live.history import HistoryReader
from twin.live.readings import Reading
from twin.live.running import LiveTwin
from twin.live.sources.inbox import Inbox
from twin.live.sources.opcua import OpcuaSource
from twin.live.sources.source import Source
from twin.live.tags import Tag, load_tags
from twin.live.tags.models import SourceModel
from twin.measurement import Measurement

SECONDS = 4


class Flood(Source):
    """Puts ten thousand readings a second into the inbox, half of them of signals that nobody knows."""

    def listen(self) -> None:
        self.up()
        begin, sent = time.monotonic(), 0
        while not self.stopping and sent < 10_000 * SECONDS:
            block = [Reading(("YARD", f"S{k % 500}")[k % 2], 1_767_589_200.0 + (sent + k) / 1000.0, 30.0) for k in range(1000)]
            self.inbox.put(self.name, block)
            self.came(len(block))
            sent += len(block)
            self._stop.wait(max(0.0, begin + sent / 10_000.0 - time.monotonic()))
        self._stop.wait(60.0)


def test_the_twin_survives_a_flood_and_counts_it(written: dict[str, Any], tmp_path: Path) -> None:
    tags = load_tags(written)
    twin = LiveTwin(tags, RowFollower(tags, watched=False), tmp_path / "live")
    twin.inbox.capacity = 5000
    flood = Flood("flood", twin.inbox)
    twin.sources[:] = [flood]
    stored = 0
    counts: Counter[str] = Counter()
    flood.start()
    while flood.health.received < 10_000 * SECONDS or len(twin.inbox):
        twin._store(0.1)
        counts += twin.inbox.told()[1]
        twin._advance(0.0)
    flood.stop()
    twin._end()
    with HistoryReader(tmp_path / "live" / "history.sqlite") as reader:
        stored = reader.counts()["stored"] + reader.counts().get("repeated", 0)
    assert stored + counts["lost.flood"] == 10_000 * SECONDS  # each is stored, or counted as lost
    assert stored > 10_000
    assert twin.follower.counts["unknown"] > 0


@pytest.mark.soak
def test_a_server_that_floods(tmp_path: Path) -> None:
    pytest.importorskip("asyncua")
    plant = OpcuaPlant(100, 10_000.0)
    inbox = Inbox(2000)
    tags = [Tag(f"T{k}", Measurement("level.yard"), "kg", "kg", address=f"T{k}") for k in range(100)]
    source = OpcuaSource("plc", inbox, SourceModel(opcua=plant.address), tags)
    source.start()
    try:
        assert until(lambda: source.health.received > 20_000, 60.0)
        assert len(inbox) <= 2000
        assert inbox.told()[1]["lost.plc"] > 0
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 1_500_000
    finally:
        source.stop()
        plant.stop()
