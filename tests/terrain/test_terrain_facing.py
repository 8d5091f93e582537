import numpy as np
import pytest

from keras_landslide.terrain.facing import eastness, northness


@pytest.mark.parametrize(("north", "east"), [(1, 0), (0, 1), (-1, 0), (0, -1), (0.6, -0.8), (0, 0)])
def test_planes(north, east):
    y, x = np.mgrid[:6, :7] * 10.0
    z = 0.5 * (y * north - x * east)  # falls towards (north, east); rows run southwards
    steep = np.sin(np.arctan(0.5 * np.hypot(north, east)))
    for function, part in ((northness, north), (eastness, east)):
        found = function(z, 10)
        np.testing.assert_allclose(found[1:-1, 1:-1], steep * part, atol=1e-6)
        assert np.isnan(found[0]).all() and found.dtype == np.float32
