"""Who makes the runs does not matter: same outcomes to the last bit, and a worker that is killed costs what it was at."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sweep_plant import STUDY, write

from twin.errors import RunError, UsageError
from twin.study import nursery, processes
from twin.study.executors import Executor
from twin.study.named_executor import executor
from twin.study.processes import Processes
from twin.study.runs import Job
from twin.study.study_file import load_study
from twin.study.sweep import sweep
from twin.study.worker import MOST_KNOWN, TRIES, Packer, run_packed

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> list[Job]:
    study = load_study(write(tmp_path_factory.mktemp("jobs")))
    return [study.job(k) for k in range(len(study))]


@pytest.fixture(scope="module")
def right(jobs: list[Job]) -> dict[int, str]:
    with executor("serial") as serial:
        return digests(serial, jobs)


def digests(by: Executor, jobs: list[Job]) -> dict[int, str]:
    found: dict[int, str] = {}
    for index, outcome in by.run(jobs):
        assert index not in found
        assert outcome.error == ""
        found[index] = outcome.digest
    return found


@pytest.mark.sampled(1)
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_worker_processes_give_the_same_bits(jobs: list[Job], right: dict[int, str], workers: int) -> None:
    with executor("processes", workers) as pool:
        assert digests(pool, jobs) == right
        turned = digests(pool, jobs[::-1])  # in another order, by the same workers
        assert {len(jobs) - 1 - k: digest for k, digest in turned.items()} == right


@pytest.mark.skipif(not nursery.CAN_FORK, reason="workers are spawned here")
def test_kernels_are_loaded_once_for_all_workers(jobs: list[Job], right: dict[int, str]) -> None:
    """Two workers are forked from one process, which is not this one and which ends with the pool; the kernels are in it before the first run."""

    def parent(process: int | None) -> int:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])

    with Processes(2) as pool:
        assert digests(pool, jobs) == right
        workers = [worker.process.pid for worker in pool._pool]
        servers = list(dict.fromkeys(parent(worker) for worker in workers))
        assert len(workers) == 2 and len(servers) == 1 and servers[0] != os.getpid() and parent(servers[0]) == os.getpid()
        assert "twin.kernels.partition" in pool._modules and "twin.plant.simulate" in pool._modules
    for process in (*servers, *workers):
        assert not Path(f"/proc/{process}").exists()


@pytest.mark.soak
@pytest.mark.skipif(not nursery.CAN_FORK, reason="workers are spawned here")
def test_workers_outlive_their_fork_server(jobs: list[Job], right: dict[int, str]) -> None:
    """A worker that is missing then comes from another."""
    with Processes(2) as pool:
        assert digests(pool, jobs) == right
        os.kill(pool._nursery._server._forkserver_pid, signal.SIGKILL)
        assert digests(pool, jobs) == right
        os.kill(pool._pool[0].process.pid or 0, signal.SIGKILL)
        assert digests(pool, jobs) == right


def test_who_only_hands_out_runs_loads_no_kernels() -> None:
    code = "import sys, twin.study.sweep, twin.study.compare, twin.study.replicate; print([n for n in ('numba', 'simpy', 'twin.plant.simulate') if n in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_workers_are_spawned_where_the_fork_server_ends(jobs: list[Job], right: dict[int, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fatal.py").write_text("import os; os._exit(3)", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setattr(processes, "modules_for", lambda kinds: ["fatal"])
    with Processes(2) as pool:
        assert digests(pool, jobs) == right


@pytest.mark.soak
def test_jobs_of_many_scenarios(jobs: list[Job]) -> None:
    """Workers keep some scenarios, and both sides forget the same ones."""
    scenario = jobs[0].scenario
    many = [Job(scenario.change({"seed": seed}), 0) for seed in range(2 * MOST_KNOWN + 3)]
    many += many[:3]
    with executor("serial") as serial, executor("processes", 2) as pool:
        assert digests(pool, many) == digests(serial, many)


@pytest.mark.soak
def test_whole_files_are_equal(tmp_path: Path) -> None:
    study = write(tmp_path)
    serial = sweep(study, tmp_path / "a.h5", executor="serial")
    assert sweep(study, tmp_path / "b.h5", workers=2).digest == serial.digest


@pytest.mark.soak
def test_a_killed_worker_costs_what_it_was_at(jobs: list[Job], right: dict[int, str]) -> None:
    found: dict[int, str] = {}
    with Processes(2) as pool:
        for index, outcome in pool.run(jobs):
            assert index not in found
            found[index] = outcome.digest
            if len(found) in (3, 8):
                pid = pool._pool[0].process.pid
                assert pid is not None
                os.kill(pid, signal.SIGKILL)
    assert found == right


@pytest.mark.soak
def test_a_run_that_kills_its_workers_is_given_up(jobs: list[Job], tmp_path: Path) -> None:
    """A user's kernel that takes the whole process down costs its own run only."""
    (tmp_path / "poison.py").write_text(
        "import os, signal\nfrom twin.study import worker\nright = worker.run_job\n"
        "def run_job(job):\n    if job.changes.get('seed') == 99:\n        os.kill(os.getpid(), signal.SIGKILL)\n    return right(job)\n"
        "def serve(pipe):\n    worker.run_job = run_job\n    worker.serve(pipe)\n",
        encoding="utf-8",
    )
    sys.path.insert(0, str(tmp_path))
    try:
        import poison  # type: ignore[import-not-found]

        before, processes.serve = processes.serve, poison.serve
        bad = Job(jobs[0].scenario, 0, {"seed": 99})
        with Processes(2) as pool:
            outcomes = dict(pool.run([*jobs[:4], bad, *jobs[4:8]]))
    finally:
        processes.serve = before
        sys.path.remove(str(tmp_path))
    assert [k for k, outcome in outcomes.items() if outcome.error] == [4]
    assert outcomes[4].status == "lost"
    assert outcomes[4].error.startswith(f"WorkerLost: the process that made this run ended {TRIES} times (by SIGKILL)")
    assert len(outcomes) == 9


