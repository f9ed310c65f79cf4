"""How well the live twin knows hidden plants, and what comes: ``python benchmarks/live.py estimate|forecast|alarms|wear|what-if [--plants N] [--rows FILE]``.

``estimate``: the WEEE line. Errors of levels as shares of capacity, seen and unseen, beside those of an ensemble that gets the inputs only; the hidden rate of
the shredder; how often nine-of-ten intervals hold the truth. ``forecast``: a small line. How often the fan holds what came, and its score beside persistence
dressed with its own past errors, beside the model without readings, and beside futures of the hidden plant itself (``known``): nothing is better but by chance.
``alarms``: the small line for a month without a fault after it has settled; how many alarms there are, one in a month being put up with.
``wear``: within which time a screen that wears is found, and what else is tried. ``what-if``: what a question costs.

Seeds of hidden plants are their numbers; the twin uses none of them. Rows stand in a file, so that it can be broken off and gone on with.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

import twin
from twin.fit.calibrate.priors import Prior
from twin.live.alarm import Alarm
from twin.live.ensemble.estimate import DAY, Ensemble
from twin.live.ensemble.fault_free import HiddenPlant
from twin.live.ensemble.forecast import crps, forecast, what_if
from twin.live.ensemble.members import WINDOW, Following
from twin.live.ensemble.monitor import Monitor
from twin.live.ensemble.parameters import SlowParameter
from twin.live.ensemble.signatures import Prepared, prepare
from twin.measurement import Measurement

SCENARIOS = Path(__file__).parents[1] / "scenarios"
SEEN = ("yard", "steel_bay", "fluff_bay", "aluminium_bay", "plastics_bay", "copper_bay", "residue_bay")
NOISE = 0.03
HOUR = 3600.0
OF_THE_TWIN = 500_000
"""Added to a plant's number, the seed of the members that follow it."""
RANKS = 10
"""Bars of a histogram of ranks."""
SMALL_LEADS = (1 * HOUR, 8 * HOUR, 24 * HOUR)


def weee(members: int) -> tuple[twin.Scenario, Following]:
    """The WEEE line: seven of its twelve levels, the shredder's power, the states of its lines; its rate and the feed's steel are hidden."""
    scenario = twin.load(SCENARIOS / "weee_line.yaml")
    plant = twin.Plant(scenario)
    measurements = {name: Measurement(f"level.{name}", "instant", absolute=NOISE * plant.capacities[name]) for name in SEEN}
    measurements["power"] = Measurement("power.shredder", relative=NOISE)
    for line in plant.lines:
        for state in ("", ".starved", ".blocked"):
            measurements[f"{line.line}{state}"] = Measurement(f"state.{line.line}{state}")
    rate = float(scenario.units["shredder"].rate.mean)  # type: ignore[attr-defined]
    steel = Prior("units.deliveries.composition.steel", "1", 0.34, 0.46, "normal")
    parameters = (
        SlowParameter(Prior("units.shredder.rate", "kg/s", 0.84 * rate, 1.16 * rate, "normal")),
        SlowParameter(steel, "units.deliveries.composition.plastics"),
    )
    return scenario, Following(measurements, parameters, members=members)


def small(members: int) -> tuple[twin.Scenario, Following]:
    """Two levels, a power and states of the small line of the tests; the rate is hidden."""
    scenario = twin.load(Path(__file__).parents[1] / "tests" / "live" / "small_line.yaml")
    measurements = {
        "yard": Measurement("level.yard", "instant", absolute=3000.0),
        "steel_bay": Measurement("level.steel_bay", "instant", absolute=1800.0),
        "power": Measurement("power.magnet", relative=NOISE),
        "runs": Measurement("state.magnet"),
        "empty": Measurement("state.magnet.starved"),
    }
    rate = float(scenario.units["magnet"].rate.mean)  # type: ignore[attr-defined]
    return scenario, Following(measurements, (SlowParameter(Prior("units.magnet.rate", "kg/s", 0.8 * rate, 1.2 * rate, "normal")),), members=members)


