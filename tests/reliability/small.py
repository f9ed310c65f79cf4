"""A small plant that uses a CSV and a catalogue, its results, a saved state and a study of it: what the programs here take apart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import twin
from twin.study.sweep import sweep

PLANT = """\
twin: 1
name: small
title: A small plant
time: {horizon: 2 d, warmup: 4 h}
lot: 500 kg
seed: 3
budget: {events: 20000}
record: {every: 4 h, genealogy: true}
catalogue: [stuff.yaml]
units:
  trucks:
    kind: feed
    schedule: trucks.csv
    composition: {good: 60 %, bad: 40 %}
  more:
    kind: feed
    every: {exponential: {mean: {value: 5 h, basis: assumed, source: a guess, low: 4 h, high: 6 h}}}
    mass: 2 t
    composition: {good: 50 %, bad: 50 %}
  yard: {kind: bunker, from: [trucks, more], capacity: 60 t}
  sort:
    kind: separator
    from: yard
    rate: {value: 2 t/h, basis: assumed, source: a guess, low: 1 t/h, high: 3 t/h}
    ports: [good, bad]
    partition: {good: {good: 90 %, bad: 5 %}}
    power: {idle: 5 kW}
    failures: {mtbf: 10 h, mttr: 1 h}
  good_out: {kind: product, from: sort.good, targets: [good], price: {good: 100 EUR/t}}
  bad_out: {kind: product, from: sort.bad}
"""
TRUCKS = "time_h,mass_t\n1,3\n4,3\n9,2.5\n20,3\n30,4\n"
STUFF = """\
twin_catalogue: 1
name: stuff
materials:
  good: {density: {value: 7800 kg/m3, basis: literature, source: a book}, assay: {Fe: {value: 98 %, basis: literature, source: a book}}}
  bad: {density: {value: 1200 kg/m3, basis: literature, source: a book}, assay: {}}
"""
STUDY = """\
study: 1
base: small.yaml
vary:
  units.sort.rate: assumed
  units.more.mass: {list: [2 t, 3 t]}
design: {grid: {units.sort.rate: 2}}
replications: 2
kind: terminating
responses: [throughput, recovery.good]
"""
QUICK = """\
study: 1
base: small.yaml
vary:
  units.sort.rate: assumed
  units.more.mass: {list: [2 t]}
design: {grid: {units.sort.rate: 2}}
replications: 1
kind: terminating
responses: [throughput, recovery.good]
"""
"""A study of two runs, for what makes thousands of sweeps."""


READINGS = """\
reconcile: 1
flows: {scrap: -> mill, steel: mill ->, fluff: mill ->}
measurements: {scrap: 100 t ± 1 t, steel: 70 t ± 1 t, fluff: 31 t ± 1 t}
"""


@dataclass(frozen=True)
class Files:
    """Everything in one folder."""

    scenario: Path
    trucks: Path
    catalogue: Path
    study: Path
    result: Path
    second: Path
    state: Path
    results_of_study: Path
    quick: Path

    @property
    def folder(self) -> Path:
        return self.scenario.parent


def write(folder: Path) -> Path:
    """Write the scenario, what it reads, and the study; return the scenario's file."""
    (folder / "trucks.csv").write_text(TRUCKS, encoding="utf-8")
    (folder / "stuff.yaml").write_text(STUFF, encoding="utf-8")
    (folder / "quick.yaml").write_text(QUICK, encoding="utf-8")
    (folder / "study.yaml").write_text(STUDY, encoding="utf-8")
    (folder / "readings.yaml").write_text(READINGS, encoding="utf-8")
    path = folder / "small.yaml"
    path.write_text(PLANT, encoding="utf-8")
    return path


def make(folder: Path) -> Files:
    """Write all and run all."""
    scenario = write(folder)
    plant = twin.load(scenario)
    files = Files(
        scenario,
        folder / "trucks.csv",
        folder / "stuff.yaml",
        folder / "study.yaml",
        folder / "r0.h5",
        folder / "r1.h5",
        folder / "state.h5",
        folder / "results_of_study.h5",
        folder / "quick.yaml",
    )
    twin.run(plant, out=files.result).close()
    twin.run(plant, out=files.second, replication=1).close()
    twin.run_until(plant, 86400.0, files.state)
    sweep(files.study, files.results_of_study, executor="serial")
    return files
