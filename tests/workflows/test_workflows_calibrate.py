"""Calibration of a bundle: kept if it helps blocks left out of the fit; tests are only told."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from leaky_scene import cut

from keras_landslide.bundle.export import export_bundle
from keras_landslide.bundle.read import read_bundle
from keras_landslide.cli.main import main
from keras_landslide.errors import BundleError, SplitError
from keras_landslide.evaluation import calibration
from keras_landslide.evaluation.calibration import Isotonic, ece
from keras_landslide.evaluation.thresholds import scores_at
from keras_landslide.rasters.read import read_bands, stack_info
from keras_landslide.rasters.write import write_raster
from keras_landslide.workflows.calibrate import calibrate
from keras_landslide.workflows.predict import predict
from keras_landslide.workflows.scored_pixels import patch_windows, validation_pixels


@pytest.fixture(scope="module")
def exported(trained, tmp_path_factory):
    return export_bundle(trained / "run", tmp_path_factory.mktemp("exported") / "bundle")


@pytest.fixture
def bundle(exported, tmp_path):
    return Path(shutil.copytree(exported, tmp_path / "bundle"))


def inputs(trained):
    return {"stack": trained / "stack.tif", "patches": trained / "stack.gpkg"}


def pixels(probability, trained, split):
    grid = stack_info(trained / "stack.tif").grid
    windows = [w for _, w in patch_windows(trained / "stack.gpkg", split, grid)]
    return validation_pixels(probability, trained / "stack.tif", windows)


def test_predict_gives_calibrated_probabilities(trained, bundle, tmp_path, capsys):
    bare = json.loads((bundle / "bundle.json").read_text())
    before = predict(bundle, trained / "stack.tif", tmp_path / "before")
    places = inputs(trained)
    main(
        ["calibrate", str(bundle), "-o", str(tmp_path / "out"), "--method", "isotonic"]
        + ["--block", "16"]
        + [f"--{name}={path}" for name, path in places.items()]
    )
    found = json.loads((tmp_path / "out" / "calibration.json").read_text())
    screen = capsys.readouterr().out
    assert "isotonic lowers the ECE on blocks of val left out of the fit: 0." in screen
    assert "it lowers the ECE on test blocks, which had no say: 0." in screen
    # The numbers are those of the maps that predict writes before and after.
    after = predict(bundle, trained / "stack.tif", tmp_path / "after")
    errors = [ece(pixels(m["probability"], trained, "test")) for m in (before, after)]
    tested, left_out = found["tested"], found["cross_fitted"]
    assert [tested[k]["ece"] for k in ("before", "after")] == pytest.approx(errors, abs=1e-6)
    assert errors[1] < errors[0] and found["kept"] is True and left_out["ece_change"] < 0
    for each in (tested, left_out):
        change = each["after"]["ece"] - each["before"]["ece"]
        assert each["ece_change"] == pytest.approx(change, abs=1e-5)
        assert each["interval"][0] <= each["ece_change"] <= each["interval"][1]
    val = pixels(before["probability"], trained, "val")
    assert left_out["before"]["ece"] == pytest.approx(ece(val), abs=1e-9)
    old, new = (read_bands(m["probability"], ["probability"])[..., 0] for m in (before, after))
    order = np.argsort(old, axis=None)
    assert (np.diff(new.ravel()[order]) >= 0).all()

    # All that the bundle tells is of the calibrated map; what it told before is kept apart.
    contract = read_bundle(bundle).contract
    assert contract.threshold == found["threshold"]
    assert contract.threshold_rule == "best F1 on val, calibrated"
    assert set(contract.metrics) == {"train", "val", "test"}
    for split, told in contract.metrics.items():
        counted = pixels(after["probability"], trained, split)
        assert told == scores_at(counted, contract.threshold).to_dict()
    assert contract.calibration.bare.metrics == bare["metrics"]
    # Again: the bare network is calibrated, not the calibrated one.
    again = calibrate(bundle, tmp_path / "again", method="isotonic", block_px=16, **places)
    assert again["tested"] == found["tested"]
    assert read_bundle(bundle).contract == contract


def test_the_test_split_has_no_say(trained, bundle, tmp_path):
    """Where it is fitted, landslide and background are mixed up: the report alone tells."""
    places, names = inputs(trained), ("slope", "curvature", "label")
    bands, info = read_bands(places["stack"], names), stack_info(places["stack"])
    for _, window in patch_windows(places["patches"], "val", info.grid):
        bands[window.slices][..., 2] = bands[window.slices][..., 0] < 25
    places["stack"] = write_raster(
        tmp_path / "mixed.tif", bands, info.grid, names=names, units=("deg", "1/m", "class")
    )
    found = calibrate(bundle, tmp_path / "out", method="isotonic", block_px=16, **places)
    assert found["kept"] is True and found["tested"]["ece_change"] > 0
    assert "it does not lower the ECE" in found["tested_verdict"]


def test_a_calibration_that_does_not_help_is_not_kept(trained, bundle, tmp_path, monkeypatch):
    monkeypatch.setattr(
        calibration, "fit_isotonic", lambda seen: Isotonic(np.array([0.0, 1]), np.array([0.99, 1]))
    )
    text = (bundle / "bundle.json").read_text()
    found = calibrate(bundle, tmp_path / "out", method="isotonic", block_px=16, **inputs(trained))
    assert found["kept"] is False and "does not lower" in found["verdict"]
    assert "the bundle stays as it was" in found["verdict"]
    assert found["cross_fitted"]["ece_change"] > 0
    assert (bundle / "bundle.json").read_text() == text


def test_a_kill_at_the_last_moment_leaves_the_old_bundle(trained, bundle, tmp_path, monkeypatch):
    text = (bundle / "bundle.json").read_text()
    (bundle / "notes.txt").write_text("the user's own")

    def killed(part, path):
        assert path == bundle and read_bundle(part).contract.calibration is not None
        raise KeyboardInterrupt

    options = {"method": "isotonic", "block_px": 16, **inputs(trained)}
    monkeypatch.setattr("keras_landslide.files._replace_folder", killed)
    with pytest.raises(KeyboardInterrupt):
        calibrate(bundle, tmp_path / "out", **options)
    assert not (tmp_path / "out" / "calibration.json").exists()
    assert (bundle / "bundle.json").read_text() == text
    names = ["bundle.json", "model.keras", "notes.txt", "saved_model"]
    assert sorted(p.name for p in bundle.iterdir()) == names
    assert [p.name for p in bundle.parent.iterdir() if "bundle" in p.name] == ["bundle"]
    monkeypatch.undo()
    assert calibrate(bundle, tmp_path / "out", **options)["kept"]
    assert sorted(p.name for p in bundle.iterdir()) == names
    assert read_bundle(bundle).contract.calibration.method == "isotonic"


def test_a_bundle_calibrated_by_an_older_version_is_refused_at_once(trained, bundle, tmp_path):
    contract = json.loads((bundle / "bundle.json").read_text())
    contract["calibration"] = {"method": "temperature", "temperature": 2.0}
    (bundle / "bundle.json").write_text(json.dumps(contract))
    with pytest.raises(BundleError, match="does not tell what it was fitted to; export"):
        calibrate(bundle, tmp_path / "out", **inputs(trained))
    assert not (tmp_path / "out").exists()


def test_what_would_flatter_a_calibration_is_refused(trained, bundle, tmp_path):
    with pytest.raises(SplitError, match="looks best there"):
        calibrate(bundle, tmp_path / "out", split="test", **inputs(trained))
    with pytest.raises(SplitError, match="has learnt from those patches"):
        calibrate(bundle, tmp_path / "out", split="train", **inputs(trained))
    with pytest.raises(SplitError, match="lie in one block of 4096 px"):
        calibrate(bundle, tmp_path / "out", block_px=4096, **inputs(trained))
    stack = tmp_path / "stack.tif"
    stack.symlink_to(trained / "stack.tif")
    with pytest.raises(SplitError, match="the split is random"):
        calibrate(bundle, tmp_path / "out", stack=stack, patches=cut(stack, split_kind="random"))
