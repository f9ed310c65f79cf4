"""How lines, machines, gates and resources ran over a window: the rows of the KPI table that are taken of each of them."""

from __future__ import annotations

from collections.abc import Callable

from twin.results.ratios import Values, ratio
from twin.results.tally import Line, Totals


def of_lines(function: Callable[[Totals, Line], float]) -> Callable[[Totals], Values]:
    """Return a row with a value for each line."""

    def values(totals: Totals) -> Values:
        for line in totals.inputs.lines:
            yield line.head, function(totals, line)

    return values


def of_machines(function: Callable[[Totals, Line, str], float]) -> Callable[[Totals], Values]:
    """Return a row with a value for each machine of a line."""

    def values(totals: Totals) -> Values:
        for line in totals.inputs.lines:
            for machine in line.machines:
                yield machine, function(totals, line, machine)

    return values


def of_feeds(function: Callable[[Totals, str], float]) -> Callable[[Totals], Values]:
    """Return a row with a value for each feed that has a gate."""
    return _of_gates(lambda totals: tuple(totals.inputs.feed_prices), function)


def of_impatient(function: Callable[[Totals, str], float]) -> Callable[[Totals], Values]:
    """Return a row with a value for each feed whose trucks lose patience."""
    return _of_gates(lambda totals: totals.inputs.patience, function)


def of_pickups(function: Callable[[Totals, str], float]) -> Callable[[Totals], Values]:
    """Return a row with a value for each product that has a gate."""
    return _of_gates(lambda totals: tuple(totals.inputs.products), function)


def _of_gates(names: Callable[[Totals], tuple[str, ...]], function: Callable[[Totals, str], float]) -> Callable[[Totals], Values]:
    def values(totals: Totals) -> Values:
        for gate in names(totals):
            if gate in totals.names["gate"]:
                yield gate, function(totals, gate)

    return values


def of_resources(function: Callable[[Totals, str], float]) -> Callable[[Totals], Values]:
    """Return a row with a value for each resource."""

    def values(totals: Totals) -> Values:
        for resource in totals.names["resource"]:
            yield resource, function(totals, resource)

    return values


def _time_in(totals: Totals, unit: str, state: str) -> float:
    return totals.at("units/state_share", unit, state)


def planned_time(totals: Totals, line: Line) -> float:
    """Return the time (s) in which a line is meant to work: the window without off-shift and planned maintenance. Overtime is part of it."""
    return totals.duration - _time_in(totals, line.head, "off_shift") - _time_in(totals, line.head, "maintenance")


def worked(totals: Totals, line: Line) -> float:
    """Return the time (s) in which a line worked, overtime included."""
    overtime = _time_in(totals, line.head, "overtime") if "overtime" in totals.names["state"] else 0.0
    return _time_in(totals, line.head, "running") + overtime


def starts(totals: Totals, line: Line) -> float:
    """Return how often a line began to work after it had stood; NaN for a furnace, and where the file is older."""
    return totals.at("units/starts", line.head)


def of_rule(state: str) -> Callable[[Totals], Values]:
    """Return a row with the time (s) of each line in a state that only rules bring about; none in a plant without such a rule."""
    rows = of_lines(lambda totals, line: _time_in(totals, line.head, state))
    return lambda totals: rows(totals) if state in totals.names["state"] else iter(())


def of_planned(state: str) -> Callable[[Totals], Values]:
    """Return a row with the share of its planned time that each line was in a state."""
    return of_lines(lambda totals, line: ratio(_time_in(totals, line.head, state), planned_time(totals, line)))


def availability(totals: Totals, line: Line, machine: str) -> float:
    """Return the share of a line's planned time in which a machine of it was not down."""
    planned = planned_time(totals, line)
    return ratio(planned - totals.at("units/down_share", machine), planned)


def repair_wait(totals: Totals, line: Line, machine: str) -> float:
    """Return the share of a line's planned time in which a machine of it was down and waited for its repair."""
    return ratio(totals.at("units/repair_wait_share", machine), planned_time(totals, line))


def bottleneck(totals: Totals, line: Line, machine: str) -> float:
    """Return the share of a line's running time in which a machine limited it."""
    return ratio(totals.at("units/bottleneck", machine), worked(totals, line))


def load(totals: Totals, line: Line, machine: str) -> float:
    """Return the flow of a machine over its limit while its line runs."""
    return ratio(totals.at("units/load", machine), worked(totals, line))


def oee(totals: Totals, line: Line) -> float:
    """Return the overall equipment effectiveness of a line: the load of its fullest machine over planned time, times the on-spec share of its products."""
    loads = [totals.at("units/load", machine) for machine in line.machines]
    fullest = max((each for each in loads if each == each), default=float("nan"))
    made = sum((totals.at("gates/product_mass", name) for name in line.products), 0.0)
    failed = sum((totals.at("gates/offspec_mass", name) for name in line.products), 0.0)
    quality = 1.0 - failed / made if made > 0 else 1.0
    return ratio(fullest, planned_time(totals, line)) * quality


def share_of(above: str, below: str) -> Callable[[Totals, str], float]:
    """Return the ratio of two counts of a gate, e.g. of ``gates/turned_away`` to ``gates/arrivals``."""
    return lambda totals, gate: ratio(totals.at(above, gate), totals.at(below, gate))


def called_off(totals: Totals, product: str) -> float:
    """Return the share of the trucks due that did not come because the customer's limit was reached."""
    limited = totals.at("gates/limited_pickups", product)
    return ratio(limited, limited + totals.at("gates/pickups", product))


def mean_wait(totals: Totals, gate: str) -> float:
    """Return the time (s) that a truck waited before it unloaded or lost patience, of those that were not turned away as they came."""
    waited = totals.at("gates/arrivals", gate) - totals.at("gates/turned_away", gate)
    if gate in totals.inputs.patience:
        waited += totals.at("gates/left", gate)
    return ratio(totals.at("gates/wait", gate), waited)
