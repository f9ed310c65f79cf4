"""Changes texts and HDF5 files at random; each change is drawn from the ``random.Random`` that is given, and from nothing else.

Text is changed in lines, words, characters and bytes. Results, saved states and results of studies are changed as bytes, which breaks their seal, or through
HDF5 and sealed again. To seal 100,000 files in an hour, what the digest says of the arrays that stay is kept, and only changed arrays are read again.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from forging import replace, text

from twin.results.digest import blocks, dataset_paths
from twin.results.layout import STATE_GROUP
from twin.results.seal import add_seal
from twin.study.layout import _NOT_IN_DIGEST

FRAGMENTS = (
    "0", "-1", "1e999", "1.0e+308", "nan", ".inf", "null", "~", "true", "[]", "{}", "''", "5 t", "3 t/h", "1 h", "100 %", "0 %", "/etc/passwd", "../../x.yaml", "{csv: x.csv}", "good",
    "bad", "sort", "yard", "sort.good", "trucks", "&a [*a]", "*a", "!!python/none", "<<", "|", ">", "- -", "? ?", "\u202e", "\\x1b", "'", '"', "{exponential: {mean: 1 h}}",
    "2026-01-05 06:00", "99999999999999999999", "1 kg/kg/kg/kg", "°C", "é" * 50, "units", "from", "extends: small.yaml", "change: {units.sort.rate: 1 t/h}",
)  # fmt: skip
NUMBERS = (
    "0",
    "1",
    "-1",
    "2",
    "3",
    "7",
    "10",
    "0.5",
    "24",
    "99",
    "100",
    "101",
    "1000",
    "1e-9",
    "1e6",
    "1e12",
    "1e308",
    "1e999",
    "0.0001",
    "12345678901234567890",
    "nan",
    "inf",
)
WORDS = (
    "feed", "bunker", "separator", "shredder", "conveyor", "product", "furnace", "tankhouse", "mixer", "true", "false", "null", "trucks", "more", "yard", "sort", "sort.good",
    "sort.bad", "good", "bad", "good_out", "bad_out", "assumed", "measured", "literature", "terminating", "steady", "sobol", "morris", "throughput", "recovery.good", "grade.good",
    "units.sort.rate", "units.more.mass", "units.yard.capacity", "trucks.csv", "stuff.yaml", "small.yaml",
)  # fmt: skip


# -- text --------------------------------------------------------------------------------------------------------------------------------


def mutate_text(text: str, chance: random.Random) -> bytes:
    """Change a text in one to four places: in half of the texts numbers and names only, so that what reads them is reached, else lines, characters and bytes."""
    gentle = chance.random() < 0.5
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        text = chance.choice((_number, _number, _name, _name, _name_of_ours) if gentle else (_line, _word, _word, _word, _character, _cut, _repeat))(
            text, chance
        )
    if gentle:
        return text.encode("utf-8", "surrogatepass")
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


def _swap(text: str, pattern: str, chance: random.Random, others: Sequence[str] = ()) -> str:
    """Put another text in the place of one that matches: one of ``others``, or of those that match elsewhere."""
    found = list(re.finditer(pattern, text))
    if not found:
        return text
    at = chance.choice(found)
    return text[: at.start()] + (chance.choice(others) if others else chance.choice(found).group()) + text[at.end() :]


def _number(text: str, chance: random.Random) -> str:
    return _swap(text, r"(?<![\w.])-?\d+(\.\d+)?", chance, NUMBERS if chance.random() < 0.8 else ())


def _name(text: str, chance: random.Random) -> str:
    """A name, key, unit or kind, for another of the same text."""
    return _swap(text, r"(?<=[ \[{,.])[A-Za-z_]+(?=[^\w]|$)", chance)


def _name_of_ours(text: str, chance: random.Random) -> str:
    """A value after a colon, for one of the vocabulary."""
    return _swap(text, r"(?<=: )[A-Za-z_.]+(?=[,}\n])", chance, WORDS)


def _word(text: str, chance: random.Random) -> str:
    """Put something else in the place of a word; blanks and line ends stay, so that the shape of the text does and what reads the values is reached."""
    return _swap(text, r"[^\s,{}\[\]]+", chance, FRAGMENTS if chance.random() < 0.5 else ())


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


# -- HDF5 --------------------------------------------------------------------------------------------------------------------------------


def mutate_bytes(content: bytes, chance: random.Random) -> bytes:
    """Flip bytes of a file, cut or lengthen it; its seal does not hold any more, or is gone."""
    changed = bytearray(content)
    how = chance.randrange(4)
    if how == 0:
        del changed[chance.randrange(len(changed)) :]
    elif how == 1:
        changed += bytes(chance.randrange(1, 200))
    else:
        for _ in range(chance.choice((1, 1, 4, 30))):
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


class Original:
    """A file as twin wrote it, with what its digest says of each array."""

    def __init__(self, path: Path) -> None:
        self.path, self.content = path, path.read_bytes()
        with h5py.File(path, "r") as file:
            self.is_study = "twin_study" in file.attrs
            self.pieces = {path: piece for path in dataset_paths(file) if (piece := self._piece(file, path)) is not None}
            self.arrays = sorted(path.removeprefix("/") for path in dataset_paths(file))
            self.texts = [name for name in self.arrays if file[name].dtype.kind == "S" and file[name].ndim == 0]

    def _piece(self, file: Any, path: str) -> bytes | None:
        """What the digest says of one array; None of what is none, or is not part of it."""
        try:
            dataset = file[path]
            if not isinstance(dataset, h5py.Dataset) or dataset.nbytes > 1 << 24:
                return None  # twin looks at the digest where there is no seal, so that a large array costs no minute here
            kind = dataset.dtype.newbyteorder("<")
            shape = json.dumps(dataset.shape) if self.is_study else ",".join(map(str, dataset.shape))
            values = b"".join(np.ascontiguousarray(block, dtype=kind).tobytes() for block in blocks(dataset))
            return f"{path}\0{kind.str}\0{shape}\0".encode() + values
        except (OSError, RuntimeError, KeyError, TypeError, ValueError):  # a link to nowhere
            return None

    def seal(self, file: Any, touched: set[str]) -> None:
        """Make the digest in an open, changed copy right; ``touched`` are the paths in which it may differ from the original."""
        pieces = {path: piece for path, piece in self.pieces.items() if path not in touched}
        pieces |= {path: piece for path in touched if (piece := self._piece(file, path)) is not None}
        if self.is_study:
            file.attrs["digest"] = _sum(pieces, lambda path: path not in _NOT_IN_DIGEST, str(file.attrs.get("study_sha256", "")))
            return
        state = f"/{STATE_GROUP}/"
        file.attrs["digest"] = _sum(pieces, lambda path: not path.startswith(state), str(file.attrs.get("scenario_sha256", "")))
        if STATE_GROUP in file:
            file.attrs["state_digest"] = _sum(pieces, lambda path: path.startswith(state), "")


def _sum(pieces: dict[str, bytes], counts: Callable[[str], bool], ending: str) -> str:
    total = hashlib.sha256()
    for path in sorted(pieces):
        if counts(path):
            total.update(pieces[path])
    total.update(ending.encode())
    return total.hexdigest()


class Change:
    """A copy of an original that is being changed; ``foreign`` is a file that no reader may open."""

    def __init__(self, original: Original, file: Any, foreign: Path) -> None:
        self.original, self.file, self.foreign = original, file, foreign
        self.touched: set[str] = set()

    def pick(self, names: list[str], chance: random.Random) -> str:
        """Return the name of an array that nothing was done to yet, which from here on counts as touched."""
        name = chance.choice([name for name in names if f"/{name}" not in self.touched])
        self.touched.add(f"/{name}")
        return name


def mutate_hdf5(original: Original, target: Path, foreign: Path, chance: random.Random) -> bool:
    """Change arrays, attributes and groups through HDF5 and seal the file again; return False where HDF5 itself refuses the change."""
    shutil.copyfile(original.path, target)
    try:
        with h5py.File(target, "r+") as file:
            change = Change(original, file, foreign)
            for _ in range(chance.choice((1, 1, 2, 4))):
                chance.choice((_values, _values, _values, _shape, _kind, _attribute, _attribute, _gone, _odd, _words))(change, chance)
            original.seal(file, change.touched)
    except (OSError, RuntimeError, KeyError, IndexError, TypeError, ValueError, MemoryError):
        return False
    add_seal(target)
    return True


def _values(change: Change, chance: random.Random) -> None:
    """Other values of the right type and shape."""
    file, name = change.file, change.pick(change.original.arrays, chance)
    values = np.array(file[name][()])
    flat = values.reshape(-1)
    for _ in range(chance.choice((1, 1, 3, 10))):
        if not flat.size:
            return
        at = chance.randrange(flat.size)
        if values.dtype.kind == "f":
            with np.errstate(over="ignore"):  # of small floats, infinity
                flat[at] = chance.choice((0.0, -1.0, np.nan, np.inf, -np.inf, 1e308, -1e308, 1e-308, 5.0))
        elif values.dtype.kind in "iu":
            flat[at] = chance.choice((0, 1, 2, 7, 99, 100, 1 << 6, np.iinfo(values.dtype).max, np.iinfo(values.dtype).min))
        elif values.dtype.kind == "S":
            flat[at] = chance.choice((b"", b"\xff", b"x", b"good", b"sort", b"{}", b"[]", b"null", flat[chance.randrange(flat.size)]))
    file[name][...] = flat.reshape(values.shape)


def _words(change: Change, chance: random.Random) -> None:
    """A stored text, changed as text."""
    if not change.original.texts:
        return
    file, name = change.file, change.pick(change.original.texts, chance)
    changed = mutate_text(file[name][()].decode("utf-8"), chance)
    try:
        replace(file, name, text(changed.decode("utf-8")))
    except (UnicodeDecodeError, UnicodeEncodeError):
        replace(file, name, None, shape=(), dtype=h5py.string_dtype("utf-8", 4))


def _shape(change: Change, chance: random.Random) -> None:
    file, name = change.file, change.pick(change.original.arrays, chance)
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


def _kind(change: Change, chance: random.Random) -> None:
    file, name = change.file, change.pick(change.original.arrays, chance)
    replace(file, name, None, shape=file[name].shape, dtype=chance.choice(("f4", "i4", "i8", "f8", "S3", "u1", "bool", "c16", ">f8")))


def _attribute(change: Change, chance: random.Random) -> None:
    attrs = change.file.attrs
    names = sorted(attrs)
    name = chance.choice(names)
    if chance.random() < 0.2:
        del attrs[name]
        return
    odd = ("", "x", -1, 1 << 40, np.nan, np.inf, b"\xff", [1, 2], np.zeros((2, 2)), True, "{}", "[]", '{"a": 1}', "[" * 5000, attrs[chance.choice(names)])
    attrs[name] = chance.choice(odd)


def _gone(change: Change, chance: random.Random) -> None:
    name = change.pick(change.original.arrays, chance)
    if chance.random() < 0.8 or "/" not in name:
        del change.file[name]
        return
    group = name.partition("/")[0]
    del change.file[group]
    change.touched.update(path for path in change.original.pieces if path.startswith(f"/{group}/"))


def _odd(change: Change, chance: random.Random) -> None:
    """What twin never writes: links, arrays elsewhere or without data, a group in the place of an array."""
    file, name = change.file, change.pick(change.original.arrays, chance)
    shape, dtype = file[name].shape, file[name].dtype
    del file[name]
    how = chance.randrange(7)
    if how == 0:
        file[name] = h5py.ExternalLink(str(change.foreign), "/x")
    elif how == 1:
        file[name] = h5py.SoftLink("/unit")
    elif how == 2:
        file.create_group(name)
    elif how == 3:
        file.create_dataset(name, shape=(1 << 13, 1 << 12), dtype="f8", chunks=(1 << 6, 1 << 10))
    elif how == 4:
        file.create_dataset(name, shape=(64,), dtype="u1", external=[(str(change.foreign), 0, 64)])
    elif how == 5:
        file.create_dataset(name, data=h5py.Empty("f8"))
    else:
        file.create_dataset(name, shape=shape or (1,), dtype=dtype, compression="lzf" if shape else None)
