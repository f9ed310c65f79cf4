"""Changes of a scenario that its own ``change`` does not know: numbers of a catalogue, and shares that go on to sum to 1."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import twin
from twin.errors import ScenarioError
from twin.study.changes import with_changes

STARTER = Path(twin.__file__).parent / "scenario" / "starter.yaml"
MIX: dict[str, Any] = {
    "twin": 1,
    "time": {"horizon": "1 d"},
    "materials": {"a": {"assay": {"Cu": 0.6, "Fe": 0.3}}, "b": {}, "c": {}, "mix": {"constituents": {"a": 0.5, "b": 0.3, "c": 0.2}}},
    "units": {
        "trucks": {"kind": "feed", "every": "1 h", "mass": "1 t", "composition": {"a": 0.5, "b": 0.3, "mix": 0.2}},
        "yard": {"kind": "bunker", "from": "trucks", "capacity": "1000 t"},
        "gone": {"kind": "product", "from": "yard", "pickup": {"every": "1 d", "mass": "20 t"}},
    },
}


def number(scenario: twin.Scenario, path: str) -> float:
    return next(p.value for p in scenario.parameters() if p.path == path)


def test_numbers_of_a_catalogue() -> None:
    base = twin.load(STARTER)
    changed = with_changes(base, {"materials.steel.density": "7700 kg/m3", "units.screen.aperture": "40 mm"})
    found = next(p for p in changed.parameters() if p.path == "materials.steel.density")
    assert (found.value, found.basis, found.source) == (7700, "assumed", "a change")
    assert number(changed, "units.screen.aperture") == 0.04
    assert changed.sha256 != base.sha256
    again = twin.load(changed.to_yaml(), files=changed.files)  # as a results file stores it
    assert number(again, "materials.steel.density") == 7700
    assert with_changes(base, {}) is base


def test_an_assay_leaves_a_rest_and_never_exceeds_the_whole() -> None:
    base = twin.load(STARTER)
    others = {p.path: p.value for p in base.parameters() if p.path.startswith("materials.steel.assay.")}
    less = with_changes(base, {"materials.steel.assay.Fe": 0.9})
    assert number(less, "materials.steel.assay.Mn") == others["materials.steel.assay.Mn"]
    more = with_changes(base, {"materials.steel.assay.Fe": 0.995})
    assert number(more, "materials.steel.assay.Fe") == 0.995
    shares = [p.value for p in more.parameters() if p.path.startswith("materials.steel.assay.")]
    assert sum(shares) == pytest.approx(1.0, abs=1e-12)
    rest = sum(others.values()) - others["materials.steel.assay.Fe"]
    assert number(more, "materials.steel.assay.Mn") == pytest.approx(0.005 * others["materials.steel.assay.Mn"] / rest)


def test_shares_that_are_not_changed_give_way() -> None:
    base = twin.load(MIX)
    one = with_changes(base, {"units.trucks.composition.a": 0.75})
    assert one.units["trucks"].composition == pytest.approx({"a": 0.75, "b": 0.15, "mix": 0.1})  # type: ignore[attr-defined]
    two = with_changes(base, {"units.trucks.composition.a": 0.1, "units.trucks.composition.b": "20 %"})
    assert two.units["trucks"].composition == pytest.approx({"a": 0.1, "b": 0.2, "mix": 0.7})  # type: ignore[attr-defined]
    every = with_changes(base, {f"units.trucks.composition.{name}": 0.5 for name in ("a", "b", "mix")})
    assert every.units["trucks"].composition == pytest.approx({"a": 1 / 3, "b": 1 / 3, "mix": 1 / 3})  # type: ignore[attr-defined]
    part = with_changes(base, {"materials.mix.constituents.a": 0.8})
    assert part.materials.assay[part.materials.index("mix")].max() == pytest.approx(0.48)  # 0.8 of 60 % Cu


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("materials.steel.assay.Fx", 0.1, "there is no number 'materials.steel.assay.Fx' in the catalogue weee; known: Fe, Mn, C, Si, Cu, Zn"),
        ("materials.steal.density", "1 t/m3", "there is no material 'steal'; did you mean 'steel'?"),
        ("materials.steel.assay", 0.1, "there is no number 'materials.steel.assay' in the catalogue weee"),
        ("materials.steel.density", "1 t", "materials.steel.density.value: a density is needed"),
        ("materials.steel.assay.Fe", 1.2, "must be at most 1 (got 1.2; 1.2 %?)"),
        ("units..x", 1, "a path such as 'units.screen.aperture' is needed"),
        ("units.scren.aperture", "1 mm", "did you mean 'screen'?"),
    ],
)
def test_what_cannot_be_changed(path: str, value: Any, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        with_changes(twin.load(STARTER), {path: value})
    assert message in str(caught.value)
