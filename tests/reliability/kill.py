"""Kills commands at random times: ``python tests/reliability/kill.py --kills 1000 --seed 1``.

Four of five kills are of a process that was forked from one with everything imported, so that they come while files are written and not while Python starts;
the others are of ``python -m twin``. After each SIGKILL the output is the old file, the new one or absent, to the last bit of its contents; what else stands in the folder are temporary files, which
the next command removes, and the journal of a sweep. A sweep is then run again, without a kill, every tenth time: its digest is that of an undisturbed one.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NoReturn

sys.path.insert(0, str(Path(__file__).parent))

COMMANDS = {
    "run": ["run", "small.yaml", "-o", "out"],
    "resume": ["resume", "state.h5", "-o", "out"],
    "report": ["report", "r0.h5", "-o", "out"],
    "bundle": ["bundle", "r0.h5", "-o", "out"],
    "sweep": ["sweep", "study.yaml", "-o", "out", "--executor", "serial"],
}
AFRESH = 10
"""Every so many kills a command is run to its end, and half of the time begun anew."""
COLD = 5
"""Every so many kills Python is started anew."""


def content(command: str, path: Path) -> str:
    """What an output holds, but for the time at which it was made."""
    import hashlib
    import zipfile

    from twin.results.read import open_file
    from twin.study.read import Study

    if command == "sweep":
        study = Study(path)
        return f"{study.digest} {study.counts}"
    if command in ("run", "resume"):
        with open_file(path) as result:
            return result.digest
    if command == "bundle":
        with zipfile.ZipFile(path) as archive:
            return str(archive.testzip() or [entry.CRC for entry in archive.infolist()])
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Forked:
    """A command in a process that is a copy of this one, which has everything imported."""

    def __init__(self, folder: Path, line: list[str]) -> None:
        self.pid = os.fork()
        self._code: int | None = None
        if self.pid == 0:
            self._be(folder, line)

    def _be(self, folder: Path, line: list[str]) -> NoReturn:
        code = 70
        try:
            from twin.cli import main

            os.setsid()
            os.chdir(folder)
            nowhere = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(nowhere, stream)
            code = main(line)
        finally:
            os._exit(code)

    def poll(self) -> int | None:
        """Return the exit code; None while it runs."""
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code

    def wait(self) -> int:
        """Wait for its end."""
        if self._code is None:
            self._code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self._code


class Killer:
    """The folder in which commands are killed, and what their outputs must be."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.chance = folder, random.Random(seed)
        self.right: dict[str, str] = {}
        self.seconds: dict[str, tuple[float, float]] = {}
        """How long a command takes, forked and from the start of Python."""
        self.found: Counter[tuple[str, str]] = Counter()
        self.made = 0
        for command in COMMANDS:
            began = time.monotonic()
            self.undisturbed(command)
            cold = time.monotonic() - began
            self.right[command] = content(command, folder / "out")
            self.clear()
            self.warm(command)
            began = time.monotonic()
            if code := Forked(folder, COMMANDS[command]).wait():
                raise AssertionError(f"{command} ended with {code} in a forked process")
            self.seconds[command] = time.monotonic() - began, cold
            assert content(command, folder / "out") == self.right[command], f"{command}: a forked process makes something else"
            self.clear()

    def warm(self, command: str) -> None:
        """Run a command here, so that all it needs is imported."""
        from twin.cli import main

        here = Path.cwd()
        os.chdir(self.folder)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            main(COMMANDS[command])
        os.chdir(here)
        self.clear()

    def start(self, command: str) -> subprocess.Popen[bytes]:
        line = [sys.executable, "-m", "twin", *COMMANDS[command]]
        return subprocess.Popen(line, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)

    def undisturbed(self, command: str) -> None:
        process = self.start(command)
        _, said = process.communicate()
        if process.returncode:
            raise AssertionError(f"{command} ended with {process.returncode}: {said.decode()}")

    def clear(self) -> None:
        for path in self.folder.iterdir():
            if path.name.startswith("out") or path.name.endswith(".tmp"):
                path.unlink()

    def kill(self, command: str) -> None:
        """Kill a command once; raise ``AssertionError`` where what is left is not whole."""
        out = self.folder / "out"
        before = out.read_bytes() if out.exists() else None
        self.made += 1
        cold = self.made % COLD == 0
        process: Forked | subprocess.Popen[bytes] = self.start(command) if cold else Forked(self.folder, COMMANDS[command])
        time.sleep(self.chance.uniform(0.3, 1.1) * self.seconds[command][1] if cold else self.chance.uniform(0.02, 1.1) * self.seconds[command][0])
        done = process.poll() is not None
        if not done:
            os.kill(process.pid, signal.SIGKILL)  # all commands here are one process
        if isinstance(process, subprocess.Popen) and process.stderr is not None:
            process.stderr.close()
        process.wait()
        if not out.exists():
            assert before is None, f"{command}: the old file is gone"
            self.found[command, "absent"] += 1
        elif before is not None and out.read_bytes() == before:
            self.found[command, "old"] += 1
        else:
            assert content(command, out) == self.right[command], f"{command}: neither the old file nor the new one"
            self.found[command, "finished before the kill" if done else "new"] += 1
        others = [path.name for path in self.folder.iterdir() if path.name.startswith("out") and path != out and path.name != "out.journal"]
        assert not others, f"{command}: left {others}"

    def again(self, command: str) -> None:
        """Run a command to its end after kills: it gives what an undisturbed one gives and leaves no temporary file."""
        self.undisturbed(command)
        assert content(command, self.folder / "out") == self.right[command], f"{command}: run again it gives something else"
        left = [path.name for path in self.folder.iterdir() if path.name.endswith((".tmp", ".journal"))]
        assert not left, f"{command}: left {left}"


def kills(folder: Path, count: int, seed: int, commands: tuple[str, ...] = tuple(COMMANDS)) -> Counter[tuple[str, str]]:
    """Make ``count`` kills, evenly over the commands; return how often each outcome was found."""
    import small

    small.make(folder)
    killer = Killer(folder, seed)
    for command in commands:
        own = count // len(commands)
        for k in range(own):
            killer.kill(command)
            if k % AFRESH == AFRESH - 1 or k == own - 1:
                killer.again(command)
                if killer.chance.random() < 0.5:
                    killer.clear()
        killer.clear()
    return killer.found


def main() -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(description="Kill commands at random times and look at what is left.")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="twin-kill-"))
    began = time.monotonic()
    found = kills(folder, options.kills, options.seed)
    print(f"{sum(found.values())} kills of seed {options.seed} in {time.monotonic() - began:.0f} s, no output was lost or half written")
    for (command, outcome), times in sorted(found.items()):
        print(f"  {command:<7} {times:>5} x {outcome}")
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
