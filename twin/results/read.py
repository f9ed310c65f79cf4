"""Reads a results file: KPIs, arrays, labelled datasets, the scenario it was made from."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import h5py
import numpy as np

from twin.errors import FileError, UsageError
from twin.results.check import open_checked
from twin.results.create import DIMENSION_ONLY
from twin.results.kpis import Kpi, kpi_text
from twin.results.layout import dims_of
from twin.results.memory import MemoryArray, MemoryGroup
from twin.results.state import load_state
from twin.results.tally import Tally, Totals
from twin.scenario import quantity_names
from twin.scenario.yaml_text import to_yaml

if TYPE_CHECKING:
    import pandas
    import xarray

_GROUPS, _ARRAYS = (h5py.Group, MemoryGroup), (h5py.Dataset, MemoryArray)


class KpiTable(Mapping[str, Kpi]):
    """The key figures of a run by name, each with ``value`` and ``unit``; a notebook shows them as a table.

    ``pandas.DataFrame(result.kpis.rows())`` has a row for each.
    """

    def __init__(self, kpis: Mapping[str, Kpi]) -> None:
        self._kpis = dict(kpis)

    def __getitem__(self, name: str) -> Kpi:
        try:
            return self._kpis[name]
        except KeyError:
            near = [known for known in self._kpis if known.partition(".")[0] == str(name).partition(".")[0]] or list(self._kpis)
            raise KeyError(f"no KPI {name!r}; known: {', '.join(near)}") from None

    def rows(self) -> list[dict[str, float | str]]:
        """Return a row for each key figure: ``kpi``, ``value`` and ``unit`` (SI), the bounds ``low`` and ``high`` (NaN where it has none), ``note``."""
        return [{"kpi": name, **{key: getattr(kpi, key) for key in ("value", "unit", "low", "high", "note")}} for name, kpi in self._kpis.items()]

    def to_frame(self) -> pandas.DataFrame:
        """Return a ``pandas.DataFrame`` with a row for each key figure, indexed by its name; needs pandas, which the extra ``xarray`` brings."""
        try:
            import pandas
        except ImportError as error:
            raise UsageError("a frame needs pandas: pip install 'twin[xarray]'") from error
        return pandas.DataFrame(self.rows()).set_index("kpi")

    def __contains__(self, name: object) -> bool:
        return name in self._kpis

    def __iter__(self) -> Iterator[str]:
        return iter(self._kpis)

    def __len__(self) -> int:
        return len(self._kpis)

    def __repr__(self) -> str:
        width = max((len(name) for name in self._kpis), default=0)
        return "\n".join(f"{name:{width}}  {kpi_text(name, kpi.value, kpi.unit)}" for name, kpi in self._kpis.items())

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td style='text-align:left'>{html.escape(name)}</td><td style='text-align:right'>{html.escape(kpi_text(name, kpi.value, kpi.unit))}</td></tr>"
            for name, kpi in self._kpis.items()
        )
        return f"<table><thead><tr><th style='text-align:left'>KPI</th><th>value</th></tr></thead><tbody>{rows}</tbody></table>"


class Attributes(dict[str, Any]):
    """Attributes of a file; one that is missing is a fault of the file."""

    def __init__(self, attrs: Mapping[str, Any], path: Path | None) -> None:
        super().__init__(attrs)
        self._path = path

    def __missing__(self, name: str) -> Any:
        raise FileError(f"{self._path or 'the result'} has no attribute {name!r}: an earlier version of twin wrote it, or it was changed")


class Result:
    """A finished run, read from its file (or from memory). Arrays are read when asked for.

    Use it as a context manager, or :meth:`close` it, where files must not stay open.
    """

    def __init__(self, file: Any, path: Path | None, totals: Totals | None = None) -> None:
        self._file = file
        self.path = path
        if totals is not None:  # known to who has just made the run
            self.__dict__["totals"] = totals

    @cached_property
    def attrs(self) -> dict[str, Any]:
        """Attributes of the file: scenario name and hash, seed, replication, digest, versions (``platform``, a mapping) and more."""
        attrs = {name: value.item() if isinstance(value, np.generic) else value for name, value in self._open.attrs.items()}
        return Attributes({**attrs, "platform": json.loads(attrs.get("platform", "{}"))}, self.path)

    @property
    def digest(self) -> str:
        """SHA-256 over all arrays and the scenario: equal for two runs that are equal to the last bit."""
        return str(self.attrs["digest"])

    @cached_property
    def kpis(self) -> KpiTable:
        """The key figures, over the horizon without warm-up."""
        names, units = self.array("summary/kpi"), self.array("summary/unit_of_measure")
        blank = np.full(len(names), np.nan)  # files of before have no parts and bounds
        numbers = [self.array(f"summary/{part}") if self.has(f"summary/{part}") else blank for part in ("value", "above", "below", "low", "high")]
        notes = self.array("summary/note") if self.has("summary/note") else [""] * len(names)
        rows = zip(names, units, notes, np.array(numbers).T.tolist(), strict=True)
        found = {}
        for name, unit, note, (value, above, below, low, high) in rows:
            found[str(name)] = Kpi(value, str(unit), above, below, low, high, str(note))
        return KpiTable(found)

    @cached_property
    def totals(self) -> Totals:
        """Sums over the window, block by block, so that a long run fits in memory."""
        tally = Tally(self._open)
        tally.add_file(self._open)
        return tally.totals(self._open)

    def totals_between(self, begin: float | None, end: float | None) -> Totals:
        """Return the sums over the record steps that begin from ``begin`` to before ``end``, s from the start; None: end of the warm-up, or of the run."""
        tally = Tally(self._open, begin, math.inf if end is None else end)
        tally.add_file(self._open)
        return tally.totals(self._open)

    def has(self, name: str) -> bool:
        """Whether the file has an array of that path; files of earlier versions have fewer."""
        return name in self._open

    @cached_property
    def scenario(self) -> str:
        """The merged scenario as YAML text, with what it is about, which the file holds apart."""
        text = str(self.array("scenario/yaml"))
        return f"{text}{to_yaml({'about': dict(self.about)})}" if self.about else text

    @property
    def about(self) -> Mapping[str, str]:
        """What the study is for and who made it, as the scenario says it; empty where it does not."""
        found: Mapping[str, str] = json.loads(self.attrs.get("about", "{}"))
        return found

    @cached_property
    def files(self) -> dict[str, str]:
        """Contents of every catalogue and CSV that the scenario reads, by name."""
        return {str(n): str(t) for n, t in zip(self.array("scenario/file_name"), self.array("scenario/file_text"), strict=True)}

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Names of the groups of arrays."""
        return tuple(name for name in self._open if isinstance(self._open[name], _GROUPS))

    def variables(self, group: str = "") -> tuple[str, ...]:
        """Names of the arrays in a group, coordinates included; "" is the root, which holds the shared coordinates."""
        node = self._node(group) if group else self._open
        if not isinstance(node, _GROUPS):
            raise UsageError(f"{group!r} is an array, not a group; groups: {', '.join(self.groups)}")
        return tuple(name for name in node if isinstance(node[name], _ARRAYS) and not _is_bare_dimension(node[name]))

    def array(self, name: str) -> Any:
        """Return an array, or a text, by its path.

        ``array("streams/mass_flow")`` is (time, stream, material), ``array("material")`` the labels of its last axis.
        """
        dataset = self._node(name)
        if not isinstance(dataset, _ARRAYS):
            raise UsageError(f"{name!r} is a group; its arrays: {', '.join(self.variables(name))}")
        try:
            return _values(dataset)
        except (OSError, RuntimeError, UnicodeError) as error:
            raise FileError(f"{self.path or 'the result'}: {name} is damaged ({str(error).partition(chr(10))[0]})") from error

    def quantity(self, name: str) -> Any:
        """Return a quantity by its name, SI: an array over the record steps, of ``kpi.NAME`` one float.

        The names are those of :data:`twin.scenario.quantity_names.PATTERNS`, e.g. ``level.bay``, ``flow.magnet.steel.Cu``, ``state.shredder``; of instants the
        value at the end of each step, else the mean over it, NaN where it was not recorded. Raises ``UsageError`` for an unknown name, with the nearest.
        """
        found = quantity_names.resolve(name, self._quantity_axes)
        if found.when == "run":
            return float(quantity_names.values(found, self._kpi_row)[0])
        return quantity_names.values(found, self.array)

    def quantity_unit(self, name: str) -> str:
        """Return the SI unit of a quantity, "1" for a share or number. Raises ``UsageError`` as :meth:`quantity`."""
        return quantity_names.resolve(name, self._quantity_axes).si

    def quantities(self) -> tuple[str, ...]:
        """Return the names of the quantities that the file holds; parts of a stream, ``flow.STREAM.ELEMENT``, are not counted up."""
        return tuple(quantity_names.names(self._quantity_axes))

    @cached_property
    def _quantity_axes(self) -> dict[str, list[str]]:
        axes = ("stream", "unit", "bunker", "machine", "material", "element", "carrier", "state", "gate", "resource")
        return {**{axis: [str(label) for label in self.array(axis)] if self.has(axis) else [] for axis in axes}, "kpi": list(self.kpis)}

    def _kpi_row(self, path: str) -> Any:
        return self.array(path)[None, :]

    def dims(self, name: str) -> tuple[str, ...]:
        """Return the names of an array's dimensions."""
        try:
            return dims_of(name.strip("/"))
        except KeyError:
            raise UsageError(f"no array {name!r} in the layout of a results file") from None

    def unit(self, name: str) -> str:
        """Return the SI unit of an array, "" for text."""
        return str(self._node(name).attrs.get("units", ""))

    def dataset(self, group: str) -> xarray.Dataset:
        """Return a group as ``xarray.Dataset``, with the coordinates it uses; needs the extra ``xarray``.

        It is read into memory; for what does not fit, ``xarray.open_datatree(path, engine="h5netcdf")`` opens the same file lazily.
        """
        try:
            import xarray
        except ImportError as error:
            raise UsageError("a labelled dataset needs xarray: pip install 'twin[xarray]'") from error
        data: dict[str, Any] = {}
        coords: dict[str, Any] = {}
        for name in self.variables(group):
            path = f"{group}/{name}".strip("/")
            try:
                dims = dims_of(path)
            except KeyError:  # somebody added it
                continue
            for dim in dims:
                if group and dim in self._open and not _is_bare_dimension(self._open[dim]):
                    coords[dim] = ((dim,), self.array(dim), self._attributes(dim))
            (coords if dims == (name,) else data)[name] = (dims, self.array(path), self._attributes(path))
        return xarray.decode_cf(xarray.Dataset(data, coords, {"source": str(self.path or "memory")}))

    def close(self) -> None:
        """Close the file, of a site that of its cluster. What was read already stays usable."""
        if self._file:
            getattr(self._file, "file", self._file).close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Result of {self._title}: {len(self.kpis)} KPIs, {self.path or 'in memory'}>"

    def _repr_html_(self) -> str:
        run = f"seed {self.attrs.get('seed')}, replication {self.attrs.get('replication')}"
        about = f"{run}, {self.path or 'in memory'}, digest {self.digest[:12]}"
        return f"<h4>{html.escape(self._title)}</h4><p>{html.escape(about)}</p>{self.kpis._repr_html_()}"

    @property
    def _title(self) -> str:
        return str(self.attrs.get("scenario_title") or self.attrs.get("scenario_name") or "a run")

    @property
    def _open(self) -> Any:
        if not self._file:
            raise FileError(f"{self.path or 'the result'} is closed; open it again with twin.open")
        return self._file

    def _node(self, name: str) -> Any:
        node = self._open.get(name) if name.strip("/.") else None
        if node is None:
            raise UsageError(f"no array or group {name!r}; groups: {', '.join(self.groups)}")
        return node

    def _attributes(self, name: str) -> dict[str, Any]:
        attrs = self._node(name).attrs
        return {key: str(attrs[key]) for key in ("units", "long_name", "calendar", "units_in") if key in attrs}


