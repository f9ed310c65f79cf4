"""Small plants with hidden truth, measured with errors, and calibrations of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

import twin
from twin.fit.calibrate.priors import Prior
from twin.scenario import Scenario
from twin.study.probes import Probe, take

PLANT = """\
twin: 1
name: small
time: {horizon: 4 d}
lot: 3 t
record: {every: 1 d}
materials: {good: {}, bad: {}}
units:
  trucks:
    kind: feed
    every: {exponential: {mean: 3 h}}
    mass: 6 t
    composition: {good: {value: 50 %, basis: assumed, low: 40 %, high: 60 %}, bad: 50 %}
    variability: {concentration: 100}
  yard: {kind: bunker, from: trucks, capacity: 400 t, initial: {mass: 200 t, composition: {good: 50 %, bad: 50 %}}}
  sort:
    kind: separator
    from: yard
    rate: {value: 2.4 t/h, basis: assumed, source: a guess, low: 2 t/h, high: 3 t/h}
    ports: [good, bad]
    partition: {good: {good: 85 %, bad: 5 %}}
    failures: {mtbf: 10 h, mttr: {lognormal: {mean: 1.5 h, sd: 0.8 h}}}
  good_out: {kind: product, from: sort.good, targets: [good]}
  bad_out: {kind: product, from: sort.bad}
"""
PRIORS = (
    Prior("units.sort.rate", "kg/s", 2.0 / 3.6, 3.0 / 3.6),
    Prior("units.sort.failures.mtbf", "s", 4 * 3600.0, 20 * 3600.0),
    Prior("units.sort.partition.good.good", "1", 0.70, 0.98),
    Prior("units.sort.partition.good.bad", "1", 0.02, 0.12),
)
ERROR = 0.03
DAYS = 1.0


@dataclass(frozen=True)
class Truth:
    """A plant whose parameters are known to who made it: ``u`` (parameter,) standard normal, and what was measured, by target, SI."""

    scenario: Scenario
    u: tuple[float, ...]
    study: dict[str, Any]
    measured: dict[str, float] = field(default_factory=dict)


def plant() -> Scenario:
    """Return the plant."""
    return twin.load(PLANT)


def looked_at(windows: int = 4) -> list[Probe]:
    """What is measured: in each day the masses of both products and the share of good in one."""
    day, found = 86_400.0, []
    for w in range(windows):
        begin, end = w * DAYS * day, (w + 1) * DAYS * day
        found.append(Probe(f"good_{w}", "figure", "product_mass.good_out", begin, end))
        found.append(Probe(f"bad_{w}", "figure", "product_mass.bad_out", begin, end))
        found.append(Probe(f"stops_{w}", "figure", "availability.sort", begin, end))
        found.append(Probe(f"grade_{w}", "figure", "grade.good_out.good", begin, end))
    return found


def worn(scenario: Scenario, u: list[float], wear: float) -> Scenario:
    """Return a plant whose sorter finds less day by day, which the model that is calibrated does not know."""
    if not wear:
        return scenario
    good, bad = PRIORS[2].value(u[2]), PRIORS[3].value(u[3])
    events = [{"at": f"{k} d", "set": {"units.sort.partition": {"good": {"good": good * (1.0 - wear) ** k, "bad": bad}}}} for k in (1, 2, 3)]
    merged = scenario.merged
    assert isinstance(merged, dict)
    return twin.load({**merged, "events": events})


def true_plant(number: int, priors: tuple[Prior, ...] = PRIORS, *, wear: float = 0.0, hold_out: int = 1, seed: int = 0) -> Truth:
    """Return plant ``number``: its truth drawn from the priors, and one run of it measured with errors of 3 %; with ``wear`` it is not as the model."""
    from twin.plant import simulate
    from twin.study.changes import with_changes

    generator = np.random.Generator(np.random.Philox(1000 * seed + number))
    u = generator.standard_normal(len(priors))
    real = with_changes(plant(), {prior.path: prior.written(one) for prior, one in zip(priors, u.tolist(), strict=True)})
    real = worn(real, u.tolist(), wear)
    probes = looked_at()
    with simulate.run(real, replication=5_000_000 + number) as result:
        shown = take(probes, result, real)
    measured = {name: kpi.value * (1.0 + (0.01 if name.startswith("stops") else ERROR) * float(generator.standard_normal())) for name, kpi in shown.items()}
    targets: dict[str, Any] = {}
    for probe in probes:
        targets[probe.name] = {
            "figure": probe.what,
            "from": f"{(probe.begin or 0.0) / 86_400.0!r} d",
            "to": f"{(probe.end or 0.0) / 86_400.0!r} d",
            "value": f"{measured[probe.name]!r} kg" if probe.what.startswith("product") else measured[probe.name],
            "error": {"relative": 0.01 if probe.name.startswith("stops") else ERROR},
        }
    study = {
        "calibrate": 1,
        "base": "small",
        "parameters": {prior.path: _written(prior) for prior in priors},
        "targets": targets,
        "hold_out_from": f"{(4 - hold_out) * DAYS!r} d",
        "seed": number,
    }
    if not hold_out:
        del study["hold_out_from"]
    return Truth(plant(), tuple(u.tolist()), study, measured)


def _written(prior: Prior) -> dict[str, Any]:
    unit = "" if prior.unit == "1" else f" {prior.unit}"
    return {"low": f"{prior.low!r}{unit}", "high": f"{prior.high!r}{unit}"}
