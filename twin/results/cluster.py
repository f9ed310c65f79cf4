"""The file of a cluster: a run's layout for each site below ``/sites/NAME``, what is the cluster's own at the root."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from twin.errors import FileError
from twin.results.check import open_checked_cluster, open_hdf5, site_groups
from twin.results.cluster_figures import Stored, cluster_figures
from twin.results.create import text_array, text_type
from twin.results.digest import SITES, cluster_digest, file_digest
from twin.results.elsewhere import elsewhere_in, write_elsewhere
from twin.results.energy import EnergyAccount, StoredEnergy, account_in, stored_in, write_account, write_stored
from twin.results.guarded import uninterrupted
from twin.results.hauls import Haul, hauls_in, links_in, write_hauls, write_written
from twin.results.layout import LAYOUT
from twin.results.memory import MemoryFile
from twin.results.provenance import platform_text, twin_version
from twin.results.read import Attributes, KpiTable, Result, SavedState
from twin.results.tally import Totals
from twin.results.write import Writer, forget_ending, now_text

Columns = Mapping[str, Any]


class ClusterResult:
    """A finished run of a cluster: ``sites`` has the result of each by name, in order. A context manager; closing it closes them all."""

    def __init__(self, file: Any, path: Path | None, sites: Mapping[str, Result]) -> None:
        self._file, self.path, self.sites = file, path, dict(sites)

    @property
    def attrs(self) -> dict[str, Any]:
        """Attributes of the cluster: name and hash, replication, horizon, digest."""
        return Attributes({name: getattr(value, "item", lambda value=value: value)() for name, value in self._file.attrs.items()}, self.path)

    @property
    def digest(self) -> str:
        """SHA-256 over the digests of all sites and what is the cluster's own: equal for two runs that are equal to the last bit."""
        return str(self.attrs["digest"])

    @cached_property
    def kpis(self) -> KpiTable:
        """Key figures: of the cluster, of links as ``NAME.LINK``, of sites as ``SITE/NAME``."""
        return KpiTable(cluster_figures(self.sites, Stored(self.written_links, self.stored_energy, self.elsewhere), self.hauls, self.energy))

    @property
    def written_links(self) -> dict[str, str]:
        """The links by name as they were written, as JSON."""
        return links_in(self._file)

    @property
    def link_ends(self) -> dict[str, tuple[str, str]]:
        """The sites of each link by name: the sender and the receiver."""
        found = {name: json.loads(text) for name, text in self.written_links.items()}
        return {name: (str(link.get("from")).partition(".")[0], str(link.get("to")).partition(".")[0]) for name, link in found.items()}

    @property
    def hauls(self) -> dict[str, Haul]:
        """What each link did, by name."""
        return hauls_in(self._file)

    @property
    def stored_energy(self) -> StoredEnergy:
        """The energy networks as they were written."""
        return stored_in(self._file)

    @property
    def elsewhere(self) -> str:
        """The factors of CO2 elsewhere as they were written, JSON."""
        return elsewhere_in(self._file)

    @property
    def energy(self) -> EnergyAccount:
        """What power and heat did."""
        return account_in(self._file)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        for site in self.sites.values():
            site.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<ClusterResult of {self.attrs.get('scenario_name')}: {', '.join(self.sites)}, {self.path or 'in memory'}>"


