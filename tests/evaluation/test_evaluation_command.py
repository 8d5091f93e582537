"""The evaluate command on a made-up map."""

import json

import numpy as np
import pytest
import shapely
from evaluated_scene import GRID

from keras_landslide import files
from keras_landslide.cli.main import main
from keras_landslide.errors import (
    BundleError,
    LandslideWarning,
    NodataError,
    OutputError,
    SplitError,
)
from keras_landslide.evaluation.definitions import DEFINITIONS
from keras_landslide.inventory.read import read_polygons
from keras_landslide.patches.table import Patch, write_patches
from keras_landslide.rasters.write import write_raster
from keras_landslide.workflows.evaluate import evaluate


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
        "curves.png",
        "images.png",
        "metrics.json",
        "per_object.csv",
        "per_patch.csv",
        "probability_map.png",
        "report.html",
    ]


@pytest.mark.usefixtures("no_figures")
def test_minimum_area_and_threshold_apply(scene):
    metrics = evaluate(
        scene / "p.tif", scene / "s.tif", scene / "out", threshold=0.85,
        inventory=scene / "truth.gpkg", minimum_area_m2=1000,
    )  # fmt: skip
    assert metrics["pixels"]["all"]["tp"] == 0
    assert metrics["objects"]["predicted"] == 0 and metrics["objects"]["precision"] is None
    assert shapely.area(read_polygons(scene / "truth.gpkg")).tolist() == [2500, 2000]


@pytest.mark.usefixtures("no_figures")
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


def test_report_stands_alone_and_every_number_is_defined(scene):
    evaluate(
        scene / "p.tif", scene / "s.tif", scene / "out", inventory=scene / "truth.gpkg"
    )  # fmt: skip
    page = (scene / "out" / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 4
    assert "http://" not in page and "https://" not in page and "Simulated data" in page
    written = json.loads((scene / "out" / "metrics.json").read_text())
    undefined = set()
    for part in ("pixels", "objects"):
        values = written[part]["all"] if part == "pixels" else written[part]
        undefined |= set(values) - set(written["definitions"])
    assert undefined == set()


@pytest.mark.parametrize("truth", [0, 1])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_one_class_alone_is_reported_without_made_up_numbers(scene, truth, value):
    write_raster(
        scene / "l.tif", np.full(GRID.shape, truth, np.float32), GRID, names=["label"]
    )  # fmt: skip
    write_raster(scene / "q.tif", np.full(GRID.shape, value, np.float32), GRID)
    with pytest.warns(LandslideWarning, match=r"l\.tif: what is scored holds .* left out"):
        found = evaluate(
            scene / "q.tif", scene / "l.tif", scene / "out", threshold=0.5, block_px=10
        )
    pixels = found["pixels"]["all"]
    for name in ("precision", "f1", "iou", "kappa", "macro_f1"):
        assert pixels[name] is None and pixels["intervals"].get(name) is None
    assert pixels["roc_auc"] is None and pixels["boundary_f1"] is None
    assert (pixels["average_precision"] is None) == (truth == 0)
    assert pixels["accuracy"] == (truth == value)
    assert pixels["brier"] == pytest.approx((truth - value) ** 2)
    page = (scene / "out" / "report.html").read_text()
    assert "undefined" in page and "nan" not in page.split("<img")[0].lower()


@pytest.mark.usefixtures("no_figures")
@pytest.mark.parametrize(
    ("options", "tags", "told"),
    [
        ({}, {"THRESHOLD_RULE": "best F1 on val", "CALIBRATION": "isotonic, fitted on val"},
         ("best F1 on val", "isotonic, fitted on val")),
        ({}, {}, ("noted in the map, which does not tell its rule", "not noted in the map")),
        ({"threshold": 0.4}, {}, ("given by hand", "not noted in the map")),
    ],
)  # fmt: skip
def test_the_report_says_where_threshold_and_calibration_come_from(scene, options, tags, told):
    values, tags = np.full(GRID.shape, 0.3, np.float32), {"THRESHOLD": "0.6", **tags}
    path = write_raster(scene / "m.tif", values, GRID, names=["probability"], tags=tags)
    found = evaluate(path, scene / "s.tif", scene / "out", **options)
    assert (found["threshold_from"], found["map_calibration"]) == told
    page = (scene / "out" / "report.html").read_text()
    assert f"chosen by: {told[0]}." in page and f"Calibration of the map: {told[1]}." in page
    assert {"threshold_from", "map_calibration"} <= set(DEFINITIONS)


def test_a_full_disk_leaves_the_earlier_files(scene, no_figures, monkeypatch):
    out = scene / "out"
    evaluate(scene / "p.tif", scene / "s.tif", out)
    earlier = {path: path.read_bytes() for path in out.iterdir()}

    def full(path, value):
        raise OutputError(f"{path}: no space left on the disk; free some and run again")

    monkeypatch.setattr(files, "write_json", full)
    with pytest.raises(OutputError) as error:
        evaluate(scene / "p.tif", scene / "s.tif", out, threshold=0.85)
    assert str(error.value).startswith(f"{out}/metrics.json: no space left")
    assert {path: path.read_bytes() for path in out.iterdir()} == earlier


def test_nothing_labelled_is_one_clear_line(scene):
    """All masked: there is no number that could be given."""
    write_raster(scene / "m.tif", np.full(GRID.shape, 255, np.float32), GRID, names=["label"])
    with pytest.raises(NodataError, match="no pixel has both a probability and a label"):
        evaluate(scene / "p.tif", scene / "m.tif", scene / "out")
    assert not (scene / "out").exists()
