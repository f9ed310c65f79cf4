"""Several windows in one run: stocks are carried over as a joint reconciliation would have them, and the page says it in two languages."""

from __future__ import annotations

import json
from pathlib import Path

import html5lib
import pytest

from twin.cli import main
from twin.errors import ContradictionError, UsageError
from twin.fit.reconcile import reconcile, reconcile_windows
from twin.fit.reconcile.outcome import verdict_of
from twin.fit.reconcile.windows import months
from twin.fit.reconcile.worth import worths
from twin.report.language import language
from twin.report.reconciliation import render

DATA = """
reconcile: 1
title: A yard in spring
flows: {{scrap: -> yard, charged: yard -> mill, steel: mill ->, fluff: mill ->}}
stocks: [yard]
measurements:
  scrap:
    - {{value: 1240 t ± 6 t, from: 2026-03-01, to: 2026-04-01}}
    - {{value: 1100 t ± 6 t, from: 2026-04-01, to: 2026-05-01}}
  level.yard:
    - {{value: 300 t ± 9 t, at: 2026-03-01}}
{count}    - {{value: 258 t ± 9 t, at: 2026-05-01}}
  charged:
    - {{value: {charged} t ± 10 t, from: 2026-03-01, to: 2026-04-01}}
    - {{value: 1090 t ± 10 t, from: 2026-04-01, to: 2026-05-01}}
  steel:
    - {{value: 900 t ± 10 t, from: 2026-03-01, to: 2026-04-01}}
    - {{value: 800 t ± 10 t, from: 2026-04-01, to: 2026-05-01}}
  fluff:
    - {{value: 380 t ± 10 t, from: 2026-03-01, to: 2026-04-01}}
    - {{value: 300 t ± 10 t, from: 2026-04-01, to: 2026-05-01}}
"""
COUNTED = "    - {value: 265 t ± 9 t, at: 2026-04-01}\n"
BOTH = months("2026-03..2026-04")


def data(count: str = COUNTED, charged: int = 1280) -> str:
    return DATA.format(count=count, charged=charged)


def test_without_a_count_between_the_last_stock_is_that_of_the_whole_time() -> None:
    """What March says of the stock is all that April needs of March: the closing stock at the end is the same, to the last digits of the solver."""
    found = reconcile_windows(data(count=""), windows=BOTH)
    last, whole = found.windows[-1].row("level.yard.closing"), found.total.row("level.yard.closing")
    assert last.reconciled == pytest.approx(whole.reconciled, rel=1e-9)
    assert last.deviation == pytest.approx(whole.deviation, rel=1e-9)
    opening, closing = found.windows[1].row("level.yard.opening"), found.windows[0].row("level.yard.closing")
    assert (opening.measured, opening.error) == (closing.reconciled, closing.deviation)
    assert opening.source == "carried over from 2026-03-01 to 2026-04-01"


def test_one_stock_and_one_stream_by_hand() -> None:
    """March: opening 100 ± 3, in 50 ± 4, so closing 150 ± 5, counted 160 ± 5: (150 + 160)/2 = 155 ± 5/sqrt 2. April: + 20 ± 0.5 exact enough."""
    text = """
reconcile: 1
flows: {a: -> yard, b: yard ->}
measurements:
  a: [{value: 50 t ± 4 t, from: 2026-03-01, to: 2026-04-01}, {value: 20 t exact, from: 2026-04-01, to: 2026-05-01}]
  b: [{value: 0 t exact, from: 2026-03-01, to: 2026-04-01}, {value: 0 t exact, from: 2026-04-01, to: 2026-05-01}]
  level.yard: [{value: 100 t ± 3 t, at: 2026-03-01}, {value: 160 t ± 5 t, at: 2026-04-01}, {value: 181 t ± 5 t, at: 2026-05-01}]
"""
    found = reconcile_windows(text, windows=BOTH)
    carried = found.windows[1].row("level.yard.opening")
    assert [carried.measured, carried.error] == pytest.approx([155e3, 5e3 / 2**0.5])
    weight = 1 / 12.5e6 + 1 / 25e6
    assert found.windows[1].row("level.yard.closing").reconciled == pytest.approx((175e3 / 12.5e6 + 181e3 / 25e6) / weight)
    assert found.windows[1].row("level.yard.closing").deviation == pytest.approx(weight**-0.5)


def test_what_is_unaccounted_for_is_of_counts_and_adds_up() -> None:
    found = reconcile_windows(data(), windows=BOTH)
    lost = [next(loss for loss in one.losses if loss.place == "plant") for one in (*found.windows, found.total)]
    assert lost[0].value == pytest.approx(-5e3)
    assert lost[0].value + lost[1].value == pytest.approx(lost[2].value)
    assert reconcile(data(), window=BOTH[1]).losses == found.windows[1].losses


