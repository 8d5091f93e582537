import csv
import io

import pytest

from keras_landslide.evaluation.scores import Scores
from keras_landslide.report.tables import (
    Row,
    csv_table,
    markdown_table,
    reported_rows,
    text_table,
    write_tables,
)

ROWS = [
    Row.of("rgb", "argelia", "all", Scores(30, 10, 20, 940)),
    Row.of("rgb", "liboriana", "cloud", Scores(0, 0, 0, 50)),
]


def test_reported_scores_are_the_papers():
    rows = {(row.basin.split()[1], row.image_model): row for row in reported_rows()}
    assert len(rows) == 6
    assert rows["Argelia", "rgb"].f1 == 0.70 and rows["Argelia", "rgb"].counts is None
    transfer = [rows["Liboriana", name].f1 for name in ("rgb", "rgb_terrain", "rgb_terrain_sar")]
    assert transfer == pytest.approx([0.4453, 0.3611, 0.3776], abs=5e-5)


def test_text_is_aligned_and_undefined_is_a_dash():
    lines = text_table(ROWS, "Scores").splitlines()
    assert lines[0] == "Scores"
    header = lines[2]
    one, other = (line for line in lines if line.startswith("rgb"))
    assert one.index("0.750") + 5 == header.index("precision") + len("precision")
    assert one.split()[3:] == ["0.750", "0.600", "0.667", "30", "10", "20", "940"]
    assert other.split() == ["rgb", "liboriana", "cloud", "–", "–", "–", "0", "0", "0", "50"]
    assert len({len(line) for line in (header, one)}) == 1


def test_csv_keeps_all_digits():
    rows = list(csv.DictReader(io.StringIO(csv_table(ROWS))))
    assert float(rows[0]["f1"]) == 2 * 30 / 90
    assert rows[1]["f1"] == "" and rows[1]["tn"] == "50"
    assert rows[0]["image_model"] == "rgb"


def test_markdown_and_files(tmp_path):
    lines = markdown_table(ROWS, "Scores").splitlines()
    assert lines[0] == "**Scores**"
    assert len({line.count("|") for line in lines[2:]}) == 1
    paths = write_tables(ROWS, tmp_path / "demo", "Scores of simulated basins")
    text = paths[1].read_text()
    assert "Vega and Hidalgo" in text and "simulated basins" in text and "38441" in text
