"""A small plant whose run takes a few hundredths of a second, and studies of it."""

from __future__ import annotations

from pathlib import Path

PLANT = """\
twin: 1
name: small
time: {horizon: 1 d}
lot: 500 kg
record: {every: 1 d, streams: false}
materials: {good: {}, bad: {}}
units:
  trucks:
    kind: feed
    every: {exponential: {mean: {value: 2 h, basis: assumed, source: a guess, low: 1 h, high: 3 h}}}
    mass: 3 t
    composition: {good: 60 %, bad: 40 %}
  yard: {kind: bunker, from: trucks, capacity: 30 t}
  sort:
    kind: separator
    from: yard
    rate: {value: 2 t/h, basis: assumed, source: a guess, low: 1 t/h, high: 3 t/h}
    ports: [good, bad]
    partition: {good: {good: 90 %, bad: 5 %}}
  good_out: {kind: product, from: sort.good, targets: [good]}
  bad_out: {kind: product, from: sort.bad}
"""
STUDY = """\
study: 1
base: plant.yaml
vary:
  units.sort.rate: {uniform: [1 t/h, 3 t/h]}
  units.trucks.mass: {list: [2 t, 3 t]}
design: {sobol: 8}
replications: 2
kind: terminating
responses: [throughput, recovery.good]
"""


def write(folder: Path, study: str = STUDY, plant: str = PLANT) -> Path:
    """Write plant and study to a folder; return the study's file."""
    (folder / "plant.yaml").write_text(plant, encoding="utf-8")
    path = folder / "study.yaml"
    path.write_text(study, encoding="utf-8")
    return path
