"""What a text that uses a run says of it: a sentence with its number, and entries for BibTeX and CITATION.cff.

Several files are replications of one scenario, and give an interval; one run gives none, and the sentence says so.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin.errors import UsageError
from twin.quantities import format_quantity
from twin.results.held import contradictions
from twin.results.kpis import WIDE, Kpi, kpi_text
from twin.results.read import Result, open_file
from twin.results.texts import ONE_RUN, difference_text, interval_text
from twin.scenario.problems import nearest
from twin.study.statistics import Interval, mean_of, student_interval

SOFTWARE = "twin: a digital-twin simulation engine for recycling plants"
_SPECIAL = {"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}


@dataclass(frozen=True)
class Value:
    """A key figure over the runs that are cited: the mean of ``n`` (SI, in ``unit``), with its 95 % interval where there are several."""

    name: str
    mean: float
    unit: str
    n: int
    interval: Interval | None
    bounds: tuple[float, float] = (math.nan, math.nan)

    @property
    def text(self) -> str:
        """The value with its interval and number of runs, e.g. ``"3.6 t/h (one run, no interval)"``."""
        value = kpi_text(self.name, self.mean, self.unit)
        if self.interval is None:
            return f"{value} ({ONE_RUN}{self._stock})"
        ends = interval_text(self.name, self.mean, self.interval.low, self.interval.high, self.unit)
        return f"{value} ({100 * self.interval.confidence:.4g} % interval {ends}, n = {self.n} replications{self._stock})"

    @property
    def brief(self) -> str:
        """The value and half of its interval, e.g. ``"3.6 ± 0.2 t/h"``."""
        if self.interval is None:
            return f"{kpi_text(self.name, self.mean, self.unit)} ({ONE_RUN})"
        return difference_text(self.name, self.mean, self.interval.half_width, self.unit, self.mean).removeprefix("+").replace(" pp", " %")

    @property
    def _stock(self) -> str:
        """What the change of stock in the window leaves open, where that is more than chance does."""
        low, high = self.bounds
        chance = WIDE * abs(self.mean) if self.interval is None else 2.0 * self.interval.half_width
        if not (high >= 1.0 + 1e-9 or high - low > max(chance, 1e-9)):
            return ""
        return f"; with the change of stock in the window {interval_text(self.name, self.mean, low, high, self.unit)}"


@dataclass(frozen=True)
class Citation:
    """What identifies the runs that are cited. ``year`` is that in which the first file was made; ``digests`` are those of the files, by replication."""

    name: str
    title: str
    year: str
    version: str
    seed: int
    replications: tuple[int, ...]
    window: tuple[float, float]
    scenario_sha256: str
    digests: tuple[str, ...]
    values: tuple[Value, ...]

    @property
    def key(self) -> str:
        """The key of the BibTeX entry, e.g. ``"weee_line_70c81e1b"``."""
        return f"{re.sub('[^A-Za-z0-9_-]', '_', self.name)}_{self.scenario_sha256[:8]}"

    @property
    def sentence(self) -> str:
        """One sentence with value, interval, unit, seed, hashes and version."""
        numbers = "; ".join(f"{value.name} {value.text}" for value in self.values)
        start, end = (format_quantity(moment, "s") for moment in self.window)
        return (
            f"{self.title}, simulated from {start} to {end}: {numbers}; seed {self.seed}, {self._runs}, twin {self.version}, "
            f"scenario SHA-256 {self.scenario_sha256}, results {self._digests}."
        )

    @property
    def short(self) -> str:
        """The same on one line, with the beginnings of the hashes."""
        numbers = "; ".join(f"{value.name} {value.brief}" for value in self.values)
        ends = f"twin {self.version}, scenario {self.scenario_sha256[:8]}, seed {self.seed}, {self._runs}"
        return f"{self.name}: {numbers} [{ends}]"

    @property
    def bibtex(self) -> str:
        """Entries of the results and of the software; author, URL and DOI are left for whoever publishes them."""
        note = f"scenario SHA-256 {self.scenario_sha256}, seed {self.seed}, {self._runs}, {self._digests}"
        results = entry(self.key, title=f"{self.title}: simulation results", year=self.year, version=self.version, note=note)
        return f"{results}\n\n{entry(f'twin_{self.version}', title=SOFTWARE, version=self.version, note='computer software')}"

    @property
    def cff(self) -> str:
        """The same as entries of ``references:`` in a CITATION.cff (1.2.0), which wants authors: the software's, and "anonymous" until one is put in."""
        lines = ["references:", "  - type: data", f"    title: {quoted(f'{self.title}: simulation results')}", "    authors:", "      - name: anonymous"]
        lines += [f"    year: {self.year}"] if self.year else []
        lines += [f"    version: {quoted(self.version)}", "    identifiers:"]
        described = [("SHA-256 of the scenario", self.scenario_sha256)]
        what = "digest (SHA-256 over arrays and scenario) of replication"
        described += [(f"{what} {k}, seed {self.seed}", digest) for k, digest in zip(self.replications, self.digests, strict=True)]
        for label, value in described:
            lines += ["      - type: other", f"        value: {quoted(f'sha256:{value}')}", f"        description: {quoted(label)}"]
        lines += ["  - type: software", f"    title: {quoted(SOFTWARE)}", "    authors:", "      - name: The twin developers"]
        return "\n".join([*lines, f"    version: {quoted(self.version)}", "    license: Apache-2.0"])

    @property
    def _runs(self) -> str:
        return f"replication{'' if len(self.replications) == 1 else 's'} {', '.join(map(str, self.replications))}"

    @property
    def _digests(self) -> str:
        return f"digest{'' if len(self.digests) == 1 else 's'} {', '.join(self.digests)}"


