"""Loading: what a good scenario becomes, and that everything wrong with a bad one is said at once, at its place."""

from __future__ import annotations

import pickle
import subprocess
import sys
import time
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scenario_plants import PLANT, plant, problems

from twin.errors import Problem, ScenarioError, TwinError, UsageError
from twin.scenario import load
from twin.scenario.kind import names
from twin.scenario.kinds.product import Product
from twin.scenario.kinds.separator import Separator
from twin.scenario.yaml_text import to_yaml

DESIGN = """\
# yaml-language-server: $schema=scenario.schema.json
twin: 1
name: weee-line
title: WEEE sorting line, two shifts
time: {start: 2026-01-05T06:00, horizon: 30 d, warmup: 2 d}
seed: 7
lot: 200 kg
record: {every: 15 min}
catalogue: [weee]
size_bounds: "0.5 1 2 4 8 16 31.5 63 125 250 mm"
resources: {fitter: 1}

calendars:
  two_shift: {weekdays: ["06:00-22:00"], saturday: ["06:00-14:00"]}

units:
  deliveries:
    kind: feed
    every: {exponential: {mean: 45 min}}
    mass: {normal: {mean: 12 t, sd: 1.5 t}}
    composition: {steel: 42 %, aluminium: 9 %, copper: 4 %, pcb: 6 %, cable: 5 %, plastics: 34 %}
    variability: {concentration: 40}   # between deliveries: Dirichlet, its sum
    size: {rosin_rammler: {x63: 90 mm, n: 1.4}}
    when_full: wait                # or turn_away
    queue_limit: 8
  yard:     {kind: bunker, from: deliveries, capacity: 600 t, discharge: fifo, initial: {mass: 250 t}}
  shredder: {kind: shredder, from: yard, recycle: screen.oversize, rate: 25 t/h, calendar: two_shift,
             power: {idle: 60 kW, specific: 18 kWh/t},
             failures: {mtbf: 40 h, mttr: {lognormal: {mean: 1.5 h, sd: 1.2 h}}}, repair: {needs: fitter},
             wear: {parameter: gap, per: 1000 t, change: +6 %, replace_after: 4000 t}}
  screen:   {kind: screen, from: shredder, aperture: 40 mm, area: 6 m2}
  magnet:   {kind: overband_magnet, from: screen.undersize}
  eddy:     {kind: eddy_current, from: magnet.rest, count: 2, when_down: stop}
  bay:      {kind: bunker, from: eddy.heavy, capacity: 40 t, discharge: mixed}
  copper:   {kind: product, from: bay, pickup: {every: 1 d, mass: 24 t}, spec: {Cu: ">= 92 %", plastics: "<= 3 %"},
             price: {Cu: {value: 6 EUR/kg, payable: 92 %}}}
"""


def test_the_example_of_the_language_loads_as_it_stands() -> None:
    scenario = load(DESIGN)
    assert scenario.start == datetime(2026, 1, 5, 6)
    assert (scenario.horizon, scenario.warmup, scenario.seed, scenario.lot) == (30 * 86_400.0, 2 * 86_400.0, 7, 200.0)
    assert scenario.record.every == 900.0
    assert set(scenario.materials.names) == {"steel", "aluminium", "copper", "pcb", "cable", "plastics", "pvc"}  # cable comes apart in the shredder
    assert len(scenario.sizes) == 10
    assert list(scenario.units) == ["deliveries", "yard", "shredder", "screen", "magnet", "eddy", "bay", "copper"]
    assert scenario.units["screen"].from_.names == ("shredder.out",)
    assert scenario.units["yard"].initial.composition == {**scenario.units["deliveries"].composition}
    assert scenario.units["copper"].aims() == ("Cu",)
    assert scenario.carriers["electricity"].co2 == pytest.approx(363e-3 / 3.6e6)
    assert set(scenario.files) == {"weee"}


