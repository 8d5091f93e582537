"""A tiny basin to search on; hundreds of trials in one process, cheaply."""

import gc

import numpy as np
import pytest
from affine import Affine

from keras_landslide.grid import Grid
from keras_landslide.patches.plan import PatchSettings, make_patches
from keras_landslide.rasters.write import write_raster

SPACE = """
[search]
objective = "val_loss"
seed = 3
epochs = 2
max_patches = 12
[base.data]
stack = "stack.tif"
patches = "patches.gpkg"
image_model = "rgb"
[base.model]
options = { filters = 2, levels = 1 }
[base.training]
epochs = 3
[grid]
filters = [2, 4]
learning_rate = [1e-2, 1e-3]
batch_size = [4]
"""


@pytest.fixture(autouse=True, scope="package")
def light_garbage_collection():
    """Each trial collects garbage; without TensorFlow's own objects that takes no time."""
    import keras_tuner  # noqa: F401

    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="package")
def basin(tmp_path_factory):
    """A stack of 128 px with bright squares as landslides, its patches of 16 px, and a space."""
    folder = tmp_path_factory.mktemp("basin")
    rng = np.random.default_rng(0)
    values = rng.normal(0.2, 0.02, (128, 128, 4)).astype("float32")
    values[..., 3] = np.kron(rng.random((32, 32)) < 0.1, np.ones((4, 4)))
    values[..., :3] += 0.1 * values[..., 3:]
    grid = Grid("EPSG:32618", Affine(12.5, 0, 400000, 0, -12.5, 700000), (128, 128))
    names = ["red", "green", "blue", "label"]
    units = ["reflectance"] * 3 + ["class"]
    tags = {"SIMULATED": "yes"}
    write_raster(folder / "stack.tif", values, grid, names=names, units=units, tags=tags)
    make_patches(folder / "stack.tif", folder / "patches.gpkg", PatchSettings(size=16, overlap=0))
    (folder / "space.toml").write_text(SPACE)
    return folder
