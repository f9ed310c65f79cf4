"""Reading, and refusing what cannot be trusted."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from results_plant import ONCE, new_writer, steps, write_run

from twin.errors import FileError, UsageError
from twin.results.digest import file_digest
from twin.results.layout import VARIABLES
from twin.results.read import Result, open_file, open_state


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_run(tmp_path / "a.h5").close()
    return tmp_path / "a.h5"


def test_what_a_result_tells(path: Path) -> None:
    with open_file(path) as result:
        assert result.attrs["seed"] == 7 and result.attrs["replication"] == 0 and result.attrs["complete"] is True
        assert result.attrs["scenario_sha256"] == "ab" * 32
        assert result.attrs["platform"]["numpy"] == np.__version__
        assert result.scenario == ONCE["scenario/yaml"] and result.files == {"feed.csv": "a,b\n1,2\n"}
        assert result.kpis["throughput"].unit == "kg/s" and "throughput" in result.kpis and len(result.kpis) > 40
        assert set(result.groups) >= {"streams", "units", "summary", "lots", "scenario"}
        assert set(result.variables("streams")) == {"mass_flow", "size_flow", "element_flow"}
        assert "time" in result.variables() and "bound" not in result.variables()
        assert result.dims("streams/mass_flow") == ("time", "stream", "material")
        assert result.unit("streams/mass_flow") == "kg/s" and result.unit("events/what") == ""
        assert result.array("material").tolist() == ["steel", "copper"]
        assert result.array("parameters/source").tolist() == ["", "drawing 17"]
        assert repr(result) == f"<Result of Made-up <plant>: {len(result.kpis)} KPIs, {path}>"


def test_a_notebook_shows_tables_without_injected_html(path: Path) -> None:
    with open_file(path) as result:
        shown = result._repr_html_()
        assert "Made-up &lt;plant&gt;" in shown and "<plant>" not in shown and "throughput" in shown and "t/h" in shown
        assert result.kpis._repr_html_() in shown
        assert repr(result.kpis).startswith("throughput")


def test_a_dataset_has_its_coordinates(path: Path) -> None:
    with open_file(path) as result:
        streams = result.dataset("streams")
        assert streams["mass_flow"].dims == ("time", "stream", "material")
        assert streams["mass_flow"].attrs["units"] == "kg/s"
        chosen = streams["mass_flow"].sel(stream="mill.out", material="copper").values
        assert np.array_equal(chosen, steps(0, 20)["streams/mass_flow"][:, 2, 1])
        assert str(streams["time"].values[-1]) == "2026-01-05T11:00:00.000000000"
        assert result.dataset("summary")["value"].sel(kpi="processed").item() == result.kpis["processed"].value
        assert result.dataset("events")["what"].values.tolist() == ["event 0 für", "event 1 für", "event 2 für"]
        for group in result.groups:
            assert {v.name for v in VARIABLES if v.group == group} <= set(result.dataset(group).variables)


def test_a_dataset_without_xarray_says_what_to_install(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xarray", None)
    with open_file(path) as result, pytest.raises(UsageError, match=r"pip install 'twin\[xarray\]'"):
        result.dataset("streams")


def test_a_result_in_memory_reads_like_a_file(path: Path) -> None:
    with write_run(None) as memory, open_file(path) as result:
        assert memory.path is None and memory.digest == result.digest
        assert dict(memory.kpis).keys() == dict(result.kpis).keys()
        assert np.array_equal(memory.dataset("streams")["mass_flow"], result.dataset("streams")["mass_flow"])


def test_two_results_in_memory_do_not_meet() -> None:
    with write_run(None, 5) as one, write_run(None, 9) as other:
        assert len(one.array("time")) == 5 and len(other.array("time")) == 9


def test_wrong_names_are_told_with_what_there_is(path: Path) -> None:
    with open_file(path) as result:
        with pytest.raises(KeyError, match="known: throughput"):
            result.kpis["troughput"]
        with pytest.raises(KeyError, match=r"known: recovery\.Cu"):
            result.kpis["recovery.Zn"]
        with pytest.raises(UsageError, match="groups: accounts, balance"):
            result.array("no")
        with pytest.raises(UsageError, match="its arrays: element_flow"):
            result.array("streams")
        for name in ("", ".", "/", ".."):
            with pytest.raises(UsageError):
                result.array(name)


def test_a_closed_result_says_so(path: Path) -> None:
    result = open_file(path)
    kpis = result.kpis
    result.close()
    assert kpis["throughput"].value > 0
    with pytest.raises(FileError, match="is closed; open it again"):
        result.array("time")


def test_a_state_is_not_a_result_nor_the_other_way_round(tmp_path: Path, path: Path) -> None:
    with new_writer(tmp_path / "s.h5") as writer:
        writer.save({"x": 1})
    with pytest.raises(FileError, match="'twin resume' goes on from it"):
        open_file(tmp_path / "s.h5")
    with pytest.raises(FileError, match="is a finished run, not a saved state"):
        open_state(path)


def test_a_changed_state_is_noticed(tmp_path: Path) -> None:
    with new_writer(tmp_path / "s.h5") as writer:
        writer.save({"x": 1, "a": np.arange(5.0)})
    with h5py.File(tmp_path / "s.h5", "r+") as file:
        file["saved_state/arrays_f8"][2] = 7
    with pytest.raises(FileError, match="damaged or was changed"):
        open_state(tmp_path / "s.h5")


@pytest.mark.parametrize("content", [b"", b"x", b"name: plant\n", b"\x89HDF\r\n\x1a\n", b"\x89HDF\r\n\x1a\n" + bytes(5000)])
def test_what_is_no_hdf5_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.h5").write_bytes(content)
    with pytest.raises(FileError, match=r"not an HDF5 file|damaged"):
        open_file(tmp_path / "a.h5")


def test_what_is_no_file_at_all(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="No such file"):
        open_file(tmp_path / "none.h5")
    with pytest.raises(FileError, match="it is a folder"):
        open_file(tmp_path)
    with pytest.raises(FileError, match="cannot read"):
        open_file("a\0b")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileError, match="not a regular file"):
        open_file(tmp_path / "pipe")


def test_a_foreign_hdf5_file(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = np.ones(3)
    with pytest.raises(FileError, match="not a results file of twin"):
        open_file(tmp_path / "a.h5")


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file(path: Path, cut: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(cut * len(data))])
    with pytest.raises(FileError):
        open_file(path)


def test_any_flipped_byte_is_noticed_or_harmless(path: Path) -> None:
    """Flip single bytes all over the file: either it is refused, or what is read is what was written."""
    data = path.read_bytes()
    with open_file(path) as result:
        digest = result.digest
    refused = 0
    for place in range(0, len(data), len(data) // 150):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x40]) + data[place + 1 :])
        try:
            with open_file(path) as result:
                again = file_digest(result._file, "ab" * 32)
                assert result.digest == digest == again, place
        except FileError:
            refused += 1
    assert refused > 20


def test_changed_values_and_a_changed_hash_are_noticed(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        before = file["streams/mass_flow"][3, 2, 1]
        file["streams/mass_flow"][3, 2, 1] = np.nextafter(before, 1)
    with pytest.raises(FileError, match="do not have the digest it states"):
        open_file(path)
    open_file(path, check=False).close()
    with h5py.File(path, "r+") as file:
        file["streams/mass_flow"][3, 2, 1] = before
        file.attrs["scenario_sha256"] = "cd" * 32
    with pytest.raises(FileError, match="do not have the digest it states"):
        open_file(path)


def external_link(file: Any, folder: Path) -> None:
    with h5py.File(folder / "other.h5", "w") as other:
        other["x"] = 1
    file["units/other"] = h5py.ExternalLink("other.h5", "/x")


def soft_link(file: Any, folder: Path) -> None:
    file["units/other"] = h5py.SoftLink("/streams")


def external_storage(file: Any, folder: Path) -> None:
    file.create_dataset("units/other", shape=(4,), dtype="u1", external=[("/etc/hostname", 0, 4)])


def virtual(file: Any, folder: Path) -> None:
    layout = h5py.VirtualLayout(shape=(4,), dtype="f8")
    layout[:] = h5py.VirtualSource("/etc/other.h5", "x", shape=(4,))
    file.create_virtual_dataset("units/other", layout)


def huge(file: Any, folder: Path) -> None:
    file.create_dataset("units/other", shape=(10**12,), dtype="f8", chunks=(10**6,))


def object_text(file: Any, folder: Path) -> None:
    file["units/other"] = "variable length"


def compound(file: Any, folder: Path) -> None:
    file["units/other"] = np.zeros(3, dtype=[("a", "f8")])


def reference(file: Any, folder: Path) -> None:
    file.create_dataset("units/other", data=[file["time"].ref], dtype=h5py.ref_dtype)


def cycle(file: Any, folder: Path) -> None:
    file["units/again"] = file["/"]


def twice(file: Any, folder: Path) -> None:
    file["units/again"] = file["streams"]


def deep(file: Any, folder: Path) -> None:
    file.create_group("/".join("abcdefghijklm"))


def many(file: Any, folder: Path) -> None:
    for number in range(10_100):
        file.create_group(f"many/{number}")


def named_type(file: Any, folder: Path) -> None:
    file["units/other"] = np.dtype("f8")


def null(file: Any, folder: Path) -> None:
    file["units/other"] = h5py.Empty("f8")


def newer(file: Any, folder: Path) -> None:
    file.attrs["twin_layout"] = 99


def no_digest(file: Any, folder: Path) -> None:
    del file.attrs["digest"]


def digest_of_another_type(file: Any, folder: Path) -> None:
    file.attrs["digest"] = np.arange(3)


@pytest.mark.sampled(10)
@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (external_link, "is a link out of its place"),
        (soft_link, "is a link out of its place"),
        (external_storage, "stand in another file"),
        (virtual, "is a virtual array"),
        (huge, "GB that are not in it"),
        (object_text, "fixed-length texts only"),
        (compound, "twin writes numbers"),
        (reference, "twin writes numbers"),
        (cycle, "appears twice|deeper than"),
        (twice, "appears twice"),
        (deep, "deeper than 8"),
        (many, "more than 10000 objects"),
        (named_type, "neither a group nor an array"),
        (null, "is empty"),
        (newer, "has layout 99, this version of twin reads layout 1"),
        (no_digest, "has no digest"),
        (digest_of_another_type, "has no digest"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_files_made_with_malice(path: Path, harm: Callable[[Any, Path], None], says: str, check: bool) -> None:
    with h5py.File(path, "r+") as file:
        harm(file, path.parent)
    with pytest.raises(FileError, match=says):
        open_file(path, check=check)


def test_a_file_open_for_writing_elsewhere(path: Path) -> None:
    code = "import h5py, sys; file = h5py.File(sys.argv[1], 'r+'); print(1, flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdin is not None
        child.stdout.readline()
        with pytest.raises(FileError, match="another program has it open for writing"):
            open_file(path)
        child.stdin.close()


def test_result_of_a_partial_file_is_a_result() -> None:
    with new_writer(None) as writer:
        writer.append(steps(0, 2))
        result: Result = writer.finish({"scenario/kpi_inputs": "{}"})
    with result:
        assert result.kpis["throughput"].value == 0.0
        assert result.scenario == "" and result.files == {}