def entry(key: str, **fields: str) -> str:
    """An entry of BibTeX."""
    lines = [f"  {name} = {{{_latex(value)}}}" for name, value in fields.items() if value]
    return f"@misc{{{key},\n" + ",\n".join(lines) + "\n}"


def _latex(text: str) -> str:
    return re.sub(r"[\\{}~^#$%&_]", lambda match: _SPECIAL.get(match[0], f"\\{match[0]}"), " ".join(text.split()))


def quoted(text: str) -> str:
    """A text as YAML takes it."""
    return json.dumps(text, ensure_ascii=False)  # a JSON text is a YAML text


def scenarios_of(files: Sequence[Path | str]) -> list[str]:
    """Return the hashes of the scenarios of which files are runs, each once, in order."""
    found: dict[str, None] = {}
    for file in files:
        with cited(file) as result:
            found[str(result.attrs["scenario_sha256"])] = None
    return list(found)


@contextmanager
def cited(file: Path | str) -> Iterator[Result]:
    """Open a results file to cite it; what contradicts itself in it is a ``FileError``."""
    with open_file(file) as result, contradictions(file):
        yield result


def cite(files: Sequence[Path | str], kpis: Sequence[str] = ("throughput",)) -> Citation:
    """Return what to say of results files: one run, or replications of one scenario with one seed.

    Raises :class:`~twin.errors.UsageError` where they are not, where a replication is given twice, and for a key figure that is not known or has no value.
    """
    if not files:
        raise UsageError("cite needs at least one results file")
    runs: list[_Run] = []
    for file in files:
        with cited(file) as result:
            runs.append(_Run(str(file), result.attrs, {name: figure(result, name) for name in dict.fromkeys(kpis)}))
            _check(runs)
    runs.sort(key=lambda run: int(run.attrs["replication"]))
    attrs = runs[0].attrs
    return Citation(
        name=str(attrs["scenario_name"]),
        title=str(attrs.get("scenario_title") or attrs["scenario_name"]),
        year=min(str(run.attrs.get("created", ""))[:4] for run in runs),
        version=str(attrs["twin_version"]),
        seed=int(attrs["seed"]),
        replications=tuple(int(run.attrs["replication"]) for run in runs),
        window=(float(attrs["warmup"]), float(attrs["horizon"])),
        scenario_sha256=str(attrs["scenario_sha256"]),
        digests=tuple(str(run.attrs["digest"]) for run in runs),
        values=tuple(_value(name, runs) for name in dict.fromkeys(kpis)),
    )


@dataclass(frozen=True)
class _Run:
    file: str
    attrs: dict[str, Any]
    figures: dict[str, Kpi]


def figure(result: Result, name: str) -> Kpi:
    """A key figure that can be cited. Raises ``UsageError`` where the file has none of that name, or it has no value."""
    if name not in result.kpis:
        raise UsageError(f"{result.path} has no key figure {name!r}; {nearest(name, result.kpis)}")
    kpi = result.kpis[name]
    if math.isnan(kpi.value):
        why = f" ({kpi.note})" if kpi.note else ""
        raise UsageError(f"{name} has no value in {result.path}{why}: there is nothing to cite")
    return kpi


def _check(runs: Sequence[_Run]) -> None:
    """Raise ``UsageError`` where the last of the runs does not belong to the others."""
    *others, last = runs
    for other in others:
        if last.attrs["scenario_sha256"] != other.attrs["scenario_sha256"]:
            raise UsageError(f"{last.file} is a run of another scenario than {other.file}: cite replications of one scenario, or a difference of two")
        if last.attrs["seed"] != other.attrs["seed"]:
            raise UsageError(
                f"{last.file} has seed {last.attrs['seed']}, {other.file} seed {other.attrs['seed']}: "
                "cite replications of one seed ('twin run --replications N')"
            )
        for name in ("twin_version", "code_sha256"):
            if last.attrs.get(name) != other.attrs.get(name):
                raise UsageError(f"{last.file} and {other.file} were made by different versions or sources of twin: run them again with one")
        if last.attrs["replication"] == other.attrs["replication"]:
            raise UsageError(f"{last.file} and {other.file} are the same replication ({last.attrs['replication']}): give each once")


def _value(name: str, runs: Sequence[_Run]) -> Value:
    figures = [run.figures[name] for run in runs]
    numbers = [kpi.value for kpi in figures]
    bounds = mean_of([kpi.low for kpi in figures]), mean_of([kpi.high for kpi in figures])
    return Value(name, mean_of(numbers), figures[0].unit, len(numbers), student_interval(numbers), bounds)
