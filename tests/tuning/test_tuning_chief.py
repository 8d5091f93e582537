"""The chief's side of several workers, and the command line of both."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from keras_landslide.errors import ClusterError
from keras_landslide.tuning import oracles
from keras_landslide.tuning.chief import serving
from keras_landslide.tuning.crew import visible_gpus

from outcome import outcome  # isort: skip
from toy_search import SPACE  # isort: skip

SCRIPT = Path(__file__).parents[2] / "tuning" / "search.py"


@pytest.fixture
def oracle(tmp_path):
    made = oracles.get(SPACE)
    made._set_project_dir(str(tmp_path), "trials")
    return made


def test_only_this_machine_can_connect_unless_asked(oracle):
    with serving(oracle) as chief:
        assert chief.address.startswith("127.0.0.1:")
        assert not chief.address.endswith(":0")


def test_a_port_that_is_taken_is_one_clear_line(oracle):
    with (
        serving(oracle) as chief,
        pytest.raises(ClusterError, match=rf"{chief.address}: cannot listen there"),
        serving(oracle, chief.address),
    ):
        pass


def test_the_trial_of_a_lost_worker_goes_to_the_next_one_first(oracle):
    first = oracle.create_trial("a")
    second = oracle.create_trial("b")
    assert oracle.give_up("a") == first.trial_id
    assert oracle.give_up("nobody") is None
    assert oracle.create_trial("c").trial_id == first.trial_id
    # The lost worker comes back with a result after all: the second one to end counts for nothing.
    for worker in ("a", "c"):
        oracle.update_trial(first.trial_id, {"val_loss": 1.0})
        first.status = "COMPLETED"
        oracle.end_trial(first)
        assert oracle.end_order == [first.trial_id], worker
    assert list(oracle.ongoing_trials) == ["b"]
    assert second.trial_id not in oracle.end_order


def test_idle_workers_wait_while_others_run(oracle):
    for number in range(8):
        oracle.create_trial(str(number))
    assert oracle.create_trial("late").status == "IDLE"
    oracle.give_up("3")
    assert oracle.create_trial("late").trial_id == "3"


def test_each_worker_has_its_gpu(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,5")
    assert visible_gpus() == ["2", "5"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert visible_gpus() == []


@pytest.mark.slow
def test_a_worker_on_another_machine_does_the_chiefs_trials(basin, tmp_path):
    """As if on another machine: nothing in common but the files and the address."""
    space = ["--space", basin / "space.toml"]
    alone, shared = tmp_path / "alone", tmp_path / "shared"

    def start(*words):
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        command = [sys.executable, str(SCRIPT), *map(str, (*space, *words))]
        return subprocess.Popen(command, **streams)

    one = start("-o", alone)
    assert one.wait(500) == 0, one.stdout.read()
    chief = start("-o", shared, "--workers", 0, "--listen", "127.0.0.1:39417")
    time.sleep(1)
    worker = start("-o", shared, "--worker", "127.0.0.1:39417")
    assert chief.wait(500) == 0, chief.stdout.read()
    assert worker.wait(60) == 0, worker.stdout.read()
    assert outcome(shared) == outcome(alone)
