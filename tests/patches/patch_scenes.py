"""A tiny stack by the conventions of stack.tif."""

import numpy as np
from affine import Affine
from scipy import ndimage

from keras_landslide.grid import Grid
from keras_landslide.rasters.write import write_raster

NAMES = ["red", "slope", "aspect", "label"]


def make_stack(path, size=256, seed=0, landslide=True, names=NAMES):
    """Blobs of landslide on 4 % of the area, a nodata corner and an unlabelled strip."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(size, size, len(names))).astype(np.float32)
    values[..., 2] = rng.uniform(0, 360, (size, size))
    field = ndimage.gaussian_filter(rng.normal(size=(size, size)), 3)
    label = (field > np.quantile(field, 0.96)) & landslide
    values[..., -1] = label
    values[: size // 8, : size // 8, 0] = np.nan
    values[:, -size // 16 :, -1] = 255
    grid = Grid("EPSG:32618", Affine(12.5, 0, 400000, 0, -12.5, 700000), (size, size))
    tags = {"SIMULATED": "yes", "FINGERPRINT": f"{seed}-{size}"}
    write_raster(path, values, grid, names=names, tags=tags)
    return values
