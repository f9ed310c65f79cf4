"""``twin report`` of runs of several scenarios: verdicts with intervals, what was changed, what limits each side, and that one run says that it has no interval."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from pages_of_plants import comparison_page, run
from test_files import typed

from twin.errors import UsageError
from twin.report.files import report
from twin.results.texts import difference_text
from twin.study.compare import compare
from twin.study.statistics import paired


def test_the_verdict_and_the_interval_are_those_of_the_pairs() -> None:
    text = html.unescape(comparison_page("en", 3, False))
    runs = [[run(which, k) for k in range(3)] for which in ("small", "finer")]
    values = [[result.kpis["yield.good_out"].value for result in own] for own in runs]
    interval = paired(*values, 0.95)
    assert interval is not None
    shown = difference_text("yield.good_out", interval.mean, interval.half_width, "1", *(sum(own) / 3 for own in values))
    row = re.search(r'<tr><th scope="row">yield: good_out</th>(.*?)</tr>', text)
    assert row is not None
    assert f"<td>{shown}</td>" in row[1]
    assert row[1].endswith("<td>higher</td>")
    comparison = compare(*runs[0], *runs[1])
    assert comparison["revenue"].changes[0].verdict == "better"
    assert "3 pairs of runs with common random numbers." in text
    assert "units.sort.partition.good.good" in text
    assert text.index('class="verdict"') < text.index('id="differences"') < text.index('id="changed"') < text.index('id="provenance"')
    assert "Does a better sorter pay?" in text
    for result in (*runs[0], *runs[1]):
        assert result.digest in text


@pytest.mark.parametrize(("code", "said"), [("en", "one run of a side has no interval"), ("de", "Ein Lauf je Seite hat kein Intervall")])
def test_one_run_a_side_is_said_to_have_no_interval(code: str, said: str) -> None:
    for brief in (False, True):
        text = comparison_page(code, 1, brief)
        assert said in text
        assert "±" not in re.sub(r"± (half|halbe)", "", text)


def test_by_command_in_both_lengths(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import twin

    files = []
    for which in ("small", "finer"):
        files.append(tmp_path / f"{which}.h5")
        scenario = twin.load(run(which).scenario)
        twin.run(scenario, out=files[-1]).close()
    out = tmp_path / "both.html"
    assert typed(*map(str, files), "-o", str(out), "--language", "de") == 0
    text = out.read_text(encoding="utf-8")
    assert '<html lang="de">' in text
    assert "Vergleich: small und finer" in text
    assert typed(*map(str, files), "-o", str(out), "--brief") == 0
    assert len(out.read_text(encoding="utf-8")) < len(text) + 4000
    with pytest.raises(UsageError, match="--figures is for a report of one scenario"):
        typed(*map(str, files), "-o", str(out), "--figures", str(tmp_path / "figures"))
    with pytest.raises(UsageError, match="one of en, de"):
        report(files, out, language="fr")