def estimate(seed: int, days: float, members: int) -> dict[str, float]:
    """Follow one hidden plant; figures after the first day."""
    scenario, following = weee(members)
    hidden = HiddenPlant(scenario, following, seed)
    twin_, blind = Ensemble(scenario, following), Ensemble(scenario, Following({}, following.parameters, members=members))
    names = [f"level.{name}" for name in twin_.capacities]
    capacity, seen = np.array(list(twin_.capacities.values())), np.array([name in SEEN for name in twin_.capacities])
    errors, blind_errors, held = [], [], []
    spent = 0.0
    for window in range(1, round(days * DAY / following.window) + 1):
        until = window * following.window
        hidden.plant.run(until)
        readings, inputs, true = hidden.read(), hidden.plant.happened(), hidden.plant.observe(names)
        begin = time.process_time()
        twin_.step(until, readings, inputs)
        spent += time.process_time() - begin
        blind.step(until, {}, inputs)
        if until > DAY:
            known = twin_.levels()
            errors.append((np.array([e.mean for e in known]) - true) / capacity)
            blind_errors.append((np.array([e.mean for e in blind.levels()]) - true) / capacity)
            held.append([e.low - 1.0 <= value <= e.high + 1.0 for e, value in zip(known, true.tolist(), strict=True)])
    rate = following.parameters[0].prior.value(float(hidden.values[0]))
    off, blind_off, inside = np.array(errors), np.array(blind_errors), np.array(held)
    return {
        "seed": seed,
        "seen": float(np.sqrt((off[:, seen] ** 2).mean())),
        "unseen": float(np.sqrt((off[:, ~seen] ** 2).mean())),
        "unseen of inputs alone": float(np.sqrt((blind_off[:, ~seen] ** 2).mean())),
        "rate off, points": 100.0 * abs(twin_.parameters()[0].mean / rate - 1.0),
        "cover seen": float(inside[:, seen].mean()),
        "cover unseen": float(inside[:, ~seen].mean()),
        "times real time, 100 members, two cores": days * DAY / spent * members / 100.0 * 2.0,
    }


class Futures:
    """Futures of a hidden plant itself, drawn anew as a forecast draws them: what a twin could say that knows all but chance."""

    def __init__(self, hidden: HiddenPlant, members: int) -> None:
        self._hidden, self._members, self._plant = hidden, members, twin.Plant(hidden.plant.scenario, live=True)

    def values(self, names: list[str]) -> np.ndarray:
        """Quantities (future, lead, name) at :data:`SMALL_LEADS` from now."""
        state, begin, found = self._hidden.plant.state(), self._hidden.plant.time, []
        for future in range(self._members):
            self._plant.set(state)
            self._plant.fork(round(begin))
            self._plant.fork(future, redraw=True)
            rows = []
            for lead in SMALL_LEADS:
                self._plant.run(begin + lead)
                rows.append(self._plant.observe(names))
            self._plant.happened()
            found.append(rows)
        return np.array(found)


class Window(NamedTuple):
    """What was said of a window that begins after so many ``before`` it: the fan of the twin, of the model without readings, and of the plant itself, each
    (member, lead, quantity); ``read`` (quantity,): what the instruments showed last."""

    before: int
    fan: np.ndarray
    blind: np.ndarray
    known: np.ndarray
    read: np.ndarray


def ahead(seed: int, windows: int, members: int) -> dict[str, float | list[int]]:
    """Forecasts of one hidden plant from windows that do not overlap, of levels: by lead, hits and scores. Each plant has a twin with chance of its own."""
    scenario, following = small(members)
    hidden = HiddenPlant(scenario, following, seed)
    own = scenario.change({"seed": OF_THE_TWIN + seed})
    twin_ = Ensemble(own, replace(following, seed=seed))
    blind = Ensemble(own, Following({}, (), members=members, seed=seed))
    futures = Futures(hidden, members)
    shown = {measurement.quantity: signal for signal, measurement in following.measurements.items()}
    names = ["level.yard", "level.steel_bay"]
    truth: list[np.ndarray] = []
    read: list[list[float]] = []
    said: list[Window] = []
    each = round(SMALL_LEADS[-1] / following.window)
    settled = round(3 * DAY / following.window)
    for window in range(1, settled + windows * each + 1):
        if window > settled and (window - settled - 1) % each == 0:
            fans = (forecast(of, names, SMALL_LEADS).values for of in (twin_, blind))
            said.append(Window(len(truth), *fans, futures.values(names), np.array(read[-1])))
        until = window * following.window
        hidden.plant.run(until)
        readings, inputs = hidden.read(), hidden.plant.happened()
        twin_.step(until, readings, inputs)
        blind.step(until, {}, inputs)
        truth.append(hidden.plant.observe(names))
        read.append([readings[shown[name]] for name in names])
    return {"seed": seed, **_scored(said, np.array(truth), np.array(read), seed)}


