"""The page of an optimisation: the verdict, history and front as figures, importances, and every setting that was tried."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twin.errors import UsageError
from twin.fit.optimise import wording
from twin.fit.optimise.archive import goal_of, slack_of
from twin.fit.optimise.engine import Double
from twin.fit.optimise.plant import Optimum
from twin.fit.optimise.problem import Objective
from twin.report.drawing import Drawing, svg
from twin.report.page import style_sheet
from twin.results.kpis import kpi_text
from twin.results.provenance import twin_version
from twin.results.replace import check_replaceable, replacing, text_mark

PAGE = text_mark("an optimisation page of twin", b'<meta name="generator" content="twin optimise">', 2048)
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720.0, 260.0, 96.0, 16.0, 14.0, 34.0
DOT = 5.0
TICKS = 4
CLASSES = {"base": "dot", "all": "dot", "sobol": "dot", "tpe": "dot tpe", "surrogate": "dot surrogate"}


def check_page(out: Path) -> None:
    """Raise ``UsageError`` where jinja2 is not installed, ``FileError`` where another file stands at ``out``."""
    check_replaceable(out, PAGE)
    try:
        import jinja2  # noqa: F401
    except ImportError as error:
        raise UsageError("a page needs jinja2: pip install 'twin[report]'") from error


def write_page(found: Optimum, out: Path) -> Path:
    """Write the page; an existing one is replaced, any other file refused. Raises ``UsageError`` where jinja2 is not installed, ``FileError``."""
    check_page(out)
    text = render(found)
    with replacing(out, PAGE) as temporary:
        temporary.write_bytes(text.encode("utf-8"))
    return out


def render(found: Optimum) -> str:
    """Return the page."""
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("twin.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    context = _contents(found)
    figures = {name: Markup(svg(drawing, f"figure-{name}")) for name, drawing in context.pop("drawings").items()}
    figures.setdefault("front", Markup(""))
    return environment.get_template("optimising.html.j2").render(**context, figures=figures, style=Markup(style_sheet()))


def _contents(found: Optimum) -> dict[str, Any]:
    study, outcome = found.study, found.outcome
    objectives = study.problem.objectives
    drawings = {f"history{k}": history(found, objective) for k, objective in enumerate(objectives)}
    if isinstance(outcome, Double):
        drawings["front"] = front(found, outcome)
    sought = " and ".join(f"{objective.word} {objective.name}" for objective in objectives)
    limits = "".join(f"; {wording.limit_text(limit, study.units[limit.name])}" for limit in study.problem.limits)
    importances = wording.importance_rows(outcome)
    rows = [[name, *map(wording.importance_text, shares)] for name, shares in importances]
    return {
        "title": study.title or study.name,
        "lead": f"{sought}{limits}; plant {study.scenario.title or study.scenario.name}, seed {study.scenario.seed}",
        "sentences": wording.sentences(study, outcome),
        "tables": wording.tables(study, outcome),
        "effort": wording.effort_text(outcome),
        "histories": {f"history{k}": objective.name for k, objective in enumerate(objectives)},
        "surrogates": wording.surrogate_texts(outcome),
        "importances": wording.Table("importances", ["", *(objective.name for objective in objectives)], rows),
        "trials": _trials(found),
        "drawings": drawings,
        "runs": f"{found.advance.done}, of which {found.advance.failed} failed; {found.path}",
        "scenario": study.scenario.sha256,
        "version": twin_version(),
        "sections": [
            ("verdict", "Verdict"),
            ("history", "History"),
            ("importances", "Importances"),
            ("settings", "All settings"),
            ("made", "How this was made"),
        ],
    }


def _trials(found: Optimum) -> wording.Table:
    problem, units = found.study.problem, found.study.units
    headings = ["", "proposed by", *problem.space.names, *(one.name for one in problem.objectives), *(["limits"] if problem.limits else []), "finalist"]
    rows = []
    for number, trial in enumerate(found.outcome.archive):
        seen, place = trial.observation, wording.rank_of(found.outcome, trial.setting)
        values = [kpi_text(one.name, math.nan if seen is None else seen.values[one.name], units[one.name]) for one in problem.objectives]
        kept = [] if not problem.limits else ["failed" if seen is None else "kept" if all(slack_of(one, seen) >= 0.0 for one in problem.limits) else "broken"]
        rows.append([str(number), trial.by, *wording.setting_cells(trial.setting, 0), *values, *kept, str(place) if place else ""])
    return wording.Table("settings as the search saw them", headings, rows)


class _Frame:
    """A frame with two axes: from data to pixels."""

    def __init__(self, title: str, text: str, x: Sequence[float], y: Sequence[float]) -> None:
        self.drawing = Drawing(WIDTH, HEIGHT, title, text)
        self.x, self.y = _span(x), _span(y)

    def at(self, x: float, y: float) -> tuple[float, float]:
        across, up = ((value - low) / (high - low) for value, (low, high) in zip((x, y), (self.x, self.y), strict=True))
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    def dot(self, css: str, x: float, y: float, title: str, size: float = DOT) -> None:
        across, down = self.at(x, y)
        self.drawing.rect(css, across - size / 2, down - size / 2, size, size, title, size / 2)

    def axes(self, across: Sequence[tuple[float, str]], name: str, up: Sequence[tuple[float, str]]) -> None:
        for value, text in up:
            left, down = self.at(self.x[0], value)
            self.drawing.line("grid", (left, down), (WIDTH - RIGHT, down))
            self.drawing.write("tick", LEFT - 6, down + 3, text, "end")
        for value, text in across:
            self.drawing.write("tick", self.at(value, self.y[0])[0], HEIGHT - BOTTOM + 14, text, "middle")
        self.drawing.write("tick", WIDTH - RIGHT, HEIGHT - 4, name, "end")


def _span(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    margin = 0.06 * (high - low) or max(1e-9, 0.1 * abs(high))
    return low - margin, high + margin


def _ticks(span: tuple[float, float], objective: Objective, unit: str) -> list[tuple[float, str]]:
    return [(value, kpi_text(objective.name, value, unit)) for k in range(TICKS) for value in (span[0] + (k + 0.5) / TICKS * (span[1] - span[0]),)]


def history(found: Optimum, objective: Objective) -> Drawing:
    """Return an objective over the trials: a dot each, by who proposed it, pale where a limit was broken, and the best so far as a line."""
    problem, unit = found.study.problem, found.study.units[objective.name]
    seen = [(k, trial, trial.observation) for k, trial in enumerate(found.outcome.archive) if trial.observation is not None]
    points = [(k, trial, one.values[objective.name], all(slack_of(limit, one) >= 0.0 for limit in problem.limits)) for k, trial, one in seen]
    points = [point for point in points if not math.isnan(point[2])]
    best = -math.inf
    steps: list[tuple[float, float]] = []
    frame = _Frame(f"{objective.name} over the trials", "", [0.0, float(max(1, len(found.outcome.archive) - 1))], [value for _, _, value, _ in points])
    for k, _, value, kept in points:
        if kept and objective.sense * value > best:
            steps += [(float(k), objective.sense * best)] if steps else []
            best = objective.sense * value
            steps.append((float(k), value))
    frame.axes([(k, str(k)) for k in range(0, len(found.outcome.archive), max(1, len(found.outcome.archive) // 6))], "trial", _ticks(frame.y, objective, unit))
    if steps:
        frame.drawing.line("stream", *(frame.at(x, y) for x, y in [*steps, (frame.x[1], steps[-1][1])]))
    for k, trial, value, kept in points:
        css = CLASSES[trial.by] + ("" if kept else " broken")
        frame.dot(css, k, value, f"{k}, {trial.by}: {kpi_text(objective.name, value, unit)}; {trial.setting.text}")
    frame.drawing.text = f"{len(points)} trials, the best {kpi_text(objective.name, objective.sense * best, unit)}" if steps else f"{len(points)} trials"
    return frame.drawing


def front(found: Optimum, outcome: Double) -> Drawing:
    """Return one objective over the other: all trials, and the front as it was in the choice, with its knee."""
    (one, other), units = found.study.problem.objectives, found.study.units
    seen = [(trial, trial.observation) for trial in outcome.archive if trial.observation is not None]
    pairs = [(trial, goal_of(one, run), goal_of(other, run)) for trial, run in seen]
    dots = [(trial, one.sense * a, other.sense * b) for trial, a, b in pairs if not math.isnan(a + b)]
    ends = [(one.sense * point.point.means[0], other.sense * point.point.means[1]) for point in outcome.front.points]
    title = f"{other.name} over {one.name}"
    about = f"{len(ends)} point{'' if len(ends) == 1 else 's'} on the front"
    frame = _Frame(title, about, [x for _, x, _ in dots] + [x for x, _ in ends], [y for _, _, y in dots] + [y for _, y in ends])
    frame.axes(_ticks(frame.x, one, units[one.name]), one.name, _ticks(frame.y, other, units[other.name]))
    for trial, x, y in dots:
        frame.dot(CLASSES[trial.by], x, y, trial.setting.text)
    if len(ends) > 1:
        frame.drawing.line("stream", *(frame.at(x, y) for x, y in ends))
    for k, (point, (x, y)) in enumerate(zip(outcome.front.points, ends, strict=True)):
        knee = k == outcome.front.knee
        frame.dot("dot front", x, y, f"{'knee: ' if knee else ''}{point.point.setting.text}", (2.2 if knee else 1.4) * DOT)
    return frame.drawing
