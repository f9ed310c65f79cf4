"""Every hazard that was measured with PyYAML: an error with its place, never a silent value, a traceback or a hang."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import ScenarioError
from twin.scenario import yaml_text
from twin.scenario.places import Plain
from twin.scenario.yaml_source import parse_yaml
from twin.scenario.yaml_text import to_yaml


def plain(text: str) -> Plain:
    return parse_yaml(text, "plant.yaml").plain()


def refused(text: str) -> str:
    with pytest.raises(ScenarioError) as error:
        parse_yaml(text, "plant.yaml")
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-0", 0),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.0e-6", 1e-6),
        ("1.0e+6", 1e6),
        ("true", True),
        ("false", False),
        ("+6 %", "+6 %"),
        ("20 t/h", "20 t/h"),
        ("5.96e7 S/m", "5.96e7 S/m"),
        ("2026-01-05", "2026-01-05"),
        ("2026-01-05T06:00", "2026-01-05T06:00"),
        ("06:00-22:00", "06:00-22:00"),
        ("none", "none"),
        ("n", "n"),
        ('"no"', "no"),
        ("'12:30'", "12:30"),
        ('"1e3"', "1e3"),
        ("|\n  no\n", "no\n"),
    ],
)
def test_what_reads_the_same_to_everyone_is_taken(text: str, value: object) -> None:
    assert plain(f"a: {text}") == {"a": value}


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "NO",
        "No",
        "off",
        "Off",
        "yes",
        "on",
        "True",
        "FALSE",
        "12:30",
        "12:30:45",
        "1e3",
        "1e-3",
        "1.0e3",
        "1E+3",
        "010",
        "08",
        "1,5",
        "1,000",
        ".nan",
        ".NaN",
        ".inf",
        "-.inf",
        "1.0e+999",
        "~",
        "null",
        "Null",
        "0x1F",
        "0o17",
        "0b1",
        "1_000",
        "=",
    ],
)
def test_yaml_surprises_are_errors_at_their_place(text: str) -> None:
    message = refused(f"a:\n  b: {text}")
    assert message.startswith("plant.yaml:2:6 a.b: ")
    assert f"(got '{text}')" in message or text in ("=", "~")


@pytest.mark.parametrize("key", ["yes", "on", "no", "off", "true", "12:30", "010", "1e3", "~", "null"])
def test_keys_that_yaml_turns_into_something_else_are_errors(key: str) -> None:
    assert refused(f"a:\n  {key}: 1").startswith("plant.yaml:2:3 a.")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "plant.yaml:3:1 a: this key stands twice, first in line 1"),
        ("a:", "a value is missing"),
        ("a: !!python/object/apply:os.system [x]", "tags are not allowed"),
        ("a: !!str 1", "tags are not allowed"),
        ("a: !mine 1", "tags are not allowed"),
        ("b: &b {c: 1}\na: {<<: *b}", "merge keys"),
        ("---\na: 1\n---\nb: 1", "only one YAML document"),
        ("%YAML 1.1\n---\na: 1", "directives"),
        ("", "is empty"),
        ("# nothing", "is empty"),
        ("? [a]\n: 1", "a key must be a text"),
        ("*a : 1", "a key must be a text"),
        ("a: [*a]", "has no anchor"),
        ("a: &a [*a]", "contains itself"),
        ("a: &a {b: {c: *a}}", "contains itself"),
        ("a: {b: 1", "this is not YAML"),
        ("a: b: c", "this is not YAML"),
        ("\t- x", "this is not YAML"),
        ("spec: {Cu: >= 92 %}", "needs quotes"),
        ('a: "\\x"', "this is not YAML"),
        ("a: \x00", "control character"),
        ("a: \ud800", "control character"),
        ("a: " + "9" * 5000, "too long"),
        ("[" * 900, "nested more than 50 deep"),
        ("[" * 900 + "]" * 900, "nested more than 50 deep"),
        ("a: " * 1 + "{b: " * 900, "nested more than 50 deep"),
    ],
)
def test_what_is_refused_says_why(text: str, message: str) -> None:
    assert message in refused(text)


def test_all_problems_of_a_file_are_found_at_once() -> None:
    assert [line.split(":")[1] for line in refused("a: no\nb: 010\nc: [1e3, .inf]\n").splitlines()] == ["1", "2", "3", "3"]


def test_an_alias_repeats_what_its_anchor_holds() -> None:
    assert plain("a: &x {b: [1, 2]}\nc: *x\nd: &y 5 t\ne: *y\n") == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}, "d": "5 t", "e": "5 t"}


def test_an_exploding_alias_is_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    begin = time.perf_counter()
    assert "counting what aliases repeat" in refused("\n".join(lines))
    assert time.perf_counter() - begin < 1.0


@pytest.mark.parametrize(
    "text",
    ["a: [" + "1, " * 300_000 + "1]", "x" * (17 * 1024 * 1024), "%TAG !a! b\n" * 200_000, "- " * 5000 + "a", "{" * 100_000, "a: '" + "x" * 10_000_000 + "'"],
    ids=["long list", "large file", "many directives", "deep block", "many brackets", "long text"],
)
def test_a_huge_file_does_not_hang(text: str) -> None:
    begin = time.perf_counter()
    try:
        parse_yaml(text, "plant.yaml")
    except ScenarioError as error:
        assert len(str(error)) < 1000
    assert time.perf_counter() - begin < 10.0


trees = st.recursive(
    st.one_of(st.text(), st.booleans(), st.integers(-(10**17), 10**17), st.floats(allow_nan=False, allow_infinity=False)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(min_size=1), inner, max_size=4)),
    max_leaves=12,
)


@given(st.dictionaries(st.text(min_size=1), trees, min_size=1))
def test_what_is_written_as_yaml_reads_back_the_same(tree: dict[str, Any]) -> None:
    assert plain(to_yaml(tree)) == tree


@given(st.dictionaries(st.sampled_from(["units", "materials", "name", "yes", "true", "nan", "size_bounds", "a b"]), trees, min_size=1))
def test_entries_written_one_by_one_are_those_written_at_once(tree: dict[str, Any]) -> None:
    assert to_yaml(tree) == yaml_text._dumped(tree)


def test_what_did_not_change_is_not_written_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    tree: Any = {"twin": 1, "units": {f"unit_{k}": {"kind": "bunker", "capacity": f"{k} t"} for k in range(9)}}
    before = to_yaml(tree)
    written: list[Any] = []
    dumped = yaml_text._dumped
    monkeypatch.setattr(yaml_text, "_dumped", lambda part: (written.append(part), dumped(part))[1])
    tree["units"]["unit_4"]["capacity"] = "40.25 t"
    assert to_yaml(tree) == before.replace(" 4 t", " 40.25 t") and written == [{"units": {"unit_4": tree["units"]["unit_4"]}}]


@given(st.one_of(st.text(), st.text(alphabet="ab:-[]{},&*!|>'\"#% \n\t?<1.e")))
def test_any_text_is_a_tree_or_a_scenario_error(text: str) -> None:
    try:
        parse_yaml(text, "plant.yaml")
    except ScenarioError as error:
        assert error.problems
