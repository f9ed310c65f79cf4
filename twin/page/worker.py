"""The process that runs: warm, alone, and ended without leaving anything behind."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from twin.errors import TwinError

EVERY = 0.1
"""Seconds between two messages on how far a run is."""


class Cancelled(BaseException):
    """The run is not wanted any more; no ``except Exception`` on the way may swallow it."""


def work(pipe: Connection, cancelled: Any) -> None:
    """Make runs as they are asked for, until the other end is closed. ``cancelled`` is an event that ends the run that is made."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to everybody at the terminal: the page ends its worker itself
    import twin.plant.simulate  # noqa: F401 - so that the first run finds it imported

    pipe.send({"kind": "ready"})
    while True:
        try:
            job = pipe.recv()
        except (EOFError, OSError):
            return
        if job is None:
            return
        try:
            pipe.send(_answer(job, pipe, cancelled))
        except (BrokenPipeError, OSError):
            return


def _answer(job: dict[str, Any], pipe: Connection, cancelled: Any) -> dict[str, Any]:
    """Make the runs of a job and say how it ended."""
    try:
        return {"kind": "done", "files": _run(job, pipe, cancelled)}
    except Cancelled:
        return {"kind": "cancelled"}
    except TwinError as error:
        return {"kind": "failed", "message": str(error)}
    except MemoryError:
        return {"kind": "failed", "message": "there is not enough memory for this run"}
    except OSError as error:
        return {"kind": "failed", "message": f"cannot write: {error.strerror or error}"}


def _run(job: dict[str, Any], pipe: Connection, cancelled: Any) -> list[str]:
    from twin.kernels.compile import is_cold
    from twin.plant import api
    from twin.plant.simulate import run
    from twin.scenario.tables import confined
    from twin.study.nursery import modules_for

    folder = Path(job["folder"])
    pipe.send({"kind": "starting"})
    with confined(folder):
        scenario = api.load(folder / job["file"])
    if is_cold():
        pipe.send({"kind": "compiling"})
        for module in modules_for(scenario.kinds):
            import_module(module)
            _look(cancelled)
    count, files = job["replications"], []
    for k in range(count):
        out = folder / (f"{scenario.name}-r{k}.h5" if count > 1 else f"{scenario.name}.h5")
        _look(cancelled)
        with run(scenario, out=out, replication=k, progress=_progress(k, count, pipe, cancelled)) as result:
            files.append((result.path or out).name)
    return files


def _progress(k: int, count: int, pipe: Connection, cancelled: Any) -> Callable[[float, float], None]:
    last = 0.0

    def show(now: float, horizon: float) -> None:
        nonlocal last
        _look(cancelled)
        if (moment := time.monotonic()) - last >= EVERY:
            last = moment
            pipe.send({"kind": "running", "share": (k + now / horizon) / count})

    return show


def _look(cancelled: Any) -> None:
    if cancelled.is_set():
        raise Cancelled
