"""Calibration of a bundle: fitted on one split, tried on another, kept only if it helps."""

import json
from pathlib import Path

import numpy as np
import pytest

from keras_landslide.cli.calibrate import calibrate
from keras_landslide.cli.main import main
from keras_landslide.cli.predict import predict_scene_to_folder
from keras_landslide.cli.scoring import patch_windows, validation_pixels
from keras_landslide.errors import SplitError
from keras_landslide.evaluation.calibration import ece
from keras_landslide.export import export_bundle
from keras_landslide.inference.bundle import read_bundle
from keras_landslide.rasters.read import read_bands, stack_info
from keras_landslide.rasters.write import write_raster


@pytest.fixture
def bundle(trained, tmp_path):
    return export_bundle(trained / "run", tmp_path / "bundle")


def inputs(trained):
    return {"stack": trained / "stack.tif", "patches": trained / "stack.gpkg"}


def pixels(probability, trained, split):
    grid = stack_info(trained / "stack.tif").grid
    windows = [w for _, w in patch_windows(trained / "stack.gpkg", split, grid)]
    return validation_pixels(probability, trained / "stack.tif", windows)


def test_predict_gives_calibrated_probabilities(trained, bundle, tmp_path, capsys):
    before = predict_scene_to_folder(bundle, trained / "stack.tif", tmp_path / "before")
    places = inputs(trained)
    main(
        ["calibrate", str(bundle), "-o", str(tmp_path / "out"), "--method", "isotonic"]
        + ["--block", "16"]
        + [f"--{name}={path}" for name, path in places.items()]
    )
    found = json.loads((tmp_path / "out" / "calibration.json").read_text())
    assert "isotonic lowers the ECE on test blocks" in capsys.readouterr().out
    # The numbers are those of the maps that predict writes before and after.
    after = predict_scene_to_folder(bundle, trained / "stack.tif", tmp_path / "after")
    errors = [ece(pixels(m["probability"], trained, "test")) for m in (before, after)]
    assert [found["before"]["ece"], found["after"]["ece"]] == pytest.approx(errors, abs=1e-6)
    assert errors[1] < errors[0] and found["kept"] is True
    assert found["ece_change"] == pytest.approx(errors[1] - errors[0], abs=1e-6)
    assert found["interval"][0] <= found["ece_change"] <= found["interval"][1]
    old, new = (read_bands(m["probability"], ["probability"])[..., 0] for m in (before, after))
    order = np.argsort(old, axis=None)
    assert (np.diff(new.ravel()[order]) >= 0).all()
    assert read_bundle(bundle).threshold == pytest.approx(found["threshold"])
    # Again: the bare network is calibrated, not the calibrated one.
    again = calibrate(bundle, tmp_path / "again", method="isotonic", **places)
    # Four blocks of 64 pixels are too few for an interval.
    assert again["before"] == found["before"] and again["interval"] is None


def test_a_calibration_that_does_not_help_is_not_kept(trained, bundle, tmp_path):
    # Where it is fitted, landslide and background are mixed up.
    places, names = inputs(trained), ("slope", "curvature", "label")
    bands, info = read_bands(places["stack"], names), stack_info(places["stack"])
    for _, window in patch_windows(places["patches"], "val", info.grid):
        bands[window.slices][..., 2] = bands[window.slices][..., 0] < 25
    places["stack"] = write_raster(
        tmp_path / "mixed.tif", bands, info.grid, names=names, units=("deg", "1/m", "class")
    )
    text = (bundle / "bundle.json").read_text()
    found = calibrate(bundle, tmp_path / "out", method="isotonic", **places)
    assert found["kept"] is False and "does not lower" in found["verdict"]
    assert found["ece_change"] > 0 and found["before"]["ece"] < found["after"]["ece"]
    assert (bundle / "bundle.json").read_text() == text


def test_a_kill_at_the_last_moment_leaves_the_old_bundle(trained, bundle, tmp_path, monkeypatch):
    text = (bundle / "bundle.json").read_text()
    replace = Path.replace

    def killed(self, target):
        if Path(target) == bundle / "bundle.json":
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        calibrate(bundle, tmp_path / "out", method="isotonic", **inputs(trained))
    assert (bundle / "bundle.json").read_text() == text
    assert sorted(p.name for p in bundle.iterdir()) == ["bundle.json", "saved_model"]
    monkeypatch.undo()
    assert calibrate(bundle, tmp_path / "out", method="isotonic", **inputs(trained))["kept"]
    assert read_bundle(bundle).contract["calibration"]["method"] == "isotonic"


def test_fitting_and_trying_on_the_same_split_is_refused(trained, bundle, tmp_path):
    with pytest.raises(SplitError, match="looks best there"):
        calibrate(bundle, tmp_path / "out", split="test", **inputs(trained))
