"""Mutates inputs and files at random and hands them to the commands: ``python tests/reliability/fuzz.py --cases 100000 --seed 1``.

YAML, CSV and study files are changed as text, results, states and study results as bytes and, half of them, through HDF5 and sealed again with a right digest,
so that what lies behind the digest is reached. Each case runs a command in a worker process, with a limit of memory and time, and counts as a fault where it
ends in a traceback, in a code that no command has, takes too long, takes too much memory, or opens a file that it was not given. A run that a mutation made
long is cut after a number of events and blocks of results, and is counted as cut, not as passed. A worker process makes a batch of cases; one that dies is a
fault too, with the number of the case that it was at. Case k of a seed is the same whoever makes it.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

MEMORY = 1 << 30
"""Bytes by which a case may grow the address space."""
SECONDS = 60
"""Seconds of a case, on a computer that does other things too."""
WORK = 900
"""Events of all runs of a case, one of the small plant has a hundred; a block of results counts as ten. What takes more is cut."""
BATCH = 2500
"""Cases of a worker process."""
CODES = (0, 1, 2)
SHARES = {"scenario": 38, "catalogue": 11, "csv": 12, "study": 11, "results": 12, "state": 3, "study results": 13}
"""How many cases of a hundred are of which kind."""
SEALED = 0.5
"""Share of the HDF5 files that are changed through HDF5 and sealed again."""
PLANT = ((20, "validate small.yaml"), (1, "run small.yaml -o out.h5"), (1, "batch small.yaml"))
COMMANDS: dict[str, tuple[tuple[int, str], ...]] = {  # each with its weight: what runs a plant takes ten times as long as what reads a file
    "scenario": PLANT,
    "catalogue": (*PLANT, (6, "materials stuff.yaml")),
    "csv": PLANT,
    "study": ((1, "sweep quick.yaml -o out.h5 --executor serial"),),
    "results": (
        (2, "report it.h5 -o out.html"),
        (6, "cite it.h5"),
        (2, "compare it.h5 r1.h5"),
        (5, "trace it.h5"),
        (5, "trace it.h5 --element Fe"),
        (1, "reproduce it.h5"),
        (1, "bundle it.h5 -o out.zip"),
    ),
    "state": ((1, "resume it.h5 -o out.h5 --force"), (1, "resume it.h5 --until 40_h --save out.h5 --force")),
    "study results": (
        (12, "sensitivity it.h5"),
        (12, "sensitivity it.h5 --response throughput"),
        (1, "sensitivity it.h5 --elasticities --replications 1 --executor serial"),
    ),
}


@dataclass(frozen=True)
class Fault:
    """What went wrong in a case."""

    case: int
    what: str


@dataclass(frozen=True)
class Done:
    """How a case ended: ``outcome`` is an exit code, "cut" or "fault"; ``made`` says what was done to the file."""

    case: int
    command: str
    made: str
    outcome: str
    seconds: float
    wrong: str | None = None


@dataclass
class Tally:
    """All cases so far."""

    faults: list[Fault] = field(default_factory=list)
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)

    def add(self, done: Done, said: Callable[[str], None]) -> None:
        """Count a case, and tell of it where it is a fault."""
        self.outcomes[done.command, done.outcome] += 1
        self.made[done.made] += 1
        self.seconds[done.command] += done.seconds  # type: ignore[assignment]  # a counter adds up floats as well
        if done.wrong is not None:
            self.faults.append(Fault(done.case, done.wrong))
            said(f"case {done.case}: {done.wrong}")

    def lines(self) -> Iterator[str]:
        """Yield a table of the outcomes by command, and what was done to the files."""
        outcomes = sorted({outcome for _, outcome in self.outcomes})
        yield "".join([f"{'command':<14}", *(f"{outcome:>9}" for outcome in outcomes), f"{'s':>9}"])
        for command in sorted({command for command, _ in self.outcomes}):
            yield "".join([f"{command:<14}", *(f"{self.outcomes[command, outcome]:>9}" for outcome in outcomes), f"{self.seconds[command]:>9.0f}"])
        yield "".join([f"{'all':<14}", *(f"{sum(n for (_, o), n in self.outcomes.items() if o == outcome):>9}" for outcome in outcomes)])
        for what, count in sorted(self.made.items()):
            yield f"{count:>9} x {what}"


# -- cases -------------------------------------------------------------------------------------------------------------------------------


class Cases:
    """Makes the cases of a seed in a folder, which is emptied before each."""

    def __init__(self, files: Any, seed: int, folder: Path) -> None:
        from mutate import Original

        self.files, self.seed, self.folder = files, seed, folder
        self.foreign = folder.parent / "foreign"
        self.foreign.write_bytes(bytes(4096))
        self.texts = {path.name: path.read_bytes() for path in (files.scenario, files.trucks, files.catalogue, files.quick)}
        self.originals = {"results": Original(files.result), "state": Original(files.state), "study results": Original(files.results_of_study)}

    def make(self, case: int) -> tuple[list[str], str]:
        """Write the mutated input of a case; return the command line and what was done."""
        from mutate import mutate_bytes, mutate_hdf5, mutate_text

        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        for name, content in self.texts.items():
            (self.folder / name).write_bytes(content)
        chance = random.Random(f"{self.seed}-{case}")
        kind = chance.choices(list(SHARES), weights=list(SHARES.values()))[0]
        commands = COMMANDS[kind]
        line = chance.choices([command for _, command in commands], weights=[weight for weight, _ in commands])[0].split()
        if "r1.h5" in line:
            os.link(self.files.second, self.folder / "r1.h5")
        if kind not in self.originals:
            source = {"scenario": "small.yaml", "catalogue": "stuff.yaml", "csv": "trucks.csv", "study": "quick.yaml"}[kind]
            (self.folder / source).write_bytes(mutate_text(self.texts[source].decode("utf-8"), chance))
            made = f"{kind} as text"
        elif chance.random() < SEALED and mutate_hdf5(self.originals[kind], self.folder / "it.h5", self.foreign, chance):
            made = f"{kind} through HDF5, sealed again"
        else:
            (self.folder / "it.h5").write_bytes(mutate_bytes(self.originals[kind].content, chance))
            made = f"{kind} as bytes"
        return [part.replace("_", " ") for part in line], made

    def names(self, path: str) -> bool:
        """Whether a scenario or study file of the case says ``path`` itself, as it may: what it names it was given. A stored one may not."""
        return any(path.encode() in (self.folder / name).read_bytes() for name in self.texts)


class Slow(BaseException):
    """A case took too long."""


class Cut(BaseException):
    """The runs of a case have done their work."""


def _alarm(number: int, frame: object) -> None:
    raise Slow


class Watch:
    """What a case may do: how much work its runs did, and which files it opened."""

    def __init__(self, foreign: Path) -> None:
        from reads import Reads

        self.work, self.on, self.opened = 0, False, ""
        self.paths = (str(foreign), "/etc/passwd", "/etc/shadow")
        self.reads = Reads(foreign)

    def begin(self) -> None:
        """Begin with a case."""
        self.reads.take()
        self.work, self.on, self.opened = 0, True, ""
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, resource.RLIM_INFINITY))
        signal.alarm(SECONDS)

    def end(self) -> None:
        """End it: what Python did not see, HDF5 may have opened."""
        signal.alarm(0)
        self.on = False
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        if self.reads.take():
            self.opened = self.opened or self.paths[0]

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """See what Python opens."""
        if self.on and event == "open" and isinstance(arguments[0], str) and any(part in arguments[0] for part in self.paths):
            self.opened = arguments[0]

    def count(self, function: Callable[..., Any], much: int) -> Callable[..., Any]:
        """Return ``function`` so that each call counts as work."""

        @functools.wraps(function)
        def counted(*args: Any, **named: Any) -> Any:
            self.work += much
            if self.on and self.work > WORK:
                raise Cut
            return function(*args, **named)

        return counted


def prepare(files: Any, folder: Path) -> Watch:
    """Make this process one in which cases are run."""
    import twin.cli.parser
    import twin.engine.clock
    import twin.plant.simulate

    watch = Watch(folder.parent / "foreign")
    twin.run(files.scenario).close()  # what a run takes for itself is not counted
    twin.cli.parser.build_parser = functools.cache(twin.cli.parser.build_parser)
    twin.engine.clock.Clock.schedule = watch.count(twin.engine.clock.Clock.schedule, 1)  # type: ignore[method-assign]
    twin.plant.simulate.Simulation._write_block = watch.count(twin.plant.simulate.Simulation._write_block, 10)  # type: ignore[method-assign]
    sys.addaudithook(watch.audit)
    signal.signal(signal.SIGALRM, _alarm)
    return watch


def run_case(cases: Cases, watch: Watch, case: int) -> Done:
    """Make and run a case."""
    began = time.monotonic()
    line, made = cases.make(case)
    os.chdir(cases.folder)
    outcome, wrong = _run(watch, line)
    if outcome == "fault" and watch.opened and cases.names(watch.opened):
        outcome, wrong = "2", None
    os.chdir(cases.folder.parent)
    return Done(case, line[0], made, outcome, time.monotonic() - began, f"{line}: {wrong}" if wrong is not None else None)


def _run(watch: Watch, line: list[str]) -> tuple[str, str | None]:
    """Run a command; return how it ended and what was wrong."""
    from twin.cli import main

    printed, code = io.StringIO(), None
    watch.begin()
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code = main(line)
    except Cut:
        code = None
    except Slow:
        return "fault", f"took more than {SECONDS} s: {traceback.format_exc()[-1500:]}"
    except BaseException:  # noqa: BLE001  a traceback is what is looked for
        return "fault", traceback.format_exc()
    finally:
        watch.end()
    said = printed.getvalue()
    if watch.opened:
        return "fault", f"opened {watch.opened}"
    if code is None:
        return "cut", None
    if code not in CODES:
        return "fault", f"ended with {code}: {said[-300:]}"
    if "Traceback" in said or (code == 2 and not said.strip()):
        return "fault", f"said {said[-600:]!r}"
    return ("fault", f"took more than {MEMORY >> 20} MiB") if "not enough memory" in said else (str(code), None)


# -- workers -----------------------------------------------------------------------------------------------------------------------------


def work(files: Any, cases: range, seed: int, at: Any, pipe: Any) -> None:
    """Make a batch of cases in a process of its own; ``at`` says which it is at."""
    with tempfile.TemporaryDirectory(prefix="twin-fuzz-") as name:
        made = Cases(files, seed, Path(name) / "case")
        watch = prepare(files, made.folder)
        for case in cases:
            at.value = case
            pipe.send(run_case(made, watch, case))  # each case, so that a worker that hangs is told from one that works
    pipe.send(None)


def fuzz(
    files: Any, first: int, count: int, seed: int, said: Callable[[str], None], size: int = BATCH, progress: Callable[[Tally], None] | None = None
) -> Tally:
    """Make cases ``first`` to ``first + count - 1``; return what came of them. Each fault is told as it is found, and ``progress`` called after each batch."""
    tally = Tally()
    context = multiprocessing.get_context("spawn")
    for start in range(first, first + count, size):
        cases = range(start, min(start + size, first + count))
        while cases:
            ours, theirs = context.Pipe()
            at = context.Value("q", cases.start)
            process = context.Process(target=work, args=(files, cases, seed, at, theirs))
            process.start()
            theirs.close()
            if _listen(ours, process, tally, said):
                break
            tally.add(Done(at.value, "?", "?", "fault", 0.0, f"the process died with {process.exitcode}"), said)
            cases = range(at.value + 1, cases.stop)
        if progress is not None:
            progress(tally)
    return tally


def _listen(pipe: Any, process: Any, tally: Tally, said: Callable[[str], None]) -> bool:
    """Take what a worker sends until it ends; return whether it came to its end."""
    done = None
    try:
        while True:
            if not pipe.poll(4 * SECONDS):
                process.kill()
            done = pipe.recv()
            if done is None:
                process.join()
                return True
            tally.add(done, said)
    except (EOFError, OSError):
        process.join()
        return False


def main() -> int:
    """Run the program."""
    import small

    parser = argparse.ArgumentParser(description="Mutate inputs and files and hand them to the commands.")
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, help="run this case alone, in this process, and leave its folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="twin-fuzz-files-") as name:
        files = small.make(Path(name))
        if options.show is not None:
            folder = Path(tempfile.mkdtemp(prefix="twin-fuzz-show-")) / "case"
            cases = Cases(files, options.seed, folder)
            done = run_case(cases, prepare(files, folder), options.show)
            print(f"{done.command}, {done.made}, in {folder}: {done.outcome}\n{done.wrong or 'no fault'}")
            return 0
        began = time.monotonic()

        def progress(tally: Tally) -> None:
            print(f"{tally.outcomes.total()} cases, {len(tally.faults)} faults, {time.monotonic() - began:.0f} s", flush=True)

        tally = fuzz(files, options.first, options.cases, options.seed, lambda text: print(text, flush=True), progress=progress)
        print(f"{options.cases} cases from {options.first} of seed {options.seed} in {time.monotonic() - began:.0f} s: {len(tally.faults)} faults")
        for line in tally.lines():
            print(line)
        for what, times in Counter(fault.what.strip().splitlines()[-1][:100] for fault in tally.faults).most_common():
            print(f"  {times} x {what}")
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
