"""Save and resume: run to T equals run to t, save, load, run to T, to the last bit."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

import twin
from twin.errors import UsageError
from twin.results import sources

EVERYTHING = Path(__file__).parents[1] / "scenarios" / "everything.yaml"


@pytest.fixture(scope="module")
def undisturbed() -> twin.Result:
    return twin.run(twin.load(EVERYTHING))


@pytest.mark.sampled(1)
@pytest.mark.parametrize("seed", range(4))
def test_a_run_that_was_saved_at_random_times_has_the_digest_of_the_undisturbed_one(undisturbed: twin.Result, tmp_path: Path, seed: int) -> None:
    scenario = twin.load(EVERYTHING)
    chance = random.Random(seed)
    for _ in range(6):
        twin.run_until(scenario, chance.uniform(1.0, scenario.horizon - 1.0), tmp_path / "state.h5")
        assert twin.resume(tmp_path / "state.h5").digest == undisturbed.digest


@pytest.mark.parametrize("moment", [3600.0 * 24, 3600.0 * 72, 3600.0 * 157])
def test_saving_exactly_when_much_is_due_changes_nothing(undisturbed: twin.Result, tmp_path: Path, moment: float) -> None:
    """Full hours: record steps, shifts, timed events, pick-ups and deliveries fall together."""
    twin.run_until(twin.load(EVERYTHING), moment, tmp_path / "state.h5")
    assert twin.resume(tmp_path / "state.h5").digest == undisturbed.digest


@pytest.mark.soak
def test_resuming_in_another_process_gives_the_same_bits(undisturbed: twin.Result, tmp_path: Path) -> None:
    twin.run_until(twin.load(EVERYTHING), 5.3 * 86400, tmp_path / "state.h5")
    code = f"import twin; print(twin.resume({str(tmp_path / 'state.h5')!r}, out={str(tmp_path / 'full.h5')!r}).digest)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == undisturbed.digest
    assert twin.open(tmp_path / "full.h5").digest == undisturbed.digest


def test_a_second_stop_on_the_way_changes_nothing(undisturbed: twin.Result, tmp_path: Path) -> None:
    scenario = twin.load(EVERYTHING)
    twin.run_until(scenario, 3.0e5, tmp_path / "first.h5")
    twin.resume(tmp_path / "first.h5", until=7.0e5, save=tmp_path / "second.h5")
    assert twin.resume(tmp_path / "second.h5").digest == undisturbed.digest


def test_a_state_of_other_code_is_refused_unless_forced(undisturbed: twin.Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    twin.run_until(twin.load(EVERYTHING), 3.0e5, tmp_path / "state.h5")
    monkeypatch.setattr(sources, "code_digest", lambda: "0" * 64)
    with pytest.raises(UsageError, match="the sources of twin have changed"):
        twin.resume(tmp_path / "state.h5")
    forced = twin.resume(tmp_path / "state.h5", force=True)
    assert forced.digest == undisturbed.digest
    assert "sources of twin" in forced.attrs["resumed_with_other_code"]


def test_another_seed_gives_another_digest(undisturbed: twin.Result) -> None:
    assert twin.run(twin.load(EVERYTHING), seed=12).digest != undisturbed.digest
