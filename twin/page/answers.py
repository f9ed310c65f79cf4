"""Answers to what the page asks: each takes a JSON object and returns one, or raises one of the project's errors with what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from twin.errors import Problem, ScenarioError, UsageError
from twin.page import plant, wiring
from twin.page.draft import Desk, Draft, problems_json, read_draft
from twin.page.folder import RESULTS, SCENARIOS, Folder
from twin.page.queue import Queue
from twin.quantities import example_of, quantity_of, shown
from twin.report.faults import in_words
from twin.report.language import LANGUAGES, Language, language
from twin.scenario.kind import find
from twin.scenario.places import Plain

REPORTS = (".html", ".pdf")
MOST_COMPARED = 400


class Answers:
    """What is asked of a folder and its queue."""

    def __init__(self, folder: Folder, queue: Queue) -> None:
        self.folder, self.queue, self.desk = folder, queue, Desk(folder)
        self.posts: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "words": self.words,
            "said": self.said,
            "plant": self.plant,
            "unit": self.unit,
            "kind": self.kind,
            "add": self.add,
            "remove": self.remove,
            "shape": self.shape,
            "calendars": self.calendars,
            "save": self.save,
            "run": self.run,
            "cancel": self.cancel,
            "look": self.look,
            "phases": self.phases,
            "over_time": self.over_time,
            "film": self.film,
            "studies": self.studies,
            "study": self.study,
            "start_study": self.start_study,
            "answer": self.answer,
            "compare": self.compare,
            "report": self.report,
            "live": self.live,
            "fan": self.fan,
            "what_if": self.what_if,
            "cluster": self.cluster,
            "run_cluster": self.run_cluster,
            "compare_clusters": self.compare_clusters,
            "clusters_compared": self.clusters_compared,
            "report_cluster": self.report_cluster,
        }

    def folder_json(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Scenarios and results."""
        written, run = self.folder.clusters()
        return {
            "folder": self.folder.path.name or str(self.folder.path),
            "scenarios": [asdict(one) for one in self.folder.scenarios() if one.file not in written],
            "results": [asdict(one) for one in self.folder.results()],
            "clusters": {"scenarios": written, "results": run},
        }

    def said(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """A message in the language of the page."""
        return {"text": in_words(str(given.get("text", ""))[:2000], language_of(given))}

    def words(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The page's words in a language."""
        return {"words": language_of(given).section("ui.")}

    def plant(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """A draft: drawn, tidied, with what is changed and what is wrong."""
        words = language_of(given)
        draft, wrong = self.desk.tidy(read_draft(given.get("draft")), _texts(given, "typed"), _statements(given))
        base = self.desk.base(draft)
        answer: dict[str, Any] = {"draft": draft.json(), "changes": plant.changes_of(base, draft), "problems": _told(wrong, words)}
        try:
            scenario = self.desk.scenario(draft)
            if any(path.count(".") == 1 for path in draft.changes):  # units that the base has not: what is typed of them gets its one text here
                from twin.page.shaping import settled

                draft = settled(self.desk, draft)
                answer |= {"draft": draft.json(), "changes": plant.changes_of(base, draft)}
        except ScenarioError as error:
            return answer | {"problems": answer["problems"] + _told(error.problems, words)}
        return answer | {
            "svg": plant.drawn(scenario, words),
            "units": plant.units_of(scenario),
            "title": base.title or base.name,
            "name": scenario.name,
            "sha256": scenario.sha256,
            "horizon": scenario.horizon,
        }

    def unit(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The form of a unit; where the draft cannot be loaded, without what is wrong in it, and with what its forms say."""
        draft, name = read_draft(given.get("draft")), str(given.get("unit", ""))
        form = plant.unit_form(self.desk.base(draft), self.desk.nearest(draft), name, draft)
        if form is None:
            raise UsageError(f"there is no unit {shown(name)} in this plant")
        words = language_of(given)
        return {"unit": _in_words(form, words) | {"called": words.say(form["kind"].replace("_", " "))}}

    def kind(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All kinds, or of one the fields that it cannot do without, and its ports."""
        name = given.get("kind")
        if not isinstance(name, str) or not name:
            return {"kinds": _in_words(plant.kinds(), language_of(given))}
        kind, fields = find(name), []
        for key in wiring.required(name):
            field = next(field for own, field in kind.model.model_fields.items() if (field.alias or own) == key)
            quantity = quantity_of(field.annotation) or next((found for part in field.metadata if (found := quantity_of(part))), None)
            example = (quantity.example or example_of(quantity.si)) if quantity is not None else ""
            fields.append({"key": key, "about": field.description or "", "example": example})
        words = language_of(given)
        return {"kind": kind.name, "summary": words.say(kind.summary), "fields": _in_words(fields, words), "ports": _ports(name)}

    def add(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The draft with a unit more."""
        draft = read_draft(given.get("draft"))
        values: dict[str, Plain] = {key: _typed(text) for key, text in _texts(given, "values").items() if text.strip()}
        scenario = self.desk.scenario(draft)
        changed = wiring.with_unit(
            draft, scenario, str(given.get("name", "")), str(given.get("kind", "")), str(given.get("after", "")), values, _texts(given, "to")
        )
        self._must_load(changed)
        return {"draft": changed.json()}

    def remove(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The draft with a unit less."""
        draft = read_draft(given.get("draft"))
        changed = wiring.without_unit(draft, self.desk.scenario(draft), str(given.get("unit", "")), str(given.get("through", "")))
        self._must_load(changed)
        return {"draft": changed.json()}

    def shape(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The draft with what a form says of a distribution, table, calendar, phases or another mapping or list."""
        from twin.page.shaping import MOST_LEAVES, leaves, shaped

        value = given.get("value")
        if leaves(value) > MOST_LEAVES:
            raise UsageError(f"a form holds at most {MOST_LEAVES} values")
        return {"draft": shaped(self.desk, read_draft(given.get("draft")), str(given.get("path", "")), value).json()}

    def calendars(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What the units of a draft share, calendars, resources and time, as forms."""
        from twin.page.shapes import plant_blocks

        draft = read_draft(given.get("draft"))
        found = [plant.block_as_said(block, draft) for block in plant_blocks(self.desk.nearest(draft))]
        return {"blocks": _in_words(found, language_of(given))}

    def _must_load(self, draft: Draft) -> None:
        self.desk.scenario(draft)

    def save(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Write the change file of a draft."""
        from twin.page.shaping import settled

        return {"file": self.desk.save(settled(self.desk, read_draft(given.get("draft"))), str(given.get("name", "")))}

    def run(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Put runs into the queue."""
        return {"job": self.queue.add(str(given.get("file", "")), given.get("replications", 1))}

    def cancel(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Call runs off."""
        number = given.get("job")
        if not isinstance(number, int):
            raise UsageError(f"the number of a run is needed (got {shown(number)})")
        self.queue.cancel(number)
        return {}

    def look(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What results say."""
        from twin.page.looking import looked

        return looked(self._results(given), language_of(given))

    def phases(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The phases of furnaces of a run over some hours."""
        from twin.page.looking import phases

        begin, span = given.get("begin"), given.get("span")
        if not all(isinstance(hours, (int, float)) and not isinstance(hours, bool) for hours in (begin, span)):
            raise UsageError("phases are asked for from an hour of the run on, over so many hours")
        return phases(self.folder.existing(str(given.get("file", "")), RESULTS), language_of(given), float(begin or 0), float(span or 0))

    def over_time(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """How the flows of a run, or the states of one of its units, went."""
        from twin.page.over_time import over_time

        return over_time(self.folder.existing(str(given.get("file", "")), RESULTS), str(given.get("curves", "")), language_of(given))

    def film(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Ask for the film of a day of a run."""
        day = given.get("day")
        if not isinstance(day, int) or isinstance(day, bool):
            raise UsageError(f"the number of a day is needed (got {shown(day)})")
        return {"job": self.queue.ask("film", str(given.get("file", "")), day)}

    def studies(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The studies of the folder, and of a scenario the numbers that can be varied, with the range that they state."""
        from twin.page.studies import listed

        file, numbers = given.get("file"), []
        if isinstance(file, str) and file:
            numbers = plant.numbers_of(self.desk.base(Draft(file, {})))
        return {"studies": listed(self.folder), "numbers": numbers}

    def study(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Write a study from a form and put it into the queue."""
        from twin.page.studies import write_study

        file = write_study(self.folder, str(given.get("name", "")), str(given.get("file", "")), given)
        return {"file": file, "job": self.queue.ask("study", file)}

    def start_study(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Put a study of the folder into the queue."""
        return {"job": self.queue.ask("study", str(given.get("file", "")))}

    def answer(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What a study or a film has come to."""
        number, since = given.get("job"), given.get("since", 0)
        if not isinstance(number, int) or not isinstance(since, int):
            raise UsageError(f"the number of a run is needed (got {shown(number)})")
        return self.queue.answer(number, since)

    def compare(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Base beside variants."""
        from twin.page.looking import compared

        return compared(self._results(given), language_of(given), _texts(given, "money"))

    def report(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Write a report, and its PDF, into the folder."""
        from twin.page.looking import investment_of
        from twin.report.files import report

        page = self.folder.new(str(given.get("name", "report")), ".html")
        pdf = given.get("pdf") is True
        code, invested = language_of(given).code, investment_of(_texts(given, "money"))
        written = report(self._results(given), page, pdf=pdf, brief=given.get("brief") is True, language=code, investment=invested)
        return {"page": written.page.name, "pdf": written.pdf.name if written.pdf is not None else ""}

    def live(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The twins that follow a plant, and of one where its plant stands."""
        from twin.page import live

        names = live.live_folders(self.folder)
        name = str(given.get("name") or (names[0] if names else ""))
        if not name:
            return {"names": [], "twin": None}
        said, running = (own := live.Twin(self.folder, name)).said(), own.running()
        file = live.scenario_of(self.desk, self.folder, said["scenario"])
        drawing: dict[str, Any] = {"svg": "", "paths": []}
        if file:
            scenario = self.desk.base(Draft(file, {}))
            drawing = {"svg": plant.drawn(scenario, language_of(given)), "paths": plant.paths_of(scenario)}
        words = language_of(given)
        alarms = [alarm | {"text": live.alarm_in_words(str(alarm["text"]), words)} for alarm in said["alarms"]]
        return {"names": names, "name": name, "file": file, "twin": said | {"alarms": alarms}, "running": running, **drawing}

    def fan(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What comes, by a twin that runs."""
        from twin.page import live

        hours, _ = live.read_question(given)
        return live.Twin(self.folder, str(given.get("name", ""))).fan(hours, 12)

    def what_if(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What a change would make of levels, by a twin that runs."""
        from twin.page import live

        hours, pairs = live.read_question(given)
        change = {path.strip(): _typed(text) for path, text in _texts(given, "change").items() if path.strip() and text.strip()}
        if not change:
            raise UsageError("what is changed, and to which value, is needed: a path such as units.shredder.rate, and 9 t/h")
        found = live.Twin(self.folder, str(given.get("name", ""))).what_if(change, hours, pairs)
        return {"hours": hours, "pairs": pairs, "rows": live.differences(found, language_of(given))}

    def cluster(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """A cluster of the folder as it is written, and what a file of results of one says."""
        from twin.page import clusters

        words, file, results = language_of(given), str(given.get("file", "")), str(given.get("results", ""))
        planned = clusters.planned(self.folder, file, words) if file else None
        return {"planned": planned, "run": clusters.looked(self.folder, results, words) if results else None}

    def run_cluster(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Put a run of a cluster into the queue."""
        return {"job": self.queue.ask("cluster", str(given.get("file", "")))}

    def compare_clusters(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Put runs of a cluster, beside its sites alone or another cluster, into the queue."""
        from twin.page.clusters import ALONE

        against = str(given.get("against", ALONE))
        if against != ALONE:
            self.folder.existing(against, SCENARIOS)
        return {"job": self.queue.ask("compare", str(given.get("file", "")), against=against, replications=given.get("replications", 5))}

    def clusters_compared(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What such a comparison has come to, in the language of the page."""
        from twin.page.clusters import compared_said

        found = self.answer(given)["answer"]
        return {"answer": None if found is None else compared_said(found, language_of(given))}

    def report_cluster(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Write the page of a cluster's results."""
        from twin.page.clusters import write_report

        files = given.get("files")
        if not isinstance(files, list) or not 0 < len(files) <= 2:
            raise UsageError("one results file of a cluster is needed, or two")
        return {"page": write_report(self.folder, [str(file) for file in files], str(given.get("name", "report")), language_of(given))}

    def report_bytes(self, name: str) -> bytes:
        """A report that stands in the folder. Raises ``UsageError`` for any file that is none."""
        from twin.report import cluster_page
        from twin.report.files import PAGE, PRINTED

        path = self.folder.existing(name, REPORTS)
        marks = (PRINTED,) if name.endswith(".pdf") else (PAGE, cluster_page.PAGE)
        if not any(mark.is_on is not None and mark.is_on(path) for mark in marks):
            raise UsageError(f"{name} is no report of twin")
        return path.read_bytes()

    def _results(self, given: Mapping[str, Any]) -> list[Path]:
        files = given.get("files")
        if not isinstance(files, list) or not 0 < len(files) <= MOST_COMPARED:
            raise UsageError(f"from 1 to {MOST_COMPARED} results files are needed")
        return [self.folder.existing(str(name), RESULTS) for name in files]


def language_of(given: Mapping[str, Any]) -> Language:
    """The language in which something is asked; English where it is none that there is."""
    code = given.get("language", "en")
    return language(code if code in LANGUAGES else "en")


def _told(problems: Iterable[Problem], words: Language) -> list[dict[str, Any]]:
    return problems_json([replace(problem, message=in_words(problem.message, words)) for problem in problems])


def _in_words(form: Any, words: Language) -> Any:
    """A form with what models say of their fields in the language of the page; what the table does not have, and what a user says, stays as it is."""
    if isinstance(form, dict):
        said = ("about", "summary", "basis")
        found = {key: words.say(one) if key in said and isinstance(one, str) else one if key == "value" else _in_words(one, words) for key, one in form.items()}
        return found | ({"basis_is": form["basis"]} if {"basis", "range"} <= form.keys() else {})
    return [_in_words(value, words) for value in form] if isinstance(form, list) else form


def _texts(given: Mapping[str, Any], key: str) -> dict[str, str]:
    found = given.get(key, {})
    if not isinstance(found, dict) or len(found) > 100 or not all(isinstance(text, str) and len(text) < 2000 for text in found.values()):
        raise UsageError(f"{key!r} are texts by name")
    return found


def _statements(given: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """What was typed of changed numbers besides the value, by path."""
    found = given.get("stated", {})
    if not isinstance(found, dict) or len(found) > 100 or not all(isinstance(said, dict) for said in found.values()):
        raise UsageError("'stated' are basis, source, low and high by path")
    return {path: _texts({"said": said}, "said") for path, said in found.items()}


def _typed(text: str) -> Plain:
    """A value as it would be read from YAML, with a decimal comma made a point."""
    from twin.page.typed import read_typed
    from twin.scenario.yaml_source import parse_yaml

    plain = parse_yaml(f"value: {read_typed(text)}\n", "what was typed").plain()
    return plain["value"] if isinstance(plain, dict) else ""


def _ports(name: str) -> list[str]:
    """The ports of a kind, as far as they are known before its parameters are: "" for the one of a unit without ports."""
    kind = find(name)
    if kind.role == "product":
        return []
    try:
        ports = kind.ports(kind.model.model_construct(kind=name))
    except (AttributeError, TypeError, KeyError):
        return []
    return list(ports) or [""]
