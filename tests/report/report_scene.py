"""A small scene with every band, made up for the figures."""

import numpy as np
from affine import Affine
from scipy.ndimage import gaussian_filter

from keras_landslide.grid import Grid
from keras_landslide.rasters.write import write_raster

NAMES = ("red", "green", "blue", "elevation", "slope", "curvature", "vv_pre", "cloud", "label")
UNITS = ("reflectance",) * 3 + ("m", "deg", "1/m", "dB", "class", "class")


def make_scene(folder, size=96, simulated=True):
    """Write `stack.tif` and `probability.tif`; returns both paths, probability and label."""
    rng = np.random.default_rng(4)
    shape = (size, round(size * 1.2))

    def smooth(sigma):
        field = gaussian_filter(rng.normal(size=shape), sigma * size / 96)
        return (field - field.mean()) / field.std()

    elevation = 1500 + 300 * smooth(9) + 30 * smooth(2)
    dy, dx = np.gradient(elevation, 12.5)
    slope = np.degrees(np.arctan(np.hypot(dx, dy)))
    label = ((smooth(2.5) > 1.6) & (slope > 10)).astype(float)
    label[:, : size // 16] = 255
    cloud = np.where(smooth(8) > 1.5, 1.0, 0.0)
    red, green, blue = (0.08 + 0.1 * (label == 1) + 0.02 * smooth(1.5) for _ in range(3))
    bands = [
        red,
        green * 1.2,
        blue,
        elevation,
        slope,
        0.01 * smooth(1),
        smooth(1) - 9,
        cloud,
        label,
    ]
    grid = Grid("EPSG:32618", Affine(12.5, 0, 400000, 0, -12.5, 700000), shape)
    tags = {"SIMULATED": "yes" if simulated else "no"}
    image = np.dstack(bands).astype(np.float32)
    stack = write_raster(folder / "stack.tif", image, grid, names=NAMES, units=UNITS, tags=tags)
    probability = 1 / (1 + np.exp(-(4 * (label == 1) - 3 + 1.2 * smooth(1.5))))
    probability[:3] = np.nan
    probability = probability.astype(np.float32)
    path = folder / "probability.tif"
    write_raster(path, probability, grid, names=["probability"], tags=tags)
    return stack, path, probability, label
