"""Studies from forms: a sweep or a search of the best setting written as a study file, and any study of the folder run and watched."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from twin.errors import UsageError
from twin.page.folder import SCENARIOS, Folder
from twin.page.typed import read_typed
from twin.quantities import format_quantity, parse, shown
from twin.results.kpis import kpi_text
from twin.results.replace import write_new
from twin.scenario import Scenario
from twin.scenario.places import Plain
from twin.scenario.tables import confined, read_text
from twin.scenario.yaml_source import parse_yaml
from twin.scenario.yaml_text import to_yaml
from twin.study.executors import Serial
from twin.study.runs import Job, Outcome

MOST_VARIED = 8
MOST_POINTS, MOST_ROWS = 1024, 5000
KINDS = ("sweep", "optimise", "calibrate")
Told = Callable[[dict[str, Any]], None]


def kind_of(text: str) -> str:
    """Return what kind of study a YAML text is, "" for none."""
    tree = parse_yaml(text, "study").plain()
    if not isinstance(tree, dict) or tree.get("study") != 1:
        return ""
    return "calibrate" if "targets" in tree else "optimise" if "objectives" in tree else "sweep"


def listed(folder: Folder) -> list[dict[str, str]]:
    """The studies of a folder by file, with their kind and what they are of."""
    found = []
    for name in folder.yaml_names():
        try:
            with confined(folder.path):
                text = read_text(folder.path / name, name)
            kind = kind_of(text)
        except UsageError:
            continue
        if kind:
            tree = parse_yaml(text, name).plain()
            found.append({"file": name, "kind": kind, "base": str(tree.get("base", "")) if isinstance(tree, dict) else ""})
    return found


def write_study(folder: Folder, name: str, base: str, given: Mapping[str, Any]) -> str:
    """Write a study from a form and return the name of its file. Raises ``UsageError`` for what is wrong with the form, or where the file stands already."""
    folder.existing(base, SCENARIOS)
    kind = given.get("kind")
    if kind not in ("sweep", "optimise"):
        raise UsageError(f"a form makes a sweep or a search (got {shown(kind)}); a calibration is written by hand, see the page on calibrating")
    vary = _varied(given.get("vary"))
    replications = _count(given.get("replications"), "replications", 1, 200)
    tree: dict[str, Plain] = {"study": 1, "base": base, "kind": "terminating"}
    if kind == "sweep":
        points = _count(given.get("points"), "points", 2, MOST_POINTS)
        tree["vary"] = {path: {"uniform": [low, high]} for path, (low, high) in vary.items()}
        tree["design"] = {"lhs": points} if points & (points - 1) else {"sobol": points}
        tree["replications"] = replications
        tree["responses"] = list(_figures(given.get("figures")))
    else:
        tree["vary"] = {path: {"low": low, "high": high} for path, (low, high) in vary.items()}
        objective = _figures(given.get("figures"))
        turned = "minimise" if given.get("minimise") is True else "maximise"
        tree["objectives"] = {objective[0]: turned}
        search = _count(given.get("points"), "settings to try", 8, MOST_POINTS)
        tree["runs"] = {"search": search, "replications": replications, "finalists": 4, "choice": 30, "verdict": 10}
    path = folder.new(name, ".yaml")
    if path.exists():
        raise UsageError(f"{path.name} stands in this folder already: give another name")
    write_new(path, to_yaml(tree).encode("utf-8"), "a study")
    return path.name


def _varied(rows: Any) -> dict[str, tuple[Plain, Plain]]:
    if not isinstance(rows, list) or not 0 < len(rows) <= MOST_VARIED:
        raise UsageError(f"from 1 to {MOST_VARIED} parameters are varied")
    found: dict[str, tuple[Plain, Plain]] = {}
    for row in rows:
        if not isinstance(row, dict) or not all(isinstance(row.get(key), str) and 0 < len(row[key]) < 300 for key in ("path", "low", "high")):
            raise UsageError("a parameter is varied from one value to another, both with units")
        found[row["path"].strip()] = (_number(row["low"]), _number(row["high"]))
    return found


def _number(text: str) -> Plain:
    tree = parse_yaml(f"value: {json.dumps(read_typed(text))}\n", "what was typed").plain()
    value = tree["value"] if isinstance(tree, dict) else ""
    try:
        return float(str(value)) if not str(value).strip().lstrip("+-").isdigit() else int(str(value))
    except ValueError:
        return value


def _count(value: Any, what: str, least: int, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise UsageError(f"{what}: a whole number from {least} to {most} is needed (got {shown(value)})")
    return value


def _figures(names: Any) -> list[str]:
    if not isinstance(names, list) or not 0 < len(names) <= 6 or not all(isinstance(name, str) and 0 < len(name) < 100 for name in names):
        raise UsageError("one to six key figures are needed, e.g. margin")
    return [name.strip() for name in names]


class Watched(Serial):
    """Makes runs one after another and tells each as it is done: what was changed and the key figures that are watched."""

    def __init__(self, figures: Iterable[str], told: Told) -> None:
        self.figures, self.told = tuple(figures), told
        self._made = itertools.count()

    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[int, Outcome]]:
        kept: dict[int, Job] = {}

        def noted() -> Iterator[Job]:
            for index, job in enumerate(jobs):
                kept[index] = job
                yield job

        for index, outcome in super().run(noted()):
            job = kept.pop(index)
            if next(self._made) < MOST_ROWS:
                self.told(self._row(job, outcome))
            yield index, outcome

    def _row(self, job: Job, outcome: Outcome) -> dict[str, Any]:
        """What was changed and what came out, as numbers and as people read them."""
        units = {number.path: number.unit for number in job.scenario.numbers} if isinstance(job.scenario, Scenario) else {}
        figures = {name: outcome.kpis[name] for name in self.figures if outcome.kpis and name in outcome.kpis}
        changes = {path: found for path, value in job.changes.items() if (found := _in_si(value, units.get(path, "1"))) is not None}
        texts = {path: format_quantity(value, units[path]) if units.get(path, "1") != "1" else f"{value:.4g}" for path, value in changes.items()}
        return {
            "changes": changes,
            "figures": {name: kpi.value if math.isfinite(kpi.value) else None for name, kpi in figures.items()},
            "texts": {**texts, **{name: kpi_text(name, kpi.value, kpi.unit) for name, kpi in figures.items()}},
        }


def _in_si(value: Plain, unit: str) -> float | None:
    """A changed number in SI; None for what is no number, such as a choice."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    try:
        return parse(value, unit) if isinstance(value, str) else None
    except UsageError:
        return None


