"""Runs what stands in the pages: commands, Python blocks and files, and holds what they print against what the page shows.

``python docs/pages.py [PAGE …]`` runs all pages, or those named, and puts what is printed now in the place of what is shown; the tests run them and change
nothing. How a page is read:

- a block after ``<!-- file: NAME -->`` is written to the file NAME, in the empty folder in which the page runs, with ``scenarios/`` beside it;
- ``bash`` holds commands, ``console`` commands after ``$`` and what they print, ``python`` a program that goes on from the block before;
- ``text`` right after ``python`` shows what it prints;
- ``<!-- exit: 2 -->`` says with which code the commands of the next block end, ``<!-- skip -->`` that it is not run (``make``, ``pip``).

Shown output is shortened: lines may be left out, ``…`` stands for any text.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
NOT_RUN = ("make", "pip", "python -m venv", ".", "git")
"""How the commands in a skipped block may begin: they install, or need a network."""
_MARK = re.compile(r"<!-- (file|exit|skip)(?:: (.+?))? -->")
_NUMBER = re.compile(r"[-+]?\d[\d.,]*(?:e[-+]?\d+)?")


class PageError(AssertionError):
    """A page that does not do what it says."""


@dataclass
class Block:
    """A fenced block: its language, its lines, the number of the first, and what the comment above it says."""

    language: str
    lines: list[str]
    first: int
    marks: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The block as it stands, with a final newline."""
        return "\n".join(self.lines) + "\n"


def pages() -> list[Path]:
    """Return every page that is run: the README and what is below ``docs``, but for the decision records."""
    below = sorted(path for path in (ROOT / "docs").rglob("*.md") if "decisions" not in path.parts)
    return [ROOT / "README.md", *below]


def blocks_of(text: str) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    found: list[Block] = []
    marks: dict[str, str] = {}
    block: Block | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if block is not None:
            if line == "```":
                found.append(block)
                block, marks = None, {}
            else:
                block.lines.append(line)
        elif line.startswith("```"):
            block = Block(line[3:].strip(), [], number + 1, marks)
        elif match := _MARK.fullmatch(line.strip()):
            marks[match[1]] = match[2] or ""
        elif line.strip():
            marks = {}
    return found


def commands_of(block: Block) -> Iterator[tuple[str, int, int]]:
    """Yield each command of a ``bash`` or ``console`` block, and where in its lines what it prints begins and ends."""
    starts = [k for k, line in enumerate(block.lines) if line.strip() and (block.language == "bash" or line.startswith("$ "))]
    if block.language == "bash":  # a line that ends with a backslash goes on
        starts = [k for k in starts if k == 0 or not block.lines[k - 1].endswith("\\")]
    for start, end in zip(starts, [*starts[1:], len(block.lines)], strict=True):
        stop = start
        while block.lines[stop].endswith("\\"):
            stop += 1
        command = " ".join(line.removesuffix("\\").removeprefix("$ ").strip() for line in block.lines[start : stop + 1])
        yield command, stop + 1, end


def missing(shown: list[str], printed: str) -> list[str]:
    """Return the shown lines that were not printed, in that order; blanks count as one, ``…`` as anything."""
    lines, at, lost = [" ".join(line.split()) for line in printed.splitlines()], 0, []
    for line in shown:
        wanted = re.escape(" ".join(line.split())).replace("…", ".*")
        place = next((k for k in range(at, len(lines)) if re.fullmatch(wanted, lines[k])), None)
        if place is not None:
            at = place + 1
        elif line.strip() not in ("", "…"):
            lost.append(line)
    return lost


def refreshed(shown: list[str], printed: str) -> list[str]:
    """Return the shown lines with what is printed now in the place of each that only differs in numbers, or after its first word.

    Where as many lines are shown as are printed, none shortened, they are taken in their order.

    >>> refreshed(["field 1 T  90 %", "field 2 T  95 %"], "field 1 T  80 %\\nfield 2 T  85 %\\n")
    ['field 1 T  80 %', 'field 2 T  85 %']
    """
    lines = [line.rstrip() for line in printed.splitlines()]
    if len(shown) == len(lines) and not any("…" in line for line in shown):
        return lines
    result, at = [], 0
    for line in shown:
        place = _place(line, lines, at) if line.strip() and "…" not in line else None
        result.append(line if place is None else lines[place])
        at = at if place is None else place + 1
    return result


def _place(line: str, lines: list[str], at: int) -> int | None:
    """Which printed line stands for a shown one, the next after ``at``: the same, else one that differs in numbers alone, else one of the same first word."""

    def first(text: str) -> list[str]:
        return text.split()[:1]

    alike: tuple[Callable[[str], bool], ...] = (
        lambda other: other.split() == line.split(),
        lambda other: _skeleton(other) == _skeleton(line) and first(other) == first(line),
        lambda other: _skeleton(other) == _skeleton(line),
        lambda other: first(other) == first(line),
    )
    for same in alike:
        places = [k for k, other in enumerate(lines) if same(other)]
        if places:
            return next((k for k in places if k >= at), places[0])
    return None


def _skeleton(line: str) -> str:
    return " ".join(_NUMBER.sub("#", line).split())


