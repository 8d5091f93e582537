import os
import shutil
import signal
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from keras_landslide.config import load_run_config
from keras_landslide.errors import LockedError, OutputError, RecipeError, TrialError
from keras_landslide.files import write_text
from keras_landslide.runtime.lock import folder_lock
from keras_landslide.tuning import oracles, search
from keras_landslide.tuning.job import Outcome
from keras_landslide.tuning.search import Resources

from outcome import outcome  # isort: skip
from toy_search import SPACE, ToyTrainer  # isort: skip


def run_search(space, folder, make_trainer, learnt_from=None):
    """In this process, so that the trainer can be looked at."""
    alone = Resources(in_process=True)
    return search.run_search(space, folder, make_trainer, learnt_from, alone)


class TableTrainer(ToyTrainer):
    """Scores by a formula instead of training, for tests with hundreds of trials."""

    def build(self, config):
        return None

    def fit(self, model, config, run_folder, callbacks):
        self.fitted.append(config)
        self.crash(config)
        t = config.training
        score = config.model.options["filters"] * t.learning_rate + t.batch_size + t.seed
        return Outcome({"loss": [1.0, 0.5], "val_loss": [score + 1, score]})


class Killed(BaseException):
    """Like kill -9: nothing that the code does about exceptions helps."""


def test_every_combination_runs_once_in_order_with_its_seed(tmp_path):
    space = replace(SPACE, grid=SPACE.grid | {"learning_rate": (0.01,)})
    trainer = ToyTrainer()
    result = run_search(space, tmp_path, lambda: trainer)
    assert [row.trial for row in result.rows] == [0, 1, 2, 3]
    assert [row.values for row in result.rows] == list(space.combinations)
    assert [row.seed for row in result.rows] == [7, 8, 9, 10]
    assert [c.training.seed for c in trainer.fitted] == [7, 8, 9, 10]
    assert [c.training.batch_size for c in trainer.fitted] == [8, 16, 8, 16]
    assert all(row.epochs == 2 and row.status == "completed" for row in result.rows)
    assert result.best.score == min(row.score for row in result.rows)
    best = load_run_config(tmp_path / "best.toml")
    assert best.model.options["filters"] == result.best.values["filters"]
    assert best.training.batch_size == result.best.values["batch_size"]
    assert best.training.seed == result.best.seed
    assert best.training.epochs == space.base.training.epochs
    # No weights of 54 trials on the disk.
    assert not list(tmp_path.rglob("weights.bin"))


def test_a_finished_search_is_not_run_again_and_repeats_to_the_digit(tmp_path):
    space = replace(SPACE, grid=SPACE.grid | {"filters": (4,), "batch_size": (16,)})
    run_search(space, tmp_path / "a", ToyTrainer)
    before = outcome(tmp_path / "a")
    run_search(space, tmp_path / "a", lambda: pytest.fail("there is nothing left to train"))
    assert outcome(tmp_path / "a") == before
    run_search(space, tmp_path / "b", ToyTrainer)
    assert outcome(tmp_path / "b") == before


def test_a_kill_at_any_write_changes_nothing(tmp_path, monkeypatch):
    """Die before and after each write of the state in turn; the next call completes the grid."""
    space = replace(SPACE, grid=SPACE.grid | {"batch_size": (8,), "filters": (2,)})
    whole = tmp_path / "whole"
    run_search(space, whole, TableTrainer)
    countdown = [0]

    def dying_write(path, text):
        countdown[0] -= 1
        if countdown[0] == 0:
            raise Killed
        write_text(path, text)
        countdown[0] -= 1
        if countdown[0] == 0:
            raise Killed

    for name in ("oracle", "tuner", "results", "kept_space"):
        monkeypatch.setattr(f"keras_landslide.tuning.{name}.write_text", dying_write)
    monkeypatch.setattr("keras_landslide.files.write_text", dying_write)  # what write_json calls
    for moment in range(1, 100):
        folder = tmp_path / str(moment)
        trainer = TableTrainer()
        countdown[0] = moment
        try:
            run_search(space, folder, lambda t=trainer: t)
        except Killed:
            countdown[0] = 0
            run_search(space, folder, lambda t=trainer: t)
            assert outcome(folder) == outcome(whole), f"killed at write {moment}"
            # The trial that ran at the kill may run twice, no other does.
            assert len(trainer.fitted) <= len(space.combinations) + 1
        else:
            break
    assert moment > 20


def test_failures_are_results_and_the_search_goes_on(tmp_path, capfd):
    def crash(config):
        if config.model.options["filters"] == 2:
            raise MemoryError("no memory\nfor this")

    result = run_search(SPACE, tmp_path, lambda: TableTrainer(crash))
    assert [row.status for row in result.rows] == ["failed"] * 4 + ["completed"] * 4
    assert {row.reason for row in result.rows[:4]} == {"MemoryError: no memory for this"}
    assert result.best.trial >= 4
    shown = capfd.readouterr()
    assert "Traceback" not in shown.out + shown.err
    # They are kept: the same command does not try them again.
    run_search(SPACE, tmp_path, lambda: pytest.fail("nothing left"))