class ClusterWriter(Writer):
    """Writes a cluster; its sites are written by :meth:`site`. Nothing stands at ``path`` until :meth:`finish_cluster` or :meth:`save_cluster`."""

    def __init__(
        self,
        path: Path | None,
        names: Sequence[str],
        attrs: Mapping[str, Any],
        links: Mapping[str, str] | None = None,
        energy: StoredEnergy | None = None,
        elsewhere: str = "",
    ) -> None:
        with self._whole():
            self._open(path)
            with self._disk():
                labels = text_array(list(names))
                scale = self._file.create_dataset("site", data=labels, dtype=text_type(labels.dtype.itemsize))
                scale.attrs["long_name"] = "site"
                self._set({**attrs, "created": now_text()})
                write_written(self._file, links or {})
                write_stored(self._file, energy or StoredEnergy())
                write_elsewhere(self._file, elsewhere)

    @classmethod
    def take_up(cls, source: Path, path: Path | None, attrs: Mapping[str, Any]) -> Self:
        """Go on with the saved state of a cluster: the new file begins as a copy of ``source``. Raises ``FileError``."""
        open_checked_cluster(source, state=True).close()
        writer = cls.__new__(cls)
        with writer._whole():
            writer._open(path, source)
            with writer._disk():
                del writer._file.attrs["digest"]
                writer._set({"created": now_text(), **attrs})
        return writer

    def group(self, name: str) -> Any:
        """Where a site is written; in memory each has a file of its own."""
        return MemoryFile() if isinstance(self._file, MemoryFile) else self._file.require_group(f"{SITES}/{name}")

    def site(self, name: str, axes: Columns, start: datetime, attrs: Columns, used: Collection[str] = ()) -> SiteWriter:
        """Return the writer of a site; the arguments are those of :class:`~twin.results.write.Writer`."""
        return SiteWriter(self, name, axes, start, attrs, used)

    def site_again(self, name: str, attrs: Columns) -> SiteWriter:
        """Return the writer of a site of a saved state that was taken up."""
        writer = SiteWriter.__new__(SiteWriter)
        writer.cluster, writer.name = self, name
        with writer._whole():
            writer._open(self._path)
            with writer._disk():
                forget_ending(writer._file)
                writer._set({"created": now_text(), **attrs})
                writer._attach()
        return writer

    def write_links(self, hauls: Sequence[Haul]) -> None:
        """Write what the links did, in their order."""
        with self._disk():
            write_hauls(self._file, hauls)

    def write_energy(self, account: EnergyAccount) -> None:
        """Write what power and heat did."""
        with self._disk():
            write_account(self._file, account)

    def finish_cluster(self, sites: Mapping[str, Result]) -> ClusterResult:
        """End a complete run, all sites of which are finished; put the file in place and open it."""
        with self._disk():
            self._set({"complete": True})
            self._seal_over({name: site.digest for name, site in sites.items()})
        if self._target is None:
            file, self._file = self._file, None
            return ClusterResult(file, None, sites)
        totals = {name: site.totals for name, site in sites.items()}
        self._close_file()
        return _opened(open_hdf5(self._target), self._target, totals)

    def save_cluster(self) -> Path:
        """End a run that was stopped on the way, whose sites have saved their states; return the file's path."""
        if self._path is None:
            raise FileError("a saved state needs a file to go to")
        with self._disk():
            self._seal_over({name: str(group.attrs["digest"]) for name, group in site_groups(self._file).items()})
        self._close_file()
        return self._path

    def _seal_over(self, digests: Mapping[str, str]) -> None:
        self._file.flush()
        self._digest = cluster_digest(file_digest(self._file, str(self._file.attrs.get("scenario_sha256", ""))), digests)
        self._file.attrs["digest"] = self._digest


class SiteWriter(Writer):
    """Writes a site into the file of its cluster, which stands or falls with the cluster."""

    cluster: ClusterWriter
    name: str

    def __init__(self, cluster: ClusterWriter, name: str, axes: Columns, start: datetime, attrs: Columns, used: Collection[str]) -> None:
        self.cluster, self.name = cluster, name
        super().__init__(cluster._path, axes, start, attrs, used)

    def _open(self, path: Path | str | None, source: Path | None = None) -> None:
        self._path, self._target, self._temporary = self.cluster._path, None, None
        self._guarded = self.cluster._guarded
        self._file = self.cluster.group(self.name)
        self._file.attrs.update({"twin_layout": LAYOUT, "twin_version": twin_version(), "complete": False, "platform": platform_text()})

    def _close(self, totals: Totals) -> Result:
        return Result(self._file, self._path, totals)

    def _flush_file(self) -> None:
        """The cluster does, once for all."""

    def _close_file(self) -> None:
        """The cluster does."""

    def abort(self) -> None:
        with uninterrupted():
            self._file = None


def _opened(file: Any, path: Path, totals: Mapping[str, Totals] | None = None) -> ClusterResult:
    known = totals or {}
    return ClusterResult(file, path, {name: Result(group, path / SITES / name, known.get(name)) for name, group in site_groups(file).items()})


def open_cluster(path: Path | str) -> ClusterResult:
    """Open the results of a finished run of a cluster. Raises ``FileError`` for anything else."""
    return _opened(open_checked_cluster(Path(path), state=False), Path(path))


@contextmanager
def open_saved_cluster(path: Path) -> Iterator[tuple[dict[str, Any], dict[str, str], dict[str, SavedState], StoredEnergy, str]]:
    """The attributes of a saved state of a cluster, its links as written, the saved states of its sites by name, and, as written, its energy networks and
    factors of CO2 elsewhere.

    Raises ``FileError``.
    """
    file = open_checked_cluster(path, state=True)
    try:
        yield (
            dict(file.attrs),
            links_in(file),
            {name: SavedState(group, path) for name, group in site_groups(file).items()},
            stored_in(file),
            elsewhere_in(file),
        )
    finally:
        file.close()
