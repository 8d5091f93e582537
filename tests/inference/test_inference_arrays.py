"""Bundles as functions of arrays: the numbers of `predict`."""

import numpy as np
import pytest
from inference_toys import BANDS, HALO, STRIDE, predicted, write_stack

import keras_landslide as kl
from keras_landslide.errors import BundleError, ImageSizeError, OptionError
from keras_landslide.inference import arrays
from keras_landslide.inference.windows import Cutting
from keras_landslide.rasters.read import read_bands


def image_with_holes(shape, seed=0):
    image = np.random.default_rng(seed).normal(size=(*shape, len(BANDS))).astype(np.float32)
    image[3:6, 10:20, 1] = np.nan
    image[-1, 0, 0] = np.inf
    return image


@pytest.mark.parametrize("bounded", [True, False])
@pytest.mark.parametrize("shape", [(70, 90), (5, 7)])
def test_an_array_and_a_stack_get_the_same_bytes(predict, tmp_path, shape, bounded):
    image = image_with_holes(shape)
    stack = write_stack(tmp_path / "stack.tif", image)
    window = 64
    out = predicted(predict, stack, tmp_path / "map.tif", window_px=window, bounded=bounded)
    cutting = Cutting(HALO, STRIDE, window, bounded)
    found = arrays.map_array(predict, image, BANDS, cutting)
    expected = read_bands(out, ["probability"])[..., 0]
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(np.isnan(found), ~np.isfinite(image).all(axis=-1))


def test_a_loaded_bundle(make_bundle, predict, tmp_path):
    bundle = make_bundle(threshold=0.25)
    network = kl.load(bundle)
    assert network.band_names == BANDS and network.units == ("reflectance", "deg")
    assert (network.threshold, network.pixel_size_m) == (0.25, 12.5) and network.simulated
    assert repr(network) == (
        "<network toy: red, slope, 12.5 m, threshold 0.25 (trained on simulated data)>"
    )
    image = image_with_holes((40, 48))
    before = image.copy()
    found = network(image)
    assert found.dtype == np.float32 and found.shape == (40, 48)
    np.testing.assert_array_equal(image, before)
    # Inside, where no edge is seen, the network alone says the same.
    alone = predict(np.where(np.isfinite(image), image, np.nan)[None])[0]
    inner = (slice(HALO, 24), slice(HALO, 32))
    np.testing.assert_allclose(found[inner], alone[inner], atol=1e-6)

    mapped = kl.predict(bundle, write_stack(tmp_path / "s.tif", image), tmp_path / "map")
    whole = read_bands(mapped.paths["probability"], ["probability"])[..., 0]
    np.testing.assert_array_equal(found, whole)
    np.testing.assert_array_equal(network(np.stack([image, image]))[1], found)
    np.testing.assert_array_equal(network(image.astype(np.float64)), found)


def test_a_loaded_bundle_is_calibrated(make_bundle):
    plain = kl.load(make_bundle("plain"))
    map_ = {"method": "isotonic", "x": [0.0, 1.0], "y": [0.0, 0.5]}
    try:
        halved = kl.load(make_bundle("halved", calibration=map_))
    except BundleError as error:
        pytest.fail(str(error))
    image = image_with_holes((24, 24))
    np.testing.assert_allclose(halved(image), plain(image) / 2, rtol=1e-6)


def test_several_answers_give_their_mean(make_bundle):
    one = kl.load(make_bundle())
    turned = kl.load(make_bundle("other"), augment=True)
    image = np.nan_to_num(image_with_holes((32, 32)), posinf=0)
    sides = [
        np.rot90(one(np.rot90(side, k)), -k) if not flipped else
        np.rot90(one(np.rot90(side, k)), -k)[:, ::-1]
        for flipped, side in ((False, image), (True, image[:, ::-1]))
        for k in range(4)
    ]  # fmt: skip
    np.testing.assert_allclose(turned(image), np.mean(sides, axis=0), atol=1e-6)


@pytest.mark.parametrize(
    "images",
    [np.zeros((4, 4)), np.zeros((4, 4, 3)), np.zeros((0, 4, 2)), np.zeros((4, 4, 2), "c16")],
)
def test_arrays_that_do_not_fit(make_bundle, images):
    with pytest.raises(ImageSizeError, match=r"the images (have|hold)"):
        kl.load(make_bundle())(images)


def test_a_missing_library_is_named(monkeypatch, tmp_path):
    import sys

    monkeypatch.setitem(sys.modules, "rioxarray", None)
    stack = write_stack(tmp_path / "s.tif", image_with_holes((8, 8)))
    with pytest.raises(OptionError, match=r"rioxarray is not installed.*keras-landslide\[notebook"):
        kl.open_stack(stack)


def test_a_stack_as_an_array(tmp_path):
    image = image_with_holes((20, 30))
    array = kl.open_stack(write_stack(tmp_path / "s.tif", image))
    assert list(array.band.values) == list(BANDS) and array.dims == ("band", "y", "x")
    assert list(array.unit.values) == ["reflectance", "deg"]
    np.testing.assert_array_equal(array.sel(band="slope").values, image[..., 1])
    assert array.rio.crs.to_epsg() == 32618
    assert array.rio.transform().c == 400000 and float(array.x[0]) == 400000 + 12.5 / 2


def test_results_as_objects(make_bundle, tmp_path):
    image = np.nan_to_num(image_with_holes((48, 48)), posinf=0)
    stack = write_stack(tmp_path / "s.tif", image)
    found = kl.predict(make_bundle(), stack, tmp_path / "map", threshold=0.5)
    map_ = read_bands(found.paths["probability"], ["probability"])[..., 0]
    np.testing.assert_array_equal(found.probability.sel(band="probability").values, map_)
    assert found.landslides > 0
    assert len(found.inventory) == found.landslides
    assert found.inventory.area.sum() == pytest.approx((map_ >= 0.5).sum() * 12.5**2)
    shown = found._repr_html_()
    assert f"<th>landslides</th><td>{found.landslides}</td>" in shown
    assert str(found.paths["inventory"]) in shown


def test_tables_hold_no_markup():
    from keras_landslide.workflows.results import Result

    shown = Result({"<b>": "<script>", "test": {"f1": 0.123456789, "deep": {"x": 1}}})._repr_html_()
    assert "<script>" not in shown and "&lt;script&gt;" in shown
    assert "<th>test: f1</th><td>0.123457</td>" in shown
