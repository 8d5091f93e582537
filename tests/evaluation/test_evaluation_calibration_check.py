"""Calibrations on blocks that they were not fitted on, against scikit-learn pixel by pixel."""

import numpy as np
import pytest
from affine import Affine
from scipy.special import logit
from sklearn.isotonic import IsotonicRegression

from keras_landslide.errors import NodataError, SplitError
from keras_landslide.evaluation.calibration import fit_isotonic, fit_temperature
from keras_landslide.evaluation.calibration_check import BlockPixels, cross_fitted, held_out
from keras_landslide.grid import Grid, Window
from keras_landslide.rasters.write import write_raster

GRID = Grid("EPSG:32618", Affine(10, 0, 400000, 0, -10, 700000), (40, 50))
INSIDE = Window(0, 0, 40, 30)


@pytest.fixture
def scene(tmp_path):
    """Probabilities that are too high, in 4 x 3 blocks of 10 pixels; a few without a value."""
    rng = np.random.default_rng(0)
    label = (rng.random(GRID.shape) < 0.2).astype(np.float32)
    p = np.clip(rng.beta(3, 3, GRID.shape) + 0.3 * label, 0, 1).astype(np.float32)
    p[3:5] = np.nan
    label[:, 7] = 255
    write_raster(tmp_path / "p.tif", p, GRID, names=["probability"])
    write_raster(tmp_path / "s.tif", label, GRID, names=["label"])
    scored = ~np.isnan(p) & (label < 2)
    scored[:, 30:] = False
    block = np.indices(GRID.shape) // 10
    block = block[0] * 5 + block[1]
    return BlockPixels(tmp_path / "p.tif", tmp_path / "s.tif", [INSIDE], 10), (
        p[scored].astype(float), label[scored] == 1, block[scored],
    )  # fmt: skip


def ece(said, truth):
    place = np.minimum((said * 15).astype(int), 14)
    gaps = [abs((said - truth)[place == k].sum()) for k in range(15)]
    return sum(gaps) / len(said)


def test_blocks_are_left_out_of_the_fit_in_turn(scene):
    pixels, (p, truth, block) = scene
    found = cross_fitted(pixels, fit_isotonic)
    after = np.empty(len(p))
    for group in np.array_split(np.unique(block), 5):
        own = np.isin(block, group)
        model = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
        after[own] = model.fit(p[~own], truth[~own]).predict(p[own])
    assert found.change == pytest.approx(ece(after, truth) - ece(p, truth), abs=1e-6)
    assert found.change < -0.1 and found.interval[0] < found.change < found.interval[1] < 0
    assert found.seen.total == found.after.total == len(p)


def test_held_out_before_and_after(scene):
    pixels, (p, truth, _) = scene
    fitted = fit_temperature(cross_fitted(pixels, fit_isotonic).seen)
    found = held_out(pixels, fitted).to_dict()
    after = 1 / (1 + np.exp(-logit(np.clip(p, 1e-7, 1 - 1e-7)) / fitted.value))
    assert found["before"]["ece"] == pytest.approx(ece(p, truth), abs=1e-9)
    assert found["ece_change"] == pytest.approx(ece(after, truth) - ece(p, truth), abs=1e-9)
    assert found["after"]["brier"] == pytest.approx(np.mean((after - truth) ** 2), abs=1e-6)


def test_too_little_to_leave_out(scene):
    pixels, _ = scene
    with pytest.raises(SplitError, match="lie in one block of 64 px"):
        cross_fitted(BlockPixels(pixels.probability, pixels.stack, [INSIDE], 64), fit_isotonic)
    with pytest.raises(NodataError, match="no pixel has both"):
        cross_fitted(BlockPixels(pixels.probability, pixels.stack, [], 10), fit_isotonic)


@pytest.mark.parametrize(("rare", "name"), [(1, "landslide"), (0, "background")])
def test_all_pixels_of_a_class_in_one_group(scene, rare, name):
    pixels, _ = scene
    label = np.full(GRID.shape, 1 - rare, np.float32)
    label[:5, :5] = rare
    write_raster(pixels.stack, label, GRID, names=["label"])
    told = f"all {name} pixels to fit on lie in one of the 5 groups .* a smaller `block_px` than 10"
    with pytest.raises(NodataError, match=told):
        cross_fitted(pixels, fit_temperature)
    label[:] = 1 - rare
    write_raster(pixels.stack, label, GRID, names=["label"])
    with pytest.raises(NodataError, match="the validation pixels hold"):
        cross_fitted(pixels, fit_temperature)