def _scored(said: list[Window], true: np.ndarray, read: np.ndarray, seed: int) -> dict[str, float | list[int]]:
    """Hits and mean scores by lead. Persistence is dressed with its own past errors: of readings, which a plant has, and of the truth, which nobody has."""
    chance = np.random.Generator(np.random.Philox([seed, 9]))
    row: dict[str, float | list[int]] = {}
    for k, lead in enumerate(SMALL_LEADS):
        steps = round(lead / WINDOW)
        ranks = []
        scores: dict[str, list[float]] = {what: [] for what in ("score", "blind", "known", "persistence", "true persistence")}
        for window in said:
            now = window.before - 1
            for column, came in enumerate(true[now + steps].tolist()):
                values = window.fan[:, k, column]
                below, ties = int((values < came - 1.0).sum()), int((np.abs(values - came) <= 1.0).sum())
                ranks.append((below + chance.random() * (ties + 1)) / (len(values) + 1))
                fans = (values, window.blind[:, k, column], window.known[:, k, column])
                dressed = (_dressed(of[: window.before, column], steps) for of in (read, true))
                for kept, fan in zip(scores.values(), (*fans, *dressed), strict=True):
                    kept.append(crps(fan, came))
        row[f"{lead / HOUR:g} h inside"] = float(np.mean([0.05 < rank < 0.95 for rank in ranks]))
        row |= {f"{lead / HOUR:g} h {what}": float(np.mean(of)) for what, of in scores.items()}
        row[f"{lead / HOUR:g} h ranks"] = np.histogram(ranks, RANKS, (0.0, 1.0))[0].tolist()
    return row


def _dressed(past: np.ndarray, steps: int) -> np.ndarray:
    """What persistence says after values (window,): the last one, and all changes over so many steps that there have been."""
    return np.asarray(past[-1] + past[steps:] - past[:-steps])


def alarms(seed: int, prepared: Prepared, members: int) -> dict[str, object]:
    """Alarms of one hidden plant without a fault in thirty days after the first two."""
    scenario, following = small(members)
    hidden, ensemble = HiddenPlant(scenario, following, seed), Ensemble(scenario, following)
    monitor = Monitor(ensemble, prepared)
    events: dict[int, Alarm] = {}
    for window in range(1, round(32 * DAY / following.window) + 1):
        until = window * following.window
        hidden.plant.run(until)
        readings, inputs = hidden.read(), hidden.plant.happened()
        ensemble.step(until, readings, inputs)
        for alarm in monitor.step(until, readings, inputs):  # an event counts once, with the cause that was found out for it
            events[alarm.event] = events[alarm.event].joined(alarm) if alarm.event in events else alarm
        ensemble.innovations.forget()
    found = list(events.values())
    named = [alarm for alarm in found if alarm.kind != "cannot tell"]
    told = [f"day {alarm.time / DAY:.2f}: {alarm.kind}: {alarm.text}" for alarm in found]
    return {"seed": seed, "alarms in 30 days": len(found), "of them with a cause": len(named), "told": told}


def wear(members: int) -> None:
    """Print of a screen that wears in the sorting line of the tests, and of the other faults that are tried there, within which time they are found."""
    tests = Path(__file__).parents[1] / "tests" / "live"
    scenario = twin.load(tests / "sorting_line.yaml")
    errors = {"yard": 3000.0, "fines_bay": 1000.0, "steel_bay": 1500.0, "rest_bay": 1500.0}
    measurements = {name: Measurement(f"level.{name}", "instant", absolute=error) for name, error in errors.items()}
    screen = SlowParameter(Prior("units.screen.aperture", "m", 0.012, 0.018, "normal"))
    following = Following(measurements | {"runs": Measurement("state.screen")}, members=members, watched=(screen,))
    prepared = prepare(scenario, following, 8 * DAY, 1.0, 1)
    for signature in prepared.signatures:
        suspect = signature.suspect
        found = suspect.smallest(signature.smallest) if np.isfinite(signature.smallest) else "none"
        times = f"found after {signature.delay / HOUR:.1f} h, nine of ten after {signature.late / HOUR:.1f} h"
        print(f"{suspect.subject:24s} {suspect.form:10s} tried {suspect.smallest(1.0):12s} {times}; smallest in a week {found}")


