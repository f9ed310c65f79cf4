"""Mutates inputs and files at random and hands them to the commands: ``python tests/reliability/fuzz.py --cases 100000 --seed 1``.

YAML, CSV and study files are changed as text, results, states and study results as bytes and through HDF5; half of the latter are sealed again with a right
digest, so that what lies behind the digest is reached. Each case runs a command in this process, with a limit of memory and time, and counts as a fault where
it ends in a traceback, in a code that no command has, takes too long, takes too much memory, or opens a file that it was not given. A worker process makes a
batch of cases; one that dies is a fault too, with the number of the case that it was at. Case k of a seed is the same whoever makes it.
"""

from __future__ import annotations

import argparse
import contextlib
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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

MEMORY = 1 << 30
"""Bytes by which the address space may grow above what a worker has after a run."""
SECONDS = 60
"""Seconds of a case, on a computer that does other things too."""
BATCH = 200
"""Cases of a worker process."""
CODES = (0, 1, 2)
TEXT_COMMANDS = (["validate", "{it}"], ["validate", "{it}"], ["validate", "{it}"], ["run", "{it}", "-o", "out.h5"])
TABLE_COMMANDS = (["validate", "small.yaml"], ["validate", "small.yaml"], ["run", "small.yaml", "-o", "out.h5"])
STUDY_COMMANDS = (["sweep", "{it}", "-o", "out.h5", "--executor", "serial"],)
RESULT_COMMANDS = (
    ["report", "{it}", "-o", "out.html"],
    ["cite", "{it}"],
    ["compare", "{it}", "r1.h5"],
    ["trace", "{it}"],
    ["trace", "{it}", "--element", "Fe"],
    ["reproduce", "{it}"],
    ["bundle", "{it}", "-o", "out.zip"],
)
STATE_COMMANDS = (["resume", "{it}", "-o", "out.h5", "--force"], ["resume", "{it}", "--until", "40 h", "--save", "out.h5", "--force"])
READ_COMMANDS = (["sensitivity", "{it}"], ["sensitivity", "{it}", "--response", "throughput"], ["sensitivity", "{it}", "--elasticities", "--replications", "1"])
FRAGMENTS = (
    "0", "-1", "1e999", "1.0e+308", "nan", ".inf", "null", "~", "true", "[]", "{}", "''", "5 t", "3 t/h", "1 h", "100 %", "0 %", "/etc/passwd", "../../x.yaml", "{csv: x.csv}", "good",
    "bad", "sort", "yard", "sort.good", "trucks", "&a [*a]", "*a", "!!python/none", "<<", "|", ">", "- -", "? ?", "\u202e", "\\x1b", "'", '"', "{exponential: {mean: 1 h}}",
    "2026-01-05 06:00", "99999999999999999999", "1 kg/kg/kg/kg", "°C", "é" * 50, "units", "from", "extends: small.yaml", "change: {units.sort.rate: 1 t/h}",
)  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """What went wrong in a case."""

    case: int
    command: str
    what: str


# -- mutations of text -------------------------------------------------------------------------------------------------------------------


def mutate_text(text: str, chance: random.Random) -> bytes:
    """Change a text in one to four places: lines, words, characters, bytes."""
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        text = chance.choice((_line, _line, _word, _word, _word, _character, _cut, _repeat))(text, chance)
    content = text.encode("utf-8", "surrogatepass")
    if chance.random() < 0.03 and content:
        at = chance.randrange(len(content))
        content = content[:at] + bytes([chance.randrange(256)]) + content[at + 1 :]
    return content


def _line(text: str, chance: random.Random) -> str:
    lines = text.splitlines()
    if not lines:
        return text
    at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    how = chance.randrange(5)
    if how == 0:
        del lines[at]
    elif how == 1:
        lines.insert(at, lines[other])
    elif how == 2:
        lines[at], lines[other] = lines[other], lines[at]
    elif how == 3:
        lines[at] = " " * chance.randrange(8) + lines[at].lstrip()
    else:
        head, colon, _ = lines[at].partition(":")
        lines[at] = f"{head}{colon} {chance.choice(FRAGMENTS)}"
    return "\n".join(lines) + "\n"


def _word(text: str, chance: random.Random) -> str:
    words = text.split(" ")
    words[chance.randrange(len(words))] = chance.choice(FRAGMENTS) if chance.random() < 0.7 else chance.choice(words)
    return " ".join(words)


