"""A controller that a library learns beats fixed set points on futures that neither has seen; the plant is that of the docs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_plant_is_that_of_the_docs() -> None:
    page = (ROOT / "docs" / "control.md").read_text(encoding="utf-8")
    assert f"<!-- file: sorter.yaml -->\n```yaml\n{(ROOT / 'benchmarks' / 'sorter.yaml').read_text(encoding='utf-8')}```" in page


def test_both_are_held_against_each_other_without_the_library() -> None:
    """A law that is the best fixed rate itself earns what that rate earns, future by future; running at full speed earns less."""
    pytest.importorskip("gymnasium")
    code = (
        "import sys; sys.path.insert(0, 'benchmarks'); import learned_control as own\n"
        "plant = own.environment()\n"
        "print([round(own.earned(plant, own.fixed(rate), 7), 6) for rate in (-0.25, -0.25, 1.0)])"
    )
    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=200, check=True).stdout
    first, again, fast = (float(number) for number in re.findall(r"-?[\d.]+", printed))
    assert first == again and fast < first


@pytest.mark.soak
def test_what_was_learned_earns_more_than_the_best_fixed_rate() -> None:
    pytest.importorskip("stable_baselines3", reason="the extra 'learn' is not installed")
    command = [sys.executable, "benchmarks/learned_control.py", "--futures", "20"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1500, check=True).stdout
    found = re.search(r"bring (-?\d+) EUR more, 95 % interval (-?\d+) to (-?\d+)", printed)
    assert found is not None and int(found[2]) > 0
