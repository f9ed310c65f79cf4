"""Writes a results file: the arrays grow in blocks, memory does not grow with the horizon, and the file appears whole or not at all."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np

from twin.errors import FileError
from twin.results.check import open_hdf5
from twin.results.create import (
    ENCODING,
    create_counted,
    create_root,
    create_series,
    create_tables,
    detach,
    text_array,
    text_type,
    write_once,
)
from twin.results.digest import file_digest, state_digest
from twin.results.guarded import GuardedFile, uninterrupted
from twin.results.held import damaged
from twin.results.kpis import Kpi, kpis_of
from twin.results.layout import BY_PATH, COUNTED, LAYOUT, ONCE, OPTIONAL, SERIES, STATE_GROUP, TABLES, Variable, table_of
from twin.results.memory import MemoryFile
from twin.results.provenance import platform_text, twin_version
from twin.results.read import Result, open_file, open_state
from twin.results.replace import RESULTS, check_replaceable, put_in_place
from twin.results.seal import add_seal
from twin.results.state import save_state
from twin.results.tally import Tally, Totals
from twin.results.temporary import drop, temporary_for

_ROWS = 1024
_CACHE = 1 << 20
"""Bytes of chunks that HDF5 keeps for each array: one chunk, as chunks are written whole. Its own default grows to 8 MB an array."""
_BLOCK = "rows_at_once"

Columns = Mapping[str, Any]


class Writer:
    """Writes one run. Without a path the file lives in memory and its :class:`Result` reads it from there.

    ``axes`` holds the labels of each root coordinate but time (``size``: an array (size, 3) of lower, upper, mean in m); ``start`` is the
    date at time 0; ``attrs`` go to the root, among them ``scenario_name``, ``scenario_sha256``, ``seed``,
    ``replication`` and ``warmup`` (s), from which the window of the KPIs begins; ``used``: tables that not every plant has.

    Use it as a context manager: leaving it by an exception, or without :meth:`finish` or :meth:`save`, removes what was written, and an
    earlier file of the same name stays as it was. Raises ``FileError`` where the file cannot be written.
    """

    def __init__(
        self, path: Path | str | None, axes: Mapping[str, Sequence[str] | Any], start: datetime, attrs: Mapping[str, Any], used: Collection[str] = ()
    ) -> None:
        with self._whole():
            self._open(path)
            with self._disk():
                create_root(self._file, axes, start)
                self._file.attrs[_BLOCK] = create_series(self._file)
                create_tables(self._file, used)
                self._file.attrs.update({"start": start.isoformat(), "created": now_text()})
                self._set(attrs)
                self._attach()

    @classmethod
    def resume(cls, source: Path | str, path: Path | str | None, attrs: Mapping[str, Any] | None = None) -> Self:
        """Go on with a saved state: the new file begins as a copy of ``source`` without its saved state.

        Raises ``FileError`` where ``source`` is not a saved state.
        """
        with open_state(source):  # checked here, copied below
            pass
        writer = cls.__new__(cls)
        with writer._whole():
            writer._open(path, Path(source))
            with writer._disk():
                forget_ending(writer._file)
                writer._set({"created": now_text(), **(attrs or {})})
                writer._attach()
        return writer

    def _open(self, path: Path | str | None, source: Path | None = None) -> None:
        self._file: Any = None
        self._guarded: GuardedFile | None = None
        self._temporary: Path | None = None
        self._path = None if path is None else Path(path)
        self._target = None
        if self._path is not None:
            check_replaceable(self._path, RESULTS)
            self._target = self._path.absolute()
            self._temporary = temporary_for(self._target)
        with self._disk():
            if self._temporary is None:
                self._file = MemoryFile() if source is None else h5py.File(source, "r+", driver="core", backing_store=False)
            else:
                if source is not None:
                    shutil.copyfile(source, self._temporary)
                self._guarded = GuardedFile(self._temporary)
                self._file = h5py.File(self._guarded, "r+" if source else "w", rdcc_nbytes=_CACHE)
            self._file.attrs.update({"twin_layout": LAYOUT, "twin_version": twin_version(), "complete": False, "platform": platform_text()})

    def _attach(self) -> None:
        self._block = int(self._file.attrs[_BLOCK])
        self._series = {variable.path: self._file[variable.path] for variable in SERIES}
        self._series |= {name: self._file[name] for name in ("time", "time_bounds")}
        self._shapes = {name: dataset.shape[1:] for name, dataset in self._series.items()}
        self._steps = int(self._file["time"].shape[0])
        self._buffer = {name: np.full((self._block, *shape), np.nan) for name, shape in self._shapes.items()}
        self._filled = 0
        self._tally = Tally(self._file)
        self._tally.add_file(self._file)
        self._idle = dict.fromkeys(self._series, True)
        self._rows: dict[str, list[Columns]] = {table: [] for table in TABLES}
        self._waiting = dict.fromkeys(TABLES, 0)

    def append(self, block: Columns) -> None:
        """Append record steps.

        ``block`` maps variables of the layout (``"streams/mass_flow"``, …) to arrays whose first axis is steps; ``"time"`` (end of each
        step, s) and ``"time_bounds"`` (step, 2) must be among them. A variable left out stays NaN for these steps. Arrays are copied.
        """
        arrays = {name: np.asarray(values, dtype=np.float64) for name, values in block.items()}
        steps = len(arrays["time"])
        for name, values in arrays.items():
            if name not in self._series:
                raise KeyError(f"{name!r} is no variable of the layout that grows with time")
            if values.shape != (steps, *self._shapes[name]):
                raise ValueError(f"{name} has shape {values.shape}, needs {(steps, *self._shapes[name])}")
        done = 0
        while done < steps:
            room = self._block - (self._steps + self._filled) % self._block  # chunks are filled whole, also after a resume
            count = min(room, steps - done, self._block - self._filled)
            for name, buffer in self._buffer.items():
                if name in arrays:
                    buffer[self._filled : self._filled + count] = arrays[name][done : done + count]
                    self._idle[name] = False
                elif not self._idle[name]:
                    buffer[self._filled : self._filled + count] = np.nan
            self._filled += count
            done += count
            if count == room:
                self._flush_series()

    def append_rows(self, table: str, columns: Columns) -> None:
        """Append rows to a table that grows (``"events"``, ``"lots"``, ``"batches"``); ``columns`` holds all its columns, equally long."""
        names = [variable.name for variable in table_of(table)]
        if sorted(columns) != sorted(names):
            raise KeyError(f"table {table!r} needs the columns {', '.join(names)}; got {', '.join(columns)}")
        lengths = sorted(dict.fromkeys(len(values) for values in columns.values()))
        if len(lengths) > 1:
            raise ValueError(f"the columns of table {table!r} have different lengths: {lengths}")
        self._rows[table].append(columns)
        self._waiting[table] += lengths[0]
        if self._waiting[table] >= _ROWS:
            self._flush_rows(table)

    def finish(self, once: Columns, attrs: Mapping[str, Any] | None = None) -> Result:
        """End a complete run: write what is written once, the KPIs, the digest; put the file in place and open it.

        ``once`` maps paths of the layout to arrays (texts: lists of str); what is left out is NaN or empty. The group ``summary`` is
        computed here, from the arrays in the file. Raises ``FileError`` where that fails; an earlier file then stays as it was.
        """
        with self._disk():
            self._flush()
            self._write_once(once, every=True)
            totals = self._tally.totals(self._file)
            self._write_summary(kpis_of(totals))
            self._set({**(attrs or {}), "complete": True})
            self._seal()
        return self._close(totals)

    def save(self, state: dict[str, Any], once: Columns | None = None, attrs: Mapping[str, Any] | None = None) -> Path:
        """End a run that was stopped on the way: write what there is and its ``state``; return the file's path.

        ``once`` as in :meth:`finish`; nothing is filled up and no KPI computed. ``resume`` goes on from the file.
        """
        if self._path is None:
            raise FileError("a saved state needs a file to go to")
        with self._disk():
            self._flush()
            self._write_once(once or {}, every=False)
            save_state(self._file, state)
            self._set(attrs or {})
            self._file.attrs["state_digest"] = state_digest(self._file)
            self._seal()
        self._close_file()
        return self._path

    def abort(self) -> None:
        """Drop everything that was written; an earlier file of the same name stays as it was."""
        with uninterrupted():
            if self._file is not None:
                with contextlib.suppress(OSError, RuntimeError):  # it is dropped anyway
                    self._file.close()
                self._file = None
            if self._guarded is not None:
                self._guarded.close()
                self._guarded = None
            if self._temporary is not None:
                drop(self._temporary)
                self._temporary = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.abort()

    def _flush(self) -> None:
        self._flush_series()
        for table in TABLES:
            self._flush_rows(table)

    def _flush_series(self) -> None:
        if self._filled:
            with self._disk():
                self._write_series()

    def _write_series(self) -> None:
        stop = self._steps + self._filled
        for name, dataset in self._series.items():
            dataset.resize(stop, axis=0)
            if not self._idle[name]:
                dataset[self._steps : stop] = self._buffer[name][: self._filled]
        self._tally.add(self._buffer["time_bounds"][: self._filled], lambda name: self._buffer[name][: self._filled])
        self._steps, self._filled = stop, 0

    def _flush_rows(self, table: str) -> None:
        if self._waiting[table]:
            with self._disk():
                self._write_rows(table)

    def _write_rows(self, table: str) -> None:
        scale = self._file[f"{table}/{TABLES[table]}"]
        start = scale.shape[0]
        stop = start + self._waiting[table]
        scale.resize(stop, axis=0)
        for variable in table_of(table):
            dataset = self._file[variable.path]
            dataset.resize(stop, axis=0)
            parts = [_column(variable, columns[variable.name], dataset) for columns in self._rows[table]]
            if dataset.size:
                dataset[start:] = np.concatenate(parts).view(dataset.dtype)
        self._rows[table], self._waiting[table] = [], 0

    def _write_once(self, once: Columns, *, every: bool) -> None:
        known = {variable.path: variable for variable in ONCE if variable.group != "summary"}
        unknown = [name for name in once if name not in known]
        if unknown:
            raise KeyError(f"{unknown[0]!r} is no variable of the layout that is written once")
        for dim, group in COUNTED.items():
            lengths = [len(once[path]) for path, variable in known.items() if variable.dims == (dim,) and path in once]
            if dim != "kpi" and (lengths or (every and group not in OPTIONAL)):
                create_counted(self._file, group, dim, max(lengths, default=0))
        for path, variable in known.items():
            if path in once or (every and variable.group not in OPTIONAL):
                write_once(self._file, variable, once[path] if path in once else _empty(variable, self._file))

    def _write_summary(self, kpis: Mapping[str, Kpi]) -> None:
        labels = text_array(list(kpis))
        scale = self._file.require_group("summary").create_dataset("kpi", data=labels, dtype=text_type(labels.dtype.itemsize))
        scale.attrs.update({ENCODING: "utf-8", "long_name": "key figure"})
        scale.make_scale("kpi")
        write_once(self._file, BY_PATH["summary/value"], [kpi.value for kpi in kpis.values()])
        write_once(self._file, BY_PATH["summary/unit_of_measure"], [kpi.unit for kpi in kpis.values()])
        for name in ("above", "below", "low", "high", "note"):
            write_once(self._file, BY_PATH[f"summary/{name}"], [getattr(kpi, name) for kpi in kpis.values()])

    def _flush_file(self) -> None:
        self._file.flush()

    def _seal(self) -> None:
        self._flush_file()
        self._digest = file_digest(self._file, str(self._file.attrs.get("scenario_sha256", "")))
        self._file.attrs["digest"] = self._digest

    def _close(self, totals: Totals) -> Result:
        if self._target is None:
            file, self._file = self._file, None
            return Result(file, None, totals)
        self._close_file()
        file = open_hdf5(self._target)
        with damaged(self._target):
            ours = file.attrs.get("digest") == self._digest
        if ours:  # what was just written need not be looked at as what somebody sent
            return Result(file, self._target, totals)
        file.close()
        return open_file(self._target, check=False)

    def _close_file(self) -> None:
        """Close the file, look whether it is whole, and put it in place."""
        assert self._temporary is not None and self._target is not None
        with self._disk():
            self._file.close()
            self._look()
            _check_ended(self._temporary)
            add_seal(self._temporary)
            put_in_place(self._temporary, self._target, RESULTS)
        self.abort()

    def _set(self, attrs: Mapping[str, Any]) -> None:
        for name, value in attrs.items():
            if value is None:
                continue
            long = isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**63
            self._file.attrs[name] = str(value) if long else value

    def _look(self) -> None:
        if self._guarded is not None and self._guarded.error is not None:
            raise self._guarded.error

    @contextlib.contextmanager
    def _whole(self) -> Iterator[None]:
        """Leave nothing behind if a writer cannot be made."""
        try:
            yield
        except BaseException:
            self.abort()
            raise

    @contextlib.contextmanager
    def _disk(self) -> Iterator[None]:
        """Turn what the file system and HDF5 raise into ``FileError``, and drop the half-written file.

        What touches HDF5 is called from inside and returns before the block ends, so that its objects are freed where no interrupt
        can get lost.
        """
        try:
            with uninterrupted():
                yield
                self._look()
        except FileError:
            self.abort()
            raise
        except (OSError, RuntimeError) as error:
            self.abort()
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error).partition("\n")[0]
            raise FileError(f"cannot write {self._path or 'the results'}: {reason}; nothing was kept of this run") from error


def _check_ended(path: Path) -> None:
    with h5py.File(path, "r") as file:
        if "digest" not in file.attrs:
            raise OSError(None, "what was written is not what is in the file")


def now_text() -> str:
    """Return the present date and time, as files state it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _column(variable: Variable, values: Any, dataset: Any) -> Any:
    if variable.kind == "text":
        return text_array(list(values), dataset.dtype.itemsize)
    return np.asarray(values, dtype=dataset.dtype).reshape(len(values), *dataset.shape[1:])


def _empty(variable: Variable, file: Any) -> Any:
    shape = tuple(file[dim].shape[0] if dim in file else file[f"{variable.group}/{dim}"].shape[0] for dim in variable.dims)
    if variable.kind == "text":
        return "" if not shape else [""] * shape[0]
    return np.full(shape, np.nan) if variable.kind == "float" else np.zeros(shape, dtype=np.int64)


def forget_ending(file: Any) -> None:
    """Remove from the copy of a saved state what only belongs to its end: the state and what is written once."""
    for variable in ONCE:
        if variable.path in file:
            detach(file, variable)
            del file[variable.path]
    for dim, group in COUNTED.items():
        if f"{group}/{dim}" in file:
            del file[f"{group}/{dim}"]
    del file[STATE_GROUP]
    for name in ("digest", "state_digest"):
        del file.attrs[name]
