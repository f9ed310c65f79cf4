"""Wear by the mass of some materials: film that wraps a screen and is cut off."""

import pytest

import twin
from twin.errors import ScenarioError

PLANT = """
twin: 1
name: wrapping
time: {start: 2026-01-05, horizon: 10 h}
lot: 1 t
catalogue: [lvp]
size_bounds: "20 40 80 160 mm"
units:
  trucks:
    kind: feed
    every: 1 h
    mass: 20 t
    composition: {ldpe_film: 10 %, glass: 90 %}
    size: {rosin_rammler: {x63: 50 mm, n: 2}}
  yard: {kind: bunker, from: trucks, capacity: 900 t, initial: {mass: 100 t}}
  screen:
    kind: screen
    from: yard
    rate: 10 t/h
    aperture: 60 mm
    area: 4 m2
    wear: {parameter: free_area, of: [ldpe_film], per: 1 t, change: -10 %}
    cleaning: {blinding: 30 %, time: 30 min}
  coarse: {kind: product, from: screen.oversize}
  fine: {kind: product, from: screen.undersize}
"""


def test_only_the_film_counts():
    """10 t/h with a tenth of film: 1 t of film an hour, so 30 % are lost after 3 h of work; then half an hour of cleaning, from 3 to 3.5 h and from 6.5 to 7 h."""
    kpis = twin.run(twin.load(PLANT)).kpis
    assert kpis["cleaning.screen"].value == 3600.0
    assert kpis["utilisation.screen"].value == pytest.approx(0.9, abs=1e-12)


def test_all_that_passes_counts_where_nothing_is_named():
    """1 t of anything each 6 min: it is cleaned after 18 min of work, 12 times in the first 9.6 h; the 13th time begins at 9.9 h."""
    kpis = twin.run(twin.load(PLANT.replace("of: [ldpe_film], per: 1 t", "per: 1 t"))).kpis
    assert kpis["cleaning.screen"].value == pytest.approx(12 * 1800.0 + 360.0)


def test_a_saved_run_goes_on_with_the_same_wear(tmp_path):
    plant = twin.load(PLANT)
    whole = twin.run(plant, out=tmp_path / "whole.h5").digest
    twin.run_until(plant, until=2.0 * 3600, save=tmp_path / "state.h5")
    assert twin.resume(tmp_path / "state.h5", out=tmp_path / "resumed.h5").digest == whole


def test_an_unknown_material_is_named():
    with pytest.raises(ScenarioError, match=r"units\.screen\.wear\.of.*filmm"):
        twin.load(PLANT.replace("of: [ldpe_film]", "of: [filmm]"))
