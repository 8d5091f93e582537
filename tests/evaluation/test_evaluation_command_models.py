"""The evaluate command on random maps of two models: comparisons, thresholds, intervals."""

import json

import numpy as np
import pytest
from evaluated_scene import GRID
from sklearn import metrics

from keras_landslide.errors import InputFileError, SplitError
from keras_landslide.evaluation import assess
from keras_landslide.patches.table import Patch, write_patches
from keras_landslide.rasters.write import write_raster
from keras_landslide.workflows.evaluate import evaluate

pytestmark = pytest.mark.usefixtures("no_figures")


def fuller(scene):
    """Random maps of two models, the second blind in a corner; a band that ends elsewhere."""
    rng = np.random.default_rng(0)
    label = (rng.random(GRID.shape) < 0.2).astype(np.float32)
    maps = np.clip(rng.beta(2, 4, (2, *GRID.shape)) + 0.3 * label, 0, 1)
    maps = np.round(maps, 2).astype(np.float32)
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
    assert "The split is random" in page and "By how much is not known" in page
    assert "chosen on the val split" in page


def test_a_random_split_is_reported_with_the_gap_of_an_audit(scene, monkeypatch):
    fuller(scene)
    maps = (scene / "a.tif", scene / "f.tif", scene / "out")
    gap = {"f1": 0.1, "per_seed": [0.1], "interval": [-0.02, 0.2]}
    (scene / "audit.json").write_text(json.dumps({"basins": {"here": {"gap": gap}}}))
    found = evaluate(*maps, patches=scene / "f.gpkg", audit=scene / "audit.json")
    assert found["leakage"] == {"here": gap}
    page = (scene / "out" / "report.html").read_text()
    assert "less that of a blocked split: +0.100 (-0.020 to +0.200) in here." in page
    # Refused before the map is scored.
    monkeypatch.setattr(assess, "assess", None)
    gaps = ({}, {"f1": "a"}, {"f1": 0.1, "interval": [0.1]}, {"f1": 0.1, "interval": [None, 1]})
    bad = [json.dumps({"basins": {"a": {"gap": gap}}}) for gap in gaps]
    for text in ("{}", "[1]", "no JSON", *bad):
        (scene / "audit.json").write_text(text)
        with pytest.raises(InputFileError, match=r"audit\.json: .*audit` writes one"):
            evaluate(*maps, patches=scene / "f.gpkg", audit=scene / "audit.json")


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
