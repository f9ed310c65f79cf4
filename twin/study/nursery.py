"""Where worker processes come from: on Linux from a process that loads the kernels once and is then forked for each of them, elsewhere spawned.

It is a fork server of the standard library that belongs to one pool: it sees the environment of its time, has no threads, and ends with the pool. The process
of the user is never forked, since it may have threads.
"""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import signal
import sys
import threading
import types
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from multiprocessing.process import BaseProcess
from typing import Any

from twin.scenario.kind import Kind

CAN_FORK = sys.platform == "linux"
"""Elsewhere system libraries may not survive a fork, or there is none."""
_START = threading.Lock()


def modules_for(kinds: Mapping[str, Kind]) -> list[str]:
    """Return the modules of twin that a plant of these kinds rests on; those of others are imported by each worker."""
    places = [place.partition(":")[0] for kind in kinds.values() for place in (kind.kernel, kind.behaviour) if place is not None]
    return [name for name in dict.fromkeys(["twin.study.worker", "twin.plant.simulate", *places]) if name.partition(".")[0] == "twin"]


def are_cold(kinds: Mapping[str, Kind]) -> bool:
    """Return whether kernels that take long to compile are not compiled yet: those of lines, and those of furnaces where there is one."""
    from twin.kernels.compile import is_cold

    furnaces = sys.modules.get("twin.scenario.furnace")  # who has a furnace has loaded what it is
    return is_cold() or (furnaces is not None and any(issubclass(kind.model, furnaces.FurnaceModel) for kind in kinds.values()) and is_cold("furnace"))


class Nursery:
    """Starts the processes of a pool: several are forked where that can be, one alone is spawned."""

    def __init__(self, workers: int) -> None:
        self._forks = CAN_FORK and workers > 1
        self._server: Any = None

    def start(self, target: Callable[..., None], arguments: tuple[Any, ...], modules: list[str]) -> BaseProcess:
        """Return a daemon process that has started; ``modules`` are loaded before the first is forked."""
        about: dict[str, Any] = {"target": target, "args": arguments, "name": "twin worker", "daemon": True}
        if self._forks:
            try:
                return self._forked(about, modules)
            except (EOFError, OSError):  # the fork server did not survive its modules, or there are no sockets here
                self._forks = False
                self.close()
        spawned = multiprocessing.get_context("spawn").Process(**about)
        with _quiet_start():
            spawned.start()
        return spawned

    def _forked(self, about: dict[str, Any], modules: list[str]) -> BaseProcess:
        if self._server is None:
            from multiprocessing.forkserver import ForkServer

            self._server = ForkServer()
            self._server.set_forkserver_preload(modules)
        with _quiet_start():
            self._server.ensure_running()
        process = _Forked(self._server, **about)
        process.start()  # it waits for the kernels, and Ctrl-C may end that: the worker has the mask of the fork server
        return process

    def close(self) -> None:
        """End the fork server at once, and wait for it; the workers have ended before."""
        server, self._server = self._server, None
        if server is not None and server._forkserver_pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(server._forkserver_pid, signal.SIGKILL)  # it may be at loading
            server._stop()


class _Forked(BaseProcess):
    """A process of a fork server of our own; what :mod:`multiprocessing` starts comes from the one of the whole program."""

    _start_method = "forkserver"

    def __init__(self, server: Any, **about: Any) -> None:
        super().__init__(**about)
        self._server = server

    def _Popen(self, process: BaseProcess) -> Any:  # noqa: N802  the name that multiprocessing asks for
        return _popen(self._server, process)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_server"}


def _popen(server: Any, process: BaseProcess) -> Any:
    popen, util, spawn, reduction = (import_module(f"multiprocessing.{name}") for name in ("popen_forkserver", "util", "spawn", "reduction"))
    from multiprocessing.context import set_spawning_popen
    from multiprocessing.forkserver import read_signed

    class Popen(popen.Popen):  # type: ignore[misc, name-defined]
        """As that of the standard library, for our fork server."""

        def _launch(self, process_obj: Any) -> None:
            buffer = io.BytesIO()
            set_spawning_popen(self)
            try:
                with _quiet_start():
                    reduction.dump(spawn.get_preparation_data(process_obj._name), buffer)
                reduction.dump(process_obj, buffer)
            finally:
                set_spawning_popen(None)
            self.sentinel, write = server.connect_to_new_process(self._fds)
            alive = os.dup(write)  # that its parent lives is seen by the worker from this end of the pipe
            self.finalizer = util.Finalize(self, util.close_fds, (alive, self.sentinel))
            with open(write, "wb", closefd=True) as pipe:  # noqa: PTH123  a number
                pipe.write(buffer.getbuffer())
            self.pid = read_signed(self.sentinel)

    return Popen(process)


@contextlib.contextmanager
def _quiet_start() -> Iterator[None]:
    """Start a process that leaves Ctrl-C to its parent and does not run the user's script again.

    A spawned process imports the main module of its parent under another name, which a script without ``if __name__ == "__main__"`` does not survive; what runs
    in a worker is all in ``twin``, so it is given an empty one. The mask of signals is inherited.
    """
    with _START:
        if os.name == "posix":
            from multiprocessing import resource_tracker

            resource_tracker.ensure_running()  # by itself it would begin within the block, and lift the mask
        main = sys.modules["__main__"]
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if hasattr(signal, "pthread_sigmask") else None
        sys.modules["__main__"] = types.ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main
            if mask is not None:
                signal.pthread_sigmask(signal.SIG_SETMASK, mask)
