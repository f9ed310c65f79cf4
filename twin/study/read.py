"""Reads a study file: what varied, what came out, and what failed."""

from __future__ import annotations

import html
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from numpy.typing import NDArray

from twin.errors import FileError, UsageError
from twin.results.check import check_seal, check_structure, open_hdf5
from twin.results.held import damaged
from twin.results.kpis import kpi_text
from twin.scenario.problems import nearest
from twin.study.layout import LAYOUT, check, digest_of

if TYPE_CHECKING:
    import xarray

    from twin.scenario import Scenario
    from twin.scenario.cluster import Cluster
    from twin.study.study_file import StudyFile


@dataclass(frozen=True)
class ResponseRow:
    """A key figure over the points of a study: mean, smallest and largest of the points' means over their replications."""

    name: str
    unit: str
    mean: float
    low: float
    high: float

    def texts(self) -> tuple[str, str, str]:
        """Return the three with a readable unit."""
        mean, low, high = (kpi_text(self.name, value, self.unit) for value in (self.mean, self.low, self.high))
        return mean, low, high


class ResponseTable(Sequence[ResponseRow]):
    """The key figures that a study asks for, one row each; a notebook shows it as a table."""

    def __init__(self, rows: Sequence[ResponseRow]) -> None:
        self._rows = tuple(rows)

    def __getitem__(self, index: Any) -> Any:
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        width = max((len(row.name) for row in self._rows), default=0)
        return "\n".join(f"{row.name:{width}}  mean {row.texts()[0]}, from {row.texts()[1]} to {row.texts()[2]}" for row in self._rows)

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{text}</th>" for text in ("key figure", "mean", "min", "max"))
        cells = (f"<td>{html.escape(row.name)}</td>{''.join(f'<td>{html.escape(text)}</td>' for text in row.texts())}" for row in self._rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(f'<tr>{line}</tr>' for line in cells)}</tbody></table>"


def open_study(path: Path) -> Any:
    """Open a study file for reading, after looking at seal, kind, storage and layout, and at the digest where there is no seal. Raises ``FileError``."""
    sealed = check_seal(path, True)
    file = open_hdf5(path)
    try:
        with damaged(path):
            layout = file.attrs.get("twin_study")
        if layout is None:
            raise FileError(f"{path} is no study file; 'twin sweep' writes one")
        if str(layout) != str(LAYOUT):
            raise FileError(f"{path} has layout {layout} of a study, this version of twin reads layout {LAYOUT}; read it with the version that wrote it")
        check_structure(file, path)
        check(file, path)
        with damaged(path):
            if not sealed and digest_of(file, str(file.attrs["study_sha256"])) != file.attrs["digest"]:
                raise FileError(f"{path} is damaged or was changed: its contents do not have the digest it states")
    except BaseException:
        file.close()
        raise
    return file


