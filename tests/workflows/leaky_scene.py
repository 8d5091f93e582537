"""A small scene whose landslides only memory can tell, its patches and a run config."""

import numpy as np
import tomli_w
from affine import Affine
from scipy.ndimage import gaussian_filter

from keras_landslide.grid import Grid
from keras_landslide.patches.plan import PatchSettings, make_patches
from keras_landslide.rasters.write import write_raster

GRID = Grid("EPSG:32618", Affine(12.5, 0, 480000, 0, -12.5, 660000), (128, 128))


def write_scene(folder, seed=0, slope_deg=20, name="stack.tif", cloud=False):
    """A stack of slope, curvature and label (and cloud)."""
    rng = np.random.default_rng(seed)
    label = (gaussian_filter(rng.normal(size=GRID.shape), 3) > 0.15).astype(float)
    slope = rng.normal(slope_deg, 5, GRID.shape) + 10 * label
    bands = {"slope": slope, "curvature": rng.normal(size=GRID.shape)}
    if cloud:
        bands["cloud"] = (np.indices(GRID.shape)[1] >= 64).astype(float)
    bands["label"] = label
    units = {"slope": "deg", "curvature": "1/m"}
    return write_raster(
        folder / name, np.dstack(list(bands.values())).astype("float32"), GRID,
        names=tuple(bands), units=tuple(units.get(n, "class") for n in bands),
        tags={"SIMULATED": "yes", "NAME": folder.name},
    )  # fmt: skip


def cut(stack, **settings):
    table = stack.with_suffix(".gpkg")
    base = {"size": 16, "overlap": 0.25, "buffer": 4, "block": 16}
    make_patches(stack, table, PatchSettings(**(base | settings)))
    return table


def write_run(folder, epochs=1, **training):
    """Scene, patches and `run.toml`; returns the latter."""
    table = cut(write_scene(folder))
    config = {
        "data": {"stack": "stack.tif", "patches": table.name, "image_model": "terrain"},
        "model": {"name": "unet_colombia", "options": {"filters": 2, "levels": 2}},
        "training": {
            "epochs": epochs, "batch_size": 16, "loss": "dice", "learning_rate": 1e-2, **training
        },
    }  # fmt: skip
    (folder / "run.toml").write_text(tomli_w.dumps(config))
    return folder / "run.toml"
