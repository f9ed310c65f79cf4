"""Runs the WEEE line over a horizon in a process of its own and prints its CPU seconds, peak memory in MB, and line visits.

``python horizon.py "30 d" results.h5``
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from size import size
from weee import extended, with_stops

import twin


def peak_memory() -> float:
    """MB that this process held at most.

    ``ru_maxrss`` of a started process begins at the memory of the one that started it; Linux counts that of the program itself as VmHWM.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1e3
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def main(plant: str, horizon: str, out: str) -> None:
    scenario_of = {"weee": with_stops, "weee_extended": extended}[plant]
    scenario = scenario_of(record={"every": "1 h"}, **{"time.horizon": horizon})
    twin.run(scenario_of(**{"time.horizon": size("3 d", "1 d")}))  # compiler and imports warm
    begin = time.process_time()
    result = twin.run(scenario, out=out)
    seconds = time.process_time() - begin
    print(json.dumps({"seconds": seconds, "megabytes": peak_memory(), "visits": int(result.attrs["lots"])}))


if __name__ == "__main__":
    main(*sys.argv[1:])