class Study:
    """A study file. Nothing is read before it is asked for, and the file is not kept open."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._check()

    def _check(self) -> None:
        with open_study(self.path):
            pass

    @cached_property
    def attrs(self) -> dict[str, Any]:
        """Attributes of the file: name, kind, seed, replications, hashes, ``complete`` and more."""
        with h5py.File(self.path, "r") as file:
            return {name: value.item() if isinstance(value, np.generic) else value for name, value in file.attrs.items()}

    @property
    def digest(self) -> str:
        """SHA-256 over all arrays but processor times and keys: equal for two studies that are equal to the last bit."""
        return str(self.attrs["digest"])

    @property
    def complete(self) -> bool:
        """Whether every run was made, with or without success."""
        return bool(self.attrs["complete"])

    @cached_property
    def design(self) -> dict[str, Any]:
        """The design as written, e.g. ``{"sobol": 64}``."""
        return dict(json.loads(self.attrs["design"]))

    @property
    def replications(self) -> int:
        """Replications of each point."""
        return int(self.attrs["replications"])

    @property
    def points(self) -> int:
        """Number of points."""
        return int(self.attrs["points"])

    @cached_property
    def factors(self) -> dict[str, str]:
        """What varies: SI unit by path, "" for words."""
        return dict(zip(self.array("factor").tolist(), self.array("factor_unit").tolist(), strict=True))

    @cached_property
    def words(self) -> dict[str, list[Any]]:
        """The levels of those factors whose values are words, or whatever else is no number."""
        return {entry["path"]: entry["levels"] for entry in json.loads(str(self.array("study/factors"))) if "levels" in entry}

    @cached_property
    def all_responses(self) -> dict[str, str]:
        """Every key figure in the file: SI unit by name."""
        return dict(zip(self.array("response").tolist(), self.array("response_unit").tolist(), strict=True))

    @cached_property
    def responses(self) -> tuple[str, ...]:
        """The key figures that the study asks for."""
        return tuple(json.loads(self.attrs["responses"])) or tuple(self.all_responses)

    def array(self, name: str) -> Any:
        """Return an array, or a text, by its name, e.g. ``"response_value"`` (run, response)."""
        with h5py.File(self.path, "r") as file:
            if name not in file or not isinstance(file[name], h5py.Dataset):
                raise UsageError(f"no array {name!r} in {self.path}; {nearest(name, [key for key in file if isinstance(file[key], h5py.Dataset)])}")
            dataset = file[name]
            if dataset.dtype.kind != "S":
                return dataset[()]
            if dataset.ndim == 0:
                return dataset[()].decode("utf-8")
            return np.char.decode(dataset[()], "utf-8") if dataset.size else np.empty(dataset.shape, dtype="U1")

    def factor(self, path: str) -> NDArray[np.float64]:
        """Return the value of a factor at every point (point), in SI."""
        return self._column("factor_value", tuple(self.factors), path)[:: self.replications].copy()

    def levels(self) -> NDArray[np.float64]:
        """Return the design (point, factor), each factor from 0 to 1."""
        found: NDArray[np.float64] = self.array("factor_level")[:: self.replications].copy()
        return found

    def response(self, name: str) -> NDArray[np.float64]:
        """Return a key figure (point, replication), NaN where there is no result."""
        return self._column("response_value", tuple(self.all_responses), name).reshape(self.points, self.replications)

    def _column(self, array: str, names: tuple[str, ...], name: str) -> NDArray[np.float64]:
        if name not in names:
            raise UsageError(f"no {name!r} in {self.path}; {nearest(name, names)}")
        with h5py.File(self.path, "r") as file:
            column: NDArray[np.float64] = file[array][:, names.index(name)]
        return column

    @cached_property
    def counts(self) -> dict[str, int]:
        """Number of runs by status: done, failed, lost, open."""
        found = dict.fromkeys(("done", "failed", "lost", "open"), 0)
        statuses, counts = np.unique(self.array("status"), return_counts=True)
        return found | dict(zip(statuses.tolist(), counts.tolist(), strict=True))

    def failures(self) -> Iterator[tuple[int, int, str]]:
        """Yield (point, replication, error) of every run without a result that was made."""
        names = ("point", "replication", "status", "error")
        for point, replication, status, error in zip(*(self.array(name).tolist() for name in names), strict=True):
            if status in ("failed", "lost"):
                yield point, replication, error

    @cached_property
    def table(self) -> ResponseTable:
        """The key figures that the study asks for: mean, smallest and largest over the points."""
        return ResponseTable([self._row(name) for name in self.responses if name in self.all_responses])

    def _row(self, name: str) -> ResponseRow:
        means = [math.fsum(known) / len(known) for values in self.response(name).tolist() if (known := [v for v in values if not math.isnan(v)])]
        if not means:
            return ResponseRow(name, self.all_responses[name], math.nan, math.nan, math.nan)
        return ResponseRow(name, self.all_responses[name], math.fsum(means) / len(means), min(means), max(means))

    @property
    def scenario(self) -> str:
        """The base scenario as YAML text."""
        return str(self.array("scenario/yaml"))

    @property
    def files(self) -> Mapping[str, str]:
        """Contents of every catalogue and CSV that the base scenario reads, by name."""
        names, texts = self.array("scenario/file_name").tolist(), self.array("scenario/file_text").tolist()
        return dict(zip(names, texts, strict=True))

    def base(self) -> Scenario | Cluster:
        """Return the base, a scenario or a cluster, from what the file holds alone."""
        from twin.plant.api import load_stored
        from twin.scenario.cluster_store import is_stored_cluster, load_stored_cluster

        text = self.scenario
        return load_stored_cluster(text, self.files) if is_stored_cluster(text) else load_stored(text, self.files)

    def source(self) -> StudyFile:
        """Return the study as it was run, from what the file holds alone; its hash is ``attrs["study_sha256"]``."""
        from twin.study.study_file import stored_study

        if "optimise" in self.design:
            raise UsageError(f"{self.path} holds the runs of an optimisation, which is no sweep; 'twin optimise' goes on from it")
        names, texts = self.array("study/file_name").tolist(), self.array("study/file_text").tolist()
        return stored_study(str(self.array("study/yaml")), self.base(), dict(zip(names, texts, strict=True)))

    def dataset(self) -> xarray.Dataset:
        """Return all arrays as ``xarray.Dataset`` with dimensions run, factor and response; needs the extra ``xarray``."""
        try:
            import xarray
        except ImportError as error:
            raise UsageError("a labelled dataset needs xarray: pip install 'twin[xarray]'") from error
        return xarray.load_dataset(self.path, engine="h5netcdf")

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {status}" for status, count in self.counts.items() if count)
        size = f"{self.points} points x {self.replications} replications, {len(self.factors)} factors"
        return f"<Study {self.attrs['study_name']}: {size} ({counts}), {self.path}>"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self))}</p>{self.table._repr_html_()}"