def test_a_loss_that_is_no_number_is_a_failure_with_its_reason(tmp_path):
    class Diverging(TableTrainer):
        def fit(self, model, config, run_folder, callbacks):
            history = dict(super().fit(model, config, run_folder, callbacks).history)
            if config.training.batch_size == 16:
                history["loss"] = [1.0, float("nan")]
            elif config.training.learning_rate == 0.1:
                history["val_loss"] = [float("nan")] * 2
            return Outcome(history)

    rows = run_search(SPACE, tmp_path, Diverging).rows
    assert {r.reason for r in rows[1::2]} == {"the loss became nan in epoch 2"}
    assert rows[0].reason == rows[4].reason == "val_loss is not finite in any epoch"
    assert rows[2].status == rows[6].status == "completed"


def test_a_search_whose_trials_all_fail_says_so(tmp_path):
    def crash(config):
        raise ValueError("wrong shape")

    with pytest.raises(TrialError, match="all 8 trials failed, the first with: ValueError: wrong"):
        run_search(SPACE, tmp_path, lambda: TableTrainer(crash))
    assert not (tmp_path / "best.toml").exists()
    assert (tmp_path / "trials.csv").read_text().count("wrong shape") == 8


def test_a_full_disk_stops_the_search_and_costs_no_trial(tmp_path):
    def crash(config):
        if config.training.seed == 9:
            raise OutputError("no space left on the disk")

    with pytest.raises(OutputError, match="no space left"):
        run_search(SPACE, tmp_path, lambda: TableTrainer(crash))
    result = run_search(SPACE, tmp_path, TableTrainer)
    assert [row.status for row in result.rows] == ["completed"] * 8


def test_an_objective_that_nobody_measures_lists_the_choices(tmp_path):
    space = replace(SPACE, settings=replace(SPACE.settings, objective="val_auc"))
    with pytest.raises(RecipeError, match="'val_auc' is not measured; choose one of: val_loss"):
        run_search(space, tmp_path, TableTrainer)


def test_a_folder_with_another_search_is_refused(tmp_path):
    run_search(SPACE, tmp_path, TableTrainer)
    before = outcome(tmp_path)
    space = replace(SPACE, settings=replace(SPACE.settings, epochs=3))
    with pytest.raises(RecipeError, match=r"another search \(it differs in search.epochs\)"):
        run_search(space, tmp_path, TableTrainer)
    with pytest.raises(RecipeError, match=r"differs in learnt_from.fingerprint\)"):
        run_search(SPACE, tmp_path, TableTrainer, {"fingerprint": "other data"})
    assert outcome(tmp_path) == before


def test_a_trial_whose_folder_was_deleted_runs_again_alone(tmp_path):
    run_search(SPACE, tmp_path, TableTrainer)
    before = outcome(tmp_path)
    shutil.rmtree(tmp_path / "trials" / "trial_3")
    (tmp_path / "trials" / "trial_5" / "trial.json").write_text('{"trial_id": "5", "sco')
    trainer = TableTrainer()
    run_search(SPACE, tmp_path, lambda: trainer)
    assert [c.training.seed for c in trainer.fitted] == [7 + 3, 7 + 5]
    assert outcome(tmp_path) == before


def test_the_score_of_several_executions_is_their_mean(tmp_path):
    settings = replace(SPACE.settings, executions_per_trial=2)
    rows = run_search(replace(SPACE, settings=settings), tmp_path, TableTrainer).rows
    single = run_search(SPACE, tmp_path / "single", TableTrainer).rows
    # The second execution's seed lies 8 (the grid's size) above; the formula adds the seed.
    assert [r.score - s.score for r, s in zip(rows, single, strict=True)] == [
        pytest.approx(4.0)
    ] * 8


def test_the_whole_space_is_known_before_the_first_trial():
    parameters = oracles.GridOracle(SPACE).get_space().space
    assert {p.name: tuple(p.values) for p in parameters} == dict(SPACE.grid)


def test_a_second_process_is_refused(tmp_path):
    code = (
        "import sys; from keras_landslide.runtime.lock import folder_lock\n"
        "with folder_lock(sys.argv[1]): print('in', flush=True); sys.stdin.read()"
    )
    arguments = [sys.executable, "-c", code, str(tmp_path)]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "in\n"
        with pytest.raises(LockedError, match=rf"process {process.pid}"), folder_lock(tmp_path):
            pass
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with folder_lock(tmp_path):  # the kernel has released it
        pass


def test_a_folder_that_cannot_be_written_is_an_output_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"), folder_lock(tmp_path / "file"):
        pass


def test_space_toml_is_the_whole_search(tmp_path):
    run_search(SPACE, tmp_path, TableTrainer)
    kept = tomllib.loads((tmp_path / "space.toml").read_text())
    assert kept["grid"]["training.batch_size"] == [8, 16]
    assert Path(tmp_path / "trials" / "trial_0" / "trial.json").exists()
