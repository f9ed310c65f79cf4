"""Phases of furnaces on the page: what is drawn of a stretch of a run is what its file has there."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import twin
from twin.errors import UsageError
from twin.page.looking import looked, phases
from twin.page.over_time import over_time
from twin.report.charts import batch_rows, gantt_units
from twin.report.language import language
from twin.report.source import gather

pytest.importorskip("jinja2", reason="no pages: pip install 'twin[report]'")


@pytest.fixture(scope="module")
def smelter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("phases") / "smelter.h5"
    scenario = twin.load(Path(__file__).parents[2] / "scenarios" / "copper_smelter.yaml").change({"time.horizon": "2 d", "time.warmup": "0 d"})
    twin.run(scenario, out=path).close()
    return path


@pytest.mark.parametrize(("begin", "span"), [(0.0, 48.0), (6.0, 6.0), (47.0, 1.0)])
def test_a_stretch_has_the_phases_of_the_file(smelter: Path, begin: float, span: float) -> None:
    with twin.open(smelter) as result:
        source = gather([result], [smelter.name])
        rows = batch_rows(source)
        units = gantt_units(source, rows)
    wanted = sum(row.unit in units and min(row.end, begin + span) > max(row.start, begin) for row in rows)
    found = phases(smelter, language("en"), begin, span)
    assert (found["begin"], found["span"], found["end"]) == (begin, span, 48.0)
    assert len(re.findall(r'<rect class="phase ', found["svg"])) == wanted > 0
    assert "Chargieren" in [one["name"] for one in phases(smelter, language("de"), begin, span)["kinds"]]


def test_a_stretch_beyond_the_run_is_its_last_and_an_impossible_one_is_refused(smelter: Path) -> None:
    assert phases(smelter, language("en"), 1e6, 12.0)["begin"] == 36.0
    assert phases(smelter, language("en"), -5.0, 12.0)["begin"] == 0.0
    for begin, span in ((0.0, 0.0), (0.0, 1e9), (float("nan"), 12.0), (float("inf"), 12.0)):
        with pytest.raises(UsageError, match="1 to 10000 h"):
            phases(smelter, language("en"), begin, span)
    assert looked([smelter], language("en"))["phases"]["begin"] == 0.0


def test_a_plant_without_furnaces_has_none(tmp_path: Path) -> None:
    from served_pages import SMALL

    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    twin.run(twin.load(tmp_path / "small.yaml"), out=tmp_path / "small.h5").close()
    assert looked([tmp_path / "small.h5"], language("en"))["phases"] is None
    with pytest.raises(UsageError, match="no furnace"):
        phases(tmp_path / "small.h5", language("en"), 0.0, 12.0)


def test_streams_in_which_only_melts_flow_have_curves(smelter: Path) -> None:
    """Of melts only elements are recorded: their sum is the flow, and decides which streams are the largest."""
    with twin.open(smelter) as result:
        solids, elements, names = (np.asarray(result.array(one)) for one in ("streams/mass_flow", "streams/element_flow", "stream"))
    melts = [k for k in range(len(names)) if np.isnan(solids[:, k]).all() and np.nansum(elements[:, k]) > 0.0]
    largest = max(melts, key=lambda k: float(np.nansum(elements[:, k])))
    found = {one["name"]: one["values"] for one in over_time(smelter, "flows", language("en"))["curves"]}
    assert found[str(names[largest])] == pytest.approx((elements[:, largest].sum(axis=1) * 3.6).tolist(), abs=1e-4)
    sizes = [sum(values) for values in found.values()]
    assert len(melts) > 3 and sizes == sorted(sizes, reverse=True)
