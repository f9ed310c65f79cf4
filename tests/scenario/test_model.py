"""How a scenario shows itself, in a shell and in a notebook."""

from __future__ import annotations

from scenario_plants import plant

from twin.scenario import load


def test_a_scenario_says_in_one_line_what_it_is() -> None:
    assert repr(load(plant({"title": "A & B"}))) == "<Scenario small 'A & B': 30 d, 5 units (1 feed, 1 bunker, 1 separator, 2 product)>"
    assert repr(load(plant())).startswith("<Scenario small: 30 d, ")


def test_a_notebook_shows_its_units_by_kind() -> None:
    shown = load(plant({"title": "A & B"}))._repr_html_()
    assert "<h4>A &amp; B</h4>" in shown
    assert "small, 30 d from 2026-01-05 06:00, seed 1, 2 materials, 1 size classes" in shown
    assert "good, bad" in shown
    assert "<h4>small</h4>" in load(plant())._repr_html_()


def test_units_by_kind_keeps_the_order_written() -> None:
    kinds = load(plant()).units_by_kind()
    assert kinds == {"feed": ("deliveries",), "bunker": ("yard",), "separator": ("sorter",), "product": ("good", "bad")}
    assert list(kinds) == ["feed", "bunker", "separator", "product"]
