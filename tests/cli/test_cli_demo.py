"""The whole way at its smallest, by real commands in a process of its own."""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.warp import transform, transform_bounds

from keras_landslide.config import load_run_config
from keras_landslide.stacking.build import build_stack
from keras_landslide.workflows.predict import predict

COMMAND = [sys.executable, "-m", "keras_landslide", "demo"]
OPTIONS = ["--size", "256", "--patch", "32", "--epochs", "2"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "demo"
    done = subprocess.run(
        [*COMMAND, str(folder), *OPTIONS], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def test_the_first_screen_says_what_comes_and_how_long(demo):
    _, screen = demo
    first = screen.split("\n$ keras-landslide")[0]
    assert re.search(
        r"^7 steps, about \d+ minutes on 2 quick cores, up to \d+ on slow ones:", first
    )
    listed = re.findall(r"^  \d\. (\w+) +\d+\.\d min  \w", first, re.MULTILINE)
    assert listed == [
        "simulate",
        "stack",
        "patches",
        "tune",
        "rgb",
        "rgb_terrain",
        "rgb_terrain_sar",
    ]


def test_every_step_says_what_is_left_and_the_first_map_comes_early(demo):
    folder, screen = demo
    told = re.findall(r"\[(\d) of 7\] \w+ is done\. [\d.]+ min so far, about ([\d.]+) min", screen)
    assert [int(number) for number, _ in told] == list(range(1, 8))
    assert float(told[-1][1]) == 0
    line = (
        f"The first map of liboriana is there: {folder / 'rgb' / 'liboriana' / 'probability.tif'}"
    )
    assert screen.count(line) == 1
    commands = re.findall(r"^\$ keras-landslide (\w+)", screen.split(line)[0], re.MULTILINE)
    assert commands == [
        "simulate",
        "stack",
        "stack",
        "patches",
        "tune",
        "train",
        "export",
        "predict",
    ]


def test_every_network_has_the_normalisation_that_lets_it_learn(demo):
    folder, _ = demo
    for name in ("rgb", "rgb_terrain", "rgb_terrain_sar"):
        config = load_run_config(folder / name / "run.toml")
        assert config.model.options["normalisation"] == "batch"
        assert config.training.cosine
        assert config.training.epochs == 2
        assert config.training.learning_rate in (2e-3, 4e-3)


def test_a_finished_demo_runs_nothing_again(demo):
    folder, screen = demo
    done = subprocess.run(
        [*COMMAND, str(folder), *OPTIONS], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("All steps are done")
    assert "$ keras-landslide" not in done.stdout

    def table(text):
        return text.split("Scores in the two simulated basins")[1].split("Done in")[0]

    assert table(done.stdout) == table(screen)


def test_the_last_screen_lists_files_that_exist(demo):
    folder, screen = demo
    listed = screen.split("Written:\n")[1].split("\n\n")[0].split("\n")
    paths = [line.strip() for line in listed]
    assert len(paths) > 10
    for path in paths:
        assert path.startswith(str(folder))
        with_content = folder / path
        assert with_content.exists(), path


def test_the_table_has_both_basins_and_every_image_model(demo):
    folder, screen = demo
    with (folder / "scores.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["image_model"] for row in rows} == {"rgb", "rgb_terrain", "rgb_terrain_sar"}
    assert len({row["basin"] for row in rows}) == 2
    assert {"all", "clear"} <= {row["pixels"] for row in rows}
    for row in rows:
        tp, fp, fn, tn = (int(row[key]) for key in ("tp", "fp", "fn", "tn"))
        if not (tp + fn and fp + tn):
            assert row["f1"] == "", "of one class alone it means nothing"
        else:
            assert float(row["f1"]) == pytest.approx(2 * tp / (2 * tp + fp + fn), rel=1e-9)
    assert "All of it is simulated data" in screen


def test_the_map_lies_on_the_new_basins_grid(demo):
    folder, _ = demo
    with (
        rasterio.open(folder / "rgb" / "liboriana" / "probability.tif") as found,
        rasterio.open(folder / "liboriana" / "stack.tif") as stack,
    ):
        assert found.crs == stack.crs
        assert found.transform == stack.transform
        assert found.shape == stack.shape
        assert found.tags()["SIMULATED"] == "yes"


def test_the_threshold_is_the_one_of_validation(demo):
    folder, _ = demo
    run = json.loads((folder / "rgb" / "run" / "metrics.json").read_text())
    scores = json.loads((folder / "rgb" / "liboriana" / "metrics.json").read_text())
    assert scores["threshold"] == pytest.approx(run["threshold"])


def test_other_options_are_refused_in_the_same_folder(demo):
    folder, _ = demo
    done = subprocess.run(
        [*COMMAND, str(folder), "--size", "300"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.strip().count("\n") == 0
    assert "other options" in done.stderr


@pytest.mark.real_data
def test_a_bundle_trained_elsewhere_maps_a_real_scene_at_its_place(demo, real_data, tmp_path):
    folder, _ = demo
    stack = tmp_path / "hokkaido.tif"
    recipe = Path(__file__).parents[2] / "data_prep" / "recipes" / "hokkaido.toml"
    build_stack(recipe, stack, root=real_data / "hokkaido_atsuma")
    out = predict(folder / "rgb_terrain" / "bundle", stack, tmp_path / "map")
    source = real_data / "hokkaido_atsuma" / "post" / "B4.tif"
    with rasterio.open(out["probability"]) as found, rasterio.open(source) as optical:
        assert found.crs.to_epsg() == 32654
        assert found.res == (12.5, 12.5)
        corners = transform_bounds(found.crs, optical.crs, *found.bounds)
        assert corners == pytest.approx(optical.bounds, abs=3e-3)
        probability = found.read(1)
        # Where the optical image has data, the map has a probability: sample known pixels.
        rng = np.random.default_rng(0)
        red = optical.read(1)
        inside = np.argwhere(red[50:-50, 50:-50] > 0) + 50
        for row, col in inside[rng.choice(len(inside), 50, replace=False)]:
            lon, lat = optical.xy(row, col)
            (x,), (y,) = transform(optical.crs, found.crs, [lon], [lat])
            i, j = found.index(x, y)
            assert 0 <= probability[i, j] <= 1
