"""What a run costs beside its kernels, and what recording adds."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from figures import Figures
from interleaved import interleave
from plant_run import prepared
from replay import tape_of
from weee import extended, with_stops, without_stops

import twin

pytestmark = pytest.mark.benchmark(timer=time.process_time)


@pytest.mark.parametrize(("name", "scenario"), [("weee", with_stops), ("weee_extended", extended), ("weee_without_stops", without_stops)])
def test_cost_beside_the_kernels(benchmark: Any, figures: Figures, name: str, scenario: Callable[[], twin.Scenario]) -> None:
    """The goal is for the line as it is, and extended; beside it, the same without failures, shifts and all other stops."""
    loaded = scenario()
    tape = tape_of(loaded)
    times = interleave(benchmark, {"kernels": lambda: tape.replay, "candidate": prepared(loaded, close=False)}, rounds=5 if name == "weee" else 3)
    simulation = times.results["candidate"]
    lots = sum(line.record.lots for line in simulation.built.lines)
    beside = 1e6 / lots * times.median_of(lambda kernels, candidate: candidate - kernels)
    if name != "weee_without_stops":
        figures.figure(f"{name}_us_a_visit_beside_kernels", beside, at_most=15.0)
    else:
        figures.beside(f"{name}_us_a_visit_beside_kernels", beside, "us")
    figures.beside(f"{name}_kernels_us_a_visit", 1e6 / lots * times.median("kernels"), "us")
    figures.beside(f"{name}_line_visits", lots)
    figures.beside(f"{name}_events_a_visit", simulation.built.site.clock.events / lots)


@pytest.mark.parametrize(("name", "scenario"), [("", with_stops), ("weee_extended_", extended)])
def test_cost_of_recording(benchmark: Any, figures: Figures, tmp_path: Path, name: str, scenario: Callable[..., twin.Scenario]) -> None:
    """The run with its file, the same without recording, and h5py alone writing the same arrays."""
    off, on = scenario(), scenario(record={"every": "1 h", "streams": True})
    file = tmp_path / "recorded.h5"
    prepared(on, file)()()
    arrays = Arrays.of(file)
    contenders = {
        "h5py": lambda: lambda: arrays.write(tmp_path / "alone.h5"),
        "off": prepared(off),
        "candidate": prepared(on, file),
    }
    times = interleave(benchmark, contenders, rounds=5)
    lots = sum(line.record.lots for line in times.results["candidate"].built.lines)
    figures.figure(f"{name}recording_cost_without_h5py", times.median_of(lambda h5py, off, candidate: (candidate - h5py) / off - 1.0), at_most=0.15)
    figures.beside(f"{name}recording_cost_with_h5py", times.ratio("candidate", "off") - 1.0)
    figures.beside(f"{name}h5py_alone_over_run_without_recording", times.ratio("h5py", "off"))
    figures.beside(f"{name}recorded_line_visits", lots)
    figures.beside(f"{name}recorded_megabytes_before_compression", arrays.megabytes)


class Arrays:
    """All arrays of a results file, in memory, with the layout they have there."""

    def __init__(self) -> None:
        self.growing: list[tuple[str, np.ndarray[Any, Any], dict[str, Any]]] = []
        self.fixed: list[tuple[str, np.ndarray[Any, Any], dict[str, Any]]] = []
        self.rows = 1

    @classmethod
    def of(cls, path: Path) -> Arrays:
        arrays = cls()

        def take(name: str, item: Any) -> None:
            if not isinstance(item, h5py.Dataset) or item.shape == ():
                return
            layout = {"dtype": item.dtype, "maxshape": item.maxshape, "chunks": item.chunks}
            if item.dtype.kind != "S":  # the text of a catalogue is longer than a fill value may be
                layout["fillvalue"] = item.fillvalue
            layout.update(compression=item.compression, compression_opts=item.compression_opts, shuffle=item.shuffle, fletcher32=item.fletcher32)
            grows = item.maxshape[0] is None and item.shape[0] > 0
            (arrays.growing if grows else arrays.fixed).append((name, item[()], layout))

        with h5py.File(path) as file:
            arrays.rows = int(file.attrs["rows_at_once"]) if "rows_at_once" in file.attrs else 1024
            file.visititems(take)
        return arrays

    @property
    def megabytes(self) -> float:
        return sum(values.nbytes for _, values, _ in (*self.growing, *self.fixed)) / 1e6

    def write(self, path: Path) -> None:
        """Write them as ``twin`` does, block by block, without dimensions, attributes and digest."""
        with h5py.File(path, "w") as file:
            for name, values, layout in self.fixed:
                file.create_dataset(name, data=values, **layout)
            for name, values, layout in self.growing:
                dataset = file.create_dataset(name, shape=(0, *values.shape[1:]), **layout)
                for first in range(0, len(values), self.rows):
                    block = values[first : first + self.rows]
                    dataset.resize(first + len(block), axis=0)
                    dataset[first:] = block
