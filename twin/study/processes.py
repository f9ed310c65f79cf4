"""Worker processes on this computer. One that is killed costs the runs it had taken, and no others."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from typing import Any

from twin.errors import RunError
from twin.study.executors import Executor
from twin.study.nursery import Nursery, modules_for
from twin.study.runs import Job, Outcome
from twin.study.worker import MOST_KNOWN, TRIES, Packed, Packer, serve

AHEAD = 2
"""Jobs that a worker has at a time, so that it need not wait for the next."""


class _Worker:
    """A worker process: its end of the pipe, and the jobs it has taken, the one it is at first."""

    def __init__(self, nursery: Nursery, modules: list[str]) -> None:
        self.pipe: Connection
        self.pipe, theirs = multiprocessing.Pipe()
        try:
            self.process = nursery.start(serve, (theirs,), modules)
        except BaseException:
            self.pipe.close()
            raise
        finally:
            theirs.close()
        self.ready = False
        self.jobs: deque[tuple[int, Packed]] = deque()
        self.known: set[str] = set()

    def take(self, index: int, packed: Packed) -> None:
        """Send a job, with its scenario if the worker does not know it; the worker's death is found when its pipe is read."""
        self.jobs.append((index, packed))
        light = packed
        if packed.scenario in self.known:
            light = replace(packed, pickled=None)
        else:
            if len(self.known) >= MOST_KNOWN:
                self.known.clear()
            self.known.add(packed.scenario)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.pipe.send((index, light))

    def end(self) -> None:
        """End the process at once."""
        self.process.kill()
        self.process.join()
        self.pipe.close()


class Processes(Executor):
    """Worker processes that last as long as the pool; where several are needed, they are forked from one that has loaded the kernels."""

    name = "processes"

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._pool: list[_Worker] = []
        self._packer = Packer()
        self._nursery = Nursery(workers)
        self._modules: list[str] = []
        self._stillborn = 0

    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[int, Outcome]]:
        source = enumerate(jobs)
        again: deque[tuple[int, Packed]] = deque()
        tries: dict[int, int] = {}
        try:
            while True:
                self._hand_out(source, again)
                if not any(worker.jobs for worker in self._pool):
                    return
                for worker in self._answering():
                    yield from self._answer_of(worker, again, tries)
        finally:
            for worker in [worker for worker in self._pool if worker.jobs]:  # what an interrupted sweep gave up
                worker.end()
                self._pool.remove(worker)

    def _answer_of(self, worker: _Worker, again: deque[tuple[int, Packed]], tries: dict[int, int]) -> Iterator[tuple[int, Outcome]]:
        try:
            answer: tuple[int, Outcome] | None = worker.pipe.recv()
        except (EOFError, OSError):
            yield from self._bury(worker, again, tries)
            return
        if answer is None:
            worker.ready, self._stillborn = True, 0
            return
        worker.jobs.popleft()
        tries.pop(answer[0], None)
        yield answer

    def _hand_out(self, source: Iterator[tuple[int, Job]], again: deque[tuple[int, Packed]]) -> None:
        """Give every worker something to do: first one job each, so that few jobs are shared evenly, then the next."""
        for depth in range(1, AHEAD + 1):
            for k in range(self.workers):
                if k < len(self._pool) and len(self._pool[k].jobs) >= depth:
                    continue
                following = again.popleft() if again else self._packed(next(source, None))
                if following is None:
                    return
                if k >= len(self._pool):
                    self._pool.append(_Worker(self._nursery, self._modules))
                self._pool[k].take(*following)

    def _packed(self, numbered: tuple[int, Job] | None) -> tuple[int, Packed] | None:
        if numbered is None:
            return None
        self._modules = self._modules or modules_for(numbered[1].scenario.kinds)
        return numbered[0], self._packer.pack(numbered[1])

    def _answering(self) -> list[_Worker]:
        by_pipe: dict[Any, _Worker] = {worker.pipe: worker for worker in self._pool}
        return [by_pipe[pipe] for pipe in wait(list(by_pipe))]

    def _bury(self, worker: _Worker, again: deque[tuple[int, Packed]], tries: dict[int, int]) -> Iterator[tuple[int, Outcome]]:
        """Put a dead worker's jobs back; the one it was at is given up when it was tried too often."""
        self._pool.remove(worker)
        worker.process.join()
        worker.pipe.close()
        code = worker.process.exitcode
        self._stillborn += not worker.ready
        if self._stillborn >= TRIES:
            raise RunError(f"a worker process ended while it started ({_ending(code)}); what it printed stands above. --executor serial needs none")
        if worker.jobs and worker.ready:
            index, _ = worker.jobs[0]
            tries[index] = tries.get(index, 0) + 1
            if tries[index] >= TRIES:
                worker.jobs.popleft()
                tries.pop(index)
                text = f"the process that made this run ended {TRIES} times ({_ending(code)}); where memory is short, take fewer workers"
                yield index, Outcome(None, f"WorkerLost: {text}", status="lost")
        again.extendleft(reversed(worker.jobs))

    def close(self) -> None:
        for worker in self._pool:
            worker.end()
        self._pool.clear()
        self._nursery.close()


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        try:
            return f"by {signal.Signals(-code).name}"
        except ValueError:
            return f"by signal {-code}"
    return f"with exit code {code}"
