"""The kinds of sorting machine: what their models accept, and that they fit their kernels."""

import importlib
import math
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from pydantic import ValidationError

from twin.kernels.compile import MachineKernel, Sizes
from twin.kernels.density_separator import AIR_TABLE
from twin.kernels.magnetic import HOLDING
from twin.kernels.sizing import KARRA, WHITEN
from twin.materials.pieces import with_pieces
from twin.scenario import kind
from twin.scenario.kinds.air_classifier import AirClassifier
from twin.scenario.kinds.eddy_current import EddyCurrent
from twin.scenario.kinds.overband_magnet import OverbandMagnet
from twin.scenario.kinds.screen import Screen
from twin.scenario.kinds.shredder import Shredder
from twin.scenario.sizes import read_bounds

NEEDED = {
    "shredder": {"rate": "25 t/h"},
    "screen": {"aperture": "20 mm", "area": "6 m2"},
    "overband_magnet": {},
    "eddy_current": {},
    "air_classifier": {},
    "suction_hood": {},
    "sensor_sorter": {"response": {"default": "30 %"}},
    "trommel": {"aperture": "40 mm", "diameter": "2.5 m", "length": "6 m", "speed": "12 rpm"},
    "magnetic_drum": {},
    "density_separator": {"cut": "2300 kg/m3", "rate": "5 t/h"},
    "corona_separator": {},
    "hammer_mill": {"rate": "25 t/h"},
    "granulator": {"rate": "2 t/h"},
    "manual_picking": {"targets": ["copper", "steel"], "pickers": 4},
    "robot": {"targets": ["copper", "steel"], "arms": 2},
    "ballistic_separator": {},
    "bag_opener": {"contents": {"rosin_rammler": {"x63": "60 mm", "n": 1.5}}},
    "baler": {"bale": "500 kg"},
}
KINDS = sorted(NEEDED)
SIZES = read_bounds("1 2 4 8 16 31.5 63 125 mm")
PROPERTIES = {
    "density": np.array([7850.0, 2700.0, 8960.0, 1080.0]),
    "conductivity": np.array([7.0e6, 3.5e7, 5.8e7, 0.0]),
    "sphericity": np.array([0.6, 0.55, 0.45, 0.5]),
    "ferromagnetic": np.array([0.95, 0.0, 0.0, 0.0]),
    "breakage": np.array([0.4, 0.6, 0.5, 1.0]),
    "thickness_ratio": np.array([0.35, 0.25, 0.3, 0.2]),
    "moisture": np.zeros(4),
    "solidity": np.ones(4),
}

NAMES = ("steel", "aluminium", "copper", "plastics")
BREAKS = ("ductile", "ductile", "ductile", "brittle")
MATERIALS = SimpleNamespace(names=NAMES, groups={}, constituents={}, liberated={}, breaks=BREAKS, members=lambda name: (NAMES.index(name),))


def model(name, **changes):
    return kind.find(name).model.model_validate({"kind": name, "from": "yard", **NEEDED[name], **changes})


def kernel(name) -> MachineKernel:
    module, _, attribute = kind.find(name).kernel.partition(":")
    return getattr(importlib.import_module(module), attribute)


def refused(name, **changes):
    """The place and message of the one thing that is wrong."""
    with pytest.raises(ValidationError) as caught:
        model(name, **changes)
    (error,) = caught.value.errors()
    return ".".join(str(part) for part in error["loc"]), error["msg"]


@pytest.mark.parametrize("name", KINDS)
def test_a_machine_with_its_defaults_splits_a_lot_among_its_ports(name):
    unit = model(name)
    machine, ports = kernel(name), kind.find(name).ports(unit)
    sizes = Sizes(*(np.array(values) for values in (SIZES.lower, SIZES.upper, SIZES.mean)))
    coefficients = machine.prepare(unit.kernel_values(MATERIALS, SIZES), with_pieces(PROPERTIES, sizes.lower, sizes.upper), sizes)
    x = np.ones((4, len(SIZES)))
    out = np.full((len(ports), *x.shape), np.nan)
    warned = np.zeros(len(machine.warnings), dtype=np.int64)
    assert machine.apply(x, 3.0 * x / x.sum(), coefficients, np.zeros(0), 0.0, out, warned) == 0
    assert out.min() >= 0.0
    assert np.all(out.sum(axis=(1, 2)) > 0.01 * x.sum())
    np.testing.assert_allclose(out.sum(axis=(0, 2)), x.sum(axis=1), rtol=1e-12)


