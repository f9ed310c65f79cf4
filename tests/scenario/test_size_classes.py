from __future__ import annotations

import math

import pytest
from scenario_plants import plant, problems

from twin.scenario.sizes import ONE_CLASS, SizeClasses, SizeDistribution, read_bounds, spread

CLASSES = SizeClasses.between((0.001, 0.004, 0.016))


def test_classes_have_geometric_means() -> None:
    assert CLASSES.lower == (0.0, 0.001, 0.004)
    assert CLASSES.mean == (0.0005, 0.002, 0.008)
    assert CLASSES.names == ("0 to 1 mm", "1 mm to 4 mm", "4 mm to 16 mm")
    assert ONE_CLASS.upper == (1.0,)


def test_bounds_are_one_text_or_a_list() -> None:
    assert read_bounds("0.5 1 2 mm") == SizeClasses.between((0.0005, 0.001, 0.002))
    assert read_bounds(["500 µm", "1 mm", "2 mm"]) == read_bounds("0.5 1 2 mm")


def test_rosin_rammler_and_ggs() -> None:
    law = SizeDistribution.read({"rosin_rammler": {"x63": "4 mm", "n": 2}})
    shares = law.fractions("any", (), CLASSES)
    assert shares[:2] == pytest.approx((1 - math.exp(-1 / 16), math.exp(-1 / 16) - math.exp(-1)), rel=1e-14)
    assert math.fsum(shares) == pytest.approx(1, abs=1e-15)
    assert law.coarser("any", (), CLASSES) == pytest.approx(math.exp(-16), rel=1e-9)
    ggs = SizeDistribution.read({"ggs": {"k": "16 mm", "a": 0.5}})
    assert ggs.fractions("any", (), CLASSES) == pytest.approx((0.25, 0.25, 0.5), rel=1e-14)


def test_each_material_may_have_its_own_law() -> None:
    law = SizeDistribution.read({"steel": ["100 %", 0, 0], "metals": [0, 1, 0], "default": {"ggs": {"k": "16 mm", "a": 0.5}}})
    table = spread({"steel": 0.2, "copper": 0.3, "wood": 0.5}, law, ("copper", "steel", "wood"), {"metals": ("copper", "steel")}, CLASSES)
    assert table.tolist() == [[0, 0.3, 0], [0.2, 0, 0], [0.125, 0.125, 0.25]]


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        ({"size_bounds": "1 2"}, "size_bounds.0", "a length is needed"),
        ({"size_bounds": "2 1 mm"}, "size_bounds", "size bounds must rise (got 1 mm after 2 mm)"),
        ({"size_bounds": 5}, "size_bounds", "up to 100 lengths"),
        ({"size_bounds": "1 4 mm"}, "units.deliveries.size", "'size' is missing: there are 2 size classes"),
        ({"size_bounds": "1 4 mm", "units.deliveries.size": [0.5, 0.4]}, "units.deliveries.size", "the shares must sum to 1 (got 0.9)"),
        ({"size_bounds": "1 4 mm", "units.deliveries.size": [0.5, 0.3, 0.2]}, "units.deliveries.size", "2 shares are needed"),
        ({"size_bounds": "1 4 mm", "units.deliveries.size": {"rosin_rammler": {"x63": "9 cm", "n": 1}}}, "units.deliveries.size", "coarser than the largest"),
        (
            {"size_bounds": "1 4 mm", "units.deliveries.size": {"rosin_ramler": {"x63": "9 cm", "n": 1}}},
            "units.deliveries.size.rosin_ramler",
            "or a list of shares",
        ),
        ({"units.deliveries.size": {"target": [1]}}, "units.deliveries.size", "no size distribution for 'other'"),
        ({"units.deliveries.size": {"targt": [1], "default": [1]}}, "units.deliveries.size.targt", "did you mean 'target'?"),
        ({"units.deliveries.size": {"ggs": {"k": "1 mm", "b": 1}}}, "units.deliveries.size.ggs.b", "unknown key 'b'"),
    ],
)
def test_wrong_sizes_are_refused_at_their_place(changes: dict[str, object], path: str, message: str) -> None:
    found = problems(plant(changes))
    assert message in found[path]
