import pytest

from keras_landslide.errors import InputFileError, RecipeError
from keras_landslide.tuning.results import (
    TrialRow,
    best_row,
    read_trials_csv,
    write_trials_csv,
)
from keras_landslide.tuning.tables import best_table, trials_table


def row(trial, score, **more):
    values = {"filters": 16 * (trial + 1), "learning_rate": 5e-4, "loss": "dice"}
    status = "completed" if score is not None else "failed"
    epochs = {"best_epoch": 2, "epochs": 3} if score is not None else {}
    rest = {"best_epoch": None, "epochs": None, "seconds": 1.5, "seed": trial} | epochs | more
    return TrialRow(trial=trial, values=values, status=status, score=score, **rest)


ROWS = [
    row(0, 0.5, metrics={"val_precision": 0.25}),
    row(1, None, reason='OOM, of "all" kinds'),
    row(2, 0.75, metrics={"val_precision": 0.5}),
    row(3, 0.75),
]


def test_the_csv_reads_back_as_it_was_written(tmp_path):
    write_trials_csv(ROWS, ["filters", "learning_rate", "loss"], tmp_path / "trials.csv")
    assert read_trials_csv(tmp_path / "trials.csv") == ROWS
    header = (tmp_path / "trials.csv").read_text().splitlines()[0]
    assert header == (
        "trial,filters,learning_rate,loss,status,score,best_epoch,epochs,val_precision,"
        "seconds,peak_mb,seed,origin,reason"
    )


def test_the_best_trial_is_the_first_of_equals_and_never_a_failed_one():
    assert best_row(ROWS, "max") is ROWS[2]
    assert best_row(ROWS, "min") is ROWS[0]
    assert best_row([ROWS[1]], "max") is None


def test_the_table_ranks_trials_with_failures_last():
    lines = trials_table(ROWS, "max").splitlines()
    assert [line.split()[0] for line in lines] == ["trial", "2", "3", "0", "1"]
    assert lines[-1].endswith('OOM, of "all" kinds')
    assert len(trials_table(ROWS, "max", limit=2).splitlines()) == 3


def test_another_csv_is_refused(tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(RecipeError, match=r"x\.csv: is not the trials\.csv"):
        read_trials_csv(tmp_path / "x.csv")
    with pytest.raises(InputFileError):
        read_trials_csv(tmp_path / "none.csv")


def test_the_best_of_several_searches_is_the_studys_table_2():
    space = {
        "search": {"name": "colombia", "objective": "val_f1"},
        "base": {"data": {"image_model": "rgb_terrain"}},
        "learnt_from": {"simulated": True},
    }
    lines = best_table([(space, ROWS), (space, ROWS[1:2])]).splitlines()
    assert lines[0].split()[:4] == ["search", "image", "model", "bands"]
    row = ["colombia", "rgb_terrain", "5", "48", "0.0005", "dice", "0.7500", "4", "1", "simulated"]
    assert lines[1].split() == row
    assert lines[2].split() == ["colombia", "rgb_terrain", "5", "1", "1", "simulated"]
