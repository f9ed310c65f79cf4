"""A checklist for publishing the study, after the items of the STRESS guidelines for discrete-event simulation.

T. Monks et al., Strengthening the reporting of empirical simulation studies, Journal of Simulation 13 (2019) 55. The items are in our words. What the file
knows is filled in; what only the author knows is a question.
"""

from __future__ import annotations

from dataclasses import dataclass

from twin.quantities import format_quantity
from twin.report.source import Source
from twin.report.tables import ParameterRow, by_basis


@dataclass(frozen=True)
class Item:
    """One item: its number and name, what is known, and what the author is asked, "" where nothing is."""

    number: str
    name: str
    known: str = ""
    question: str = ""


@dataclass(frozen=True)
class Section:
    """Items that belong together."""

    title: str
    items: tuple[Item, ...]


def checklist(source: Source, parameters: list[ParameterRow], names: list[str]) -> tuple[Section, ...]:
    """The checklist; ``names`` are the key figures that the report shows."""
    return (_objectives(names), _logic(source), _data(source, parameters), _experiment(source), _implementation(source), _access(source))


def _objectives(names: list[str]) -> Section:
    shown = ", ".join(dict.fromkeys(name.partition(".")[0].replace("_", " ") for name in names))
    return Section(
        "Objectives",
        (
            Item("1.1", "Purpose of the model", question="Which plant is this, who asked, and which decision is it for?"),
            Item("1.2", "Outputs", f"Key figures: {shown}.", "Which of them answer the question?"),
            Item("1.3", "Aims of the experiment", question="Which alternatives are compared, and what would have counted as better?"),
        ),
    )


def _logic(source: Source) -> Section:
    scenario = source.scenario
    kinds = "; ".join(f"{len(names)} {kind.replace('_', ' ')}" for kind, names in scenario.units_by_kind().items())
    lines = "; ".join(f"{line.name}: {', '.join(line.machines)}" for line in source.topology.lines) or "none"
    resources = ", ".join(f"{name} ({spec.text})" for name, spec in scenario.resources.items()) or "none"
    events = f"{len(scenario.events)} changes of parameters at given times." if scenario.events else "No parameter changes at a given time."
    lot = format_quantity(scenario.lot, "kg") if scenario.lot is not None else "what its line's 'lot' says"
    entities = f"Lots: masses by material and size class, melts by element. A lot of a line holds {lot}."
    queues = f"Bunkers: {_named(source, 'bunker')}. Trucks wait at feeds whose yard is full; units wait for resources in the order of asking."
    algorithms = (
        "Rates and splits of a line are solved together for each lot; furnaces by equilibrium and rates. The documentation of twin gives equations, "
        "sources and valid ranges for each kind of unit."
    )
    others = "How do the other scenarios differ? 'twin compare' lists every value that is not the same."
    return Section(
        "Logic",
        (
            Item("2.1", "Picture of the model", "The flowsheet in this report."),
            Item("2.2", "Logic of the base model", f"Lines (machines that run, wait and stop as one): {lines}. {events}"),
            Item("2.3", "Logic of the alternatives", question=others),
            Item("2.4", "Algorithms", algorithms, "Which models were calibrated, and to what?"),
            Item("2.5.1", "Entities", entities),
            Item("2.5.2", "Activities", f"Units by kind: {kinds}."),
            Item("2.5.3", "Resources", f"Shared resources (number): {resources}."),
            Item("2.5.4", "Queues", queues),
            Item("2.5.5", "Entry and exit", f"In: {_named(source, 'feed')}. Out: {_named(source, 'product')}."),
        ),
    )


def _named(source: Source, role: str) -> str:
    return ", ".join(name for name in source.scenario.units if source.role(name) == role) or "none"


def _data(source: Source, parameters: list[ParameterRow]) -> Section:
    counts = ", ".join(f"{row[1]} {row[0]} ({row[2]})" for row in by_basis(parameters).rows)
    sources = f"Numbers by basis: {counts}. The table of parameters names the source of each."
    files = ", ".join(source.first.files) or "none"
    assumed = "Numbers of basis 'assumed', with their range where one is stated."
    return Section(
        "Data",
        (
            Item("3.1", "Sources", sources, "Who may see the data, and since when do they hold?"),
            Item("3.2", "Preparation", f"Files that the scenario reads: {files}.", "How were measured data cleaned and fitted?"),
            Item("3.3", "Input parameters", f"{len(parameters)} numbers, all in the table of parameters."),
            Item("3.4", "Assumptions", assumed, "Which simplifications of the plant matter for the answer?"),
        ),
    )


def _experiment(source: Source) -> Section:
    scenario, runs = source.scenario, len(source.results)
    warmup = format_quantity(scenario.warmup, "s") if scenario.warmup else "none"
    start = f"Warm-up left out of the key figures: {warmup}. Bunkers start with their 'initial' stock."
    length = f"{format_quantity(scenario.horizon, 's')} from {scenario.start:%Y-%m-%d %H:%M}."
    estimation = (
        f"{runs} replications; means with 95 % intervals of Student's t over replications."
        if runs > 1
        else "One run: no interval can be given. Run replications and report all of their files together."
    )
    return Section(
        "Experiment",
        (
            Item("4.1", "Start and warm-up", start, "How was the warm-up chosen?"),
            Item("4.2", "Length of a run", length, "Is the question about a given period, or about the long run?"),
            Item("4.3", "Estimation", estimation),
        ),
    )


def _implementation(source: Source) -> Section:
    platform = source.first.attrs["platform"]
    runs = ", ".join(f"seed {result.attrs['seed']} replication {result.attrs['replication']}" for result in source.results)
    software = f"twin {platform.get('twin', '?')}, Python {platform.get('python', '?')}; all versions are in the provenance below."
    numbers = f"Philox, one stream for each unit and purpose, so that scenarios share their random numbers: {runs}."
    execution = f"{source.first.attrs['events']} discrete events in the first run; those at the same time in the order of the scenario."
    machine = f"{platform.get('system', '?')}, {platform.get('cpu', '?')}."
    return Section(
        "Implementation",
        (
            Item("5.1", "Software", software),
            Item("5.2", "Random numbers", numbers),
            Item("5.3", "Execution", execution),
            Item("5.4", "Machine", machine, "How long did the runs take, and on how many cores?"),
        ),
    )


def _access(source: Source) -> Section:
    known = f"The results file holds the whole scenario with its catalogues; digest {source.first.digest}."
    question = "Under which address and licence can others get the results file?"
    return Section("Access to the model", (Item("6.1", "Where to get it", known, question),))
