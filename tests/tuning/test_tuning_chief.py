"""The chief's side of several workers, and the command line of both."""

import copy
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import grpc
import keras_tuner
import pytest

from keras_landslide.errors import ClusterError, OutputError, RecipeError
from keras_landslide.training.history import History
from keras_landslide.tuning import oracles
from keras_landslide.tuning.chief import serving
from keras_landslide.tuning.job import Outcome
from keras_landslide.tuning.kept_space import join, keep, named
from keras_landslide.tuning.local_workers import environment_of, visible_gpus
from keras_landslide.tuning.plan import RECORD
from keras_landslide.tuning.results import read_trials
from keras_landslide.tuning.worker import work
from keras_landslide.tuning.worker_tuner import Beat, WorkerTuner, is_given_up

from outcome import outcome  # isort: skip
from toy_search import SPACE, ToyTrainer  # isort: skip

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


def ended(trial, score):
    """The trial as a worker sends it back."""
    trial = copy.deepcopy(trial)
    run = {"score": score, "best_epoch": 1, "epochs": 1, "seed": 7, "metrics": {}}
    record = {"executions": [run], "reason": "", "peak_mb": None, "seconds": 1.0, "runs": []}
    trial.hyperparameters.values[RECORD] = json.dumps(record)
    trial.status = "COMPLETED"
    return trial


def test_the_trial_of_a_lost_worker_goes_to_the_next_one_first(oracle):
    first = copy.deepcopy(oracle.create_trial("a"))
    second = oracle.create_trial("b")
    assert oracle.give_up("a") == first.trial_id
    assert oracle.give_up("nobody") is None
    again = oracle.create_trial("c")
    assert again.trial_id == first.trial_id
    # The lost worker comes back with a result after all, which counts for nothing.
    oracle.end_trial(ended(first, 1.0))
    assert oracle.end_order == []
    oracle.end_trial(ended(again, 2.0))
    oracle.end_trial(ended(first, 1.0))
    assert oracle.end_order == [first.trial_id]
    assert oracle.trials[first.trial_id].score == 2.0
    assert list(oracle.ongoing_trials) == ["b"]
    # Nobody has taken the other one when its worker comes back.
    assert oracle.give_up("b") == second.trial_id
    oracle.end_trial(ended(second, 3.0))
    assert oracle.end_order == [first.trial_id, second.trial_id]
    assert oracle.create_trial("d").trial_id not in oracle.end_order


class Epochs:
    """A runner whose job writes as a run does, one epoch after the other; a list is its diary."""

    def __init__(self, at_epoch, diary):
        self.at_epoch, self.diary = at_epoch, diary

    def ready(self):
        pass

    def run(self, job, on_epoch):
        folder = job.run_folder
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "config.toml").exists():
            (folder / "config.toml").write_text("")
        history = History(folder / "history.csv")
        for epoch in range(len(history.rows), 4):
            history.append({"loss": 1.0, "val_loss": 4.0 - epoch})
            self.diary.append((folder.name, epoch))
            self.at_epoch(epoch, folder)
            on_epoch(epoch + 1, {})
        return Outcome({"loss": [1.0] * 4, "val_loss": [r["val_loss"] for r in history.rows]}), None

    def close(self):
        pass


ONE = replace(SPACE, grid={"filters": (2,), "learning_rate": (0.1,), "batch_size": (8,)})


@pytest.fixture
def one_trial(tmp_path):
    """The chief of a search with one trial."""
    oracle = oracles.get(ONE)
    oracle._set_project_dir(str(tmp_path), "trials")
    with serving(oracle, search_id="id") as chief:
        yield chief


@pytest.fixture
def worker(one_trial, tmp_path, monkeypatch):
    """Makes a worker of that search."""

    def make(name, at_epoch, diary, watcher):
        host, _, port = one_trial.address.rpartition(":")
        values = {"ORACLE_IP": host, "ORACLE_PORT": port, "TUNER_ID": named(name, "id")}
        for key, value in values.items():
            monkeypatch.setenv(f"KERASTUNER_{key}", value)
        return WorkerTuner(oracles.get(ONE), Epochs(at_epoch, diary), tmp_path, watcher)

    return make


def test_a_worker_that_was_given_up_spoils_nothing(one_trial, worker, tmp_path):
    """While it is in its second epoch its trial goes to another one, which ends it meanwhile."""
    diary, beat = [], Beat()

    def give_up(epoch, folder):
        if epoch == 1:
            assert one_trial.give_up(named("slow", "id")) == "0"
            second.search()
            assert (tmp_path / "trials" / "trial_0" / "run_0").exists()
            (folder / "late").mkdir(parents=True)
            with pytest.raises(grpc.RpcError) as answer:
                slow.oracle.get_trial(beat.claim)
            assert is_given_up(answer.value)
            beat.lost = beat.claim

    second = worker("second", lambda epoch, folder: None, diary, Beat())
    slow = worker("slow", give_up, diary, beat)
    slow.search()
    # The second one went on where the first one was; that one left at its next epoch.
    (first, _), *_, (other, _) = diary
    assert [epoch for _, epoch in diary] == [0, 1, 2, 3]
    assert [name for name, _ in diary] == [first] * 2 + [other] * 2
    assert first != other
    trial = tmp_path / "trials" / "trial_0"
    assert sorted(path.name for path in trial.glob("run*")) == ["run.json", "run_0"]
    assert len(History(trial / "run_0" / "history.csv").rows) == 4
    assert [row.score for row in read_trials(ONE, tmp_path / "trials")] == [1.0]