def test_workers_that_cannot_start_end_the_sweep(jobs: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "serve", os._exit)
    with Processes(1) as pool, pytest.raises(RunError, match="a worker process ended while it started"):
        list(pool.run(jobs[:1]))


@pytest.mark.soak
def test_jobs_are_taken_as_workers_become_free(jobs: list[Job]) -> None:
    taken = 0

    def source() -> Iterator[Job]:
        nonlocal taken
        for job in jobs:
            taken += 1
            yield job

    with Processes(2) as pool:
        for done, _ in enumerate(pool.run(source())):
            assert taken <= done + 1 + 2 * processes.AHEAD


@pytest.mark.soak
def test_a_sweep_that_is_given_up_leaves_no_answers_behind(jobs: list[Job], right: dict[int, str]) -> None:
    with Processes(2) as pool:
        running = pool.run(jobs[8:])
        next(running)
        running.close()  # type: ignore[attr-defined]
        assert digests(pool, jobs) == right


@pytest.mark.soak
def test_a_script_needs_no_main_guard(tmp_path: Path) -> None:
    study = write(tmp_path, STUDY.replace("sobol: 8", "sobol: 2"))
    script = tmp_path / "script.py"
    script.write_text(
        f"from twin.study.sweep import sweep\nprint('begun')\nprint(sweep({str(study)!r}, {str(tmp_path / 's.h5')!r}, workers=2).counts['done'])\n",
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout, done.stderr) == ("begun\n4\n", "")


def test_a_packed_job_runs_in_this_process_too(jobs: list[Job], right: dict[int, str]) -> None:
    packer = Packer()
    packed = [packer.pack(job) for job in jobs[:2]]
    assert packed[0].pickled is packed[1].pickled
    assert [run_packed(one).digest for one in packed] == [right[0], right[1]]


def test_a_worker_with_other_code_does_not_run(jobs: list[Job]) -> None:
    outcome = run_packed(Packer().pack(jobs[0], "another environment"))
    assert (outcome.status, outcome.kpis) == ("lost", None)
    assert "start equal ones" in outcome.error


DASK = """\
import os, signal, sys
from twin.study.named_executor import executor
from twin.study.study_file import load_study

if __name__ == "__main__":
    study = load_study(sys.argv[1])
    jobs = [study.job(k) for k in range(len(study))]
    with executor("serial") as serial:
        right = {k: outcome.digest for k, outcome in serial.run(jobs)}
    found = {}
    with executor("dask", 2) as cluster:
        assert cluster.workers == 2
        pids = list(cluster._client.run(os.getpid).values())
        assert len(cluster.environment()) == 64
        for index, outcome in cluster.run(jobs):
            assert index not in found and not outcome.error, outcome.error
            found[index] = outcome.digest
            if len(found) == 3:
                os.kill(pids[0], signal.SIGKILL)
    assert found == right
    print("same bits")
"""


@pytest.mark.soak
def test_dask_gives_the_same_bits_and_survives_a_killed_worker(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    script = tmp_path / "script.py"
    script.write_text(DASK, encoding="utf-8")
    done = subprocess.run([sys.executable, str(script), str(write(tmp_path))], capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout.endswith("same bits\n"), done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("proceses",), r"unknown executor 'proceses'; did you mean 'processes'\?"),
        (("processes", 0), "at least one worker is needed"),
        (("serial", 2), "'serial' is one process"),
        (("processes", 2, "tcp://x:1"), "an address belongs to the executor 'dask'"),
    ],
)
def test_wrong_executors(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        executor(*arguments)  # type: ignore[arg-type]
