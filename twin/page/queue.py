"""The queue of runs: one worker process, kept warm, that makes them one after another; each can be called off within half a second."""

from __future__ import annotations

import itertools
import multiprocessing
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

from twin.errors import UsageError
from twin.page.folder import RESULTS, SCENARIOS, Folder
from twin.page.worker import work
from twin.results.temporary import remove_stale

PATIENCE = 0.3
"""Seconds that a run has to end by itself when it is called off; then its process is ended."""
AT_FIRST = 4.0
"""Seconds after which the worker is warmed where no run was asked for."""
MOST_JOBS, MOST_RUNS = 100, 200
MOST_ANSWERS = 12
ENDED = ("done", "failed", "cancelled")


@dataclass(frozen=True)
class Job:
    """Runs of one scenario file, a study, the film of a day, a cluster, or two clusters compared (``what``: run, study, film, cluster or compare).

    ``state``: waiting, starting, compiling, running, done, failed or cancelled; ``left`` in s, None where it is not known yet; ``rows``: runs of a study
    so far.
    """

    number: int
    file: str
    replications: int
    what: str = "run"
    day: int = 0
    against: str = ""
    rows: int = 0
    state: str = "waiting"
    share: float = 0.0
    left: float | None = None
    files: tuple[str, ...] = ()
    message: str = ""
    began: float = field(default=0.0, repr=False)
    at: float = field(default=0.0, repr=False)
    """When the first share was told, and which."""