@pytest.mark.parametrize("name", KINDS)
def test_every_number_says_what_it_is_and_where_its_default_comes_from(name):
    fields = kind.find(name).model.model_fields
    for key in kind.find(name).model.own_fields():
        assert fields[key].description, key
        if key in NEEDED[name] or key == "nominal":
            continue
        about = fields[key].json_schema_extra
        assert about["x-basis"] in ("measured", "literature", "assumed"), key
        assert about["x-source"], key
        if "x-low" in about:
            assert about["x-low"] <= fields[key].default <= about["x-high"], key


@pytest.mark.parametrize("name", KINDS)
def test_the_kernel_gets_every_number_of_the_model_and_no_other(name):
    given = set(model(name).kernel_values(MATERIALS, SIZES))
    asked = set()

    class Recorder(dict):
        def __getitem__(self, key):
            asked.add(key)
            return super().__getitem__(key)

    sizes = Sizes(*(np.array(values) for values in (SIZES.lower, SIZES.upper, SIZES.mean)))
    values = Recorder(model(name, **({"curve": "whiten"} if name == "screen" else {})).kernel_values(MATERIALS, SIZES))
    kernel(name).prepare(values, with_pieces(PROPERTIES, sizes.lower, sizes.upper), sizes)
    assert asked == given


def test_ports():
    assert {name: kind.find(name).ports(model(name)) for name in KINDS} == {
        "shredder": ("out",),
        "screen": ("oversize", "undersize"),
        "overband_magnet": ("steel", "rest"),
        "eddy_current": ("light", "heavy", "rest"),
        "air_classifier": ("light", "heavy"),
        "suction_hood": ("light", "heavy"),
        "sensor_sorter": ("eject", "pass"),
        "trommel": ("oversize", "undersize"),
        "magnetic_drum": ("steel", "rest"),
        "density_separator": ("sink", "float"),
        "corona_separator": ("conductor", "middling", "insulator"),
        "hammer_mill": ("out",),
        "granulator": ("out",),
        "manual_picking": ("picked", "rest"),
        "robot": ("picked", "rest"),
        "ballistic_separator": ("flat", "rolling", "fines"),
        "bag_opener": ("out",),
        "baler": ("out",),
    }


def test_kinds_load_without_the_compiler():
    code = "import sys; from twin.scenario import kind; [kind.find(n) for n in sys.argv[1:]]; sys.exit('numba' in sys.modules)"
    subprocess.run([sys.executable, "-c", code, *KINDS], check=True)


def test_values_come_in_si():
    screen = model("screen", inclination="20 deg", wire="5 mm", curve="whiten", deck=2)
    values = screen.kernel_values(None, SIZES)
    assert (values["aperture"], values["area"], values["wire"]) == (0.020, 6.0, 0.005)
    assert values["inclination"] == pytest.approx(math.radians(20), rel=1e-15)
    assert (values["curve"], values["deck"]) == (WHITEN, 2.0)
    assert model("screen").kernel_values(None, SIZES)["curve"] == KARRA
    assert model("eddy_current", rotor_speed="3000 rpm").kernel_values(None, SIZES)["rotor_speed"] == 50.0


def test_the_nominal_rate_of_a_shredder_is_that_of_its_machine_unless_given():
    assert model("shredder").kernel_values(MATERIALS, SIZES)["nominal"] == 25 / 3.6
    spread = model("shredder", rate={"normal": {"mean": "18 t/h", "sd": "1 t/h"}})
    assert spread.kernel_values(MATERIALS, SIZES)["nominal"] == pytest.approx(5.0, rel=1e-3)
    assert model("shredder", nominal="36 t/h").kernel_values(MATERIALS, SIZES)["nominal"] == 10.0
    without = Shredder.model_validate({"kind": "shredder", "from": "yard", "cycle_time": "5 min", "nominal": "36 t/h"})
    assert without.kernel_values(MATERIALS, SIZES)["nominal"] == 10.0


def test_a_mill_knows_how_each_material_breaks():
    for name in ("shredder", "hammer_mill", "granulator"):
        assert model(name).kernel_values(MATERIALS, SIZES)["laws"].tolist() == [1.0, 1.0, 1.0, 0.0]


def test_a_shredder_without_any_rate_is_refused():
    with pytest.raises(ValidationError) as caught:
        Shredder.model_validate({"kind": "shredder", "from": "yard"})
    (error,) = caught.value.errors()
    assert error["loc"] == ("nominal",)
    assert "'rate' or 'nominal' is needed" in error["msg"]


