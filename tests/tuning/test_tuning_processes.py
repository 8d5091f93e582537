"""Trials in processes of their own: kills, memory limits, crashes, workers."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import keras
import pytest

from keras_landslide.tuning.search import Resources, run_search

from outcome import outcome  # isort: skip
from toy_search import SPACE, FragileTrainer, ToyTrainer  # isort: skip

RUN_TOY = Path(__file__).with_name("run_toy.py")


def start(folder, pause_ms=0, workers=1, **environment):
    """The toy search in its own session of processes."""
    words = [sys.executable, RUN_TOY, folder, pause_ms, workers]
    with (folder.parent / f"{folder.name}.log").open("a") as log:
        more = {**os.environ, **environment}
        return subprocess.Popen([*map(str, words)], stdout=log, stderr=log, env=more)


def wait_for(condition, process, limit_s=300.0):
    deadline = time.monotonic() + limit_s
    while not condition():
        assert process.poll() is None, "the search ended before its time"
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.01)


def descendants(pid):
    """Ids of the processes that come from `pid`, with their command lines."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
                parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
            except OSError:
                continue
    found, last = set(), {pid}
    while last:
        last = {child for child, parent in parents.items() if parent in last}
        found |= last
    return found


def started(folder):
    return len(list((folder / "trials").glob("trial_*/trial.json")))


def latest(folder):
    """When something in the trials' folders changed last, ns."""
    times = [0]
    for path in (folder / "trials").rglob("*"):
        with contextlib.suppress(OSError):
            times.append(path.stat().st_mtime_ns)
    return max(times)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The toy search, not disturbed."""
    folder = tmp_path_factory.mktemp("whole") / "search"
    assert start(folder).wait(500) == 0
    return outcome(folder)


def kill_at_random(folder, kills, seed, pause_ms=50, longest_s=1.0):
    """Kill the search `kills` times at random moments once trials run; return the outcome."""
    rng = random.Random(seed)
    for _ in range(kills):
        victim = start(folder, pause_ms)
        before = latest(folder)
        wait_for(lambda t=before: latest(folder) > t, victim)
        time.sleep(rng.uniform(0, longest_s))
        assert victim.poll() is None, "the search ended before its time"
        family = descendants(victim.pid)
        os.kill(victim.pid, signal.SIGKILL)
        assert victim.wait() == -signal.SIGKILL
        # What trained ends too, within moments, though nobody told it.
        deadline = time.monotonic() + 30
        while any(alive(pid) for pid in family):
            assert time.monotonic() < deadline, "a trial outlived the search"
            time.sleep(0.01)
    assert start(folder).wait(500) == 0
    return outcome(folder)


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_three_kills_at_random_moments_change_nothing(tmp_path, whole):
    assert kill_at_random(tmp_path / "killed", 3, seed=1) == whole


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_twenty_kills_at_random_moments_change_nothing(tmp_path, whole):
    assert kill_at_random(tmp_path / "killed", 20, seed=2, pause_ms=1000, longest_s=3.0) == whole


def gpus_of(folder: Path) -> set[str]:
    """The lines of the trials' logs that name the GPU of their worker."""
    logs = []
    for path in folder.glob("trials/trial_*/log.txt"):
        with contextlib.suppress(OSError):  # it moves on while the search runs
            logs.append(path.read_text())
    return {line for log in logs for line in log.splitlines() if line.startswith("gpu ")}


def test_a_killed_worker_is_replaced_and_its_trial_runs_again(tmp_path, whole):
    folder = tmp_path / "search"
    # Of two GPUs, which there are not, each worker would have its own.
    chief = start(folder, pause_ms=500, workers=2, CUDA_VISIBLE_DEVICES="3,5")
    wait_for(lambda: gpus_of(folder) == {"gpu 3", "gpu 5"}, chief)
    # The chief's children are its workers (and Python's resource tracker).
    workers = [
        pid
        for pid in descendants(chief.pid)
        if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
        and f"PPid:\t{chief.pid}\n" in Path(f"/proc/{pid}/status").read_text()
    ]
    assert len(workers) == 2
    os.kill(workers[0], signal.SIGKILL)
    assert chief.wait(500) == 0
    assert outcome(folder) == whole
    said = (tmp_path / "search.log").read_text()
    assert "a worker was lost; trial" in said


def test_trials_that_run_out_of_memory_crash_or_diverge_leave_the_others_alone(tmp_path):
    grid = {"filters": (2, 3, 5, 10**9, 4), "learning_rate": (0.01,), "batch_size": (16,)}
    space = replace(SPACE, grid=grid)
    # Compiling, JAX reserves more addresses than TensorFlow does.
    limit = 2 if keras.backend.backend() == "tensorflow" else 6
    rows = run_search(space, tmp_path, FragileTrainer, resources=Resources(memory_gb=limit)).rows
    statuses = ["completed", "failed", "failed", "failed", "completed"]
    assert [row.status for row in rows] == statuses
    why = f"its process ended by SIGABRT under a memory limit of {limit} GB"
    assert rows[1].reason == why
    assert "the loss became" in rows[2].reason
    # 12 GB for a layer of 10^9 units: TensorFlow says so, or the process is ended.
    assert any(word in rows[3].reason for word in ("OOM", "alloc", "SIGABRT")), rows[3].reason
    assert all(row.peak_mb > 50 for row in rows)
    alone = replace(space, grid=grid | {"filters": (2, 4), "learning_rate": (0.01,)})
    quiet = run_search(alone, tmp_path / "alone", ToyTrainer).rows
    assert quiet[0].score == rows[0].score
    # A process after the failures is as good as one before them: same network, same seed.
    again = replace(SPACE.settings, seed=SPACE.settings.seed + 3)
    moved = run_search(replace(alone, settings=again), tmp_path / "moved", ToyTrainer).rows
    assert moved[1].score == rows[4].score
