"""The small smelter of ``smelter.yaml``, its compiled phases under a CPU clock, and its run over a horizon in a process of its own.

``python smelter.py "730 h" results.h5 genealogy`` prints CPU seconds, peak memory in MB and what was computed.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from horizon import peak_memory
from size import size

import twin
from twin.kernels import furnace
from twin.kernels.furnace_space import Given, new_account
from twin.units.melts import furnace as furnaces
from twin.units.melts.furnace_rows import phase_row

PATH = Path(__file__).with_name("smelter.yaml")
CALLS = 20_000


def smelter(horizon: str, **record: Any) -> twin.Scenario:
    """The smelter over a horizon; unrecorded unless told what to record."""
    return twin.load(PATH).change({"time.horizon": horizon, "record": record or "none"})


class PhaseClock:
    """Stands in for the compiled phase, counts phases, calls (some are for the time between phases) and steps, and holds their CPU seconds."""

    def __init__(self) -> None:
        self._run_phase = furnace.run_phase
        self.phases, self.calls, self.counted, self.steps, self.tried = 0, 0, 0.0, 0.0, 0.0

    def __call__(self, *arguments: Any) -> tuple[int, Given]:
        begin = time.process_time()
        status, account = self._run_phase(*arguments)
        self.counted += time.process_time() - begin
        self.calls += 1
        self.steps += account.sums["steps"][0]
        self.tried += account.sums["tried"][0]
        return status, account

    def row(self, *arguments: Any) -> dict[str, Any]:
        """Stands in for what writes a phase's row of the batch table."""
        self.phases += 1
        return phase_row(*arguments)

    def split(self, seconds: float) -> tuple[float, float]:
        """The CPU seconds of a run in those of the phases and those beside them, both without what this clock costs."""
        whole, within = _own_cost()
        kernels = self.counted - self.calls * within
        return kernels, seconds - kernels - self.calls * whole


def _own_cost() -> tuple[float, float]:
    """CPU seconds that a call of the clock adds to a run, and those of them that it counts as the phase's."""
    clock = PhaseClock()
    nothing = 0, new_account(1, np.zeros(len(furnace.WARNINGS), dtype=np.int64))
    clock._run_phase = lambda *arguments: nothing
    begin = time.process_time()
    for _ in range(CALLS):
        clock(*nothing)
    return (time.process_time() - begin) / CALLS, clock.counted / CALLS


@contextmanager
def phases_timed() -> Iterator[PhaseClock]:
    """A clock on all phases that are run within."""
    clock = PhaseClock()
    with patch.object(furnace, "run_phase", clock), patch.object(furnaces, "phase_row", clock.row):
        yield clock


def main(horizon: str, out: str, genealogy: str) -> None:
    """With genealogy in steps of 3 min instead of 1 min, so that what is beside the kernels weighs more."""
    record = {"every": "1 h", "genealogy": genealogy == "genealogy"}
    scenario = smelter(horizon, **record)
    if genealogy == "genealogy":
        scenario = scenario.change({f"units.{name}.step": "3 min" for name in ("tsl", "converter")})
    twin.run(scenario.change({"time.horizon": size("3 d", "6 h")}), out=out)  # compiler and imports warm
    with phases_timed() as clock:
        begin = time.process_time()
        result = twin.run(scenario, out=out)
        seconds = time.process_time() - begin
    found = {"seconds": seconds, "megabytes": peak_memory(), "phases": clock.phases, "calls": clock.calls, "steps": clock.steps, "tried": clock.tried}
    found["kernels"], found["beside"] = clock.split(seconds)
    rows = result.array("batches/phase")
    found["batches"], found["ladles"] = int((rows == "charge").sum()), len(rows) - clock.phases
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
