"""CSV files that no spreadsheet runs."""

import csv

import pytest

from keras_landslide.cells import as_cells, from_cell
from keras_landslide.counts import Scores
from keras_landslide.report.tables import Row, write_csv, write_tables
from keras_landslide.tuning.results import TrialRow, read_trials_csv, write_trials_csv

FORMULAS = ["=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "'=1"]
PLAIN = ["e0", "a=b", "", "1e-3", " =1"]


@pytest.mark.parametrize("text", [*FORMULAS, *PLAIN])
def test_a_text_comes_back(text):
    (cell,) = as_cells([text])
    assert from_cell(cell) == text
    assert cell == (f"'{text}" if text in FORMULAS else text)


def test_numbers_stay():
    assert as_cells([-1, -0.5, None, True]) == [-1, -0.5, None, True]


def test_names_in_tables_are_no_formulas(tmp_path):
    name = '=HYPERLINK("http://a")'
    write_csv(tmp_path / "per_object.csv", [["group", "area"], [name, -1.5]])
    write_tables([Row.of("terrain", name, "all", Scores(1, 2, 3, 4))], tmp_path, "t")
    for file in ("per_object.csv", "scores.csv"):
        with (tmp_path / file).open(newline="") as stream:
            cells = [cell for line in csv.reader(stream) for cell in line]
        assert f"'{name}" in cells and name not in cells
    assert "-1.5" in (tmp_path / "per_object.csv").read_text()


def test_trials_come_back(tmp_path):
    row = TrialRow(
        trial=0, values={"rate": -0.5, "loss": "=dice"}, status="completed", score=-0.25,
        best_epoch=1, epochs=2, seconds=1.0, seed=3, reason="-x", peak_mb=5.0,
        origin="@", metrics={},
    )  # fmt: skip
    write_trials_csv([row], ["rate", "loss"], tmp_path / "trials.csv")
    text = (tmp_path / "trials.csv").read_text()
    assert ",-0.5,'=dice,completed,-0.250000," in f",{text.splitlines()[1].split(',', 1)[1]}"
    assert read_trials_csv(tmp_path / "trials.csv") == [row]
