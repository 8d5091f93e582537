"""The page of a search: everything that was asked of it is in it, and nothing outside it."""

import base64
import re

import pytest
import tomli_w

from keras_landslide.errors import InputFileError
from keras_landslide.report.search_data import read_search
from keras_landslide.report.search_page import search_page
from keras_landslide.training.history import History
from keras_landslide.tuning.results import TrialRow, write_trials_csv


def row(trial, filters, rate, score, origin="", **more):
    done = {"status": "completed", "best_epoch": 2, "epochs": 3, "metrics": {"val_recall": 0.5}}
    failed = {"status": "failed", "best_epoch": None, "epochs": None, "reason": "no <memory>"}
    values = {"filters": filters, "learning_rate": rate}
    kind = done if score is not None else failed
    return TrialRow(
        trial=trial, values=values, score=score, seconds=2.5, seed=trial, peak_mb=400.0,
        origin=origin, **kind, **more,
    )  # fmt: skip


ROWS = [
    row(0, 16, 5e-4, 0.50),
    row(1, 16, 1e-3, 0.60),
    row(2, 32, 5e-4, 0.58),
    row(3, 32, 1e-3, None),
    row(4, 16, 1e-3, 0.40, "repeats 1"),
    row(5, 32, 5e-4, 0.56, "repeats 2"),
    row(6, 16, 1e-3, 0.60, "repeats 1"),
    row(7, 32, 5e-4, 0.50, "repeats 2"),
]


@pytest.fixture
def folder(tmp_path):
    """A search of four combinations, two of them repeated, with the histories of two trials."""
    space = {
        "search": {"name": "toy", "kind": "grid", "objective": "val_f1", "epochs": 3,
                   "max_patches": 12},
        "base": {"data": {"image_model": "rgb"}},
        "learnt_from": {"simulated": True, "backend": "tensorflow"},
    }  # fmt: skip
    (tmp_path / "space.toml").write_text(tomli_w.dumps(space))
    write_trials_csv(ROWS, ["filters", "learning_rate"], tmp_path / "trials.csv")
    for number in (0, 2):
        run = tmp_path / "trials" / f"trial_{number}" / "run_0"
        run.mkdir(parents=True)
        lines = ["epoch,loss,val_loss,val_f1", "0,1,1,0.1", "1,1,1,0.58", "2,1,1,0.5"]
        (run / "history.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_the_page_has_all_its_parts_and_needs_no_other_file(folder):
    page = search_page([folder], folder / "report.html").read_text()
    for heading in (
        "Best of each search", "Parallel coordinates", "Effect of each parameter",
        "Learning curves", "Time and peak memory per trial", "Spread over repeated seeds",
        "All trials",
    ):  # fmt: skip
        assert f">{heading}<" in page
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    assert len(pictures) == 5
    for picture in pictures:
        assert base64.b64decode(picture)[:8] == b"\x89PNG\r\n\x1a\n"
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert "Simulated data" in page
    assert "no &lt;memory&gt;" in page
    assert "at most 12 patches" in page


def test_the_better_mean_wins_over_the_better_seed(folder):
    """Trial 1 was selected with 0.60, trial 2 with 0.58; their further seeds have 0.50 and 0.53."""
    search = read_search(folder)
    assert search.winner.row.trial == 2
    page = search_page([folder], folder / "report.html").read_text()
    assert "Trial 2 (filters 32, learning_rate 0.0005) won with val_f1 0.5300" in page
    assert "it was selected with 0.5800" in page
    # Pooled over two pairs: sqrt((2 x 0.1^2 + 2 x 0.03^2) / 2) = 0.1044.
    assert "0.1044" in page
    assert "no more than two standard errors" in page


def test_several_searches_share_a_page_with_table_2(folder):
    page = search_page([folder, folder], folder / "both.html").read_text()
    table = page.split("<h2>Best of each search</h2>")[1].split("</table>")[0]
    assert table.count("<tr>") == 3
    assert table.count("toy, rgb") == 2


def test_a_run_folder_that_gets_another_name_is_left_out(folder, monkeypatch):
    def moved_on(path):
        if "trial_2" in path.parts:
            raise FileNotFoundError(path)
        return History(path)

    monkeypatch.setattr("keras_landslide.report.search_data.History", moved_on)
    assert list(read_search(folder).curves) == [0]


def test_a_search_without_a_trial_is_refused(folder):
    write_trials_csv([], ["filters"], folder / "trials.csv")
    with pytest.raises(InputFileError, match="holds no trial"):
        search_page([folder], folder / "report.html")


def test_a_search_whose_trials_all_failed_still_has_a_page(folder):
    write_trials_csv([ROWS[3]], ["filters", "learning_rate"], folder / "trials.csv")
    page = search_page([folder], folder / "report.html").read_text()
    assert "No trial completed." in page