class SavedState(Result):
    """A run that was stopped on the way: what it recorded so far and the state to go on from."""

    @cached_property
    def state(self) -> dict[str, Any]:
        """The saved state, exactly as it was."""
        return load_state(self._open)


def _is_bare_dimension(dataset: Any) -> bool:
    name = dataset.attrs.get("NAME", b"")
    text = name.decode("ascii", "replace") if isinstance(name, bytes) else str(name)
    return text.startswith(DIMENSION_ONLY)


def _values(dataset: Any) -> Any:
    if dataset.dtype.kind != "S":
        return dataset[()] if dataset.ndim == 0 else dataset[...]
    if dataset.ndim == 0:
        return dataset[()].decode("utf-8")
    return np.char.decode(dataset[...], "utf-8") if dataset.size else np.empty(dataset.shape, dtype="U1")


def open_file(path: Path | str, *, check: bool = True) -> Result:
    """Open the results of a finished run; ``CLUSTER.h5/sites/NAME`` is those of a site of a cluster.

    Raises ``FileError`` for what is no results file, is not complete, was changed (its contents do not have the digest it states; not
    looked at with ``check=False``), reaches outside itself by links, or declares sizes that nothing backs.
    """
    return Result(open_checked(Path(path), digest=check, state=False), Path(path))


def open_state(path: Path | str, *, check: bool = True) -> SavedState:
    """Open a saved state, with the same checks as :func:`open_file`."""
    return SavedState(open_checked(Path(path), digest=check, state=True), Path(path))
