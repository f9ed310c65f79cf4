"""How fast the page begins: `python benchmarks/page.py [--runs 3] [--browser]`.

Prints of each start, in s since it and of CPU of the server: when the address is told, when the first file comes, and when the flowsheet of the scenario that
`twin new` writes is there; and the bytes of all that the browser loads first. With ``--browser``, which needs playwright and chromium, of each start when
the flowsheet is drawn in a browser that was open before, and how long a click on a unit takes to the next picture, also in a plant of 60 units.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twin.scenario.starters import starter

COMMAND = (sys.executable, "-m", "twin", "page")
UNBUFFERED = {**os.environ, "PYTHONUNBUFFERED": "1"}
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
    process = subprocess.Popen([*COMMAND, str(folder), "--port", "0", "--no-browser"], stderr=subprocess.PIPE, text=True, env=UNBUFFERED)
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


def in_browser(folder: Path, chromium: Any) -> Iterator[tuple[str, float]]:
    """Yield (what, s) of one start before a browser that is open: to the flowsheet painted, and from clicks on units to their mark and form painted."""
    began = time.perf_counter()
    process = subprocess.Popen([*COMMAND, str(folder), "--port", "0", "--no-browser"], stderr=subprocess.PIPE, text=True, env=UNBUFFERED)
    context = chromium.new_context(viewport={"width": 1400, "height": 900})
    try:
        assert process.stderr is not None
        found = re.search(r"http://\S+", process.stderr.readline())
        assert found is not None
        page = context.new_page()
        page.goto(found[0], wait_until="commit")
        page.wait_for_function(PAINTED)
        yield "flowsheet painted", time.perf_counter() - began
        page.wait_for_load_state("networkidle")
        units = [shape.get_attribute("data-unit") for shape in page.locator("[data-unit]").all()]
        for unit in (units[len(units) // 3], units[len(units) // 2], units[-1]):
            marked, formed = page.evaluate(CLICKED, unit)
            yield f"{unit}, one of {len(units)} units, clicked: marked", marked / 1000.0
            yield f"{unit}, one of {len(units)} units, clicked: its form", formed / 1000.0
            page.wait_for_timeout(300)
    finally:
        context.close()
        process.terminate()
        process.wait(10)


PAINTED = "() => document.querySelector('.flowsheet svg [data-unit]') && new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(true))))"
CLICKED = """(unit) => new Promise((done) => {
  const shape = document.querySelector(`[data-unit="${unit}"]`), began = performance.now(), found = [0, 0];
  const painted = (k) => requestAnimationFrame(() => setTimeout(() => {
    found[k] = performance.now() - began;
    if (found[0] > 1 && found[1] > 1) { watch.disconnect(); done(found); }
  }));
  const watch = new MutationObserver(() => {
    const states = [shape.getAttribute("aria-pressed") === "true", document.querySelector("#h-unit")?.textContent.startsWith(unit)];
    states.forEach((holds, k) => { if (holds && !found[k]) { found[k] = 1; painted(k); } });
  });
  watch.observe(document.body, { attributes: true, childList: true, subtree: true });
  shape.dispatchEvent(new MouseEvent("click", { bubbles: true }));
})"""
"""Milliseconds from a click to the picture in which the unit is marked, and to that with its form."""


def _at(began: float, process: int, size: int) -> tuple[float, float, int]:
    return time.perf_counter() - began, cpu_of(process), size


def main() -> None:
    """Print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="starts (default: 3)")
    parser.add_argument("--browser", action="store_true", help="measure pictures in chromium, too (needs playwright)")
    options = parser.parse_args()
    files = sum((STATIC / name).stat().st_size for name in FIRST)
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "plant.yaml").write_text(starter(), encoding="utf-8")
        for run in range(options.runs):
            for what, seconds, cpu, size in start(Path(place)):
                print(f"start {run + 1}: {what:10} after {seconds:.2f} s, {cpu:.2f} s of CPU")
                loaded = files + size
    print(f"first load: {loaded / 1000:.0f} kB")
    if options.browser:
        pictures(options.runs)


def pictures(runs: int) -> None:
    """Print when pictures are there in a browser, for the small plant and for the sorting plant of `twin new --like lvp`."""
    from playwright.sync_api import sync_playwright

    executable = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as place:
        chromium = driver.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        for like in ("", "lvp"):
            (Path(place) / "plant.yaml").write_text(starter(like), encoding="utf-8")
            for run in range(runs):
                for what, seconds in in_browser(Path(place), chromium):
                    print(f"{like or 'small'}, start {run + 1}: {what} after {seconds:.3f} s")
        chromium.close()


if __name__ == "__main__":
    main()
