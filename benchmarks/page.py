"""How fast the page begins: `python benchmarks/page.py [--runs 3]`.

Prints of each start, in s since it and of CPU of the server: when the address is told, when the first file comes, and when the flowsheet of the scenario that
`twin new` writes is there; and the bytes of all that the browser loads first. No browser is used: what one adds is its own.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from twin.scenario.starters import starter

STATIC = Path(__file__).resolve().parents[1] / "twin" / "page" / "static"
FIRST = ("index.html", "page.css", "app.js", "core.js", "plant.js", "unit.js", "add.js", "vendor/preact.mjs", "vendor/hooks.mjs", "vendor/htm.mjs")
"""What a browser loads before it shows a plant, besides the answers."""


def cpu_of(process: int) -> float:
    """CPU time of a process so far, s."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start(folder: Path) -> Iterator[tuple[str, float, float, int]]:
    """Yield (what, s since the start, s of CPU, bytes of the answer) of one start."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "twin", "page", str(folder), "--port", "0", "--no-browser"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    try:
        assert process.stderr is not None
        found = re.search(r"(http://127\.0\.0\.1:(\d+))/\?token=(\S+)", process.stderr.readline())
        assert found is not None
        root, headers = found[1], {"cookie": f"twin_page_{found[2]}={found[3]}", "origin": found[1], "content-type": "application/json"}

        def asked(path: str, given: object = None) -> int:
            body = None if given is None else json.dumps(given).encode()
            with urllib.request.urlopen(urllib.request.Request(f"{root}{path}", body, headers)) as answer:
                return len(answer.read())

        yield "address", time.perf_counter() - began, cpu_of(process.pid), 0
        yield "first file", *_at(began, process.pid, asked("/static/app.js"))
        first = asked("/api/words", {"language": "en"}) + asked("/api/folder")
        yield "flowsheet", *_at(began, process.pid, first + asked("/api/plant", {"draft": {"base": "plant.yaml"}, "language": "en"}))
    finally:
        process.terminate()
        process.wait(10)


def _at(began: float, process: int, size: int) -> tuple[float, float, int]:
    return time.perf_counter() - began, cpu_of(process), size


def main() -> None:
    """Print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="starts (default: 3)")
    options = parser.parse_args()
    files = sum((STATIC / name).stat().st_size for name in FIRST)
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "plant.yaml").write_text(starter(), encoding="utf-8")
        for run in range(options.runs):
            for what, seconds, cpu, size in start(Path(place)):
                print(f"start {run + 1}: {what:10} after {seconds:.2f} s, {cpu:.2f} s of CPU")
                loaded = files + size
    print(f"first load: {loaded / 1000:.0f} kB")


if __name__ == "__main__":
    main()
