"""A small plant, a page that is served as a user starts it, and a tab of a browser before it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

SMALL = """twin: 1
name: small
title: A small plant
time: {start: 2026-01-05T06:00, horizon: 2 d}
seed: 1
lot: 200 kg
record: {every: 1 h}
catalogue: [weee]
size_bounds: "4 16 63 250 mm"
units:
  deliveries:
    kind: feed
    every: 2 h
    mass: {normal: {mean: 10 t, sd: 1.5 t}}
    composition: {steel: 45 %, aluminium: 10 %, copper: 5 %, plastics: 40 %}
    size: {rosin_rammler: {x63: 90 mm, n: 1.4}}
    price: 60 EUR/t
  yard: {kind: bunker, from: deliveries, capacity: 200 t, initial: {mass: 60 t}}
  magnet: {kind: overband_magnet, from: yard, rate: {value: 6 t/h, basis: assumed, source: "a guess", low: 4 t/h, high: 8 t/h}}
  screen: {kind: screen, from: magnet.rest, aperture: 50 mm, area: 4 m2}
  eddy: {kind: eddy_current, from: screen.undersize}
  steel: {kind: product, from: magnet.steel, price: 180 EUR/t}
  coarse: {kind: product, from: screen.oversize}
  light: {kind: product, from: eddy.light, price: 900 EUR/t}
  heavy: {kind: product, from: eddy.heavy, price: 2000 EUR/t}
  residue: {kind: product, from: eddy.rest, price: -90 EUR/t}
"""


class Served:
    """A running ``twin page``: its process, address and folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "twin", "page", str(folder), "--port", "0", "--no-browser"],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONUNBUFFERED": "1"},
        )
        assert self.process.stderr is not None
        said = self.process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/\?token=(\S+)", said)
        assert found, said
        self.url, self.port, self.token = found[0], int(found[1]), found[2]
        self.root = f"http://127.0.0.1:{self.port}"

    def client(self) -> httpx.Client:
        """Whoever has the cookie."""
        return httpx.Client(base_url=self.root, cookies={f"twin_page_{self.port}": self.token}, headers={"origin": self.root}, timeout=120)

    def ask(self, what: str, **given: Any) -> dict[str, Any]:
        with self.client() as client:
            answer = client.post(f"/api/{what}", json=given)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return dict(answer.json())

    def worker(self) -> int:
        """The process number of the worker, once there is one."""
        for _ in range(100):
            own = subprocess.run(
                ["ps", "-ww", "-o", "pid=", "-o", "args=", "--ppid", str(self.process.pid)], capture_output=True, text=True, check=False
            ).stdout
            found = [int(line.split()[0]) for line in own.splitlines() if "spawn_main" in line]
            if found:
                return found[0]
            time.sleep(0.1)
        raise AssertionError("no worker")

    def end(self, how: int = signal.SIGINT) -> tuple[int, str]:
        """End it and return its exit code and what it said last."""
        assert self.process.stderr is not None
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            rest = self.process.communicate(timeout=10)[1]
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return self.process.returncode, rest


class Tab:
    """A page in the browser, with what went wrong in it and how much it loaded."""

    def __init__(self, browser: Any, served: Served, width: int = 1400, scheme: str = "light", **how: Any) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **how)
        self.page = self.context.new_page()
        self.faults: list[str] = []
        self.loaded = 0
        self.page.on("console", lambda message: self.faults.append(message.text))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("dialog", lambda dialog: self.faults.append(f"dialog {dialog.message}"))
        self.page.on("request", lambda request: None if request.url.startswith((served.root, "data:")) else self.faults.append(request.url))
        self.page.on("requestfinished", lambda request: setattr(self, "loaded", self.loaded + request.sizes()["responseBodySize"]))
        self.page.goto(served.url)

    def drawn(self) -> Any:
        self.page.wait_for_selector(".flowsheet svg [data-unit]", timeout=20000)
        return self.page

    def typed(self, path: str, text: str) -> None:
        field = self.page.locator(f"[id='f-{path}']")
        field.fill(text)
        field.press("Enter")
        self.page.wait_for_timeout(250)


def answer_of(served: Served, job: int, seconds: float = 180.0) -> dict[str, Any]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = served.ask("answer", job=job)
        if found.get("answer") is not None:
            return found
        time.sleep(0.2)
    raise AssertionError(f"job {job} did not end")


def ended(served: Served, job: int) -> dict[str, Any]:
    """The job once it has ended, as the socket of the page tells it."""
    from websockets.sync.client import connect

    headers = {"Cookie": f"twin_page_{served.port}={served.token}", "Origin": served.root}
    with connect(f"ws://127.0.0.1:{served.port}/api/jobs", additional_headers=headers) as socket:
        while True:
            found = next(one for one in json.loads(socket.recv(timeout=120)) if one["number"] == job)
            if found["state"] in ("done", "failed", "cancelled"):
                return dict(found)