def _character(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(":,[]{}#&*!|>'\"%@` \t\n0189-+.eE_xµé\x00\x1b\u2028") + text[at + chance.randrange(2) :]


def _cut(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text) + 1)
    return text[:at] + text[at + chance.randrange(60) :]


def _repeat(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text) + 1)
    piece = text[at : at + chance.randrange(1, 20)]
    return text[:at] + piece * chance.choice((2, 3, 50, 2000)) + text[at:]


# -- mutations of HDF5 -------------------------------------------------------------------------------------------------------------------


def mutate_bytes(source: Path, target: Path, chance: random.Random) -> None:
    """Flip bytes, cut or lengthen a file; what has no seal any more is looked at by its digest."""
    content = bytearray(source.read_bytes())
    how = chance.randrange(4)
    if how == 0:
        del content[chance.randrange(len(content)) :]
    elif how == 1:
        content += bytes(chance.randrange(1, 200))
    else:
        for _ in range(chance.choice((1, 1, 4, 30))):
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    target.write_bytes(content)


def mutate_hdf5(source: Path, target: Path, chance: random.Random) -> None:
    """Change arrays, attributes and groups through HDF5, and seal the file again."""
    from forging import forge

    def change(file: Any) -> None:
        for _ in range(chance.choice((1, 1, 2, 4))):
            chance.choice((_values, _values, _values, _shape, _kind, _attribute, _attribute, _gone, _odd, _words))(file, chance)

    try:
        forge(source, target, change)
    except (OSError, RuntimeError, KeyError, TypeError, ValueError, MemoryError):  # a change that HDF5 itself refuses
        mutate_bytes(source, target, chance)


def _arrays(file: Any) -> list[str]:
    import h5py

    found: list[str] = []
    file.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
    return sorted(found)


def _values(file: Any, chance: random.Random) -> None:
    """Other values of the right type and shape."""
    import numpy as np
    from forging import replace

    name = chance.choice(_arrays(file))
    values = np.array(file[name][()])
    flat = values.reshape(-1)
    for _ in range(chance.choice((1, 1, 3, 10))):
        if not flat.size:
            return
        at = chance.randrange(flat.size)
        if values.dtype.kind == "f":
            flat[at] = chance.choice((0.0, -1.0, np.nan, np.inf, -np.inf, 1e308, -1e308, 1e-308, 5.0))
        elif values.dtype.kind in "iu":
            flat[at] = chance.choice((0, 1, 2, 7, 99, 100, 1 << 6, np.iinfo(values.dtype).max, np.iinfo(values.dtype).min))
        elif values.dtype.kind == "S":
            flat[at] = chance.choice((b"", b"\xff", b"x", b"good", b"sort", b"{}", b"[]", b"null", flat[chance.randrange(flat.size)]))
    replace(file, name, flat.reshape(values.shape), dtype=file[name].dtype)


def _words(file: Any, chance: random.Random) -> None:
    """A stored text, changed as text."""
    import h5py
    from forging import replace, text

    names = [name for name in _arrays(file) if file[name].dtype.kind == "S" and file[name].ndim == 0]
    if names:
        name = chance.choice(names)
        changed = mutate_text(file[name][()].decode("utf-8"), chance)
        try:
            replace(file, name, text(changed.decode("utf-8")))
        except (UnicodeDecodeError, UnicodeEncodeError):
            replace(file, name, None, shape=(), dtype=h5py.string_dtype("utf-8", 4))


def _shape(file: Any, chance: random.Random) -> None:
    import numpy as np
    from forging import replace

    name = chance.choice(_arrays(file))
    values = np.array(file[name][()])
    changed = chance.choice(
        (
            lambda: values.reshape(-1),
            lambda: values[..., None],
            lambda: values[:0] if values.ndim else values.reshape(1),
            lambda: np.concatenate([values, values]) if values.ndim else np.stack([values, values]),
            lambda: values[:-1] if values.ndim else values.reshape(1, 1),
        )
    )()
    replace(file, name, changed, dtype=file[name].dtype)


def _kind(file: Any, chance: random.Random) -> None:
    from forging import replace

    name = chance.choice(_arrays(file))
    replace(file, name, None, shape=file[name].shape, dtype=chance.choice(("f4", "i4", "i8", "f8", "S3", "u1", "bool", "c16", ">f8")))


