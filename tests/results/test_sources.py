"""One digest of code and data: an edit of any file that can move a result is seen by resume, sweeps and reproduce."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import twin
from twin.results.sources import PACKAGE, digest_of, sources

EVERYTHING = Path(__file__).parents[1] / "scenarios" / "everything.yaml"
EDITED = {
    "data": "materials/data/thermochemistry.yaml",
    "kernel": "kernels/partition.py",
    "engine": "engine/clock.py",
    "results": "results/kpis.py",
    "unit": "units/lines/line.py",
}


def copied(folder: Path) -> Path:
    return Path(shutil.copytree(PACKAGE, folder / "twin", ignore=shutil.ignore_patterns("__pycache__")))


@pytest.mark.soak
def test_every_file_but_those_that_only_show_results_moves_the_digest(tmp_path: Path) -> None:
    """Found by walking: a folder that is dropped from the digest, or a suffix that it does not know, leaves files here whose edit it does not see."""
    package = copied(tmp_path)
    first = digest_of(package)
    assert first == digest_of(PACKAGE)
    files = [path for path in sorted(package.rglob("*")) if path.is_file()]
    counted = {path for path in files if path.relative_to(package).parts[0] not in ("cli", "report")}
    assert set(sources(package)) == counted
    for folder in ("engine", "kernels", "materials", "plant", "results", "scenario", "study", "units"):
        assert any(path.relative_to(package).parts[0] == folder for path in counted), folder
    assert {path.suffix for path in counted} >= {".py", ".yaml"}
    for path in sorted(counted):
        text = path.read_bytes()
        path.write_bytes(text + b" ")
        assert digest_of(package) != first, path
        path.write_bytes(text)
    new = package / "materials" / "data" / "new.csv"
    new.write_text("a", encoding="utf-8")
    assert digest_of(package) != first
    new.rename(package / "materials" / "data" / "newer.csv")
    renamed = digest_of(package)
    new.write_text("a", encoding="utf-8")
    assert digest_of(package) != renamed


@pytest.mark.soak
@pytest.mark.slow
def test_resume_by_a_package_with_an_edited_file_is_refused_unless_forced(tmp_path: Path) -> None:
    """The package is copied, and a file of data, a kernel, the engine, … edited in the copy: each is refused with exit code 2, also by ``validate``'s peer
    ``reproduce``, which names it. The untouched copy goes on."""
    package = copied(tmp_path)
    state = tmp_path / "state.h5"
    twin.run_until(twin.load(EVERYTHING), 3.0e5, state)

    def resume(*more: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "twin", "resume", str(state), "--json", *more]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path)

    for name in EDITED.values():
        path = package / name
        text = path.read_text(encoding="utf-8")
        path.write_text(text + "\n# edited\n", encoding="utf-8")
        refused = resume("-o", str(tmp_path / "full.h5"))
        assert refused.returncode == 2, name
        assert "the sources of twin have changed" in refused.stdout, name
        assert not (tmp_path / "full.h5").exists()
        path.write_text(text, encoding="utf-8")
    path = package / EDITED["data"]
    path.write_text(path.read_text(encoding="utf-8") + "\n# edited\n", encoding="utf-8")
    assert resume("--force", "-o", str(tmp_path / "full.h5")).returncode == 0
    with twin.open(tmp_path / "full.h5") as forced:
        assert "the sources of twin have changed" in forced.attrs["resumed_with_other_code"]
