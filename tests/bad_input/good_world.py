"""A folder in which every command has what it needs; each bad input spoils a copy of it."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import h5py
import numpy as np
import rasterio
import shapely
from affine import Affine

from keras_landslide.config import RunConfig
from keras_landslide.grid import Grid
from keras_landslide.inventory.geopackage import Layer, write_layer
from keras_landslide.patches.plan import PatchSettings, make_patches
from keras_landslide.rasters.write import write_raster

SIDE = 64
GRID = Grid("EPSG:32618", Affine(10, 0, 400000, 0, -10, 700000), (SIDE, SIDE))
BANDS = ("red", "green", "blue")
RECIPE = """
name = "here"
[grid]
crs = "EPSG:32618"
resolution = 10.0
[[raster]]
path = "optical.tif"
bands = { red = 1, green = 2, blue = 3 }
[dem]
path = "dem.tif"
[inventory]
path = "slides.gpkg"
"""
RUN = """
[data]
stack = "stack.tif"
patches = "patches.gpkg"
image_model = "rgb"
[model]
name = "unet_colombia"
options = { filters = 4, levels = 2 }
[training]
epochs = 1
patience = 1
batch_size = 4
"""
SPACE = """
[search]
name = "small"
objective = "val_f1"
epochs = 1
[base.data]
stack = "stack.tif"
patches = "patches.gpkg"
image_model = "rgb"
[base.model]
name = "unet_colombia"
[grid]
filters = [4, 8]
"""
RANGES = {
    name: {"min": 0.1, "max": 0.4, "mean": 0.25, "std": 0.1, "p01": 0.1, "p99": 0.4}
    for name in BANDS
}
CHIPS = """
[data]
image_model = "red,green,blue"
[[data.source]]
chips = "chips_{kind}"
layout = "folder"
split = [0.5, 0.5, 0.0]
[model]
name = "unet_colombia"
options = {{ filters = 4, levels = 2 }}
"""
BUNDLE = {
    "format": 1,
    "name": "toy",
    "simulated": False,
    "bands": [{"name": name, "unit": "reflectance", "kind": "continuous"} for name in BANDS],
    "pixel_size_m": 10.0,
    "patch_size_px": 16,
    "stride_px": 2,
    "halo_px": 6,
    "bounded": True,
    "threshold": 0.5,
    "band_ranges": RANGES,
}


def make_world(folder: Path) -> Path:
    """Write the whole world into `folder`."""
    rng = np.random.default_rng(0)
    label = np.zeros(GRID.shape, np.float32)
    label[::8, ::8] = label[1::8, ::8] = label[::8, 1::8] = label[1::8, 1::8] = 1
    optical = rng.uniform(0.1, 0.4, (SIDE, SIDE, 3)).astype(np.float32)
    write_raster(
        folder / "stack.tif",
        np.dstack([optical, label]),
        GRID,
        names=[*BANDS, "label"],
        units=["reflectance"] * 3 + [""],
    )
    write_raster(folder / "optical.tif", optical, GRID, names=BANDS)
    ground = np.add.outer(np.arange(SIDE), np.arange(SIDE)).astype(np.float32) + 1000
    write_raster(folder / "dem.tif", ground, GRID, names=["elevation"])
    tags = {"THRESHOLD": "0.5", "BUNDLE": "toy"}
    write_raster(folder / "map.tif", 0.8 * label + 0.1, GRID, names=["probability"], tags=tags)
    write_polygons(folder / "slides.gpkg", [shapely.box(400100, 699500, 400200, 699600)])
    (folder / "recipe.toml").write_text(RECIPE)
    (folder / "run.toml").write_text(RUN)
    (folder / "space.toml").write_text(SPACE)
    make_patches(folder / "stack.tif", folder / "patches.gpkg", PatchSettings(size=16, buffer=0))
    _run(folder)
    _bundle(folder / "bundle")
    _chips(folder)
    (folder / "audit.json").write_text(
        json.dumps({"basins": {"here": {"gap": {"f1": 0.1, "interval": [0.0, 0.2]}}}})
    )
    return folder


def write_polygons(path: Path, geometries) -> None:
    """A GeoPackage with one layer of polygons."""
    layer = Layer("slides", "MultiPolygon", {"id": "int"})
    rows = [(shapely.to_wkb(shapely.multipolygons([each])), (i,)) for i, each in
            enumerate(geometries)]  # fmt: skip
    write_layer(path, layer, GRID.crs, rows)


def _run(folder: Path) -> None:
    """A run folder as `train` leaves it; its network is no network, which nobody gets to see."""
    from keras_landslide.config import load_run_config
    from keras_landslide.workflows.contract import data_fingerprint

    config: RunConfig = load_run_config(folder / "run.toml")
    run = folder / "run"
    run.mkdir()
    config.save(run / "config.toml")
    data = {
        "fingerprint": data_fingerprint(config),
        "simulated": False,
        "bands": BUNDLE["bands"],
        "pixel_size_m": 10.0,
        "patch_size_px": 16,
        "training_area": None,
        "band_ranges": RANGES,
        "patches": {"train": 10, "val": 3, "test": 3},
    }
    (run / "data.json").write_text(json.dumps(data))
    scores = {"precision": 0.5, "recall": 0.5, "f1": 0.5, "iou": 0.3, "tp": 1, "fp": 1, "fn": 1,
              "tn": 1}  # fmt: skip
    metrics = {
        "best_epoch": 0,
        "epochs": 1,
        "threshold": 0.5,
        "threshold_rule": "best F1 on the validation split",
        "backend": "tensorflow",
        "train": scores,
        "val": scores,
        "test": scores,
    }
    (run / "metrics.json").write_text(json.dumps(metrics))
    (run / "history.csv").write_text("epoch,loss,val_loss,val_f1\n0,0.5,0.5,0.5\n")
    (run / "model.keras").write_bytes(b"no network")


def _bundle(folder: Path) -> None:
    (folder / "saved_model").mkdir(parents=True)
    (folder / "saved_model" / "saved_model.pb").write_bytes(b"no graph")
    (folder / "model.keras").write_bytes(b"no network")
    (folder / "bundle.json").write_text(json.dumps(BUNDLE))


def _chips(folder: Path) -> None:
    """Two chips as PNG, NumPy and HDF5."""
    rng = np.random.default_rng(1)
    for kind in ("png", "npy", "h5"):
        (folder / f"chips_{kind}.toml").write_text(CHIPS.format(kind=kind))
        for part in ("images", "masks"):
            (folder / f"chips_{kind}" / part).mkdir(parents=True)
    for i in range(2):
        image = rng.integers(0, 255, (16, 16, 3)).astype(np.uint8)
        mask = np.zeros((16, 16), np.uint8)
        mask[3:9, 3:9] = 1
        for part, values in (("images", image), ("masks", mask)):
            name = f"{part}/chip{i}"
            np.save(folder / "chips_npy" / f"{name}.npy", values)
            key = "img" if part == "images" else "mask"
            with h5py.File(folder / "chips_h5" / f"{name}.h5", "w") as file:
                file[key] = values
            write_png(folder / "chips_png" / f"{name}.png", values)


def write_png(path: Path, values: np.ndarray) -> None:
    """(H, W) or (H, W, 3) as PNG."""
    bands = values[None] if values.ndim == 2 else np.moveaxis(values, -1, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(
            path, "w", driver="PNG", count=len(bands), height=bands.shape[1],
            width=bands.shape[2], dtype="uint8",
        ) as target:  # fmt: skip
            target.write(bands)