def _attribute(file: Any, chance: random.Random) -> None:
    import numpy as np

    names = sorted(file.attrs)
    name = chance.choice(names)
    if chance.random() < 0.2:
        del file.attrs[name]
        return
    odd = ("", "x", -1, 1 << 40, np.nan, np.inf, b"\xff", [1, 2], np.zeros((2, 2)), True, "{}", "[]", '{"a": 1}', "[" * 5000, file.attrs[chance.choice(names)])
    file.attrs[name] = chance.choice(odd)


def _gone(file: Any, chance: random.Random) -> None:
    name = chance.choice(_arrays(file))
    del file[name if chance.random() < 0.8 or "/" not in name else name.partition("/")[0]]


def _odd(file: Any, chance: random.Random) -> None:
    """What twin never writes: links, arrays elsewhere or without data, a group in the place of an array, deep groups."""
    import h5py

    name = chance.choice(_arrays(file))
    shape, dtype = file[name].shape, file[name].dtype
    del file[name]
    how = chance.randrange(7)
    if how == 0:
        file[name] = h5py.ExternalLink(str(FOREIGN), "/x")
    elif how == 1:
        file[name] = h5py.SoftLink("/unit")
    elif how == 2:
        file.create_group(name)
    elif how == 3:
        file.create_dataset(name, shape=(1 << 13, 1 << 12), dtype="f8", chunks=(1 << 6, 1 << 10))
    elif how == 4:
        file.create_dataset(name, shape=(64,), dtype="u1", external=[(str(FOREIGN), 0, 64)])
    elif how == 5:
        file.create_dataset(name, data=h5py.Empty("f8"))
    else:
        file.create_dataset(name, shape=shape or (1,), dtype=dtype, compression="lzf" if shape else None)


FOREIGN = Path("/nonexistent")
"""A file that no case may open; set in each worker."""


# -- cases -------------------------------------------------------------------------------------------------------------------------------


def make_case(files: Any, folder: Path, case: int, seed: int) -> list[str]:
    """Write the mutated input of a case to ``folder``; return the command line."""
    chance = random.Random(f"{seed}-{case}")
    kind = case % 6
    if kind < 3:
        source, commands = ((files.scenario, TEXT_COMMANDS), (files.trucks, TABLE_COMMANDS), (files.study, STUDY_COMMANDS))[kind]
        if kind == 0 and chance.random() < 0.3:
            source, commands = files.catalogue, TABLE_COMMANDS
        (folder / source.name).write_bytes(mutate_text(source.read_text(encoding="utf-8"), chance))
        return [part.format(it=source.name) for part in chance.choice(commands)]
    source, commands = ((files.result, RESULT_COMMANDS), (files.state, STATE_COMMANDS), (files.results_of_study, READ_COMMANDS))[kind - 3]
    (mutate_hdf5 if chance.random() < 0.6 else mutate_bytes)(source, folder / "it.h5", chance)
    return [part.format(it="it.h5") for part in chance.choice(commands)]


class Slow(BaseException):
    """A case took too long."""


def _alarm(number: int, frame: object) -> None:
    raise Slow


def run_case(files: Any, folder: Path, case: int, seed: int) -> str | None:
    """Make and run a case; return what was wrong."""
    from twin.cli import main

    opened.clear()
    line = make_case(files, folder, case, seed)
    os.chdir(folder)
    printed, code = io.StringIO(), None
    signal.alarm(SECONDS)
    began = time.monotonic()
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            watched.append(str(FOREIGN))
            code = main(line)
    except Slow as slow:
        if any(frame.name == "run" and frame.filename.endswith("simulate.py") for frame in traceback.extract_tb(slow.__traceback__)):
            return None  # a valid plant that takes long to run, as a horizon of years does
        return f"{line}: took more than {SECONDS} s"
    except BaseException:  # noqa: BLE001  a traceback is what is looked for
        return f"{line}: {traceback.format_exc()}"
    finally:
        watched.clear()
        signal.alarm(0)
    if opened:
        return f"{line}: opened {opened[0]}"
    if code not in CODES:
        return f"{line}: ended with {code}: {printed.getvalue()[-300:]}"
    if "Traceback" in printed.getvalue() or (code == 2 and not printed.getvalue().strip()):
        return f"{line}: said {printed.getvalue()[-600:]!r}"
    if "not enough memory" in printed.getvalue():
        return f"{line}: took more than {MEMORY >> 20} MiB"
    return None if time.monotonic() - began < SECONDS else f"{line}: took more than {SECONDS} s"


