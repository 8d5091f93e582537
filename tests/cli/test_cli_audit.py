"""The audit at its smallest: a landscape whose landslides only memory can tell."""

import json

import numpy as np
import pytest
import tomli_w
from affine import Affine
from scipy.ndimage import gaussian_filter

from keras_landslide.cli.audit import audit
from keras_landslide.cli.main import main
from keras_landslide.errors import InputFileError
from keras_landslide.grid import Grid
from keras_landslide.patches.plan import PatchSettings, make_patches
from keras_landslide.patches.table import Patch, read_patches, write_patches
from keras_landslide.rasters.write import write_raster

GRID = Grid("EPSG:32618", Affine(12.5, 0, 480000, 0, -12.5, 660000), (128, 128))


def write_run(folder):
    rng = np.random.default_rng(0)
    label = (gaussian_filter(rng.normal(size=GRID.shape), 3) > 0.15).astype(float)
    slope = rng.normal(20, 5, GRID.shape) + 10 * label
    bands = np.dstack([slope, rng.normal(size=GRID.shape), label]).astype("float32")
    write_raster(
        folder / "stack.tif", bands, GRID, names=("slope", "curvature", "label"),
        units=("deg", "1/m", "class"), tags={"SIMULATED": "yes"},
    )  # fmt: skip
    make_patches(
        folder / "stack.tif",
        folder / "patches.gpkg",
        PatchSettings(size=16, overlap=0.25, buffer=4, block=16),
    )
    config = {
        "data": {"stack": "stack.tif", "patches": "patches.gpkg", "image_model": "terrain"},
        "model": {"name": "unet_colombia", "options": {"filters": 2, "levels": 2}},
        "training": {"epochs": 1, "batch_size": 16, "loss": "dice", "learning_rate": 1e-2},
    }
    (folder / "run.toml").write_text(tomli_w.dumps(config))
    return folder / "run.toml"


def test_both_splits_are_scored_and_the_gap_is_their_difference(tmp_path, capsys):
    run = write_run(tmp_path)
    main(["audit", str(run), "-o", str(tmp_path / "out")])
    found = json.loads((tmp_path / "out" / "audit.json").read_text())
    value = found["random"]["f1"] - found["spatial"]["f1"]
    assert found["gap"]["value"] == pytest.approx(value, abs=1e-12)
    low, high = found["gap"]["interval"]
    assert low < value < high and found["simulated"] is True
    splits = {kind: read_patches(tmp_path / "out" / kind / "patches.gpkg")
              for kind in ("spatial", "random")}  # fmt: skip
    assert any(p.split == "buffer" for p in splits["spatial"])
    assert not any(p.split == "buffer" for p in splits["random"])
    assert "gap      F1" in capsys.readouterr().out
    # Again: nothing is trained anew, and the numbers are the same.
    assert audit(run, tmp_path / "out") == found


def test_a_table_that_does_not_tell_how_it_was_cut(tmp_path):
    run = write_run(tmp_path)
    write_patches(
        tmp_path / "patches.gpkg", [Patch(0, 0, 0, 16, 16, "train", 0, 0, 0.1, 1.0)], GRID, {}
    )
    with pytest.raises(InputFileError, match="does not note how it was cut"):
        audit(run, tmp_path / "out")