def ahead_of_others(rows: list[dict[str, float]]) -> None:
    """Print by lead whether the score is a tenth below persistence, and below the model without readings: paired by plant, Wilcoxon, Holm over the leads."""
    from scipy.stats import wilcoxon

    for lead in (f"{lead / HOUR:g} h" for lead in SMALL_LEADS):
        mean = {what: float(np.mean([row[f"{lead} {what}"] for row in rows])) for what in ("score", "blind", "known", "persistence", "true persistence")}
        shares = ", ".join(f"{mean['score'] / mean[what]:.3f} of {what}" for what in ("persistence", "true persistence", "blind", "known"))
        print(f"{lead}: the score is {shares}")
    for other, share in (("persistence", 1.0), ("persistence", 0.9), ("true persistence", 1.0), ("true persistence", 0.9), ("blind", 1.0)):
        leads = [f"{lead / HOUR:g} h" for lead in SMALL_LEADS]
        of = [np.array([row[f"{lead} score"] - share * row[f"{lead} {other}"] for row in rows]) for lead in leads]
        found = sorted((float(wilcoxon(apart, alternative="less").pvalue), lead) for apart, lead in zip(of, leads, strict=True))
        most = 0.0
        for place, (p, lead) in enumerate(found):
            most = max(most, min(1.0, (len(found) - place) * p))
            print(f"{lead} below {share:g} of {other}: p = {most:.2g} by Holm, {len(rows)} plants")


def what_if_cost(members: int) -> None:
    """Print what a question costs: a day ahead with 30 pairs, of the WEEE line, from seven hours after its start."""
    scenario, following = weee(members)
    hidden, ensemble = HiddenPlant(scenario, following, 1), Ensemble(scenario, following)
    for window in range(1, 29):
        until = window * following.window
        hidden.plant.run(until)
        ensemble.step(until, hidden.read(), hidden.plant.happened())
    for _ in range(2):
        begin = time.process_time()
        (found,) = what_if(ensemble, {"units.shredder.rate": "11 t/h"}, ["level.yard"], [DAY], 30)
        print(f"{found.quantity}: {found.low:.0f} to {found.high:.0f} kg more, in {time.process_time() - begin:.1f} s of CPU")


def main() -> None:
    """Run, or go on with, the plants that a file of rows lacks; then print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["estimate", "forecast", "alarms", "wear", "what-if"])
    parser.add_argument("--plants", type=int, default=20)
    parser.add_argument("--first", type=int, default=1001, help="the seed of the first plant")
    parser.add_argument("--days", type=float, default=3.0)
    parser.add_argument("--windows", type=int, default=10)
    parser.add_argument("--members", type=int, default=30)
    parser.add_argument("--rows", type=Path)
    options = parser.parse_args()
    if options.what in ("wear", "what-if"):
        wear(options.members) if options.what == "wear" else what_if_cost(options.members)
        return
    rows = [json.loads(text) for text in options.rows.read_text().splitlines()] if options.rows and options.rows.exists() else []
    prepared = prepare(*small(options.members), 16 * DAY, 1.0, 1) if options.what == "alarms" else None
    for seed in range(options.first, options.first + options.plants):
        if seed in {row["seed"] for row in rows}:
            continue
        if prepared is not None:
            rows.append(alarms(seed, prepared, options.members))
        else:
            rows.append(estimate(seed, options.days, options.members) if options.what == "estimate" else ahead(seed, options.windows, options.members))
        if options.rows:
            with options.rows.open("a") as file:
                file.write(json.dumps(rows[-1]) + "\n")
    print(f"{len(rows)} hidden plants")
    for key in (key for key in rows[0] if key not in ("seed", "told") and not key.endswith("ranks")):
        values = np.array([row[key] for row in rows])
        print(f"{key:45s} mean {values.mean():.4f}  median {np.median(values):.4f}  worst {values.max():.4f}  least {values.min():.4f}")
    if options.what == "forecast":
        for key in (key for key in rows[0] if key.endswith("ranks")):
            counts = np.sum([row[key] for row in rows], axis=0)
            print(f"{key}, in %: {' '.join(f'{100.0 * share:.0f}' for share in counts / counts.sum())}")
        ahead_of_others(rows)


if __name__ == "__main__":
    main()