class Run:
    """One page on its way: its blocks are run one after the other in ``folder``.

    A page that brings Python files is run in processes of its own, with ``folder`` on the path, any other one in this process.
    """

    def __init__(self, page: Path, folder: Path) -> None:
        self.page, self.folder = page, folder
        self.lines = page.read_text(encoding="utf-8").splitlines()
        self.blocks = blocks_of("\n".join(self.lines))
        self.apart = any(block.marks.get("file", "").endswith(".py") for block in self.blocks)
        self.names: dict[str, Any] = {"__name__": "__page__"}
        self.faults: list[str] = []
        self.refresh = False

    def whole(self) -> None:
        """Run every block. Raises :class:`PageError` with all that is not as shown."""
        shutil.copytree(ROOT / "scenarios", self.folder / "scenarios", dirs_exist_ok=True)
        with contextlib.chdir(self.folder):
            for k, block in enumerate(self.blocks):
                after = self.blocks[k + 1] if k + 1 < len(self.blocks) else None
                self._block(block, after)
        if self.faults:
            raise PageError("\n".join(self.faults))

    def _block(self, block: Block, after: Block | None) -> None:
        if "file" in block.marks:
            path = self.folder / block.marks["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
            if path.name == "pyproject.toml":
                install_metadata(path, self.folder)
        elif "skip" in block.marks:
            odd = [command for command, _, _ in commands_of(block) if not command.startswith(NOT_RUN) or block.language == "python"]
            self.faults += [f"{self._place(block)} {command!r} is not to be skipped" for command in odd]
        elif block.language in ("bash", "console"):
            for command, start, end in commands_of(block):
                self._hold(block, start, end, self._command(command, block))
        elif block.language == "python":
            printed = self._python(block)
            if after is not None and after.language == "text" and after.first == block.first + len(block.lines) + 3:
                self._hold(after, 0, len(after.lines), printed)

    def _hold(self, block: Block, start: int, end: int, printed: str) -> None:
        shown = block.lines[start:end]
        if self.refresh:
            first = block.first - 1
            self.lines[first + start : first + end] = block.lines[start:end] = refreshed(shown, printed)
        if lost := missing(block.lines[start:end], printed):
            self.faults.append(f"{self._place(block)} shows what is not printed:\n  " + "\n  ".join(lost) + f"\nprinted:\n{printed}")

    def _command(self, command: str, block: Block) -> str:
        words = shlex.split(command, comments=True)
        if words[0] not in ("twin", "pytest"):
            self.faults.append(f"{self._place(block)} {command!r} is no command that a page may hold")
            return ""
        code, printed = self._apart("-m", *words) if self.apart or words[0] != "twin" else _twin(words[1:])
        if code != int(block.marks.get("exit", "0")):
            self.faults.append(f"{self._place(block)} {command!r} ended with {code}:\n{printed}")
        return printed

    def _python(self, block: Block) -> str:
        if self.apart:
            code, printed = self._apart("-c", block.text)
            if code:
                self.faults.append(f"{self._place(block)} ended with {code}:\n{printed}")
            return printed
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            exec(compile("\n" * (block.first - 1) + block.text, str(self.page), "exec"), self.names)
        return output.getvalue()

    def _apart(self, *arguments: str) -> tuple[int, str]:
        path = os.pathsep.join([str(self.folder), os.environ.get("PYTHONPATH", "")])
        done = subprocess.run(
            [sys.executable, *arguments],
            env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout

    def _place(self, block: Block) -> str:
        return f"{self.page.relative_to(ROOT)}:{block.first}"


def _twin(arguments: list[str]) -> tuple[int, str]:
    from twin.cli import main

    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        code = main(arguments)
    return code, output.getvalue()


def install_metadata(pyproject: Path, folder: Path) -> None:
    """Write beside a package what ``pip install`` would: the metadata by which its entry points are found."""
    import tomllib

    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    metadata = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    metadata.mkdir(exist_ok=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n", encoding="utf-8")
    groups = [
        "\n".join([f"[{group}]", *(f"{name} = {target}" for name, target in entries.items())]) for group, entries in project.get("entry-points", {}).items()
    ]
    (metadata / "entry_points.txt").write_text("\n".join(groups) + "\n", encoding="utf-8")


def refresh_all(say: Callable[[str], object], chosen: list[str]) -> int:
    """Run the pages whose paths end in one of ``chosen`` (all where none is) and write the numbers printed now into them.

    Returns how many still show what is not printed.
    """
    wrong = 0
    for page in (page for page in pages() if not chosen or str(page).endswith(tuple(chosen))):
        with tempfile.TemporaryDirectory() as folder:
            run = Run(page, Path(folder))
            run.refresh = True
            try:
                run.whole()
            except PageError as error:
                wrong += 1
                say(f"{error}\n")
            text = "\n".join(run.lines) + "\n"
            if text != page.read_text(encoding="utf-8"):
                page.write_text(text, encoding="utf-8")
                say(f"{page.relative_to(ROOT)} refreshed\n")
    return wrong


if __name__ == "__main__":
    sys.exit(1 if refresh_all(sys.stdout.write, sys.argv[1:]) else 0)