def test_a_worker_takes_its_own_trial_again(one_trial, worker, tmp_path):
    """It was given up in its second epoch, and is back before anybody took its trial."""
    diary, beat = [], Beat()

    def give_up(epoch, folder):
        if epoch == 1:
            assert one_trial.give_up(named("slow", "id")) == "0"
            beat.lost = beat.claim

    worker("slow", give_up, diary, beat).search()
    (first, _), *_, (again, _) = diary
    assert [epoch for _, epoch in diary] == [0, 1, 2, 3]
    assert [name for name, _ in diary] == [first] * 2 + [again] * 2
    assert first != again
    assert [row.score for row in read_trials(ONE, tmp_path / "trials")] == [1.0]
    trial = tmp_path / "trials" / "trial_0"
    assert sorted(path.name for path in trial.glob("run*")) == ["run.json", "run_0"]


@pytest.mark.parametrize("lost", [True, False])
def test_files_that_another_worker_moved_on_end_no_search(one_trial, worker, tmp_path, lost):
    def fail(epoch, folder):
        if lost:
            one_trial.give_up(named("slow", "id"))
            second.search()
        raise OutputError(f"{folder}: cannot be written")

    second = worker("second", lambda epoch, folder: None, [], Beat())
    slow = worker("slow", fail, [], Beat())
    if lost:
        slow.search()
        assert [row.score for row in read_trials(ONE, tmp_path / "trials")] == [1.0]
    else:
        with pytest.raises(keras_tuner.errors.FatalError):
            slow.search()


def test_a_chief_of_another_folder_refuses(oracle, tmp_path, monkeypatch):
    for name in ("ORACLE_IP", "ORACLE_PORT", "TUNER_ID"):  # `work` sets them for good
        monkeypatch.setenv(f"KERASTUNER_{name}", "")
    # In the place of a process that imports TensorFlow: nothing is to be trained.
    monkeypatch.setattr(
        "keras_landslide.tuning.fork_server.ForkServer", lambda *given: Epochs(None, [])
    )
    with serving(oracle, search_id="mine") as chief, pytest.raises(RecipeError) as refused:
        work(SPACE, tmp_path, ToyTrainer, chief.address, named("a", "other"), {})
    assert "the search of another folder" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not oracle.trials


def test_a_worker_joins_the_same_search_alone(tmp_path):
    with pytest.raises(ClusterError, match="still cutting patches"):
        join(SPACE, tmp_path, {}, patience_s=0)
    kept = keep(SPACE, tmp_path, {"fingerprint": "a", "backend": "jax"})
    assert join(SPACE, tmp_path, {"fingerprint": "a", "backend": "jax"}) == kept != ""
    assert keep(SPACE, tmp_path, {"fingerprint": "a", "backend": "jax"}) == kept
    with pytest.raises(RecipeError, match=r"differs in learnt_from.fingerprint\)"):
        join(SPACE, tmp_path, {"fingerprint": "b", "backend": "jax"})
    # A version before these keys ran with their defaults.
    file, text = tmp_path / "space.toml", (tmp_path / "space.toml").read_text()
    late = ("monitor =", "cosine =", "precision =", "jit_compile =", "finalists =")
    file.write_text("\n".join(x for x in text.splitlines() if not x.startswith(late)))
    assert len(file.read_text().splitlines()) == len(text.splitlines()) - len(late)
    assert keep(SPACE, tmp_path, {"fingerprint": "a", "backend": "jax"}) == kept
    half = replace(SPACE, base=SPACE.base.with_values(training={"precision": "mixed_float16"}))
    with pytest.raises(RecipeError, match=r"differs in base.training\)"):
        keep(half, tmp_path, {"fingerprint": "a", "backend": "jax"})
    other = replace(SPACE, grid={**SPACE.grid, "batch_size": (8,)})
    with pytest.raises(RecipeError, match=r"differs in grid.training.batch_size\)"):
        join(other, tmp_path, {"fingerprint": "a", "backend": "jax"})


def test_idle_workers_wait_while_others_run(oracle):
    for number in range(8):
        oracle.create_trial(str(number))
    assert oracle.create_trial("late").status == "IDLE"
    oracle.give_up("3")
    assert oracle.create_trial("late").trial_id == "3"


def test_each_worker_has_its_gpu(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,5")
    assert visible_gpus() == ["2", "5"]
    two = [environment_of(place, 2, 0) for place in range(2)]
    assert two == [{"CUDA_VISIBLE_DEVICES": "2"}, {"CUDA_VISIBLE_DEVICES": "5"}]
    # Three workers on two GPUs: two share one, so that none may take all of its memory.
    three = [environment_of(place, 3, 0) for place in range(3)]
    assert [each["CUDA_VISIBLE_DEVICES"] for each in three] == ["2", "5", "2"]
    assert three[1]["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,-1,5")
    assert visible_gpus() == ["4"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert visible_gpus() == []
    assert environment_of(0, 1, 0) == {}


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
