import numpy as np
import pytest

from keras_landslide.errors import TerrainError
from keras_landslide.terrain.relief import above_floor, above_mean, reach_px, relief


def terrain():
    rng = np.random.default_rng(0)
    z = rng.normal(2000, 300, (25, 31)).astype("float32")
    z[rng.random(z.shape) < 0.2] = np.nan
    return z


def around(z, y, x, rows, cols):
    return z[max(y - rows, 0) : y + rows + 1, max(x - cols, 0) : x + cols + 1]


def by_hand(z, rows, cols, measure):
    out = np.full(z.shape, np.nan)
    for y, x in np.argwhere(~np.isnan(z)):
        out[y, x] = measure(z[y, x], around(z, y, x, rows, cols))
    return out


@pytest.mark.parametrize(
    ("function", "measure"),
    [
        (above_mean, lambda here, near: here - np.nanmean(near)),
        (above_floor, lambda here, near: here - np.nanmin(near)),
        (relief, lambda here, near: np.nanmax(near) - np.nanmin(near)),
    ],
)
def test_equals_the_loop_at_edges_and_beside_nodata(function, measure):
    z = terrain()
    found = function(z, (10.0, 15.0), 30)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, by_hand(z, 3, 2, measure), rtol=1e-4, atol=2e-3)


def test_absolute_height_does_not_matter():
    z = terrain()
    np.testing.assert_allclose(above_mean(z + 1000, 10, 40), above_mean(z, 10, 40), atol=2e-3)


def test_reach():
    assert reach_px(28.55, 300) == 11


def test_less_than_a_pixel():
    with pytest.raises(TerrainError, match="less than one pixel"):
        above_mean(terrain(), 10, 9)
