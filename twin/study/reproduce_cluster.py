"""Makes a run of a cluster again from its file alone: every site, and what is the cluster's own, such as its links."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twin.plant.cluster import run_cluster, stored_cluster
from twin.plant.simulate import Progress
from twin.results.check import open_hdf5
from twin.results.digest import SITES
from twin.results.held import contradictions
from twin.study.reproduce import FLOOR, TOLERANCE, ArrayDifference, Reproduction, compare_runs, relative_difference, stored_scenario


@dataclass(frozen=True)
class ClusterReproduction:
    """What came out of a rerun: by site, and which of the ``compared`` arrays that are the cluster's own are not equal to the last bit."""

    sites: Mapping[str, Reproduction]
    own: tuple[ArrayDifference, ...]
    compared: int

    @property
    def reproduced(self) -> bool:
        """Whether the file may be said to be reproduced."""
        return all(site.reproduced for site in self.sites.values()) and all(array.largest < TOLERANCE for array in self.own)


def reproduce_cluster(file: Path, progress: Progress | None = None) -> ClusterReproduction:
    """Make the run of a cluster again from its file alone, and compare. Raises as :func:`~twin.study.reproduce.reproduce`."""
    with stored_cluster(file) as (stored, cluster), tempfile.TemporaryDirectory(prefix="twin-reproduce-") as folder:
        for site in stored.sites.values():
            stored_scenario(site)  # refuses what cannot be rerun
        out = Path(folder) / "rerun.h5"
        with contradictions(file), run_cluster(cluster, out=out, replication=int(stored.attrs["replication"]), progress=progress) as rerun:
            sites = {name: compare_runs(site, rerun.sites[name], cluster.sites[name].code) for name, site in stored.sites.items()}
        with open_hdf5(file) as theirs, open_hdf5(out) as ours:
            there, here = _own_arrays(theirs), _own_arrays(ours)
        names = list(dict.fromkeys([*there, *here]))
        apart = [found for name in names if (found := _difference(name, there.get(name), here.get(name))) is not None]
        return ClusterReproduction(sites, tuple(sorted(apart, key=lambda array: -array.largest)), len(names))


def _own_arrays(file: Any) -> dict[str, Any]:
    """All arrays of a cluster's file that are of no site."""
    found: dict[str, Any] = {}

    def keep(name: str, node: Any) -> None:
        if hasattr(node, "shape") and not name.startswith(f"{SITES}/"):
            found[name] = node[...]

    file.visititems(keep)
    return found


def _difference(name: str, there: Any, here: Any) -> ArrayDifference | None:
    """How far an array is apart; None where it is equal to the last bit."""
    if there is None or here is None:
        return ArrayDifference(name, math.inf, "not in the file" if there is None else "not in the rerun")
    if there.shape != here.shape or there.dtype.kind != here.dtype.kind:
        return ArrayDifference(name, math.inf, f"{there.dtype} {there.shape} there, {here.dtype} {here.shape} here")
    if there.tobytes() == here.tobytes():
        return None
    if there.dtype.kind not in "fiu":
        return ArrayDifference(name, math.inf, "text differs")
    a, b = there.astype(np.float64), here.astype(np.float64)
    sizes = np.fmax(np.abs(a), np.abs(b))
    largest = float(np.nanmax(sizes, initial=0.0)) or 1.0
    relative = relative_difference(a, b, np.fmax(sizes, FLOOR * largest))
    place = np.unravel_index(int(np.argmax(relative)), relative.shape) if relative.ndim else ()
    return ArrayDifference(name, float(relative[place]), ", ".join(str(int(k)) for k in place))
