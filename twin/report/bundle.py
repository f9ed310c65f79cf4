"""Packs runs with all that belongs to them into one RO-Crate zip: scenario, catalogues, results, report, environment, citation.

RO-Crate 1.1 (https://w3id.org/ro/crate/1.1) is a folder with a description of its files in JSON-LD; that of runs follows the profile Process Run Crate.
The same files give the same bytes.
"""

from __future__ import annotations

import json
import math
import re
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from twin.errors import UsageError
from twin.report.page import render
from twin.report.source import gather
from twin.results.held import contradictions
from twin.results.read import Result, open_file
from twin.results.replace import Mark, check_replaceable, replacing
from twin.study.cite import SOFTWARE, Citation, cite

METADATA = "ro-crate-metadata.json"
NO_LICENSE = "No license is stated: ask whoever made this bundle before you use it."
_PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
_MARK = b"twin bundle"
_MOMENT = (1980, 1, 1, 0, 0, 0)
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}(?<!\.)")
_FORMATS = {
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".csv": "text/csv",
    ".h5": "application/x-hdf5",
    ".html": "text/html",
    ".json": "application/json",
    ".cff": "application/yaml",
    ".bib": "application/x-bibtex",
}


@dataclass(frozen=True)
class Bundle:
    """A bundle that was written: where, and the names of its files."""

    path: Path
    names: tuple[str, ...]


@dataclass(frozen=True)
class _Entry:
    """A file of a bundle: its name there, a text or the file it is copied from, and what is said of it."""

    name: str
    content: str | Path
    title: str
    description: str = ""

    @property
    def size(self) -> int:
        return self.content.stat().st_size if isinstance(self.content, Path) else len(self.content.encode("utf-8"))


def bundle(files: Sequence[Path | str], out: Path | str = "bundle.zip", *, license: str = NO_LICENSE) -> Bundle:  # noqa: A002  the word of RO-Crate
    """Write a bundle of one run, or of replications of one scenario, to ``out``; a bundle that is there is replaced, any other file refused.

    ``license`` says how the bundle may be used: the address of a license, or a sentence. Raises :class:`~twin.errors.UsageError` for runs that do
    not belong together and where rocrate is not installed, :class:`~twin.errors.FileError` for files that cannot be read or written.
    """
    _check_installed()
    target = Path(out)
    check_replaceable(target, BUNDLE)
    with contradictions(", ".join(map(str, files))), ExitStack() as stack:
        results = sorted((stack.enter_context(open_file(file)) for file in files), key=lambda result: int(result.attrs["replication"]))
        citation = cite(files, _citable(results))
        stem = _safe(str(results[0].attrs["scenario_name"]))
        runs = [_Entry(f"results/{stem}-r{int(result.attrs['replication'])}.h5", Path(str(result.path)), *_about(result)) for result in results]
        inputs = list(_inputs(results[0], stem))
        others = list(_others(results, runs, citation))
        described = _described(citation, results, [runs, inputs, others], license)
    entries = [_Entry(METADATA, described, "metadata"), *inputs, *runs, *others]
    _write(target, entries)
    return Bundle(target, tuple(entry.name for entry in entries))


def _citable(results: Sequence[Result]) -> tuple[str, ...]:
    return tuple(name for name in ("throughput",) if all(name in result.kpis and not math.isnan(result.kpis[name].value) for result in results))


def _about(result: Result) -> tuple[str, str]:
    attrs = result.attrs
    return f"Results of replication {attrs['replication']}", f"seed {attrs['seed']}, digest {attrs['digest']}; 'twin reproduce' makes it again"


def _inputs(result: Result, stem: str) -> Iterator[_Entry]:
    """The scenario and what it reads, laid out so that it runs from the unpacked folder; a name that leads elsewhere is kept as a title only."""
    scenario = f"scenario/{stem}.yaml"
    yield _Entry(scenario, result.scenario, "Scenario", f"merged, SHA-256 {result.attrs['scenario_sha256']}")
    taken = {scenario.casefold()}
    for number, (name, text) in enumerate(sorted(result.files.items())):
        inside = f"scenario/{name}" if Path(name).suffix and all(_PART.fullmatch(part) for part in name.split("/")) else ""
        if not inside or inside.casefold() in taken:
            inside = f"files/{number}-{_safe(Path(name).name)}"
        taken.add(inside.casefold())
        yield _Entry(inside, text, name, "read by the scenario under this name")


def _others(results: Sequence[Result], runs: Sequence[_Entry], citation: Citation) -> Iterator[_Entry]:
    made = {Path(run.name).name: result.attrs["platform"] for run, result in zip(runs, results, strict=True)}
    yield _Entry("report.html", render(gather(results, [Path(run.name).name for run in runs])), "Report")
    yield _Entry("environment/made_on.json", json.dumps(made, indent=2, sort_keys=True) + "\n", "Versions and processor with which the results were made")
    yield _Entry("environment/requirements.txt", _installed(), "Python packages that were installed where the bundle was made")
    yield _Entry("CITATION.cff", _cff(citation), "Citation in the Citation File Format", "put your name in the place of anonymous")
    yield _Entry("citation.bib", citation.bibtex + "\n", "Citation in BibTeX")