class Queue:
    """Jobs in the order in which they came. ``told(jobs)`` is called, in a thread of the queue, whenever one of them changes."""

    def __init__(self, folder: Folder, told: Callable[[list[dict[str, Any]]], None]) -> None:
        self.folder, self.told = folder, told
        self._jobs: dict[int, Job] = {}
        self._answers: dict[int, dict[str, Any]] = {}
        self._rows: dict[int, list[dict[str, Any]]] = {}
        self._numbers = itertools.count(1)
        self._changed = threading.Condition()
        self._closing = False
        self._context: SpawnContext = multiprocessing.get_context("spawn")
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None
        self._cancelled = self._context.Event()
        self._calls: set[int] = set()
        self._thread = threading.Thread(target=self._serve, name="queue of runs", daemon=True)

    def start(self) -> None:
        """Warm the worker, and wait for jobs."""
        self._thread.start()

    def jobs(self) -> list[dict[str, Any]]:
        """All jobs, the newest first."""
        with self._changed:
            return [asdict(job) for job in reversed(self._jobs.values())]

    def add(self, file: str, replications: int = 1) -> int:
        """Put runs of a scenario file at the end; returns their number. Raises ``UsageError``."""
        self.folder.existing(file, SCENARIOS)
        return self._put(Job(0, file, _count(replications)))

    def _put(self, wanted: Job) -> int:
        with self._changed:
            waiting = [job for job in self._jobs.values() if job.state not in ENDED]
            if len(waiting) >= MOST_JOBS:
                raise UsageError(f"{MOST_JOBS} runs wait already: let some of them end")
            for number in [number for number, job in self._jobs.items() if job.state in ENDED][: max(0, len(self._jobs) - MOST_JOBS)]:
                del self._jobs[number]
                self._answers.pop(number, None)
                self._rows.pop(number, None)
            job = replace(wanted, number=next(self._numbers))
            self._jobs[job.number] = job
            self._changed.notify_all()
        self._tell()
        return job.number

    def ask(self, what: str, file: str, day: int = 0, against: str = "", replications: object = 1) -> int:
        """Put a study, a cluster or two, or the film of a day of a results file, at the end; returns its number. Raises ``UsageError``."""
        self.folder.existing(file, RESULTS if what == "film" else SCENARIOS)
        return self._put(Job(0, file, _count(replications), what, day, against))

    def answer(self, number: int, since: int = 0) -> dict[str, Any]:
        """What came out of a study or a film, None before it has ended, and the rows from ``since`` on. Raises ``UsageError`` where there is none."""
        with self._changed:
            if number not in self._jobs:
                raise UsageError(f"there is no run number {number}")
            return {"answer": self._answers.get(number), "rows": self._rows.get(number, [])[max(0, since) :]}

    def cancel(self, number: int) -> None:
        """Call off a job that waits or runs; of one that has ended nothing changes. Raises ``UsageError`` where there is none."""
        with self._changed:
            job = self._jobs.get(number)
            if job is None:
                raise UsageError(f"there is no run number {number}")
            if job.state == "waiting":
                self._jobs[number] = replace(job, state="cancelled")
            elif job.state not in ENDED:
                self._calls.add(number)
                self._cancelled.set()
        self._tell()

    def close(self) -> None:
        """End the worker, and what it is at; what it had half written is removed."""
        with self._changed:
            self._closing = True
            self._cancelled.set()
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(5.0)
        self._end_worker()

    # -- the thread -----------------------------------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        with self._changed:  # the first picture comes first: warming a worker takes a core for seconds
            self._changed.wait_for(lambda: self._is_ending() or self._next() is not None, AT_FIRST)
            if self._is_ending():
                return
        self._worker()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_ending() or self._next() is not None)
                if self._is_ending():
                    return
                job = self._next()
                assert job is not None
                self._cancelled.clear()
                self._jobs[job.number] = replace(job, state="starting", began=time.monotonic())
            self._tell()
            self._make(job)

    def _is_ending(self) -> bool:
        return self._closing

    def _next(self) -> Job | None:
        return next((job for job in self._jobs.values() if job.state == "waiting"), None)

    def _make(self, job: Job) -> None:
        pipe = self._worker()
        try:
            told = {key: getattr(job, key) for key in ("file", "replications", "what", "day", "against")}
            pipe.send({"folder": str(self.folder.path), **told})
            called_off = 0.0
            while True:
                if pipe.poll(0.05):
                    if self._heard(job.number, pipe.recv()):
                        return
                elif self._cancelled.is_set():
                    called_off = called_off or time.monotonic()
                    if time.monotonic() - called_off > PATIENCE:
                        self._end_worker()
                        self._heard(job.number, {"kind": "cancelled"})
                        if not self._closing:
                            self._worker()
                        return
        except (EOFError, OSError):
            self._end_worker()
            self._heard(job.number, {"kind": "failed", "message": "the process that made the run ended: was it killed, or short of memory? Run it again."})
            if not self._closing:
                self._worker()

    def _heard(self, number: int, said: Mapping[str, Any]) -> bool:
        """Take over what the worker says; whether the job has ended."""
        kind = said["kind"]
        if kind == "ready":
            return False
        with self._changed:
            job = self._jobs[number]
            if kind == "row":
                self._rows.setdefault(number, []).append(said["row"])
                self._jobs[number] = replace(job, rows=job.rows + 1)
            elif kind == "running":
                self._jobs[number] = _advanced(job, said["share"])
            else:
                self._jobs[number] = replace(job, state=kind, files=tuple(said.get("files", ())), message=said.get("message", ""), left=None)
            if kind in ENDED:
                self._calls.discard(number)
                if "answer" in said:
                    self._answers[number] = said["answer"]
                    self._forget_answers()
        self._tell()
        return kind in ENDED

    def _forget_answers(self) -> None:
        """Films are large: those of before the last few are forgotten."""
        for number in list(self._answers)[:-MOST_ANSWERS]:
            del self._answers[number]

    def _worker(self) -> Connection:
        """The end of the pipe to a worker that lives."""
        if self._process is not None and self._process.is_alive() and self._pipe is not None:
            return self._pipe
        self._end_worker()
        ours, theirs = self._context.Pipe()
        self._process = self._context.Process(target=work, args=(theirs, self._cancelled), name="twin page worker", daemon=True)
        self._process.start()
        theirs.close()
        self._pipe = ours
        return ours

    def _end_worker(self) -> None:
        """End the process, at once, and remove what it had half written."""
        process, pipe = self._process, self._pipe
        self._process = self._pipe = None
        if pipe is not None:
            pipe.close()
        if process is not None:
            process.kill()
            process.join(2.0)
            process.close()
            # an event whose holder was killed may stay locked: the next worker gets another
            self._cancelled, was_set = self._context.Event(), self._closing
            if was_set:
                self._cancelled.set()
            remove_stale(self.folder.path)

    def _tell(self) -> None:
        self.told(self.jobs())


def _count(replications: object) -> int:
    if not isinstance(replications, int) or isinstance(replications, bool) or not 1 <= replications <= MOST_RUNS:
        raise UsageError(f"from 1 to {MOST_RUNS} runs are made of a scenario (got {str(replications)[:40]!r})")
    return replications


def _advanced(job: Job, share: float) -> Job:
    """A job with how far it is, and how long it takes still, by its pace since the first share was told."""
    now = time.monotonic()
    if job.state != "running":
        return replace(job, state="running", share=share, began=now, at=share, left=None)
    pace = (share - job.at) / (now - job.began) if now > job.began else 0.0
    return replace(job, share=share, left=(1.0 - share) / pace if pace > 0 and now - job.began > 0.5 else None)