def test_a_density_separator_needs_a_throughput_that_crowding_refers_to():
    assert model("density_separator").kernel_values(None, SIZES)["nominal"] == 5 / 3.6
    assert model("density_separator", nominal="7.2 t/h").kernel_values(None, SIZES)["nominal"] == 2.0
    assert model("density_separator", medium="air_table", cut="900 kg/m3").kernel_values(None, SIZES)["medium"] == AIR_TABLE
    assert model("magnetic_drum", duty="holding").kernel_values(None, SIZES)["duty"] == HOLDING
    with pytest.raises(ValidationError, match="'rate' or 'nominal' is needed"):
        kind.find("density_separator").model.model_validate({"kind": "density_separator", "from": "yard", "cut": "2 kg/l"})


@pytest.mark.parametrize(
    ("name", "changes", "place", "message"),
    [
        ("shredder", {"gap": "0 mm"}, "gap", "more than"),
        ("shredder", {"gap": 40}, "gap", "bare number"),
        ("shredder", {"free_share": 1}, "free_share", "less than"),
        ("shredder", {"energy": "18 kW"}, "energy", "energy per mass is needed"),
        ("screen", {"inclination": "70 deg"}, "inclination", "at most"),
        ("screen", {"inclination": "60 deg", "wire": "30 mm"}, "inclination", "leaves no opening"),
        ("screen", {"curve": "tromp"}, "curve", "karra"),
        ("screen", {"deck": 4}, "deck", "1, 2 or 3"),
        ("overband_magnet", {"field": "80 mm"}, "field", "magnetic flux density"),
        ("overband_magnet", {"carry": "120 %"}, "carry", "at most"),
        ("eddy_current", {"splitter": "80 cm"}, "splitter", "'splitter_rest', 820 mm (got 800 mm)"),
        ("eddy_current", {"pole_pairs": 0}, "pole_pairs", "greater than or equal to 1"),
        ("eddy_current", {"rotor_speed": "0 rpm"}, "rotor_speed", "more than"),
        ("air_classifier", {"feed_stage": 8}, "feed_stage", "below the number of 'stages', 8"),
        ("air_classifier", {"velocity": "9 m3/h"}, "velocity", "speed is needed"),
        ("screen", {"free_area": 0}, "free_area", "more than"),
        ("trommel", {"speed": "27 rpm"}, "speed", "critical speed of the drum, 26.75 rpm (got 27 rpm)"),
        ("trommel", {"inclination": "0 deg"}, "inclination", "more than"),
        ("magnetic_drum", {"duty": "lifting"}, "duty", "pick_up"),
        ("density_separator", {"cut": "950 kg/m3"}, "cut", "water"),
        ("corona_separator", {"splitter": "10 cm"}, "splitter", "'splitter_insulator', 120 mm (got 100 mm)"),
        ("hammer_mill", {"rotor_speed": "50 m/s"}, "rotor_speed", "frequency is needed"),
        ("hammer_mill", {"hammer_mass": "0 kg"}, "hammer_mass", "more than"),
        ("granulator", {"bed_knives": 0}, "bed_knives", "greater than or equal to 1"),
        ("granulator", {"knife_gap": "0 mm"}, "knife_gap", "more than"),
        ("manual_picking", {"pickers": None}, "pickers", "'pickers' is missing"),
        ("manual_picking", {"staff": {"early": {"pickers": 3}}}, "pickers", "not both"),
        ("manual_picking", {"smallest": "60 cm"}, "smallest", "below 'largest'"),
        ("manual_picking", {"picks": "30 min"}, "picks", "frequency is needed"),
        ("ballistic_separator", {"flat": {"copper": "120 %"}}, "flat.copper", "at most"),
        ("bag_opener", {"contents": {"rosin_rammler": {"x63": "60 mm"}}}, "contents.rosin_rammler.n", "missing"),
        ("baler", {"wear": {"parameter": "bale", "per": "1 t", "change": "1 %"}}, "wear.parameter", "unknown parameter 'bale'"),
        ("corona_separator", {"voltage": "30 kV/m"}, "voltage", "voltage is needed"),
    ],
)
def test_what_cannot_be_is_refused_at_its_place(name, changes, place, message):
    where, what = refused(name, **changes)
    assert where == place
    assert message in what


def test_what_can_wear_or_change_by_an_event():
    assert "gap" in Shredder.wearing_fields()
    assert "nominal" not in Shredder.wearing_fields()
    for each in (Shredder, Screen, OverbandMagnet, EddyCurrent, AirClassifier):
        assert set(each.own_fields()) - {"kind"} <= each.changeable
    worn = model("shredder", wear={"parameter": "gap", "per": "1000 t", "change": "+6 %", "replace_after": "4000 t"})
    assert worn.wear.change == 0.06
