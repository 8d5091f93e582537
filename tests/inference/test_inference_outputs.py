"""Maps in percent, the share of missing context, stacks inside GDAL's virtual file systems."""

import zipfile

import numpy as np
import pytest
import rasterio
from inference_toys import HALO, predicted, write_stack
from scipy.ndimage import uniform_filter

from keras_landslide.errors import InputFileError, UnknownNameError
from keras_landslide.inventory.polygonize import polygonize
from keras_landslide.inventory.read import read_polygons
from keras_landslide.rasters.read import read_bands
from keras_landslide.workflows.predict import predict


def test_percent(predict, make_stack, tmp_path):
    image = np.random.default_rng(0).normal(size=(70, 90, 2)).astype(np.float32)
    image[3, 4] = np.nan
    stack = write_stack(tmp_path / "s.tif", image)
    exact = predicted(predict, stack, tmp_path / "p.tif")
    out = predicted(predict, stack, tmp_path / "c.tif", stored_as="percent")
    with rasterio.open(out) as src, rasterio.open(exact) as fine:
        stored, truth = src.read(1), fine.read(1)
        assert (src.dtypes, src.nodata, src.scales) == (("uint8",), 255, (0.01,))
    assert stored[3, 4] == 255
    np.testing.assert_array_equal(stored[truth >= 0], np.rint(truth[truth >= 0] * 100))
    values = read_bands(out, ("probability",))[..., 0]
    np.testing.assert_allclose(values, truth, atol=0.00501)
    assert np.isnan(values[3, 4])
    with pytest.raises(UnknownNameError, match="'bits'; choose one of: probability, percent"):
        predicted(predict, stack, tmp_path / "x.tif", stored_as="bits")


def test_inventory_of_percents(make_bundle, make_stack, tmp_path):
    stack, _ = make_stack((60, 60))
    options = {"window_px": 64, "map_format": "percent"}
    paths = predict(make_bundle(), stack, tmp_path / "out", **options)
    with rasterio.open(paths["probability"]) as src:
        stored = src.read(1)
    area = sum(polygon.area for polygon in read_polygons(paths["inventory"]))
    assert area == pytest.approx((stored >= 50).sum() * 12.5**2)


def test_missing_context_is_the_share_within_the_halo(predict, tmp_path):
    rng = np.random.default_rng(5)
    image = rng.normal(size=(75, 101, 2)).astype(np.float32)
    image[20:50, 30:60, 0] = np.nan
    image[rng.random((75, 101)) < 0.1, 1] = np.nan
    stack = write_stack(tmp_path / "s.tif", image)
    out = predicted(predict, stack, tmp_path / "p.tif", missing=True)
    missing = np.isnan(image).any(axis=-1)
    # SciPy's "mirror" is the reflection that does not repeat the edge.
    share = uniform_filter(missing.astype(float), 2 * HALO + 1, mode="mirror")
    found = read_bands(out, ("missing_context",))[..., 0]
    np.testing.assert_allclose(found[~missing], share[~missing], atol=1e-5)
    assert np.isnan(found[missing]).all() and found[~missing].max() > 0.5


def test_stack_in_a_virtual_file_system(predict, make_stack, tmp_path):
    stack, _ = make_stack((50, 60))
    with zipfile.ZipFile(tmp_path / "far.zip", "w") as far:
        far.write(stack, "stack.tif")
    there = f"/vsizip/{tmp_path}/far.zip/stack.tif"
    near = predicted(predict, stack, tmp_path / "near.tif")
    out = predicted(predict, there, tmp_path / "out.tif")
    names = ("probability",)
    np.testing.assert_array_equal(read_bands(out, names), read_bands(near, names))
    with pytest.raises(InputFileError, match="no such file"):
        predicted(predict, f"{there}x", tmp_path / "out.tif")


def test_landslide_across_strips_is_one_polygon(tmp_path):
    """One blob over four windows and two strips; its outline is that of the mask."""
    rows, cols = np.mgrid[:100, :100]
    blob = np.hypot(rows - 33, cols - 31) < 14  # cores meet at row 32 and column 32
    stack = write_stack(tmp_path / "s.tif", np.dstack([blob, blob]).astype(np.float32))

    def answers_its_input(images):
        return images[..., 0]

    out = predicted(answers_its_input, stack, tmp_path / "p.tif")
    assert polygonize(out, 0.5, tmp_path / "i.gpkg") == 1
    (polygon,) = read_polygons(tmp_path / "i.gpkg")
    assert polygon.area == blob.sum() * 12.5**2
