"""Where a sweep keeps its runs: one HDF5 file with all of them stacked along ``run``, and beside it, while the sweep is at work, a journal.

The file is written anew from the old one and the journal, under a temporary name, and put in place in one step; then the journal is removed. A run is found
again by its key, so that what has changed is never taken for finished.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import h5py

from twin.errors import FileError
from twin.results.guarded import GuardedFile, uninterrupted
from twin.results.kpis import Kpi
from twin.results.replace import check_replaceable, hdf5_mark, replacing
from twin.results.seal import add_seal
from twin.study.journal import Journal, Row
from twin.study.layout import BLOCK, COLUMNS, LAYOUT, OPEN, Plan, create, digest_of, fill, in_order, statuses, write_text
from twin.study.read import open_study
from twin.study.runs import Outcome, Status

Texts = Mapping[str, str | Sequence[str]]


class Store:
    """The file and journal of one sweep; only one process can have them open.

    ``with Store(path) as store:`` finds every run that was finished earlier. Raises :class:`~twin.errors.FileError` where ``path`` is another kind of file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        check_replaceable(path, STUDY)
        self.journal = Journal(path.with_name(f"{path.name}.journal"))
        try:
            self._old = _Old(path)
        except BaseException:
            self.journal.close()
            raise

    def outcome(self, key: str) -> Outcome | None:
        """Return how the run of a key ended; None where it was not made."""
        return self.journal.row(key).outcome if key in self.journal.places else self._old.outcome(key)

    def append(self, key: str, outcome: Outcome) -> None:
        """Keep the outcome of a run, at once."""
        with uninterrupted():
            self.journal.append(Row(key, outcome))

    def holds(self, attrs: Mapping[str, Any]) -> bool:
        """Return whether the file is whole and, but for the time at which it was made, what :meth:`write` with these ``attrs`` would make of it."""
        old = self._old.attrs
        return not self.journal.places and bool(old.get("complete")) and all(old.get(name) == value for name, value in attrs.items() if name != "created")

    def write(self, plan: Plan, attrs: Mapping[str, Any], texts: Texts) -> None:
        """Write the file with all runs of ``plan``, those that were not made as ``open``, put it in place and remove the journal.

        ``attrs`` go to the root, ``study_sha256`` among them; ``texts`` are kept by path, e.g. ``"study/yaml"``.
        """
        with uninterrupted():
            try:
                with replacing(self.path, STUDY) as temporary:
                    self._write(temporary, plan, attrs, texts)
            except FileError as error:
                kept = f"; the finished runs are kept in {self.journal.path}, and the same command goes on from there" if self.journal.places else ""
                raise FileError(f"{error}{kept}") from None
            self.journal.clear()
            self._old = _Old(self.path)

    def _write(self, temporary: Path, plan: Plan, attrs: Mapping[str, Any], texts: Texts) -> None:
        units = self._units(plan)
        guarded = GuardedFile(temporary)
        try:
            with h5py.File(guarded, "w") as file:
                create(file, plan, units)
                for first in range(0, len(plan), BLOCK):
                    fill(file, plan, list(units), first, [self.outcome(plan.key(k)) for k in range(first, min(first + BLOCK, len(plan)))])
                for name, text in texts.items():
                    write_text(file, name, text)
                file.attrs.update({"twin_study": LAYOUT, **attrs, "complete": OPEN not in statuses(file)})
                file.attrs["digest"] = digest_of(file, str(attrs["study_sha256"]))
            if guarded.error is not None:
                raise guarded.error
        finally:
            guarded.close()
        add_seal(temporary)

    def _units(self, plan: Plan) -> dict[str, str]:
        """The units of all key figures that any run has."""
        found: dict[str, str] = {}
        for k in range(len(plan)):
            outcome = self.outcome(plan.key(k))
            for name, kpi in (outcome.kpis or {}).items() if outcome is not None else ():
                found.setdefault(name, kpi.unit)
        return in_order(found)

    def close(self) -> None:
        """Let go of file and journal; an empty journal is removed."""
        self.journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


STUDY = hdf5_mark("a study file of twin", "twin_study")


class _Old:
    """The file as it was before: the outcomes in it by key, read in blocks."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[str, int] = {}
        self._units: dict[str, str] = {}
        self._first = -1
        self._block: dict[str, Any] = {}
        self.attrs: dict[str, Any] = {}
        if path.exists():
            with open_study(path) as file:
                self.attrs = dict(file.attrs)
                self._units = dict(zip(_texts(file["response"]), _texts(file["response_unit"]), strict=True))
                rows = zip(_texts(file["key"]), _texts(file["status"]), strict=True)
                self._places = {key: k for k, (key, status) in enumerate(rows) if status != OPEN}

    def outcome(self, key: str) -> Outcome | None:
        if key not in self._places:
            return None
        place = self._places[key]
        if place // BLOCK * BLOCK != self._first:
            self._first = place // BLOCK * BLOCK
            names = [v.path for v, _ in COLUMNS if v.dims == ("run",) or v.path == "response_value"]
            with h5py.File(self._path, "r") as file:
                self._block = {name: file[name][self._first : self._first + BLOCK] for name in names}
        at = {name: values[place - self._first] for name, values in self._block.items()}
        status: Status = at["status"].decode()
        kpis = {name: Kpi(value, unit) for (name, unit), value in zip(self._units.items(), at["response_value"].tolist(), strict=True)}
        texts = at["error"].decode(), at["digest"].decode()
        return Outcome(kpis if status == "done" else None, *texts, int(at["events"]), int(at["range_warnings"]), float(at["cpu"]), status)


def _texts(dataset: Any) -> list[str]:
    return [text.decode() for text in dataset[()]]
