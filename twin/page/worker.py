"""The process that runs: warm, alone, and ended without leaving anything behind."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.errors import TwinError
from twin.page.folder import Folder

if TYPE_CHECKING:
    from twin.scenario.kind import Kind

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
        return {"kind": "done", **_MAKERS[job["what"]](job, pipe, cancelled)}
    except Cancelled:
        return {"kind": "cancelled"}
    except TwinError as error:
        return {"kind": "failed", "message": str(error)}
    except MemoryError:
        return {"kind": "failed", "message": "there is not enough memory for this run"}
    except OSError as error:
        return {"kind": "failed", "message": f"cannot write: {error.strerror or error}"}


def _run(job: dict[str, Any], pipe: Connection, cancelled: Any) -> dict[str, Any]:
    from twin.plant import api
    from twin.plant.simulate import run
    from twin.scenario.tables import confined

    folder = Path(job["folder"])
    pipe.send({"kind": "starting"})
    with confined(folder):
        scenario = api.load(folder / job["file"])
    _compile(scenario.kinds, pipe, cancelled)
    count, files = job["replications"], []
    for k in range(count):
        out = folder / (f"{scenario.name}-r{k}.h5" if count > 1 else f"{scenario.name}.h5")
        _look(cancelled)
        with run(scenario, out=out, replication=k, progress=_progress(k, count, pipe, cancelled)) as result:
            files.append((result.path or out).name)
    return {"files": files}


def _compile(kinds: Mapping[str, Kind], pipe: Connection, cancelled: Any) -> None:
    """Compile what a plant of these kinds needs, where nothing is kept from before, and say so."""
    from twin.study.nursery import are_cold, modules_for

    if are_cold(kinds):
        pipe.send({"kind": "compiling"})
        for module in modules_for(kinds):
            import_module(module)
            _look(cancelled)


def _film(job: dict[str, Any], pipe: Connection, cancelled: Any) -> dict[str, Any]:
    from twin.page.film import film

    pipe.send({"kind": "starting"})
    return {"answer": film(Path(job["folder"]) / job["file"], job["day"], _share(pipe, cancelled))}


def _study(job: dict[str, Any], pipe: Connection, cancelled: Any) -> dict[str, Any]:
    from twin.page.studies import run_study

    def told(row: dict[str, Any]) -> None:
        _look(cancelled)
        pipe.send({"kind": "row", "row": row})

    pipe.send({"kind": "starting"})
    found = run_study(Path(job["folder"]), job["file"], told, _share(pipe, cancelled))
    return {"answer": found, "files": found["files"]}


def _cluster(job: dict[str, Any], pipe: Connection, cancelled: Any) -> dict[str, Any]:
    from twin.page.clusters import loaded, run_cluster_file

    pipe.send({"kind": "starting"})
    folder = Path(job["folder"])
    cluster = loaded(Folder(folder), job["file"])
    _compile(cluster.kinds, pipe, cancelled)
    return {"files": run_cluster_file(folder, cluster, _progress(0, 1, pipe, cancelled))}


def _compare(job: dict[str, Any], pipe: Connection, cancelled: Any) -> dict[str, Any]:
    from twin.page.clusters import compared, sides_of

    pipe.send({"kind": "starting"})
    sides = sides_of(Folder(Path(job["folder"])), job["file"], job["against"])
    _compile(sides[1].kinds, pipe, cancelled)
    return {"answer": compared(sides, job["replications"], _share(pipe, cancelled))}


_MAKERS: dict[str, Callable[[dict[str, Any], Connection, Any], dict[str, Any]]] = {
    "run": _run,
    "film": _film,
    "study": _study,
    "cluster": _cluster,
    "compare": _compare,
}


def _share(pipe: Connection, cancelled: Any) -> Callable[[float], None]:
    def show(share: float) -> None:
        _look(cancelled)
        pipe.send({"kind": "running", "share": share})

    return show


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
