import json
from dataclasses import replace

import numpy as np
import pytest
from affine import Affine
from click.testing import CliRunner

from keras_landslide.cli.train import command
from keras_landslide.config import load_run_config
from keras_landslide.errors import (
    BandError,
    LandslideWarning,
    LockedError,
    ModelError,
    RecipeError,
    SplitError,
    UnknownNameError,
)
from keras_landslide.grid import Grid
from keras_landslide.patches.table import Patch, write_patches
from keras_landslide.rasters.write import write_raster
from keras_landslide.runtime.lock import folder_lock
from keras_landslide.workflows.train import summary, train_run

GRID = Grid("EPSG:32618", Affine(12.5, 0, 480000, 0, -12.5, 660000), (96, 96))
NAMES = ("slope", "curvature", "label")
CONFIG = """
[data]
image_model = "{image_model}"
[model]
name = "unet_colombia"
options = {{ filters = 2, levels = {levels} }}
[training]
loss = "{loss}"
epochs = 2
batch_size = 4
learning_rate = 1e-3
"""


def write_scene(folder, *, landslides=True, bands=NAMES, slope_unit="deg"):
    rng = np.random.default_rng(0)
    image = rng.normal([25, 0.01, 0], [8, 0.05, 0], (96, 96, 3)).astype("float32")
    if landslides:
        for row in range(4, 90, 32):
            for col in range(4, 90, 32):
                image[row : row + 10, col : col + 10] += [20, -0.1, 1]
    image[40:44, 40:44, 1] = np.nan
    keep = [NAMES.index(name) for name in bands]
    units = [(slope_unit, "1/m", "class")[i] for i in keep]
    write_raster(
        folder / "stack.tif", image[..., keep], GRID, names=bands, units=units,
        tags={"SIMULATED": "yes"},
    )  # fmt: skip
    splits = ["train"] * 5 + ["val", "val", "test", "buffer"]
    patches = [
        Patch(i, 32 * (i // 3), 32 * (i % 3), 32, 32, split, 0, i, 0.1, 1.0)
        for i, split in enumerate(splits)
    ]
    write_patches(folder / "patches.gpkg", patches, GRID, {})


def write_config(folder, **values):
    values = {"image_model": "terrain", "loss": "dice", "levels": 2} | values
    (folder / "config.toml").write_text(CONFIG.format(**values))
    return folder / "config.toml"


def test_trains_then_says_that_it_is_done(tmp_path):
    write_scene(tmp_path)
    arguments = [str(write_config(tmp_path)), "-o", str(tmp_path / "run")]
    first = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert first.exit_code == 0
    assert "test" in first.output and "threshold" in first.output
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    data = json.loads((tmp_path / "run" / "data.json").read_text())
    assert {"train", "val", "test"} <= set(metrics)
    assert sum(metrics["val"][k] for k in ("tp", "fp", "fn", "tn")) == 2 * 32 * 32
    assert sum(metrics["train"][k] for k in ("tp", "fp", "fn", "tn")) == 5 * 32 * 32 - 16
    assert data["simulated"]
    assert data["pixel_size_m"] == 12.5
    assert [(b["name"], b["unit"]) for b in data["bands"]] == [
        ("slope", "deg"),
        ("curvature", "1/m"),
    ]
    lon, lat = np.array(data["training_area"]["coordinates"][0]).T
    assert -75.2 < lon.min() < lon.max() < -75.1 and 5.9 < lat.min() < lat.max() < 6.0
    stamp = (tmp_path / "run" / "model.keras").stat().st_mtime_ns
    again = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert "nothing to do" in again.output
    assert (tmp_path / "run" / "model.keras").stat().st_mtime_ns == stamp

    write_scene(tmp_path, landslides=False)
    with pytest.raises(RecipeError, match="changed since"):
        train_run(load_run_config(tmp_path / "config.toml"), tmp_path / "run")


def test_a_test_split_without_landslides_gets_no_score(tmp_path):
    write_scene(tmp_path)
    splits = ["train"] * 5 + ["val"] * 3
    patches = [
        Patch(i, 32 * (i // 3), 32 * (i % 3), 16, 16, split, 0, i, 0.1, 1.0)
        for i, split in enumerate(splits)
    ]
    # Between four landslides.
    patches.append(Patch(8, 15, 15, 16, 16, "test", 0, 8, 0.0, 1.0))
    write_patches(tmp_path / "patches.gpkg", patches, GRID, {})
    with pytest.warns(LandslideWarning, match="the test split holds no landslide pixel"):
        train_run(load_run_config(write_config(tmp_path)), tmp_path / "run")
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["test"]["fp"] + metrics["test"]["tn"] == 16 * 16
    assert metrics["test"]["f1"] is metrics["test"]["precision"] is metrics["test"]["iou"] is None
    assert metrics["val"]["f1"] is not None
    line = next(line for line in summary(metrics).splitlines() if line.startswith("test"))
    assert line.split() == ["test", "–", "–", "–", "–"]


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_split_of_landslide_alone_is_refused(tmp_path, split):
    write_scene(tmp_path)
    inside = Patch(0, 5, 5, 8, 8, split, 0, 0, 1.0, 1.0)
    other = Patch(1, 36, 36, 8, 8, "val" if split == "train" else "train", 0, 1, 0.5, 1.0)
    other = replace(other, row_off=32)
    write_patches(tmp_path / "patches.gpkg", [inside, other], GRID, {})
    with pytest.raises(SplitError, match=f"every labelled pixel of the {split} split is landslide"):
        train_run(load_run_config(write_config(tmp_path)), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("scene", "config", "error", "message"),
    [
        ({"landslides": False}, {}, SplitError, "train split has no landslide pixel"),
        ({"bands": ("slope", "label")}, {}, BandError, "no band curvature"),
        ({"bands": ("slope", "curvature")}, {}, BandError, "no band label"),
        ({"slope_unit": ""}, {}, BandError, "band slope has no unit"),
        ({}, {"loss": "dise"}, UnknownNameError, "unknown loss 'dise'"),
        ({}, {"levels": 6}, ModelError, "next valid height is 64 px"),
    ],
)
def test_bad_input_is_one_error_and_leaves_no_folder(tmp_path, scene, config, error, message):
    write_scene(tmp_path, **scene)
    with pytest.raises(error, match=message):
        train_run(load_run_config(write_config(tmp_path, **config)), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_missing_stack(tmp_path):
    write_scene(tmp_path)
    (tmp_path / "stack.tif").unlink()
    with pytest.raises(OSError, match=r"stack\.tif"):
        train_run(load_run_config(write_config(tmp_path)), tmp_path / "run")


def test_a_second_process_in_the_same_folder_is_refused(tmp_path):
    write_scene(tmp_path)
    config = load_run_config(write_config(tmp_path))
    with folder_lock(tmp_path / "run"), pytest.raises(LockedError, match="another training"):
        train_run(config, tmp_path / "run", quiet=True)
