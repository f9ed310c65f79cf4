"""The table of variables, and that every file holds what it lists."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray
from results_plant import AXES, events, new_writer, steps, write_run

from twin.results import kpis, layout
from twin.results.layout import AXES as COORDINATES
from twin.results.layout import BY_PATH, COUNTED, TABLES, VARIABLES

SHARED = {axis.name for axis in COORDINATES} | {"time", "bound"}


def test_no_variable_or_group_bears_the_name_of_a_coordinate() -> None:
    assert len(BY_PATH) == len(VARIABLES)
    for variable in VARIABLES:
        assert variable.name not in SHARED | set(TABLES.values()) | set(COUNTED), variable.path
        assert variable.group not in SHARED, variable.path


def test_every_dimension_is_declared() -> None:
    known = SHARED | set(TABLES.values()) | set(COUNTED)
    assert {dim for variable in VARIABLES for dim in variable.dims} <= known
    assert all(variable.dims[0] == "time" for variable in VARIABLES if variable.when == "series")
    assert all(variable.dims[0] == TABLES[variable.group] for variable in VARIABLES if variable.when == "rows")


@pytest.mark.sampled(1)
@pytest.mark.parametrize("count", [0, 1, 20])
def test_xarray_finds_every_variable_of_the_table(tmp_path: Path, count: int) -> None:
    write_run(tmp_path / "a.h5", count).close()
    with xarray.open_datatree(tmp_path / "a.h5", engine="h5netcdf") as tree:
        for variable in VARIABLES:
            array = tree[variable.path]
            assert array.dims == variable.dims, variable.path
            assert array.attrs["long_name"] == variable.long_name
            if variable.unit not in ("", "time", "unit_of_measure"):
                assert array.attrs["units"] == variable.unit
            array.load()
        for axis in COORDINATES:
            assert tree[axis.name].dims == (axis.name,)
        assert tree["warning"].values.tolist() == AXES["warning"]
        assert tree["scenario/yaml"].item() == "name: made_up\n# Lünen\n"
        assert tree.sizes["time"] == count
        if count:
            assert str(tree["time"].values[0]) == "2026-01-05T06:15:00.000000000"
            assert str(tree["time_bounds"].values[0, 0]) == "2026-01-05T06:00:00.000000000"
            assert str(tree["events/event_time"].values[2]) == "2026-01-05T06:00:02.000000000"
            assert "time" in tree["streams"].coords and "time" in tree["streams/mass_flow"].coords


def test_arrays_are_float64_compressed_and_checked(tmp_path: Path) -> None:
    write_run(tmp_path / "a.h5").close()
    with h5py.File(tmp_path / "a.h5") as file:
        for variable in VARIABLES:
            dataset = file[variable.path]
            assert dataset.dtype.kind in {"float": "f", "int": "i", "text": "S"}[variable.kind] and dataset.dtype.itemsize in (8, dataset.dtype.itemsize)
            if variable.dims and dataset.size:
                assert (dataset.compression, dataset.shuffle, dataset.fletcher32) == ("gzip", True, True), variable.path
            for place, dim in enumerate(variable.dims):
                assert dataset.dims[place][0].name.rpartition("/")[2] == dim, variable.path
            if variable.kind == "float" and variable.when != "once":
                assert np.isnan(dataset.fillvalue), variable.path


def test_all_series_have_the_length_of_time(tmp_path: Path) -> None:
    with new_writer(tmp_path / "a.h5") as writer:
        block = steps(0, 5)
        writer.append({name: block[name] for name in ("time", "time_bounds", "units/level")})
        writer.append_rows("events", events(1))
        result = writer.finish({"scenario/kpi_inputs": "{}"})
    for variable in layout.SERIES:
        values = result.array(variable.path)
        assert len(values) == 5
        assert np.isnan(values).all() == (variable.path != "units/level")
    result.close()


def test_the_tables_for_the_docs_name_everything() -> None:
    text = layout.as_markdown()
    assert all(f"`/{variable.path}`" in text for variable in VARIABLES)
    assert kpis.as_markdown().count("\n") == len(kpis.KPIS) + 2
