"""Drift and dissimilarity on stacks whose change is known."""

import json

import numpy as np
import pytest
from affine import Affine
from scipy.spatial.distance import cdist, pdist

from keras_landslide.cli.main import main
from keras_landslide.errors import LandslideError, NodataError
from keras_landslide.evaluation.applicability import fit_applicability
from keras_landslide.evaluation.drift import band_drift, verdict
from keras_landslide.grid import Grid
from keras_landslide.rasters.read import read_bands
from keras_landslide.rasters.write import write_raster
from keras_landslide.workflows.check import check, drift_warning

BANDS, UNITS = ("red", "vv_pre"), ("reflectance", "dB")
SHAPE = (160, 160)


def scene(seed=0):
    rng = np.random.default_rng(seed)
    return np.dstack([rng.normal(0.2, 0.05, SHAPE), rng.normal(-10, 2, SHAPE)]).astype("float32")


def write(path, values, size=12.5):
    grid = Grid("EPSG:32618", Affine(size, 0, 400000, 0, -size, 700000), SHAPE)
    return write_raster(path, values, grid, names=BANDS, units=UNITS)


def ranges(values):
    flat = values.reshape(-1, 2).astype(float)
    low, high = np.percentile(flat, [1, 99], axis=0)
    columns = zip(flat.mean(0), flat.std(0), low, high, flat.min(0), flat.max(0), strict=True)
    keys = ("mean", "std", "p01", "p99", "min", "max")
    return {
        name: dict(zip(keys, map(float, column), strict=True))
        for name, column in zip(BANDS, columns, strict=True)
    }


@pytest.fixture
def bundle(tmp_path):
    folder = tmp_path / "bundle"
    (folder / "saved_model").mkdir(parents=True)
    (folder / "saved_model" / "saved_model.pb").write_bytes(b"")
    bands = [
        {"name": n, "unit": u, "kind": "continuous"} for n, u in zip(BANDS, UNITS, strict=True)
    ]
    contract = {
        "format": 1, "name": "toy", "simulated": True, "bands": bands, "pixel_size_m": 12.5,
        "patch_size_px": 64, "stride_px": 4, "halo_px": 16, "bounded": True, "threshold": 0.5,
        "band_ranges": ranges(scene()),
    }  # fmt: skip
    (folder / "bundle.json").write_text(json.dumps(contract))
    return folder


def test_drift_numbers(tmp_path):
    new = scene(1)
    new[..., 0] += 0.05
    new[:16, :, 0] = np.nan
    trained = ranges(scene())
    red, vv = band_drift(write(tmp_path / "n.tif", new), trained, BANDS)
    known = new[16:, :, 0].astype(float)
    assert red.mean == pytest.approx(known.mean(), rel=1e-9)
    assert red.std == pytest.approx(known.std(), rel=1e-6)
    assert red.shift == pytest.approx((known.mean() - trained["red"]["mean"]) / 0.05, rel=1e-2)
    outside = (known < trained["red"]["p01"]) | (known > trained["red"]["p99"])
    assert red.outside == pytest.approx(outside.mean())
    assert red.missing == pytest.approx(0.1)
    assert (vv.level, vv.outside) == (0, pytest.approx(0.02, abs=0.005))
    with pytest.raises(NodataError, match="red has no value"):
        band_drift(write(tmp_path / "e.tif", np.full((*SHAPE, 2), np.nan)), trained, BANDS)


@pytest.mark.parametrize(
    ("change", "answer", "named"),
    [
        (lambda s: s, "yes", "every band"),
        (lambda s: s + np.float32([0.04, 0]), "with care", "red: notably"),
        # Another season: brighter; SAR in linear power instead of dB; DN instead of reflectance.
        (lambda s: s + np.float32([0.1, 0]), "no", "red: strongly"),
        (lambda s: np.dstack([s[..., 0], 10 ** (s[..., 1] / 10)]), "no", "vv_pre: strongly"),
        (lambda s: s * np.float32([10000, 1]), "no", "red: strongly"),
    ],
)
def test_known_changes_are_flagged(bundle, tmp_path, change, answer, named):
    stack = write(tmp_path / "n.tif", change(scene(2)).astype(np.float32))
    found = check(bundle, stack, tmp_path / "out")
    assert found["answer"] == answer and named in found["why"]
    kept = json.loads((tmp_path / "out" / "check.json").read_text())
    assert kept["answer"] == answer and kept["simulated"] is True
    assert (tmp_path / "out" / "drift.png").stat().st_size > 5000


def test_predict_warns_of_another_season_alone(bundle, tmp_path):
    assert drift_warning(bundle, write(tmp_path / "same.tif", scene(2))) is None
    brighter = (scene(2) + np.float32([0.1, 0])).astype(np.float32)
    warning = drift_warning(bundle, write(tmp_path / "brighter.tif", brighter))
    assert warning.startswith("red: strongly unlike training") and "check" in warning


