"""The evaluate command on a made-up map."""

import json

import numpy as np
import pytest
import shapely
from affine import Affine

from keras_landslide.cli.evaluate import evaluate
from keras_landslide.cli.main import main
from keras_landslide.errors import BundleError, SplitError
from keras_landslide.grid import Grid
from keras_landslide.inventory.polygonize import polygonize
from keras_landslide.inventory.read import read_polygons
from keras_landslide.patches.table import Patch, write_patches
from keras_landslide.rasters.write import write_raster

GRID = Grid("EPSG:32618", Affine(10, 0, 400000, 0, -10, 700000), (40, 50))


@pytest.fixture
def scene(tmp_path):
    """Two true landslides, of which one is found; one false alarm; cloud over the lower half."""
    label = np.zeros(GRID.shape, np.float32)
    label[5:10, 5:10] = 1
    label[30:34, 5:10] = 1
    label[:, 45:] = 255
    cloud = np.zeros(GRID.shape, np.float32)
    cloud[20:30] = 1
    cloud[30:] = 2
    probability = np.full(GRID.shape, 0.1, np.float32)
    probability[5:10, 6:12] = 0.8
    probability[15:18, 30:33] = 0.9
    probability[0] = np.nan
    tags = {"THRESHOLD": "0.6", "BUNDLE": "toy", "SIMULATED": "yes"}
    write_raster(tmp_path / "p.tif", probability, GRID, names=["probability"], tags=tags)
    bands = np.dstack([cloud, label])
    write_raster(tmp_path / "s.tif", bands, GRID, names=["cloud", "label"])
    write_raster(tmp_path / "truth.tif", (label == 1).astype(np.float32), GRID, names=["label"])
    polygonize(tmp_path / "truth.tif", 0.5, tmp_path / "truth.gpkg")
    return tmp_path


def test_metrics_and_files(scene, capsys):
    main_arguments = ["--probability", "p.tif", "--stack", "s.tif", "--inventory", "truth.gpkg"]
    arguments = [str(scene / a) if "." in a else a for a in main_arguments]
    main(["evaluate", *arguments, "-o", str(scene / "out")])
    metrics = json.loads((scene / "out" / "metrics.json").read_text())
    assert metrics["threshold"] == 0.6 and metrics["simulated"] is True
    pixels = metrics["pixels"]
    keys = ("tp", "fp", "fn", "tn")
    # 39 rows x 45 columns are valid and labelled, by hand.
    assert [pixels["all"][k] for k in keys] == [20, 10 + 9, 5 + 20, 39 * 45 - 64]
    assert [pixels["clear"][k] for k in keys] == [20, 19, 5, 19 * 45 - 44]
    assert [pixels["cloud"][k] for k in keys] == [0, 0, 20, 20 * 45 - 20]
    assert pixels["cloud"]["precision"] is None and pixels["cloud"]["recall"] == 0
    objects = metrics["objects"]
    assert (objects["detected"], objects["inventory"]) == (1, 2)
    assert (objects["correct"], objects["predicted"]) == (1, 2)
    assert objects["f1"] == 0.5
    screen = capsys.readouterr().out
    assert "(simulated data)" in screen and "1 of 2 found, 1 of 2 mapped are true" in screen
    assert sorted(p.name for p in (scene / "out").iterdir()) == [
        "confusion_map.png",
        "metrics.json",
        "probability_map.png",
    ]


def test_minimum_area_and_threshold_apply(scene):
    metrics = evaluate(
        scene / "p.tif", scene / "s.tif", scene / "out", threshold=0.85,
        inventory=scene / "truth.gpkg", minimum_area_m2=1000,
    )  # fmt: skip
    assert metrics["pixels"]["all"]["tp"] == 0
    assert metrics["objects"]["predicted"] == 0 and metrics["objects"]["precision"] is None
    assert shapely.area(read_polygons(scene / "truth.gpkg")).tolist() == [2500, 2000]


def test_scores_of_a_split(scene):
    patches = [
        Patch(0, 0, 0, 20, 20, "test", 0, 0, 0.1, 1.0),
        Patch(1, 20, 0, 20, 20, "train", 0, 0, 0.1, 1.0),
    ]
    write_patches(scene / "patches.gpkg", patches, GRID, {})
    maps = (scene / "p.tif", scene / "s.tif", scene / "out")
    pixels = evaluate(*maps, patches=scene / "patches.gpkg")["pixels"]["all"]
    assert [pixels[k] for k in ("tp", "fp", "fn", "tn")] == [20, 10, 5, 19 * 20 - 35]
    with pytest.raises(SplitError, match="no patch of split 'val'; it has: test, train"):
        evaluate(*maps, patches=scene / "patches.gpkg", split="val")


def test_no_threshold_is_not_one_half(scene, capsys):
    bare = write_raster(scene / "bare.tif", np.zeros(GRID.shape, np.float32), GRID)
    with pytest.raises(BundleError, match=r"notes no threshold.*0\.5 is not assumed"):
        evaluate(bare, scene / "s.tif", scene / "out")
    assert not (scene / "out").exists()
    with pytest.raises(SystemExit) as stop:
        rest = ["--bundle", "b", "--threshold", "0.5", "-o", "x"]
        main(["evaluate", "--probability", "p", "--stack", "s", *rest])
    assert stop.value.code == 2
    assert "not both" in capsys.readouterr().err