watched: list[str] = []
opened: list[str] = []


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if watched and event == "open" and isinstance(arguments[0], str) and any(part in arguments[0] for part in (*watched, "/etc/passwd", "/etc/shadow")):
        opened.append(arguments[0])


def work(files: Any, cases: range, seed: int, at: Any, pipe: Any) -> None:
    """Make a batch of cases in a process of its own; ``at`` says which it is at."""
    global FOREIGN
    import twin.plant.simulate

    twin.run(files.scenario).close()  # what a run takes for itself is not counted
    sys.addaudithook(_audit)
    signal.signal(signal.SIGALRM, _alarm)
    used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    with tempfile.TemporaryDirectory(prefix="twin-fuzz-") as name:
        FOREIGN = Path(name) / "foreign"
        FOREIGN.write_bytes(bytes(4096))
        for case in cases:
            at.value = case
            folder = Path(name) / "case"
            folder.mkdir()
            for path in (files.scenario, files.trucks, files.catalogue, files.study, files.second):
                shutil.copyfile(path, folder / path.name)
            wrong = run_case(files, folder, case, seed)
            os.chdir(name)
            shutil.rmtree(folder)
            pipe.send((case, wrong))  # each case, so that a worker that hangs is told from one that works
    pipe.send(None)


def batches(first: int, count: int, size: int) -> Iterator[range]:
    """Yield the cases in batches."""
    for start in range(first, first + count, size):
        yield range(start, min(start + size, first + count))


def fuzz(files: Any, first: int, count: int, seed: int, said: Callable[[str], None], size: int = BATCH) -> list[Fault]:
    """Make cases ``first`` to ``first + count - 1``; return the faults, each told as it is found."""
    faults: list[Fault] = []
    context = multiprocessing.get_context("spawn")
    for batch in batches(first, count, size):
        cases = batch
        while cases:
            ours, theirs = context.Pipe()
            at = context.Value("q", cases.start)
            process = context.Process(target=work, args=(files, cases, seed, at, theirs))
            process.start()
            theirs.close()
            ended = False
            while True:
                try:
                    if not ours.poll(4 * SECONDS):
                        process.kill()
                    found = ours.recv() if process.is_alive() or ours.poll(0) else None
                    if found is None and process.is_alive():
                        ended = True
                        break
                    if found is None:
                        ended = process.exitcode == 0
                        break
                    if found[1] is None:
                        continue
                    faults.append(Fault(found[0], "", found[1]))
                    said(f"case {found[0]}: {found[1]}")
                except EOFError:
                    break
            process.join()
            ended = ended or process.exitcode == 0
            if ended:
                break
            faults.append(Fault(at.value, "", f"the process died with {process.exitcode}"))
            said(f"case {at.value}: the process died with {process.exitcode}")
            cases = range(at.value + 1, cases.stop)
    return faults


def main() -> int:
    """Run the program."""
    import small

    parser = argparse.ArgumentParser(description="Mutate inputs and files and hand them to the commands.")
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, help="run this case alone, in this process, with its traceback")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="twin-fuzz-files-") as name:
        files = small.make(Path(name))
        if options.show is not None:
            folder = Path(tempfile.mkdtemp(prefix="twin-fuzz-show-"))
            for path in (files.scenario, files.trucks, files.catalogue, files.study, files.second):
                shutil.copyfile(path, folder / path.name)
            signal.signal(signal.SIGALRM, _alarm)
            print(folder, make_case(files, folder, options.show, options.seed))
            print(run_case(files, folder, options.show, options.seed) or "no fault")
            return 0
        began = time.monotonic()
        faults = fuzz(files, options.first, options.cases, options.seed, lambda text: print(text, flush=True))
        kinds = Counter(fault.what.strip().splitlines()[-1][:100] for fault in faults)
        print(f"{options.cases} cases from {options.first} of seed {options.seed} in {time.monotonic() - began:.0f} s: {len(faults)} faults")
        for what, count in kinds.most_common():
            print(f"  {count} x {what}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