def _cff(citation: Citation) -> str:
    title = json.dumps(f"{citation.title}: simulation results", ensure_ascii=False)
    head = ["cff-version: 1.2.0", "message: Please cite these results as below.", "type: dataset", f"title: {title}", "authors:", "  - name: anonymous"]
    return "\n".join([*head, citation.cff]) + "\n"


def _installed() -> str:
    """Names and versions of all packages, as ``pip freeze`` lists them, without the folders and hosts they came from."""
    found = {(re.sub(r"[-_.]+", "-", str(package.metadata["Name"])).lower(), package.version) for package in metadata.distributions()}
    return "".join(f"{name}=={version}\n" for name, version in sorted(found))


def _described(citation: Citation, results: Sequence[Result], entries: Sequence[Sequence[_Entry]], license_: str) -> str:
    """The metadata: every file, and each run as an action of twin that made its results from the scenario."""
    from rocrate.model.contextentity import ContextEntity
    from rocrate.rocrate import ROCrate

    runs, inputs, others = entries
    crate = ROCrate(version="1.1")

    def thing(identifier: str, **properties: str) -> Any:
        return crate.add(ContextEntity(crate, identifier, properties={"@type": "CreativeWork", **properties}))

    crate.name = f"{citation.title}: simulation results"
    crate.description = citation.sentence if citation.values else f"Scenario, results, report and environment of {citation.title}"
    crate.datePublished = max(str(result.attrs.get("created", "")) for result in results)
    is_address = re.fullmatch(r"https?://[^\s<>\"]+", license_) is not None
    crate.license = thing(license_, name=license_, description="license of this bundle") if is_address else license_
    crate.root_dataset["conformsTo"] = thing(_PROFILE, name="Process Run Crate", version="0.5")
    software = thing("#twin", **{"@type": "SoftwareApplication"}, name=SOFTWARE, softwareVersion=citation.version)
    added = {entry.name: crate.add_file(dest_path=entry.name, properties=_properties(entry)) for entry in (*inputs, *runs, *others)}
    given = [added[entry.name] for entry in inputs]
    actions = []
    for run, result in zip(runs, results, strict=True):
        number, end = f"{result.attrs['replication']}", str(result.attrs.get("created", ""))
        what = {"name": f"Run of replication {number}", "description": run.description, "endTime": end}
        actions.append(crate.add_action(software, f"#run-{number}", object=_one_or_all(given), result=added[run.name], properties=what))
    crate.root_dataset["mentions"] = _one_or_all(actions)
    return json.dumps(crate.metadata.generate(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _one_or_all(items: list[Any]) -> Any:
    """RO-Crate wants a single value to stand without a list."""
    return items if len(items) > 1 else items[0]


def _properties(entry: _Entry) -> dict[str, Any]:
    kind = _FORMATS.get(Path(entry.name).suffix.lower(), "text/plain")
    said = {"name": entry.title, "encodingFormat": kind, "contentSize": str(entry.size)}
    return {**said, "description": entry.description} if entry.description else said


def _safe(text: str) -> str:
    """A file name of letters, digits and ``_ . -`` alone."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", Path(text).stem)[:80].strip("_-") + re.sub(r"[^A-Za-z0-9.]", "", Path(text).suffix)[:10] or "run"


def _check_installed() -> None:
    try:
        import rocrate  # noqa: F401
    except ImportError as error:
        raise UsageError("a bundle needs rocrate: pip install 'twin[bundle]'") from error


def _is_bundle(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.comment == _MARK
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return False


BUNDLE = Mark("a bundle of twin", _is_bundle)


def _write(target: Path, entries: Sequence[_Entry]) -> None:
    """Write under another name, then rename, so that a reader never sees half a bundle."""
    with replacing(target, BUNDLE) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        archive.comment = _MARK
        for entry in entries:
            _add(archive, entry)


def _add(archive: zipfile.ZipFile, entry: _Entry) -> None:
    """Results are stored as they are (their arrays are compressed already), texts deflated; all with one time stamp and mode."""
    about = zipfile.ZipInfo(entry.name, _MOMENT)
    about.create_system, about.external_attr = 3, 0o100644 << 16
    if isinstance(entry.content, Path):
        with entry.content.open("rb") as source, archive.open(about, "w", force_zip64=True) as copy:
            shutil.copyfileobj(source, copy, 1 << 20)
    else:
        archive.writestr(about, entry.content.encode("utf-8"), zipfile.ZIP_DEFLATED)
