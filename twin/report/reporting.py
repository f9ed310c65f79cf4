"""A checklist for publishing the study, after the items of the STRESS guidelines for discrete-event simulation.

T. Monks et al., Strengthening the reporting of empirical simulation studies, Journal of Simulation 13 (2019) 55. The items are in our words. What the file
knows is filled in; what only the author knows is what the scenario says under ``about``, or a question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from twin.quantities import format_quantity
from twin.report.language import Language
from twin.report.source import Source
from twin.report.tables import ParameterRow, by_basis

ANSWERED = {
    "1.1": "purpose", "1.2": "outputs", "1.3": "question", "2.3": "alternatives", "2.4": "calibration", "3.1": "data", "3.2": "preparation",
    "3.4": "assumptions", "4.1": "warmup", "4.2": "period", "5.4": "effort", "6.1": "access",
}  # fmt: skip
"""The key of ``about`` that answers what an item asks of the author."""


@dataclass(frozen=True)
class Item:
    """One item: its number and name, what is known, what the author answered, and what the author is asked, "" where nothing is."""

    number: str
    name: str
    known: str = ""
    answer: str = ""
    question: str = ""


@dataclass(frozen=True)
class Section:
    """Items that belong together."""

    title: str
    items: tuple[Item, ...]


def checklist(source: Source, parameters: list[ParameterRow], names: list[str], words: Language) -> tuple[Section, ...]:
    """The checklist; ``names`` are the key figures that the report shows."""
    known = {
        "1.1": "", "1.2": _outputs(names, words), "1.3": "", "2.1": words("known.2.1"), **_logic(source, words), **_data(source, parameters, words),
        **_experiment(source, words), **_implementation(source, words), "6.1": words("known.6.1", digest=source.first.digest),
    }  # fmt: skip
    about = source.first.about
    parts = {"1": "objectives", "2": "logic", "3": "data", "4": "experiment", "5": "implementation", "6": "access"}
    return tuple(
        Section(words(f"checklist.{part}"), tuple(_item(number, text, about, words) for number, text in known.items() if number.startswith(f"{first}.")))
        for first, part in parts.items()
    )


def _item(number: str, known: str, about: Mapping[str, str], words: Language) -> Item:
    answer = about.get(ANSWERED.get(number, ""), "")
    question = words(f"ask.{number}") if number in ANSWERED and not answer else ""
    return Item(number, words(f"item.{number}"), known, answer, question)


def _outputs(names: list[str], words: Language) -> str:
    return words("known.1.2", names=", ".join(dict.fromkeys(words(f"kpi.{name.partition('.')[0]}") for name in names)))


def _logic(source: Source, words: Language) -> dict[str, str]:
    scenario, none = source.scenario, words("checklist.none")
    kinds = "; ".join(f"{len(names)} × {words.say(kind.replace('_', ' '))}" for kind, names in scenario.units_by_kind().items())
    lines = "; ".join(f"{line.name}: {', '.join(line.machines)}" for line in source.topology.lines) or none
    resources = ", ".join(f"{name} ({spec.text})" for name, spec in scenario.resources.items()) or none
    lot = format_quantity(scenario.lot, "kg") if scenario.lot is not None else words("known.lot_of_line")
    return {
        "2.2": words("known.2.2", lines=lines, events=len(scenario.events) or none),
        "2.3": "",
        "2.4": words("known.2.4"),
        "2.5.1": words("known.2.5.1", lot=lot),
        "2.5.2": words("known.2.5.2", kinds=kinds),
        "2.5.3": words("known.2.5.3", resources=resources),
        "2.5.4": words("known.2.5.4", bunkers=_named(source, "bunker") or none),
        "2.5.5": words("known.2.5.5", feeds=_named(source, "feed") or none, products=_named(source, "product") or none),
    }


def _named(source: Source, role: str) -> str:
    return ", ".join(name for name in source.scenario.units if source.role(name) == role)


def _data(source: Source, parameters: list[ParameterRow], words: Language) -> dict[str, str]:
    counts = ", ".join(f"{row[1]} {words.say(row[0])} ({words.amount(row[2])})" for row in by_basis(parameters).rows)
    return {
        "3.1": words("known.3.1", counts=counts),
        "3.2": words("known.3.2", files=", ".join(source.first.files) or words("checklist.none")),
        "3.3": words("known.3.3", n=len(parameters)),
        "3.4": words("known.3.4"),
    }


def _experiment(source: Source, words: Language) -> dict[str, str]:
    scenario, runs = source.scenario, len(source.results)
    warmup = format_quantity(scenario.warmup, "s") if scenario.warmup else words("checklist.none")
    return {
        "4.1": words("known.4.1", warmup=warmup),
        "4.2": words("known.4.2", horizon=format_quantity(scenario.horizon, "s"), start=words.date(scenario.start)),
        "4.3": words("known.4.3.several", n=runs) if runs > 1 else words("known.4.3.one"),
    }


def _implementation(source: Source, words: Language) -> dict[str, str]:
    platform = source.first.attrs["platform"]
    runs = ", ".join(words("known.run", seed=result.attrs["seed"], replication=result.attrs["replication"]) for result in source.results)
    return {
        "5.1": words("known.5.1", version=platform.get("twin", "?"), python=platform.get("python", "?")),
        "5.2": words("known.5.2", runs=runs),
        "5.3": words("known.5.3", n=source.first.attrs["events"]),
        "5.4": words("known.5.4", system=platform.get("system", "?"), cpu=platform.get("cpu", "?")),
    }
