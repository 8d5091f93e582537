"""A made-up map and its truth, small enough to be counted by hand."""

import numpy as np
from affine import Affine

from keras_landslide.grid import Grid
from keras_landslide.inventory.polygonize import polygonize
from keras_landslide.rasters.write import write_raster

GRID = Grid("EPSG:32618", Affine(10, 0, 400000, 0, -10, 700000), (40, 50))


def write_evaluated(folder):
    """Two true landslides, of which one is found; one false alarm; cloud over the lower half."""
    label = np.zeros(GRID.shape, np.float32)
    label[5:10, 5:10] = 1
    label[30:34, 5:10] = 1
    label[:, 45:] = 255
    cloud = np.zeros(GRID.shape, np.float32)
    cloud[20:30] = 1
    cloud[30:] = 2
    probability = np.full(GRID.shape, 0.1, np.float32)
    probability[5:10, 6:12] = 0.8
    probability[15:18, 30:33] = 0.9
    probability[0] = np.nan
    tags = {"THRESHOLD": "0.6", "BUNDLE": "toy", "SIMULATED": "yes"}
    write_raster(folder / "p.tif", probability, GRID, names=["probability"], tags=tags)
    bands = np.dstack([cloud, label])
    write_raster(folder / "s.tif", bands, GRID, names=["cloud", "label"])
    write_raster(folder / "truth.tif", (label == 1).astype(np.float32), GRID, names=["label"])
    polygonize(folder / "truth.tif", 0.5, folder / "truth.gpkg")
