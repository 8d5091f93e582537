import numpy as np
import pytest
import rasterio
from rasterio.windows import Window

from keras_landslide.errors import SplitError
from keras_landslide.patches.coverage import measure_coverage
from keras_landslide.patches.windows import box_sums, summed_area, window_grid


def test_offsets_cover_everything_with_the_last_window_flush():
    grid = window_grid((100, 64), 32, 0.5)
    assert grid.rows.tolist() == [0, 16, 32, 48, 64, 68]
    assert grid.cols.tolist() == [0, 16, 32]
    assert grid.window(5, 1) == (68, 16, 32, 32)


def test_no_overlap_and_one_window():
    assert window_grid((64, 96), 32, 0).cols.tolist() == [0, 32, 64]
    assert window_grid((32, 32), 32, 0.9).shape == (1, 1)


@pytest.mark.parametrize(
    ("size", "overlap", "message"),
    [(65, 0.5, "smaller than one patch"), (32, 1.0, "overlap 1.0"), (0, 0.5, "size of 0")],
)
def test_impossible_windows_are_refused(size, overlap, message):
    with pytest.raises(SplitError, match=message):
        window_grid((64, 100), size, overlap)


def test_near_agrees_with_all_pairs():
    rng = np.random.default_rng(1)
    grid = window_grid((211, 173), 32, 0.5)
    chosen = rng.random(grid.shape) < 0.05
    for distance in (0, 1, 20, 32):
        expected = np.zeros(grid.shape, bool)
        for i, j in np.ndindex(grid.shape):
            box = grid.window(i, j).expand(distance)
            expected[i, j] = any(box.intersects(grid.window(a, b)) for a, b in np.argwhere(chosen))
        np.testing.assert_array_equal(grid.near(chosen, distance), expected)


def test_box_sums_are_sums():
    values = np.random.default_rng(0).integers(0, 9, (7, 9))
    rows, cols = np.array([0, 2, 4]), np.array([1, 5])
    sums = box_sums(summed_area(values), rows, rows + 3, cols, cols + 4)
    for i, j in np.ndindex(sums.shape):
        assert sums[i, j] == values[rows[i] : rows[i] + 3, cols[j] : cols[j] + 4].sum()


@pytest.mark.parametrize("tile", [1024, 37])
def test_coverage_counts_labelled_valid_pixels(stack, monkeypatch, tile):
    path, values = stack
    with rasterio.open(path, "r+") as src:  # a foreign file, whose nodata is 255
        label = src.count
        src.write(np.full((3, 7), np.nan, "float32"), label, window=Window(20, 30, 7, 3))
    values = values.copy()
    values[30:33, 20:27, -1] = 255
    monkeypatch.setattr("keras_landslide.patches.coverage.TILE_PX", tile)
    grid = window_grid(values.shape[:2], 48, 0.4)
    coverage = measure_coverage(path, ["red", "slope"], values.shape[:2], grid, 50)
    known = np.isfinite(values[..., :2]).all(-1) & (values[..., -1] != 255)
    slide = known & (values[..., -1] == 1)
    valid, landslide = coverage.windows(grid)
    for i, j in np.ndindex(grid.shape):
        assert valid[i, j] == known[grid.window(i, j).slices].sum()
        assert landslide[i, j] == slide[grid.window(i, j).slices].sum()
    block_valid, block_landslide = coverage.blocks(50)
    assert block_valid.shape == (6, 6)
    assert block_valid[5, 5] == known[250:, 250:].sum()
    assert block_landslide[1, 2] == slide[50:100, 100:150].sum()
    assert block_landslide.sum() == slide.sum()