def test_of_a_window_with_suspects_nothing_is_carried_over() -> None:
    found = reconcile_windows(data(charged=1400), windows=BOTH)
    assert found.windows[0].tests.suspects
    assert not found.agrees
    assert found.windows[1].row("level.yard.opening").measured == 265e3
    assert "nothing is carried over into 2026-04-01 to 2026-05-01" in found.notes[0]
    assert reconcile_windows(data(), windows=BOTH).notes == ()


def test_what_is_left_out_is_left_out_of_each_window() -> None:
    found = reconcile_windows(data(charged=1400), windows=BOTH, leave_out=["flow.charged"])
    assert [one.row("flow.charged").status for one in (*found.windows, found.total)] == ["left out"] * 3


@pytest.mark.parametrize(
    ("windows", "words"),
    [
        ([*months("2026-03"), *months("2026-05")], "leave a gap"),
        ([*months("2026-03"), *months("2026-03")], "overlap"),
        (months("2026-03"), "at least two"),
    ],
)
def test_windows_follow_each_other(windows: list[object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        reconcile_windows(data(), windows=windows)  # type: ignore[arg-type]


def test_ranges_of_months() -> None:
    assert len(months("2025-01..2026-03")) == 15
    with pytest.raises(UsageError, match="the last month comes after the first"):
        months("2026-03..2026-01")
    with pytest.raises(UsageError, match="at most 120"):
        months("1900-01..2100-01")


def test_a_contradiction_names_its_window() -> None:
    text = data().replace("900 t ± 10 t", "90 t exact").replace("380 t ± 10 t", "380 t exact").replace("1280 t ± 10 t", "1280 t exact")
    with pytest.raises(ContradictionError, match=r"^2026-03-01 to 2026-04-01: "):
        reconcile_windows(text, windows=BOTH)


# -- the command and the page -------------------------------------------------------------------------------------------------------------


def test_the_command_writes_all_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    Path("q.yaml").write_text(data(), encoding="utf-8")
    command = ["reconcile", "q.yaml", "--close", "2026-03", "--close", "2026-04", "--csv", "v.csv", "--audit", "a.csv", "-o", "p.html", "--language", "de"]
    assert main([*command, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [one["window"][0][:7] for one in answer["windows"]] == ["2026-03", "2026-04"]
    assert answer["total"]["window"] == ["2026-03-01T00:00:00", "2026-05-01T00:00:00"]
    assert answer["written"] == ["v.csv", "a.csv", "p.html"]
    values = Path("v.csv").read_text(encoding="utf-8").splitlines()
    assert len([line for line in values if line.startswith("flow.steel,")]) == 2
    assert len([line for line in Path("a.csv").read_text(encoding="utf-8").splitlines() if line.startswith("level.yard.opening,")]) == 2
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "2 windows" in out and "total: The measurements agree" in out
    assert '<html lang="de">' in Path("p.html").read_text(encoding="utf-8")
    assert main(["reconcile", "q.yaml", "--close", "2026-03", "-o", "p.html", "--language", "fr"]) == 2
    assert "a report is written in one of en, de" in capsys.readouterr().err


@pytest.mark.parametrize("charged", [1280, 1400])
def test_the_german_page_has_no_english_of_ours(charged: int) -> None:
    found = reconcile_windows(data(charged=charged), windows=BOTH)
    pages = {code: render(found, worths(found.total), "flows", words=language(code)) for code in ("en", "de")}
    for text in pages.values():
        html5lib.HTMLParser(strict=True).parse(text)
        assert text.count("<svg") == 9
    ours = (
        "measurements",
        ">reconciled<",
        "unaccounted",
        "not told from",
        "Audit",
        "Window",
        "closes",
        "adjustability",
        "would read",
        "carried over",
        "is wrong",
    )
    assert [word for word in ours if word in pages["de"]] == []
    assert [word for word in ours[:6] if word not in pages["en"]] == []
    assert "1,24 kt" in pages["de"] and "1.24 kt" in pages["en"]


def test_the_page_says_in_english_what_the_engine_says() -> None:
    for charged in (1280, 1330, 1400):
        for left in ((), ("flow.steel",)):
            found = reconcile(data(charged=charged), window=BOTH[0], leave_out=left)
            page = render(found, worths(found), "flows")
            assert f">{verdict_of(found.tests, len(left))}<" in page.replace("&#39;", "'")
