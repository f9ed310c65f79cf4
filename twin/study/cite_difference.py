"""What a text that uses two scenarios says of their difference: a sentence with its interval, and seeds and hashes of both; and a short citation."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from twin.errors import UsageError
from twin.quantities import format_quantity
from twin.results.kpis import Kpi, kpi_text
from twin.results.read import Result
from twin.results.texts import ONE_RUN, difference_text
from twin.study.cite import cited, entry, figure, quoted
from twin.study.statistics import mean_of
from twin.study.verdicts import Change, Method, change_of, direction

PAIRED, WELCH = "paired, common random numbers", "independent runs, Welch"


@dataclass(frozen=True)
class CitedSide:
    """One scenario of a difference: its runs by (seed, replication) with their digests."""

    name: str
    title: str
    window: tuple[float, float]
    scenario_sha256: str
    version: str
    year: str
    runs: tuple[tuple[int, int, str], ...]

    @property
    def identity(self) -> str:
        """What identifies its runs: seeds, replications, hashes."""
        seeds: dict[int, list[str]] = {}
        for seed, replication, _ in self.runs:
            seeds.setdefault(seed, []).append(str(replication))
        said = "; ".join(f"seed {seed}, replication{'' if len(own) == 1 else 's'} {', '.join(own)}" for seed, own in seeds.items())
        digests = ", ".join(digest for _, _, digest in self.runs)
        return f"scenario SHA-256 {self.scenario_sha256}, {said}, digest{'' if len(self.runs) == 1 else 's'} {digests}"


@dataclass(frozen=True)
class DifferenceValue:
    """A key figure of both sides (means, SI) and how the second differs from the first."""

    name: str
    unit: str
    base: float
    variant: float
    n: int
    change: Change

    @property
    def difference(self) -> str:
        """The difference with half of its interval, e.g. ``"+0.29 ± 0.05 t/h"``."""
        width = None if self.change.interval is None else self.change.interval.half_width
        return difference_text(self.name, self.change.difference, width, self.unit, self.base, self.variant) if self.change.difference else "0"

    @property
    def text(self) -> str:
        """The difference with its interval, how it was found, and both means."""
        interval = self.change.interval
        how = PAIRED if self.change.method == "paired" else WELCH
        found = ONE_RUN if interval is None else f"{100 * interval.confidence:.4g} % interval, n = {self.n}, {how}"
        sides = f"{kpi_text(self.name, self.base, self.unit)} to {kpi_text(self.name, self.variant, self.unit)}"
        return f"{self.difference} ({found}; from {sides})"


@dataclass(frozen=True)
class CitedDifference:
    """What identifies a difference between two scenarios, the first being the base."""

    base: CitedSide
    variant: CitedSide
    values: tuple[DifferenceValue, ...]

    @property
    def sentence(self) -> str:
        """One sentence with the differences, their intervals, and seeds and hashes of both sides."""
        numbers = "; ".join(f"{value.name} {value.text}" for value in self.values)
        windows = [" to ".join(format_quantity(moment, "s") for moment in side.window) for side in (self.base, self.variant)]
        over = windows[0] if windows[0] == windows[1] else f"{windows[0]} and {windows[1]}"
        ends = f"base: {self.base.identity}; variant: {self.variant.identity}"
        variant, base = (side.title if self.base.title != self.variant.title else f"{side.title} ({side.name})" for side in (self.variant, self.base))
        return f"{variant} less {base}, simulated over {over}: {numbers}; twin {self.base.version}; {ends}."

    @property
    def short(self) -> str:
        """The same on one line, with the beginnings of the hashes."""
        numbers = "; ".join(f"{value.name} {value.difference}{'' if value.change.interval is not None else f' ({ONE_RUN})'}" for value in self.values)
        hashes = " - ".join(side.scenario_sha256[:8] for side in (self.variant, self.base))
        runs = f"{len(self.variant.runs)} and {len(self.base.runs)} runs"
        return f"{self.variant.name} - {self.base.name}: {numbers} [twin {self.base.version}, scenarios {hashes}, {runs}]"

    @property
    def bibtex(self) -> str:
        """An entry of the results of each side."""
        entries = []
        for side in (self.base, self.variant):
            key = f"{re.sub('[^A-Za-z0-9_-]', '_', side.name)}_{side.scenario_sha256[:8]}"
            entries.append(entry(key, title=f"{side.title}: simulation results", year=side.year, version=side.version, note=side.identity))
        return "\n\n".join(entries)

    @property
    def cff(self) -> str:
        """The same as entries of ``references:`` in a CITATION.cff."""
        lines = ["references:"]
        for side in (self.base, self.variant):
            lines += ["  - type: data", f"    title: {quoted(f'{side.title}: simulation results')}", "    authors:", "      - name: anonymous"]
            lines += [f"    version: {quoted(side.version)}", "    identifiers:"]
            named = [("SHA-256 of the scenario", side.scenario_sha256)]
            named += [(f"digest of replication {replication}, seed {seed}", digest) for seed, replication, digest in side.runs]
            for label, value in named:
                lines += ["      - type: other", f"        value: {quoted(f'sha256:{value}')}", f"        description: {quoted(label)}"]
        return "\n".join(lines)


Runs = dict[tuple[int, int], tuple[Mapping[str, Kpi], str]]


def cite_difference(files: Sequence[Path | str], kpis: Sequence[str] = ("throughput",), confidence: float = 0.95) -> CitedDifference:
    """Return what to say of the difference of two scenarios, of which there may be several runs each; that of the first file is the base.

    Runs are taken pair by pair where seeds and replications match, as independent where none does; one run of a side has no interval. Raises
    :class:`~twin.errors.UsageError` where the files are of one scenario or of more than two, of several versions of twin, where a run is given twice, and for
    a key figure that is not known or has no value.
    """
    sides: dict[str, tuple[list[CitedSide], Runs]] = {}
    names, made = list(dict.fromkeys(kpis)), ""
    for file in files:
        with cited(file) as result:
            version = f"{result.attrs['twin_version']} {result.attrs.get('code_sha256', '')}"
            if made and version != made:
                raise UsageError(f"{file} was made by another version or source of twin than the files before it: run them again with one")
            made = version
            seen, runs = sides.setdefault(str(result.attrs["scenario_sha256"]), ([], {}))
            key = int(result.attrs["seed"]), int(result.attrs["replication"])
            if key in runs:
                raise UsageError(f"{file}: seed {key[0]}, replication {key[1]} of this scenario is given twice; give each run once")
            runs[key] = {name: figure(result, name) for name in names}, result.digest
            seen.append(_side(result))
    if len(sides) != 2:
        raise UsageError(f"a difference is cited of two scenarios (got files of {len(sides)}): give those of a base and of one variant")
    (first, base), (second, variant) = sides.values()
    return CitedDifference(_with_runs(first, base), _with_runs(second, variant), tuple(_value(name, base, variant, confidence) for name in names))


def _side(result: Result) -> CitedSide:
    attrs = result.attrs
    title = str(attrs.get("scenario_title") or attrs["scenario_name"])
    window = float(attrs["warmup"]), float(attrs["horizon"])
    sha256, year = str(attrs["scenario_sha256"]), str(attrs.get("created", ""))[:4]
    return CitedSide(str(attrs["scenario_name"]), title, window, sha256, str(attrs["twin_version"]), year, ())


def _with_runs(seen: Sequence[CitedSide], runs: Runs) -> CitedSide:
    first = seen[0]
    found = tuple((seed, replication, digest) for (seed, replication), (_, digest) in sorted(runs.items()))
    return CitedSide(first.name, first.title, first.window, first.scenario_sha256, first.version, min(side.year for side in seen), found)


def _value(name: str, base: Runs, variant: Runs, confidence: float) -> DifferenceValue:
    both = [key for key in base if key in variant]
    method: Method = "paired" if len(both) > 1 else "independent" if not both and min(len(base), len(variant)) > 1 else "one run"
    left, right = ([runs[key][0][name] for key in (both or runs)] for runs in (base, variant))
    known = [kpi.value for kpi in left], [kpi.value for kpi in right]
    change = change_of(*known, method, direction(name, ()), confidence) if not any(map(math.isnan, (*known[0], *known[1]))) else None
    if change is None:
        raise UsageError(f"{name} has no value in one of the runs: there is nothing to cite")
    return DifferenceValue(name, left[0].unit, mean_of(known[0]), mean_of(known[1]), min(len(left), len(right)), change)
