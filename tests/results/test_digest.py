"""The digest, against the rule done by hand; and the record of what a run was made on."""

from __future__ import annotations

import hashlib
import json

import h5py
import numpy as np
from results_plant import write_run

from twin.results.digest import file_digest
from twin.results.provenance import differences, platform_record, platform_text
from twin.results.state import save_state


def test_the_rule_by_hand() -> None:
    with h5py.File("digest", "w", driver="core", backing_store=False) as file:
        file["b/x"] = np.array([[1.0, 2.0], [3.0, 4.0]])
        file["a"] = np.array([7], dtype=">i4")
        file.create_dataset("b/text", data=np.array([b"xy", b"z"], dtype=h5py.string_dtype("utf-8", 2)))
        save_state(file, {"not": "part of it"})
        expected = hashlib.sha256(
            b"/a\0<i4\0001\0" + np.array([7], dtype="<i4").tobytes()
            + b"/b/text\0|S2\0002\0" + b"xyz\0"
            + b"/b/x\0<f8\0002,2\0" + np.array([1.0, 2.0, 3.0, 4.0]).tobytes()
            + b"sha of the scenario"
        ).hexdigest()  # fmt: skip
        assert file_digest(file, "sha of the scenario") == expected


def test_attributes_do_not_count_but_every_value_does() -> None:
    with h5py.File("digest", "w", driver="core", backing_store=False) as file:
        file["x"] = np.zeros(3)
        before = file_digest(file, "")
        file.attrs["created"] = "now"
        assert file_digest(file, "") == before
        file["x"][1] = -0.0
        assert file_digest(file, "") != before


def test_chunks_and_filters_do_not_count() -> None:
    values = np.arange(300_000.0).reshape(-1, 3)
    digests = []
    for options in ({}, {"chunks": (7, 2)}, {"chunks": (5000, 3), "compression": "gzip", "shuffle": True}):
        with h5py.File("digest", "w", driver="core", backing_store=False) as file:
            file.create_dataset("x", data=values, **options)
            digests.append(file_digest(file, ""))
    assert digests[0] == digests[1] == digests[2]


def test_a_run_records_what_it_was_made_on() -> None:
    record = platform_record()
    assert {"python", "numpy", "numba", "llvmlite", "h5py", "hdf5", "simpy", "twin", "libc", "cpu", "cpu_features"} <= set(record)
    assert record["numpy"] == np.__version__ and record["hdf5"] == h5py.version.hdf5_version
    with write_run(None, 1) as result:
        assert result.attrs["platform"] == json.loads(platform_text()) == record


def test_differences_are_named() -> None:
    assert differences(platform_record()) == []
    other = {**platform_record(), "numpy": "1.0", "extra": "x"}
    del other["libc"]
    text = " | ".join(differences(other))
    assert "numpy 1.0 there" in text and "libc unknown there" in text and "extra x there, unknown here" in text
