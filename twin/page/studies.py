"""Studies from forms: a sweep or a search of the best setting written as a study file, and any study of the folder run and watched."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from twin.errors import ScenarioError, TwinError, UsageError
from twin.page.folder import SCENARIOS, Folder
from twin.page.typed import read_typed
from twin.quantities import format_quantity, parse, shown
from twin.results.kpis import kpi_text
from twin.results.replace import write_new
from twin.scenario import Scenario
from twin.scenario.places import Plain
from twin.scenario.quantity_names import PATTERNS
from twin.scenario.tables import confined, read_text
from twin.scenario.yaml_source import parse_yaml
from twin.scenario.yaml_text import to_yaml
from twin.study.executors import Serial
from twin.study.runs import Job, Outcome

MOST_VARIED = 8
MOST_OBJECTIVES, MOST_TARGETS = 2, 12
QUANTITIES = tuple(pattern.word for pattern in PATTERNS if pattern.when != "run")
"""What the names of quantities over time begin with; any other name is a key figure."""
MOST_POINTS, MOST_ROWS = 1024, 5000
KINDS = ("sweep", "optimise", "calibrate")
Told = Callable[[dict[str, Any]], None]


def kind_of(text: str) -> str:
    """Return what kind of study a YAML text is, "" for none."""
    tree = parse_yaml(text, "study").plain()
    if not isinstance(tree, dict):
        return ""
    if tree.get("calibrate") == 1:
        return "calibrate"
    return "" if tree.get("study") != 1 else "optimise" if "objectives" in tree else "sweep"


def listed(folder: Folder) -> list[dict[str, Any]]:
    """The studies of a folder by file, with their kind, what they are of, and of a search whether each figure is to be large (1) or small (-1)."""
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
            assert isinstance(tree, dict)
            objectives = tree.get("objectives")
            turns = {str(key): -1 if turn == "minimise" else 1 for key, turn in objectives.items()} if isinstance(objectives, dict) else {}
            found.append({"file": name, "kind": kind, "base": str(tree.get("base", "")), "objectives": turns})
    return found


def write_study(folder: Folder, name: str, base: str, given: Mapping[str, Any]) -> str:
    """Write a study from a form and return the name of its file.

    Raises ``UsageError`` for what is wrong with the form, or where the file stands already, ``ScenarioError`` for what is wrong with the study: then there is
    no file.
    """
    folder.existing(base, SCENARIOS)
    makes = {"sweep": _sweep_tree, "optimise": _search_tree, "calibrate": _calibration_tree}.get(str(given.get("kind")))
    if makes is None:
        raise UsageError(f"a form makes one of {', '.join(KINDS)} (got {shown(given.get('kind'))})")
    tree = makes(base, given)
    path = folder.new(name, ".yaml")
    if path.exists():
        raise UsageError(f"{path.name} stands in this folder already: give another name")
    write_new(path, to_yaml(tree).encode("utf-8"), "a study")
    try:
        with confined(folder.path):
            _load(str(given["kind"]), path)
    except ScenarioError as error:
        path.unlink()
        raise ScenarioError([replace(problem, file=path.name) for problem in error.problems]) from None
    except TwinError:
        path.unlink()
        raise
    return path.name


def _load(kind: str, path: Path) -> None:
    """Read a study as it will be run."""
    if kind == "sweep":
        from twin.study.study_file import load_study as load_sweep

        load_sweep(path)
    elif kind == "optimise":
        from twin.fit.optimise.study import load_study

        load_study(path)
    else:
        from twin.fit.calibrate.study_file import load_calibration

        load_calibration(path)


def _sweep_tree(base: str, given: Mapping[str, Any]) -> dict[str, Plain]:
    points = _count(given.get("points"), "points", 2, MOST_POINTS)
    return {
        "study": 1,
        "base": base,
        "kind": "terminating",
        "vary": {path: {"uniform": [low, high]} for path, (low, high) in _varied(given.get("vary")).items()},
        "design": {"lhs": points} if points & (points - 1) else {"sobol": points},
        "replications": _count(given.get("replications"), "replications", 1, 200),
        "responses": list(_figures(given.get("figures"))),
    }


def _search_tree(base: str, given: Mapping[str, Any]) -> dict[str, Plain]:
    """A search for one or two key figures; those in ``minimise`` are to be small."""
    objectives = _figures(given.get("figures"))
    if len(objectives) > MOST_OBJECTIVES:
        raise UsageError(f"a search has one or two key figures that decide (got {len(objectives)})")
    small = given.get("minimise", [])
    if not isinstance(small, list):
        raise UsageError(f"'minimise' lists key figures that are to be small (got {shown(small)})")
    search, replications = _count(given.get("points"), "settings to try", 8, MOST_POINTS), _count(given.get("replications"), "replications", 1, 200)
    return {
        "study": 1,
        "base": base,
        "kind": "terminating",
        "vary": {path: {"low": low, "high": high} for path, (low, high) in _varied(given.get("vary")).items()},
        "objectives": {name: "minimise" if name in small else "maximise" for name in objectives},
        "runs": {"search": search, "replications": replications, "finalists": 4, "choice": 30, "verdict": 10},
    }


def _calibration_tree(base: str, given: Mapping[str, Any]) -> dict[str, Plain]:
    """A calibration: parameters between two values, and what was measured: a key figure by its value, or a quantity by a column of a CSV."""
    runs = _count(given.get("points"), "runs of the first stage", 40, MOST_POINTS)
    return {
        "calibrate": 1,
        "base": base,
        "parameters": {path: {"low": low, "high": high} for path, (low, high) in _varied(given.get("vary")).items()},
        "targets": dict(_targets(given.get("targets"))),
        "pilot": 10,
        "runs": [runs, runs * 5 // 3],
    }


def _targets(rows: Any) -> Iterator[tuple[str, Plain]]:
    if not isinstance(rows, list) or not 0 < len(rows) <= MOST_TARGETS:
        raise UsageError(f"from 1 to {MOST_TARGETS} measured figures or series are needed")
    for k, row in enumerate(rows):
        if not isinstance(row, dict) or not all(isinstance(text, str) and len(text) < 300 for text in row.values()):
            raise UsageError("what was measured is told by texts")
        texts = {key: text.strip() for key, text in row.items()}
        what, csv, value = texts.get("what", ""), texts.get("csv", ""), texts.get("value", "")
        if not what or not texts.get("error") or bool(csv) == bool(value):
            raise UsageError("of what was measured a key figure or quantity, its value or a CSV with its column, and the error are needed")
        form = "quantity" if what.partition(".")[0] in QUANTITIES else "figure"
        said: dict[str, Plain] = {form: what, "error": _number(texts["error"])}
        if csv:
            said["series"] = {"csv": csv, "column": texts.get("column", "")}
            said |= {"over": texts["over"]} if texts.get("over") else {}
        else:
            said["value"] = _number(value)
        yield f"target_{k + 1}", said


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
        self._of_setting: dict[str, list[dict[str, float]]] = {}

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
        runs = self._of_setting.setdefault(json.dumps(changes), [])
        runs.append({name: kpi.value for name, kpi in figures.items()})
        means = {name: math.fsum(run.get(name, math.nan) for run in runs) / len(runs) for name in figures}
        return {
            "changes": changes,
            "figures": {name: kpi.value if math.isfinite(kpi.value) else None for name, kpi in figures.items()},
            "texts": {**texts, **{name: kpi_text(name, kpi.value, kpi.unit) for name, kpi in figures.items()}},
            "means": {name: kpi_text(name, means[name], kpi.unit) for name, kpi in figures.items()},
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
