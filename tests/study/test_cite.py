"""What is said of a run that is cited: value, interval only from replications, seed, hashes, version."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

import twin
from twin.errors import UsageError
from twin.study.cite import cite
from twin.study.cite_difference import cite_difference
from twin.study.statistics import paired, student_interval

PLANT = """\
twin: 1
name: small
title: R&D {small} plant_1
time: {horizon: 2 d, warmup: 6 h}
lot: 200 kg
materials: {good: {}, bad: {}}
units:
  trucks: {kind: feed, every: {exponential: {mean: 2 h}}, mass: 3 t, composition: {good: 60 %, bad: 40 %}}
  yard: {kind: bunker, from: trucks, capacity: 9 t}
  sort: {kind: separator, from: yard, rate: 2 t/h, ports: [good, bad], partition: {good: {good: 90 %, bad: 5 %}}}
  good_out: {kind: product, from: sort.good, targets: [good]}
  bad_out: {kind: product, from: sort.bad}
"""


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"r{k}.h5" for k in range(3)]
    for k, path in enumerate(paths):
        twin.run(twin.load(PLANT), out=path, replication=k).close()
    return paths


def test_one_run_has_no_interval_and_says_so(files: list[Path]) -> None:
    found = cite(files[:1], ["throughput", "recovery.good"])
    with twin.open(files[0]) as result:
        digest, sha256 = result.digest, result.attrs["scenario_sha256"]
    sentence = found.sentence
    assert re.search(r"throughput [\d.]+ t/h \(one run, no interval\); recovery.good [\d.]+ % \(one run, no interval\);", sentence)
    assert "simulated from 6 h to 2 d" in sentence
    for part in (f"seed {found.seed}", "replication 0", sha256, digest, f"twin {found.version}"):
        assert part in sentence
    assert found.values[0].interval is None
    assert "±" not in sentence
    assert "% interval" not in sentence


def test_replications_have_students_interval(files: list[Path]) -> None:
    found = cite(files[::-1])
    values = []
    for path in files:
        with twin.open(path) as result:
            values.append(result.kpis["throughput"].value)
    assert found.values[0].interval == student_interval(values)
    assert found.replications == (0, 1, 2)
    assert re.search(r"throughput [\d.]+ t/h \(95 % interval [\d.]+ to [\d.]+ t/h, n = 3 replications\)", found.sentence)
    assert "replications 0, 1, 2" in found.sentence
    assert all(digest in found.sentence for digest in found.digests)


def test_bibtex_escapes_and_leaves_out_what_is_unknown(files: list[Path]) -> None:
    found = cite(files[:1])
    assert found.bibtex.startswith(f"@misc{{small_{found.scenario_sha256[:8]},\n  title = {{R\\&D \\{{small\\}} plant\\_1: simulation results}},")
    assert f"year = {{{found.year}}}" in found.bibtex
    assert f"version = {{{found.version}}}" in found.bibtex
    assert re.search("url|doi|author", found.bibtex) is None
    assert found.bibtex.count("@misc{") == 2


def test_the_cff_snippet_is_yaml_with_hashes(files: list[Path]) -> None:
    found = cite(files)
    data, software = yaml.safe_load(found.cff)["references"]
    assert (data["type"], data["title"], data["year"]) == ("data", "R&D {small} plant_1: simulation results", int(found.year))
    assert [item["value"] for item in data["identifiers"]] == [f"sha256:{value}" for value in (found.scenario_sha256, *found.digests)]
    assert (software["type"], software["version"]) == ("software", found.version)


@pytest.mark.soak
def test_what_cannot_be_cited_together(files: list[Path], tmp_path: Path) -> None:
    seeded, other = tmp_path / "seeded.h5", tmp_path / "other.h5"
    twin.run(twin.load(PLANT).change({"seed": 5}), out=seeded, replication=1).close()
    twin.run(twin.load(PLANT).change({"units.sort.rate": "1 t/h"}), out=other, replication=1).close()
    with pytest.raises(UsageError, match="same replication"):
        cite([files[0], files[0]])
    with pytest.raises(UsageError, match=r"another scenario|has seed 5"):
        cite([files[0], seeded])
    with pytest.raises(UsageError, match="another scenario"):
        cite([files[0], other])
    with pytest.raises(UsageError, match="at least one results file"):
        cite([])
    with pytest.raises(UsageError, match="no key figure 'througput'; did you mean 'throughput'"):
        cite(files, ["througput"])


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], list[Path]]:
    """Runs of the plant, and of one whose sorter is slower; of the second the last has another seed."""
    folder = tmp_path_factory.mktemp("two")
    base, variant = [folder / f"base{k}.h5" for k in range(3)], [folder / f"slow{k}.h5" for k in range(3)]
    for k in range(3):
        twin.run(twin.load(PLANT), out=base[k], replication=k).close()
        twin.run(twin.load(PLANT).change({"units.sort.rate": "1.2 t/h", "name": "slow"}), out=variant[k], replication=k).close()
    return base, variant


def test_a_difference_has_the_interval_of_the_pairs_and_the_hashes_of_both(two: tuple[list[Path], list[Path]]) -> None:
    base, variant = two
    found = cite_difference([*base, *variant], ["throughput"])
    values, digests, hashes = [], [], []
    for files in two:
        results = [twin.open(path) for path in files]
        values.append([result.kpis["throughput"].value for result in results])
        digests += [result.digest for result in results]
        hashes += [str(results[0].attrs["scenario_sha256"])]
    assert found.values[0].change.interval == paired(*values, 0.95)
    sentence = found.sentence
    for part in (*digests, *hashes, "n = 3", "95 % interval", "paired", "seed 1, replications 0, 1, 2", f"twin {found.base.version}"):
        assert part in sentence
    assert found.short.count("\n") == 0
    assert hashes[0][:8] in found.short
    assert found.values[0].difference in found.short
    assert len(found.short) < 160
    assert yaml.safe_load(found.cff)["references"][1]["identifiers"][0]["value"] == f"sha256:{hashes[1]}"
    assert f"@misc{{slow_{hashes[1][:8]}," in found.bibtex


def test_one_run_of_a_side_has_no_interval_and_says_so(two: tuple[list[Path], list[Path]]) -> None:
    base, variant = two
    for files in ([base[0], variant[0]], [base[0], variant[1]], [*base, variant[0]]):
        found = cite_difference(files)
        assert found.values[0].change.interval is None
        assert "one run, no interval" in found.sentence
        assert "one run, no interval" in found.short
        assert "±" not in found.sentence


def test_a_difference_is_of_two_scenarios(two: tuple[list[Path], list[Path]]) -> None:
    base, variant = two
    with pytest.raises(UsageError, match="got files of 1"):
        cite_difference(base)
    with pytest.raises(UsageError, match="is given twice"):
        cite_difference([base[0], base[0], variant[0]])
    with pytest.raises(UsageError, match="no key figure 'nothing'"):
        cite_difference([base[0], variant[0]], ["nothing"])


def test_a_short_citation_is_one_line(two: tuple[list[Path], list[Path]]) -> None:
    one, several = cite(two[0][:1]), cite(two[0])
    assert re.fullmatch(r"small: throughput [\d.]+ t/h \(one run, no interval\) \[twin [\d.]+, scenario [0-9a-f]{8}, seed 1, replication 0\]", one.short)
    assert re.fullmatch(r"small: throughput [\d.]+ ± [\d.]+ t/h \[twin [\d.]+, scenario [0-9a-f]{8}, seed 1, replications 0, 1, 2\]", several.short)