def test_some_tiles_stand_for_all(tmp_path, monkeypatch):
    monkeypatch.setattr("keras_landslide.evaluation.drift.TILE_PX", 16)
    stack, trained = write(tmp_path / "n.tif", scene(1)), ranges(scene())
    whole, part = (band_drift(stack, trained, BANDS, most_tiles=n)[0] for n in (None, 20))
    assert part.mean != whole.mean and part.mean == pytest.approx(whole.mean, abs=0.01)


def test_gaps_and_constant_bands(bundle, tmp_path):
    gaps = scene(2).astype(np.float32)
    gaps[:100, :, 1] = np.nan
    found = check(bundle, write(tmp_path / "gaps.tif", gaps), tmp_path / "a")
    assert found["answer"] == "with care" and "vv_pre: notably" in found["why"]
    gaps[..., 1] = np.nan
    found = check(bundle, write(tmp_path / "none.tif", gaps), tmp_path / "b")
    assert found["answer"] == "no" and "vv_pre has no value" in found["why"]
    flat = np.zeros((*SHAPE, 2), np.float32)
    trained = {name: dict.fromkeys(("mean", "std", "p01", "p99"), 0.0) for name in BANDS}
    assert [each.level for each in band_drift(write(tmp_path / "f.tif", flat), trained, BANDS)] == [
        0,
        0,
    ]


def test_another_pixel_size_is_a_plain_no(bundle, tmp_path, capsys):
    stack = write(tmp_path / "n.tif", scene(2), size=30)
    arguments = [str(bundle), str(stack), "-o", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as stop:
        main(["check", *arguments])
    assert stop.value.code == 3, "an exit status of its own for the answer no"
    screen = capsys.readouterr().out
    assert "may it be used here? no: the stack breaks" in screen and "pixels of 30 m" in screen
    assert "red" in screen and "like training" in screen


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"training_patches": "patches.gpkg"}, "part of `training_stack`"),
        ({"training_stack": "nowhere.tif"}, "nowhere.tif: no such file"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_written(bundle, tmp_path, options, message):
    stack = write(tmp_path / "n.tif", scene(2))
    with pytest.raises(LandslideError, match=message):
        check(bundle, stack, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_verdict_takes_the_worst():
    assert verdict([], "no band red")["answer"] == "no"


def test_dissimilarity_is_that_of_the_paper(tmp_path):
    stack = write(tmp_path / "t.tif", scene())
    fitted = fit_applicability(stack, BANDS, samples=300, block_px=40)
    points = fitted.tree.data
    assert len(points) == 300 and fitted.distance == pytest.approx(pdist(points).mean())
    new = scene(3)[:4, :4]
    new[0, 0, 1] = np.nan
    index = fitted.index(new)
    scaled = ((new - fitted.mean) / fitted.std).reshape(-1, 2)
    wanted = cdist(scaled[1:], points).min(axis=1) / fitted.distance
    assert np.isnan(index[0, 0])
    assert index.ravel()[1:] == pytest.approx(wanted, rel=1e-5)
    # The threshold: each training pixel against those of other blocks, outliers of a box plot
    # left out. Where the pixels lie is found from their values, which occur once.
    every = (scene().reshape(-1, 2) - fitted.mean) / fitted.std
    row, col = np.unravel_index(cdist(points, every).argmin(axis=1), SHAPE)
    block = row // 40 * 4 + col // 40
    apart = np.where(np.equal.outer(block, block), np.inf, cdist(points, points))
    own = apart.min(axis=1) / pdist(points).mean()
    low, high = np.percentile(own, [25, 75])
    assert fitted.threshold == pytest.approx(own[own <= high + 1.5 * (high - low)].max())
    assert own.max() > fitted.threshold
    again = fit_applicability(stack, BANDS, samples=300, block_px=40)
    assert again.threshold == fitted.threshold
    with pytest.raises(NodataError, match="fewer than two blocks"):
        fit_applicability(stack, BANDS, block_px=500)


def test_area_of_applicability_ends_where_the_scene_changes(bundle, tmp_path):
    stack = write(tmp_path / "t.tif", scene())
    new = scene(4)
    new[:, 80:] += np.float32([1, 0])
    out = tmp_path / "out"
    found = check(bundle, write(tmp_path / "n.tif", new), out, training_stack=stack)
    area = read_bands(out / "applicability.tif", ["applicable"])[..., 0]
    assert area[:, :80].mean() > 0.9 and area[:, 80:].max() == 0
    assert found["applicable_share"] == pytest.approx(area.mean())