def run_study(folder: Path, file: str, told: Told, advance: Callable[[float], None]) -> dict[str, Any]:
    """Run a study of a folder; ``told(row)`` after each run, ``advance(share)`` as it goes on. Returns what came out in words, and the files written."""
    with confined(folder):
        kind = kind_of(read_text(folder / file, file))
    runner = {"sweep": _sweep, "optimise": _optimise, "calibrate": _calibrate}.get(kind)
    if runner is None:
        raise UsageError(f"{file} is no study: it has no line 'study: 1'")
    with confined(folder):
        return {"kind": kind, **runner(folder, folder / file, told, advance)}


def _check_no_links(folder: Path, name: str) -> None:
    """Refuse a study whose results would be written through a link, and so perhaps elsewhere."""
    for path in folder.iterdir():
        if path.name.startswith(name) and path.is_symlink():
            raise UsageError(f"{path.name} is a link, and results of the study would go where it leads: remove it, or name the study otherwise")


def _sweep(folder: Path, file: Path, told: Told, advance: Callable[[float], None]) -> dict[str, Any]:
    from twin.study.study_file import load_study
    from twin.study.sweep import sweep

    study = load_study(file)
    _check_no_links(folder, study.name)
    out = folder / f"{study.name}.h5"
    found = sweep(study, out, executor=Watched(study.responses, told), progress=lambda one: advance(one.done / max(1, one.total)))
    counts = ", ".join(f"{count} {status}" for status, count in found.counts.items() if count)
    return {"lines": [*repr(found.table).splitlines(), counts], "files": [out.name], "report": ""}


def _optimise(folder: Path, file: Path, told: Told, advance: Callable[[float], None]) -> dict[str, Any]:
    from twin.fit.optimise.found import write_best
    from twin.fit.optimise.plant import optimise
    from twin.fit.optimise.search import check_installed
    from twin.fit.optimise.study import load_study
    from twin.report.optimising import write_page

    check_installed()
    study = load_study(file)
    _check_no_links(folder, study.name)
    names = [objective.name for objective in study.problem.objectives]
    out, best, page = folder / f"{study.name}.h5", folder / f"{study.name}_best.yaml", folder / f"{study.name}_page.html"
    found = optimise(study, out, executor=Watched(names, told), progress=lambda one: advance(one.done / max(1, one.total)))
    if found.best is not None:
        write_best(found, best)
    write_page(found, page)
    return {"lines": str(found).splitlines(), "files": [out.name, *([best.name] if found.best is not None else [])], "report": page.name}


def _calibrate(folder: Path, file: Path, told: Told, advance: Callable[[float], None]) -> dict[str, Any]:
    from twin.fit.calibrate.calibrate import calibrate
    from twin.fit.calibrate.study_file import load_calibration

    study = load_calibration(file)
    _check_no_links(folder, study.name)
    out = folder / f"{study.name}_calibrated.yaml"
    found = calibrate(study, out, executor=Watched((), told), progress=lambda one: advance(one.done / max(1, one.total)))
    return {"lines": str(found).splitlines(), "files": [out.name], "report": ""}
