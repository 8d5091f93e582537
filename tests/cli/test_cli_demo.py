"""The whole way at its smallest, by real commands in a process of its own."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.warp import transform, transform_bounds

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
        tp, fp, fn = (int(row[key]) for key in ("tp", "fp", "fn"))
        if 2 * tp + fp + fn:
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
