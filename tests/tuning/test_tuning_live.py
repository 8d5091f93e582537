"""What a search shows while it runs."""

import io

from rich.console import Console

from keras_landslide.tuning import oracles
from keras_landslide.tuning.lead import _show
from keras_landslide.tuning.live import Live
from keras_landslide.tuning.plan import plan_of
from keras_landslide.tuning.results import TrialRow

from toy_search import SPACE  # isort: skip


def row(trial, score, **more):
    values = SPACE.combinations[trial]
    return TrialRow(trial, values, "completed", score, 2, 2, 1.5, 7 + trial, **more)


def rendered(live):
    screen = io.StringIO()
    Console(file=screen, width=160).print(live.table())
    return screen.getvalue()


def test_the_table_has_trial_values_epoch_best_and_time_to_go():
    rows = [row(0, 0.5), row(1, 0.25)]
    live = Live(SPACE, total=8, done=0, rows=lambda: rows, file=io.StringIO())
    for number in (0, 1, 2):
        live.begins(plan_of(SPACE, str(number), SPACE.combinations[number]))
    live.ended(0)
    live.ended(1)
    live.epoch(2, 1, {"val_loss": 0.75, "loss": 9.0})
    shown = rendered(live)
    for name in ("trial", "filters", "learning_rate", "batch_size", "epoch", "val_loss"):
        assert name in shown
    line = next(text for text in shown.splitlines() if text.split()[:1] == ["2"])
    assert line.split() == ["2", "2", "0.01", "8", "1/2", "0.7500"]
    assert "2 of 8 trials" in shown
    assert "best: trial 1, 0.2500" in shown
    assert "to go" in shown


def test_a_run_folder_that_gets_another_name_leaves_the_table_as_it_is(tmp_path, monkeypatch):
    run = tmp_path / "run_0.claim"
    run.mkdir()
    (run / "history.csv").write_text("epoch,loss,val_loss\n0,1,0.75\n")
    live = Live(SPACE, total=8, done=0, rows=list, file=io.StringIO())
    oracle = oracles.get(SPACE)
    oracle._set_project_dir(str(tmp_path / "search"), "trials")
    trial = oracle.create_trial("a")
    _show(live, oracle, trial, tmp_path)
    assert live.running[0].score == 0.75

    def moved_on(path):
        raise FileNotFoundError(path)

    monkeypatch.setattr("keras_landslide.tuning.lead.History", moved_on)
    _show(live, oracle, trial, tmp_path)
    assert live.running[0].score == 0.75


def test_a_log_file_has_a_line_per_trial_and_no_table():
    log = io.StringIO()
    rows = [row(0, 0.5), row(1, None, reason="no memory", origin="repeats 0")]
    live = Live(SPACE, total=8, done=0, rows=lambda: rows, file=log)
    live.begins(plan_of(SPACE, "0", SPACE.combinations[0]))
    live.ended(0)
    live.ended(1)
    live.close()
    lines = log.getvalue().splitlines()
    assert len(lines) == 2
    assert "val_loss 0.5000 at epoch 2 (best so far)" in lines[0]
    assert "trial 1 (repeats 0)" in lines[1]
    assert "failed: no memory" in lines[1]
    assert "[2/8, " in lines[1]