def test_what_is_not_said_has_a_default() -> None:
    scenario = load(plant({"name": None, "time": {"horizon": "1 d"}, "lot": None}))
    assert (scenario.name, scenario.title, scenario.seed, scenario.lot, scenario.warmup) == ("scenario", "", 1, None, 0.0)
    assert scenario.start == datetime(2026, 1, 5)
    assert (scenario.record.every, scenario.record.streams, scenario.record.genealogy) == (3600.0, True, False)
    assert (scenario.budget.events, scenario.budget.wall) == (50_000_000, None)
    assert scenario.materials.names == ("target", "other")
    assert scenario.materials.properties["density"].tolist() == [1000.0, 1000.0]
    assert scenario.materials.assay[:, -1].tolist() == [1.0, 1.0]
    assert scenario.path is None


def test_record_and_budget_can_be_none() -> None:
    scenario = load(plant({"record": "none", "budget": {"wall": "none", "events": 10}}))
    assert (scenario.record.every, scenario.record.streams, scenario.budget.events) == (None, False, 10)


def test_a_file_a_text_bytes_and_a_mapping_are_the_same_scenario(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    text = to_yaml(PLANT)
    file.write_text(text, encoding="utf-8")
    found = [load(source).sha256 for source in (PLANT, text, text.encode(), b"\xef\xbb\xbf" + text.encode(), file, str(file))]
    assert len(set(found)) == 1
    assert load(file).path == str(file)


def test_the_file_gives_the_name_where_none_is_given(tmp_path: Path) -> None:
    file = tmp_path / "my plant.yaml"
    file.write_text(to_yaml(plant({"name": None})), encoding="utf-8")
    assert load(file).name == "my_plant"


def test_the_stored_yaml_is_the_same_scenario() -> None:
    for source in (DESIGN, plant()):
        scenario = load(source)
        again = load(scenario.to_yaml(), files=scenario.files)
        assert again.sha256 == scenario.sha256
        assert again.parameters() == scenario.parameters()


def test_the_hash_sees_values_and_the_order_of_units_not_the_order_of_keys() -> None:
    whole = load(plant())
    other_order = {key: PLANT[key] for key in reversed(PLANT)}
    assert load(other_order).sha256 == whole.sha256
    units = {name: PLANT["units"][name] for name in reversed(PLANT["units"])}
    assert load({**PLANT, "units": units}).sha256 != whole.sha256
    assert load(plant({"units.yard.capacity": "601 t"})).sha256 != whole.sha256


def test_a_change_gives_a_new_scenario() -> None:
    scenario = load(plant())
    changed = scenario.change({"units.sorter.rate": "30 t/h", "seed": 5})
    assert changed.units["sorter"].rate.mean == 30_000 / 3600
    assert changed.seed == 5
    assert scenario.seed == 1
    assert changed.sha256 == load(plant({"units.sorter.rate": "30 t/h", "seed": 5})).sha256
    with pytest.raises(ScenarioError, match=r"units\.sorter\.rate: a mass per time is needed"):
        scenario.change({"units.sorter.rate": "30 t"})
    with pytest.raises(ScenarioError, match="did you mean 'sorter'"):
        scenario.change({"units.sortr.rate": "30 t/h"})


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        ({"twin": None}, "", "'twin' is missing"),
        ({"twin": 2}, "twin", "1 is needed (got 2)"),
        ({"name": "../x"}, "name", "files are called by it"),
        ({"name": 5}, "name", "files are called by it (got 5)"),
        ({"tiem": {}}, "tiem", "unknown key 'tiem'; did you mean 'time'?"),
        ({"time": None}, "", "'time' is missing"),
        ({"time.horizon": None}, "time", "'horizon' is missing"),
        ({"time.horizon": 30}, "time.horizon", "a time is needed, e.g. '15 min' (got 30, a bare number)"),
        ({"time.warmup": "30 d"}, "time.warmup", "must be shorter than the horizon, 30 d (got 30 d)"),
        ({"record": {"every": "30 d"}}, "time.warmup", "no record step begins between the warm-up of 2 d and the horizon of 30 d"),
        ({"record": {"every": "28 d"}, "time.warmup": "29 d"}, "time.warmup", "the next one at 56 d; choose a shorter record.every"),
        ({"time.start": "5.1.2026"}, "time.start", "a date is needed"),
        ({"time.end": "3 d"}, "time.end", "unknown key 'end'; known: start, horizon, warmup"),
        ({"seed": -1}, "seed", "must be at least 0 (got -1)"),
        ({"seed": 1.5}, "seed", "a whole number is needed (got 1.5)"),
        ({"seed": True}, "seed", "a whole number is needed (got True)"),
        ({"lot": "0 kg"}, "lot", "must be more than 0 kg"),
        ({"record": "often"}, "record", "a mapping is needed (got 'often')"),
        ({"record": {"streams": "no"}}, "record.streams", "true or false is needed (got 'no')"),
        ({"catalogue": ["wee"]}, "catalogue.0", "unknown catalogue 'wee'; did you mean 'weee'?"),
        ({"catalogue": ["no.yaml"]}, "catalogue.0", "no such file"),
        ({"catalogue": 5}, "catalogue", "a list of catalogues"),
        ({"materials": []}, "materials", "a mapping is needed"),
        ({"materials.Cu": {}}, "materials.Cu", "a material is named by lower-case letters"),
        ({"materials.metals": {}}, "materials.metals", "one namespace"),
        ({"materials.target": {"density": "5"}}, "materials.target.density", "a density is needed"),
        ({"calendars.Day": {"daily": ["06:00-22:00"]}}, "calendars.Day", "a name of small letters"),
        ({"calendars.day": {"mondy": ["06:00-22:00"]}}, "calendars.day.mondy", "did you mean 'monday'?"),
        ({"resources": {"fitter": 0}}, "resources.fitter.count", "must be at least 1 (got 0)"),
        ({"resources": {"fitter": {"count": 1, "calendar": "dya"}}}, "resources.fitter.calendar", "did you mean 'day'?"),
        ({"carriers": {"steam": {"price": "5 EUR/MWh"}}}, "carriers.steam", "no CO2 factor of carrier 'steam' is stored"),
        ({"carriers": {"electricity": {"price": "5 EUR"}}}, "carriers.electricity.price", "a price per energy is needed"),
        ({"units": {}}, "units", "of a length of at least 1"),
        ({"units": []}, "units", "a mapping is needed"),
        ({"units.Yard": {"kind": "bunker"}}, "units.Yard", "begins with a letter"),
        ({"units.yard": 5}, "units.yard", "a unit is a mapping"),
        ({"units.yard.kind": None}, "units.yard", "'kind' is missing; known:"),
        ({"units.yard.kind": "bunkr"}, "units.yard.kind", "unknown kind 'bunkr'; did you mean 'bunker'?"),
        ({"units.yard.kind": ["x"]}, "units.yard.kind", "the name of a kind is needed"),
        ({"units.yard.capacity": None}, "units.yard", "'capacity' is missing"),
        ({"units.yard.capcity": "1 t"}, "units.yard.capcity", "did you mean 'capacity'?"),
        ({"units.yard.discharge": "lifo"}, "units.yard.discharge", "'fifo' or 'mixed' is needed (got 'lifo')"),
        ({"units.yard.initial": {"mass": "601 t"}}, "units.yard.initial.mass", "must be at most the capacity, 600 t (got 601 t)"),
        ({"units.sorter.from": "yrd"}, "units.sorter.from", "unknown unit 'yrd'; did you mean 'yard'?"),
        ({"units.sorter.from": ["yard", "yrd"]}, "units.sorter.from.1", "unknown unit 'yrd'"),
        ({"units.sorter.from": {"yard": "70 %", "deliveries": "20 %"}}, "units.sorter.from", "the shares must sum to 1 (got 0.9)"),
        ({"units.sorter.from": "Yard!"}, "units.sorter.from.0", "the name of a unit or of a port"),
        ({"units.good.from": "sorter"}, "units.good.from", "has several ports: name one of 'sorter.accept', 'sorter.reject'"),
        ({"units.good.from": "sorter.accpet"}, "units.good.from", "no port 'accpet'; did you mean 'accept'?"),
        ({"units.good.from": "yard.out"}, "units.good.from", "has no ports: write 'yard'"),
        ({"units.good.from": "bad"}, "units.good.from", "is a product: nothing can be taken from it"),
        ({"units.good.from": ["sorter.accept", "sorter.accept"]}, "units.good.from.1", "named twice"),
        ({"units.sorter.recycle": "sorter.oversize"}, "units.sorter.recycle", "no port 'oversize'"),
        ({"units.sorter.calendar": "dya"}, "units.sorter.calendar", "unknown calendar 'dya'; did you mean 'day'?"),
        ({"units.sorter.repair": {"needs": "fiter"}}, "units.sorter.repair.needs", "unknown resource 'fiter'; did you mean 'fitter'?"),
        ({"units.sorter.repair": {"needs": ["fitter", "x"]}}, "units.sorter.repair.needs.1", "unknown resource 'x'"),
        ({"units.sorter.rate": "20 m"}, "units.sorter.rate", "a mass per time is needed"),
        ({"units.sorter.cycle_time": "5 min"}, "units.sorter.cycle_time", "give 'rate' or 'cycle_time', not both"),
        ({"units.sorter.redraw": "1 h"}, "units.sorter.redraw", "'redraw' needs a 'rate' with a distribution"),
        ({"units.sorter.when_down": "bypass"}, "units.sorter.when_down", "needs 'bypass_to', the port that takes all: one of accept, reject"),
        ({"units.sorter.bypass_to": "reject"}, "units.sorter.bypass_to", "needs 'when_down: bypass'"),
        ({"units.sorter.when_down": "bypass", "units.sorter.bypass_to": "rejct"}, "units.sorter.bypass_to", "did you mean 'reject'?"),
        ({"units.sorter.count": 0}, "units.sorter.count", "must be at least 1"),
        ({"units.sorter.failures": None}, "units.sorter.repair", "'repair' needs 'failures'"),
        ({"units.sorter.wear": {"parameter": "rate", "per": "1 t", "change": "1 %"}}, "units.sorter.wear.parameter", "unknown parameter 'rate'"),
        ({"units.sorter.maintenance": {"every": "1 d", "duration": "2 d"}}, "units.sorter.maintenance.0.duration", "must be shorter than 'every'"),
        ({"units.deliveries.composition": {"target": "30 %", "othr": "70 %"}}, "units.deliveries.composition.othr", "did you mean 'other'?"),
        ({"units.deliveries.composition": {"metals": 1}}, "units.deliveries.composition.metals", "is a group, a material is needed"),
        ({"units.deliveries.composition": {"Cu": 1}}, "units.deliveries.composition.Cu", "is an element, a material is needed"),
        ({"units.deliveries.composition": {"target": "30 %"}}, "units.deliveries.composition", "the shares must sum to 1 (got 0.3)"),
        ({"units.deliveries.composition": None}, "units.deliveries.composition", "'composition' is missing"),
        ({"units.deliveries.every": None}, "units.deliveries.every", "'every' is missing (or give a 'schedule')"),
        ({"units.good.spec": {"targt": ">= 5 %"}}, "units.good.spec.targt", "did you mean 'target'?"),
        ({"units.good.spec": {"target": "5 %"}}, "units.good.spec.target", "a limit is needed"),
        ({"units.good.spec": {"target": ">= 120 %"}}, "units.good.spec.target", "must be at most 1"),
        ({"units.good.price": {"target": {"valu": "1 EUR/kg"}}}, "units.good.price.target.valu", "did you mean 'value'?"),
        ({"units.good.price": "1 EUR"}, "units.good.price", "a price per mass is needed"),
        ({"units.good.targets": ["Cuu"]}, "units.good.targets.0", "unknown material or group or element 'Cuu'"),
        ({"units.good.pickup": {"every": "1 d"}}, "units.good.pickup", "'mass' is missing"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(changes: dict[str, Any], path: str, message: str) -> None:
    found = problems(plant(changes))
    assert path in found, found
    assert message in found[path]


def test_all_problems_are_found_at_once_with_line_and_column() -> None:
    text = to_yaml(plant({"units.sorter.rate": "20 m", "units.good.from": "sortr.accept", "units.yard.capcity": "1 t", "lot": 5, "time.warmup": "40 d"}))
    with pytest.raises(ScenarioError) as error:
        load(text)
    found = {problem.path: problem for problem in error.value.problems}
    assert set(found) == {"units.sorter.rate", "units.good.from", "units.yard.capcity", "lot", "time.warmup"}
    lines = text.splitlines()
    for path, problem in found.items():
        assert path.split(".")[-1] in lines[problem.line - 1]
        assert problem.column > 1 or path == "units.yard.capcity"
    assert str(found["lot"]) == f"<text>:{found['lot'].line}:6 lot: a mass is needed, e.g. '12 t' (got 5, a bare number)"


def test_a_unit_that_is_wrong_causes_no_further_problems() -> None:
    assert set(problems(plant({"units.sorter.rate": "20 m"}))) == {"units.sorter.rate"}
    assert set(problems(plant({"units.deliveries.mass": "20 m"}))) == {"units.deliveries.mass"}


def test_the_names_in_and_of_a_wrong_unit_are_checked_all_the_same() -> None:
    found = problems(plant({"units.sorter.rate": "20 m", "units.sorter.calendar": "dya", "units.good.from": "sorter.acept"}))
    assert set(found) == {"units.sorter.rate", "units.sorter.calendar", "units.good.from"}
    assert set(problems(plant({"units.sorter.partition": {"acept": 1}}))) == {"units.sorter.partition.acept", "units.sorter.partition"}


def test_ports_are_written_out_and_stocks_filled_in() -> None:
    scenario = load(plant({"units.sorter.ports": None, "units.sorter.partition": None, "units.good.from": "sorter", "units.bad": None}))
    assert scenario.units["good"].from_ == ("sorter.out",)
    stocked = load(plant({"units.yard.initial": {"mass": "10 t"}}))
    assert stocked.units["yard"].initial.composition == {"target": 0.3, "other": 0.7}
    bay = {"kind": "bunker", "from": "sorter.accept", "capacity": "1 t", "initial": {"mass": "1 t"}}
    assert "'composition' is missing" in problems(plant({"units.bay": bay}))["units.bay.initial"]


def test_always_is_no_calendar() -> None:
    assert load(plant({"units.sorter.calendar": "always"})).units["sorter"].calendar is None


def test_a_product_can_name_what_no_feed_brings() -> None:
    scenario = load(plant({"materials.glass": {"groups": ["minerals"]}, "units.good.spec": {"glass": "<= 1 %", "minerals": "<= 2 %", "Cu": "<= 1 %"}}))
    assert scenario.materials.names == ("target", "other", "glass")
    assert scenario.materials.groups["minerals"] == ("glass",)
    product = scenario.units["good"]
    assert isinstance(product, Product)
    assert [limit.holds(0.015) for limit in product.spec.limits] == [False, True, False]


def test_place_and_problem() -> None:
    scenario = load(DESIGN)
    assert scenario.place("units.screen.aperture") == ("<text>", 31, 54)
    assert str(scenario.problem("units.screen.from", "leads nowhere")) == "<text>:31:34 units.screen.from: leads nowhere"


def test_files_that_cannot_be_scenarios(tmp_path: Path) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("title: Lünen".encode("latin-1"))
    for source, message in [
        (tmp_path / "no.yaml", "no such file"),
        (tmp_path, "is not a file"),
        (latin, "is not UTF-8 text (byte 8)"),
        ("x" * 5000, "cannot be read"),
        ("a\0b", "no such file"),
        (b"\xff\xfe", "is not UTF-8"),
        ({"a": object()}, "a: a text, number"),
        ({1: 2}, "a key must be a text"),
        ({"a": float("nan")}, "a finite number"),
        ({"a": "\ud800"}, "cannot be written"),
        ("- 1\n- 2\n", "a scenario is a mapping"),
    ]:
        with pytest.raises(ScenarioError) as error:
            load(source)
        assert message in str(error.value), source
    with pytest.raises(UsageError):
        load(5)  # type: ignore[arg-type]


def test_a_recursive_mapping_is_refused() -> None:
    recursive: dict[str, Any] = {}
    recursive["a"] = recursive
    with pytest.raises(ScenarioError, match="nested more than 50"):
        load(recursive)


def test_thirty_units_load_well_under_a_second() -> None:
    units = dict(PLANT["units"])
    for i in range(30):
        units[f"bay_{i}"] = {"kind": "bunker", "from": f"sorter_{i - 1}.accept" if i else "sorter.accept", "capacity": "5 t"}
        units[f"sorter_{i}"] = {**PLANT["units"]["sorter"], "from": f"bay_{i}"}
    text = to_yaml({**PLANT, "units": units})
    begin = time.process_time()
    load(text)
    assert time.process_time() - begin < 0.5


@pytest.mark.soak
def test_a_hopeless_plant_is_given_up_soon() -> None:
    units = {f"machine_{i}": {**PLANT["units"]["sorter"], "from": f"mashine_{i}", "calendar": f"day{i}"} for i in range(3000)}
    begin = time.process_time()
    found = problems({**PLANT, "units": units})
    assert 0 < len(found) <= 300
    assert time.process_time() - begin < 10
    long = {"x" * 100_000 + str(i): {} for i in range(50)}
    assert all(len(message) < 1500 for message in problems({**PLANT, "units": {**PLANT["units"], **long}}).values())


def test_composites_that_would_take_for_ever_are_refused() -> None:
    chain: dict[str, Any] = {"target": {}, "other": {}, **{f"m{i}": {"constituents": {f"m{i - 1}" if i else "target": 1}} for i in range(400)}}
    assert "nested more than 20 deep" in problems(plant({"materials": chain}))["materials"]
    pairs = {f"{side}{i}": {"constituents": {f"a{i - 1}" if i else "target": 0.5, f"b{i - 1}" if i else "other": 0.5}} for i in range(18) for side in "ab"}
    assert "counting the parts of its parts" in problems(plant({"materials": {"target": {}, "other": {}, **pairs}}))["materials"]
    assert len(load(plant({"materials.mix": {"constituents": {"target": 0.5, "other": 0.5}}})).catalogue.materials) == 3


def test_a_scenario_can_go_to_another_process() -> None:
    scenario = load(plant({"events": {"at": "1 d", "set": {"units.sorter.rate": "1 t/h"}}}))
    again = pickle.loads(pickle.dumps(scenario))
    assert again.sha256 == scenario.sha256
    assert again.units == scenario.units
    assert again.kinds["sorter"] is scenario.kinds["sorter"]


def test_neither_compiler_nor_simulator_nor_hdf5_is_imported() -> None:
    code = f"import sys; from twin.scenario import load; load({DESIGN!r}); print([m for m in ('numba', 'simpy', 'h5py', 'scipy') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


values = st.recursive(
    st.one_of(
        st.text(max_size=8),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.none(),
        st.sampled_from(["yard", "sorter.accept", "20 t/h", "5 %", "1 d", "2026-01-05", ">= 5 %", "day", "fitter", "12 t", "bunker"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.text(max_size=6), st.sampled_from(["value", "mean", "exponential", "csv", "normal", "basis", "low"])), inner, max_size=3),
    ),
    max_leaves=6,
)


def paths_of(tree: object, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    below = tree.items() if isinstance(tree, dict) else ()
    return [*([above] if above else []), *(path for key, item in below for path in paths_of(item, (*above, key)))]


PATHS = paths_of(
    plant(
        {
            "events": {"at": "1 d", "set": {"units.sorter.rate": "1 t/h"}},
            "record": {"every": "1 h"},
            "units.good.spec": {"target": ">= 5 %"},
            "units.yard.initial": {"mass": "1 t"},
            "units.sorter.wear": {},
            "units.sorter.maintenance": {},
            "units.sorter.count": 1,
            "units.sorter.take": "first",
            "units.deliveries.size": [1],
            "units.deliveries.unload": {"time": "1 min"},
            "units.good.pickup": {"every": "1 d", "mass": "1 t"},
            "carriers": {"electricity": {"price": "1 EUR/kWh"}},
            "budget": {"events": 5},
            "size_bounds": "1 mm",
            "catalogue": [],
        }
    )
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(PATHS), values), min_size=1, max_size=3))
def test_any_value_in_any_place_is_a_scenario_or_a_scenario_error(changes: list[tuple[tuple[str, ...], Any]]) -> None:
    scenario = plant()
    for path, value in changes:
        node = scenario
        for part in path[:-1]:
            below = node.get(part)
            node[part] = node = below if isinstance(below, dict) else {}
        node[path[-1]] = value
    try:
        load(scenario)
    except ScenarioError as error:
        assert error.problems
        assert all(problem.message for problem in error.problems)


@settings(deadline=None)
@given(st.one_of(st.text(), st.binary(), st.text().map(lambda text: f"twin: 1\n{text}")))
def test_any_text_or_bytes_are_a_scenario_or_a_scenario_error(source: str | bytes) -> None:
    try:
        load(source)
    except ScenarioError as error:
        assert error.problems


@settings(deadline=None, max_examples=60)
@given(st.integers(0, len(DESIGN) - 1), st.text(max_size=4), st.integers(0, 6))
def test_a_slip_of_the_pen_is_a_scenario_or_a_scenario_error(place: int, typed: str, deleted: int) -> None:
    try:
        load(DESIGN[:place] + typed + DESIGN[place + deleted :])
    except TwinError as error:
        assert isinstance(error, ScenarioError)
        assert str(error)


def test_the_kinds_are_found() -> None:
    assert {"feed", "bunker", "product", "conveyor", "separator", "splitter"} <= set(names())
    assert isinstance(load(plant()).units["sorter"], Separator)


def test_the_starter_scenario_is_right() -> None:
    text = (resources.files("twin.scenario") / "starter.yaml").read_text(encoding="utf-8")
    assert load(text).units


@pytest.mark.parametrize(("every", "warmup"), [("29 d", "29 d"), ("15 d", "1 s"), ("100 d", "0 s"), ("0.1 s", "29.9999 d")])
def test_a_window_that_holds_a_record_step_is_right(every: str, warmup: str) -> None:
    assert load(plant({"record": {"every": every}, "time.warmup": warmup})).record.every is not None


def test_problems_stand_in_the_order_of_lines_and_numbers() -> None:
    problems = [Problem("a.csv", 0, 0, f"schedule.{row}", f"row {row}") for row in (10, 2, 1)] + [Problem("a.csv", line, 1, "", "x") for line in (10, 9)]
    found = ScenarioError(problems).problems
    assert [problem.path for problem in found[:3]] == ["schedule.1", "schedule.2", "schedule.10"]
    assert [problem.line for problem in found[3:]] == [9, 10]


def test_what_is_wrong_is_said_once_and_with_what_to_write() -> None:
    """A resource, a calendar and a carrier that are wrong are not unknown to those who name them; 5 of copper was meant as per cent."""
    text = """
twin: 1
time: {horizon: 1 d}
materials: {copper: {}, wood: {}}
resources: {fitter: {count: 0}}
calendars: {day: {mondy: "06:00-22:00"}}
units:
  f: {kind: feed, every: 1 h, mass: 2 t, composition: {copper: 5, wood: 95 %}, unload: {needs: fitter, time: 5 min}, calendar: day}
  y: {kind: bunker, from: f, capacity: 5 t}
  p: {kind: product, from: y}
"""
    with pytest.raises(ScenarioError) as caught:
        load(text)
    assert [problem.path for problem in caught.value.problems] == ["resources.fitter.count", "calendars.day.mondy", "units.f.composition.copper"]
    assert caught.value.problems[2].message == "must be at most 1 (got 5; 5 %?)"


def test_a_decimal_comma_inside_braces_is_told_as_one() -> None:
    with pytest.raises(ScenarioError, match="inside braces a comma ends the value, and '5 t' is read as a key: write a decimal point"):
        load("twin: 1\nunits:\n  f: {kind: feed, mass: 2,5 t}\n")
