"""The frequency-area plot: densities by hand, the published curve by its integral."""

import numpy as np
import pytest
from affine import Affine
from matplotlib.image import imread
from scipy.integrate import quad

from keras_landslide.errors import InputFileError
from keras_landslide.grid import Grid
from keras_landslide.inventory.polygonize import polygonize
from keras_landslide.rasters.write import write_raster
from keras_landslide.report.size_figures import frequency_area, inverse_gamma_density, size_density


def test_density_by_hand():
    sizes = size_density(np.array([110.0, 120.0, 2000.0]))
    np.testing.assert_array_equal(sizes.landslides, [2, 1])
    widths = [10**2.2 - 10**2, 10**3.4 - 10**3.2]
    np.testing.assert_allclose(sizes.density, [2 / 3 / widths[0], 1 / 3 / widths[1]])


def test_published_curve():
    """Its integral is 1 and its most frequent landslide has about 400 m2, as published."""
    parts = [quad(inverse_gamma_density, *edges)[0] for edges in ((0, 1e3), (1e3, 1e5), (1e5, 1e9))]
    assert sum(parts) == pytest.approx(1, abs=1e-3)
    area = np.arange(50, 2000)
    assert area[inverse_gamma_density(area).argmax()] == pytest.approx(400, abs=10)


def test_figure_of_an_inventory(tmp_path):
    grid = Grid("EPSG:32618", Affine(12.5, 0, 4e5, 0, -12.5, 7e5), (60, 60))
    values = np.zeros(grid.shape, np.float32)
    values[5:15, 5:9] = values[30:32, 40:41] = values[50, 50] = 0.9
    write_raster(tmp_path / "p.tif", values, grid)
    polygonize(tmp_path / "p.tif", 0.5, tmp_path / "i.gpkg")
    picture = frequency_area(tmp_path / "i.gpkg", tmp_path / "f.png")
    assert imread(picture).std() > 0.01
    assert polygonize(tmp_path / "p.tif", 1.0, tmp_path / "empty.gpkg") == 0
    assert frequency_area(tmp_path / "empty.gpkg", tmp_path / "e.png").is_file()
    with pytest.raises(InputFileError, match=r"p\.tif"):
        frequency_area(tmp_path / "p.tif", tmp_path / "g.png")
