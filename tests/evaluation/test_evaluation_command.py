"""The evaluate command on a made-up map."""

import csv
import json

import numpy as np
import pytest
import shapely
from affine import Affine
from sklearn import metrics

from keras_landslide.cli.evaluate import evaluate
from keras_landslide.cli.main import main
from keras_landslide.errors import BundleError, InputFileError, NodataError, SplitError
from keras_landslide.grid import Grid
from keras_landslide.inventory.geopackage import Layer, write_layer
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
        "curves.png",
        "images.png",
        "metrics.json",
        "per_object.csv",
        "per_patch.csv",
        "probability_map.png",
        "report.html",
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


def fuller(scene):
    """Random maps of two models, the second blind in a corner; a band that ends elsewhere."""
    rng = np.random.default_rng(0)
    label = (rng.random(GRID.shape) < 0.2).astype(np.float32)
    maps = np.clip(rng.beta(2, 4, (2, *GRID.shape)) + 0.3 * label, 0, 1).astype(np.float32)
    maps[1, :5, :5] = np.nan
    for name, values in zip("ab", maps, strict=True):
        tags = {"THRESHOLD": "0.5", "BUNDLE": name}
        write_raster(scene / f"{name}.tif", values, GRID, names=["probability"], tags=tags)
    slope = np.where(np.arange(50) < 30, 1, np.nan) * np.ones(GRID.shape)
    bands = np.dstack([slope, label]).astype(np.float32)
    write_raster(scene / "f.tif", bands, GRID, names=["slope", "label"])
    patches = [
        Patch(n, 20 * (n // 2), 25 * (n % 2), 20, 25, "val" if n < 2 else "test", 0, 0, 0.1, 1.0)
        for n in range(4)
    ]
    write_patches(scene / "f.gpkg", patches, GRID, {"split_kind": "random (optimistic)"})
    return label, maps


def test_models_are_compared_on_common_pixels(scene):
    label, (a, b) = fuller(scene)
    common = ~np.isnan(b)
    common[:, 30:] = False
    found = evaluate(
        scene / "a.tif", scene / "f.tif", scene / "out",
        image_model="slope", against=scene / "b.tif", block_px=10,
    )  # fmt: skip
    pixels = found["pixels"]["all"]
    y = label[common]
    assert pixels["tp"] + pixels["fp"] + pixels["fn"] + pixels["tn"] == common.sum()
    assert pixels["roc_auc"] == pytest.approx(metrics.roc_auc_score(y, a[common]), abs=1e-6)
    wanted = [metrics.f1_score(y, each[common] >= 0.5) for each in (a, b)]
    difference = found["compared"]["by_region"]["all"]["f1"]
    assert pixels["f1"] == pytest.approx(wanted[0], abs=1e-9)
    assert difference["difference"] == pytest.approx(wanted[0] - wanted[1], abs=1e-9)
    low, high = pixels["intervals"]["f1"]
    assert low < pixels["f1"] < high and pixels["intervals"]["blocks"] == 12
    assert found["compared"]["model"] == "b"


def test_thresholds_come_from_the_other_split_alone(scene):
    label, (a, _) = fuller(scene)
    maps = (scene / "a.tif", scene / "f.tif", scene / "out")
    table = scene / "f.gpkg"
    found = evaluate(*maps, patches=table, calibration_split="val")
    best = max(metrics.f1_score(label[:20].ravel(), a[:20].ravel() >= t) for t in np.unique(a[:20]))
    chosen = found["thresholds"][0]
    reached = metrics.f1_score(
        label[:20].ravel(), a[:20].ravel() >= np.float32(chosen["threshold"])
    )
    assert reached == pytest.approx(best)
    said = a[20:].ravel() >= np.float32(chosen["threshold"])
    assert chosen["f1"] == pytest.approx(metrics.f1_score(label[20:].ravel(), said))
    assert "ECE" in found["calibration_verdict"] and len(found["calibration"]) == 3
    with pytest.raises(SplitError, match="another split"):
        evaluate(*maps, patches=table, calibration_split="test")
    page = (scene / "out" / "report.html").read_text()
    assert "The split is random" in page


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


def test_lines_of_patches_and_objects(scene):
    evaluate(
        scene / "p.tif", scene / "s.tif", scene / "out", inventory=scene / "truth.gpkg", block_px=25
    )  # fmt: skip
    with (scene / "out" / "per_patch.csv").open(newline="") as stream:
        patches = list(csv.DictReader(stream))
    assert [int(p["tp"]) for p in patches] == [20, 0, 0, 0]
    assert patches[3]["f1"] == ""
    with (scene / "out" / "per_object.csv").open(newline="") as stream:
        found, missed, *ours = list(csv.DictReader(stream))
    # 5 x 5 pixels against 5 x 7, of which 5 x 4 are common.
    assert (found["found"], float(found["area_m2"])) == ("True", 2500)
    assert float(found["overlap"]) == pytest.approx(0.8)
    assert float(found["iou"]) == pytest.approx(20 / 35)
    assert float(found["centroid_distance_m"]) == pytest.approx(15)
    assert (missed["found"], missed["centroid_distance_m"]) == ("False", "")
    assert [row["side"] for row in ours] == ["predicted"] * 2


@pytest.mark.parametrize("truth", [0, 1])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_one_class_alone_is_reported_without_made_up_numbers(scene, truth, value):
    write_raster(
        scene / "l.tif", np.full(GRID.shape, truth, np.float32), GRID, names=["label"]
    )  # fmt: skip
    write_raster(scene / "q.tif", np.full(GRID.shape, value, np.float32), GRID)
    found = evaluate(scene / "q.tif", scene / "l.tif", scene / "out", threshold=0.5, block_px=10)
    pixels = found["pixels"]["all"]
    assert pixels["roc_auc"] is None and pixels["boundary_f1"] is None
    assert (pixels["average_precision"] is None) == (truth == 0)
    assert pixels["accuracy"] == (truth == value)
    assert pixels["brier"] == pytest.approx((truth - value) ** 2)
    page = (scene / "out" / "report.html").read_text()
    assert "undefined" in page and "nan" not in page.split("<img")[0].lower()


def test_without_an_inventory_landslides_are_traced_from_the_label(scene):
    given = evaluate(
        scene / "p.tif", scene / "s.tif", scene / "a", inventory=scene / "truth.gpkg"
    )["objects"]  # fmt: skip
    traced = evaluate(scene / "p.tif", scene / "s.tif", scene / "b")["objects"]
    assert given.pop("inventory_source") == "truth.gpkg"
    assert traced.pop("inventory_source") == "traced from the label of the stack"
    # Outlines along the edge of the labelled area have other corners.
    distances = [found.pop("median_boundary_distance_m") for found in (given, traced)]
    assert distances[0] == pytest.approx(distances[1], rel=0.05)
    assert traced == given
    # An object in the unlabelled part counts nowhere.
    label = np.zeros(GRID.shape, np.float32)
    label[5:10, 5:10] = 1
    label[:, 28:] = 255
    write_raster(scene / "u.tif", label, GRID, names=["label"])
    found = evaluate(scene / "p.tif", scene / "u.tif", scene / "c")["objects"]
    assert (found["predicted"], found["correct"], found["inventory"]) == (1, 1, 1)


def test_objects_of_other_splits_do_not_count(scene):
    patches = [
        Patch(0, 0, 0, 20, 20, "test", 0, 0, 0.1, 1.0),
        Patch(1, 20, 0, 20, 20, "train", 0, 0, 0.1, 1.0),
    ]
    write_patches(scene / "patches.gpkg", patches, GRID, {})
    found = evaluate(
        scene / "p.tif", scene / "s.tif", scene / "out",
        patches=scene / "patches.gpkg", inventory=scene / "truth.gpkg",
    )["objects"]  # fmt: skip
    assert (found["predicted"], found["inventory"], found["detected"]) == (1, 1, 1)


def test_events_are_told_apart(scene):
    layer = Layer("slides", "Polygon", {"event": "str"})
    boxes = [
        shapely.box(400050, 699900, 400100, 699950),
        shapely.box(400050, 699660, 400100, 699700),
    ]
    rows = [(shapely.to_wkb(b), [e]) for b, e in zip(boxes, ("1990", "2005"), strict=True)]
    write_layer(scene / "events.gpkg", layer, GRID.crs, rows)
    arguments = ["--probability", scene / "p.tif", "--stack", scene / "s.tif", "-o", scene / "out"]
    more = ["--inventory", scene / "events.gpkg", "--group-field", "event"]
    main(["evaluate", *map(str, [*arguments, *more])])
    groups = json.loads((scene / "out" / "metrics.json").read_text())["objects"]["by_group"]
    assert {k: (v["inventory"], v["detected"]) for k, v in groups.items()} == {
        "1990": (1, 1),
        "2005": (1, 0),
    }
    assert groups["2005"]["missed_area_m2"] == 2000 and groups["2005"]["interval"] is None
    with (scene / "out" / "per_object.csv").open(newline="") as stream:
        assert [row["group"] for row in csv.DictReader(stream)] == ["1990", "2005", "", ""]
    with pytest.raises(InputFileError, match="no attribute 'year'; it has event"):
        evaluate(
            scene / "p.tif", scene / "s.tif", scene / "out",
            inventory=scene / "events.gpkg", group_field="year",
        )  # fmt: skip


def test_intervals_of_every_score_and_by_cloud_cover(scene):
    label, (a, _) = fuller(scene)
    cloud = np.zeros(GRID.shape, np.float32)
    cloud[:, 25:] = 1
    write_raster(scene / "c.tif", np.dstack([cloud, label]), GRID, names=["cloud", "label"])
    found = evaluate(scene / "a.tif", scene / "c.tif", scene / "out", block_px=5)
    for region in ("all", "clear", "cloud"):
        values = found["pixels"][region]
        for name in ("f1", "roc_auc", "average_precision", "nll", "brier", "boundary_f1"):
            low, high = values["intervals"][name]
            assert low < values[name] < high, name
    by_cover = {row["cloud_cover"]: row for row in found["by_cloud_cover"]}
    for name, part in (("none", slice(None, 25)), ("above 75 %", slice(25, None))):
        said = a[:, part].ravel() >= 0.5
        assert by_cover[name]["blocks"] == 40
        wanted = metrics.f1_score(label[:, part].ravel(), said)
        assert by_cover[name]["f1"] == pytest.approx(wanted)
    objects = found["objects"]
    assert objects["object_intervals"]["recall"][0] <= objects["recall"]
    assert "By cloud cover" in (scene / "out" / "report.html").read_text()


def test_nothing_labelled_is_one_clear_line(scene):
    """All masked: there is no number that could be given."""
    write_raster(scene / "m.tif", np.full(GRID.shape, 255, np.float32), GRID, names=["label"])
    with pytest.raises(NodataError, match="no pixel has both a probability and a label"):
        evaluate(scene / "p.tif", scene / "m.tif", scene / "out")
    assert not (scene / "out").exists()
