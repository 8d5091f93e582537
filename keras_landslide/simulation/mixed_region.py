"""A simulated region of mixed rasters: terrain, classes of rock and cover, and landslides.

The sizes of the Veneto study by default: 44 classes of lithology, 5 of land cover, 4 of rock family
and unknown, 38 of age. Everything is a function of position and seed, so that a region of any size
is written strip by strip in bounded memory, and a window of it is the same in every size.

Where landslides lie is known: the odds rise with slope, with the height of the ground above at
100 m and with some classes of rock. No figure on this region says anything of a real one.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from statistics import NormalDist

import numpy as np
from affine import Affine

from keras_landslide.files import write_text
from keras_landslide.grid import Grid, Window
from keras_landslide.rasters.write import RasterWriter
from keras_landslide.runtime.progress import progress
from keras_landslide.terrain.slope import slope_deg
from keras_landslide.terrain.uphill import uphill_index, uphill_offsets
from keras_landslide.terrain.uphill_ring import reach_px, ring_offsets

CELL_M = 10.0
RANGES_M = (30, 100, 300)
CLASSES = {"lithology": 44, "land_cover": 5, "family": 5, "age": 38}
STRIP_ROWS = 512
_SPACINGS_PX = (512, 256, 128, 64, 32, 16, 8)
_ROUGHNESS = 0.45
"""Height of each octave of the relief over that of twice its spacing."""


def simulate_region(
    folder: str | Path, shape: tuple[int, int], *, seed: int = 0, slide_share: float = 0.01
) -> Path:
    """Write the rasters of a region, their class tables and a recipe.

    Args:
        folder: where to; made if need be.
        shape: (height, width) in pixels of 10 m.
        seed: of everything.
        slide_share: about this share of the region slides.

    Returns:
        `recipe.toml`, with uphill bands for 30, 100 and 300 m.

    Raises:
        OutputError: the folder cannot be written.
    """
    folder = Path(folder)
    grid = Grid("EPSG:32632", Affine(CELL_M, 0, 650_000, 0, -CELL_M, 5_150_000), shape)
    with ExitStack() as stack:
        writers = {
            name: stack.enter_context(
                RasterWriter(folder / f"{name}.tif", grid, 1, dtype, nodata, names=[name])
            )
            for name, dtype, nodata in (
                ("dem", "float32", None),
                *((name, "uint8", 255) for name in (*CLASSES, "landslides")),
            )
        }
        for window in progress(list(grid.strips(STRIP_ROWS)), "simulate", unit="strip"):
            for name, values in region_window(window, seed, slide_share).items():
                writers[name].write(values, window)
    for name, count in CLASSES.items():
        rows = "".join(f"{code},{code},{name} {code}\n" for code in range(count))
        write_text(folder / f"{name}.csv", "value,code,name\n" + rows)
    categories = "".join(
        f'\n[[category]]\npath = "{name}.tif"\nband = "{name}"\nclasses = "{name}.csv"\n'
        for name in CLASSES
    )
    uphill = ", ".join(f'"uphill_{range_m}"' for range_m in RANGES_M)
    write_text(
        folder / "recipe.toml",
        'name = "simulated region"\nsimulated = true\n\n[grid]\nlike = "dem.tif"\n\n'
        f'[dem]\npath = "dem.tif"\nderive = ["slope", "elevation", {uphill}]\n{categories}\n'
        '[inventory]\nraster = "landslides.tif"\n',
    )
    return folder / "recipe.toml"


def region_window(window: Window, seed: int, slide_share: float) -> dict[str, np.ndarray]:
    """All rasters of a window; its place counts from the region's upper left corner."""
    ring = ring_offsets(100, CELL_M)
    margin = reach_px(ring) + 1
    wide = window.expand(margin)
    z = 1200 + 400 * _fractal(wide, seed, _ROUGHNESS)
    inner = (slice(margin, -margin), slice(margin, -margin))
    classes = {}
    for number, (name, count) in enumerate(CLASSES.items(), start=1):
        share = np.clip(0.5 + 0.32 * _fractal(window, seed + 1000 * number, 0.5), 0, 0.999)
        classes[name] = (share * count).astype(np.uint8)
    slope = slope_deg(z, CELL_M)[inner]
    dy, dx = np.moveaxis(uphill_offsets(uphill_index(z, 100, CELL_M), ring).astype(int), -1, 0)
    rows, cols = np.indices(z.shape)
    above = z[np.clip(rows + dy, 0, z.shape[0] - 1), np.clip(cols + dx, 0, z.shape[1] - 1)] - z
    weak = np.random.default_rng(seed).normal(0, 1, CLASSES["lithology"])[classes["lithology"]]
    patchy = _noise(window, 8, seed + 9) + _noise(window, 16, seed + 10)
    score = 0.06 * (slope - 20) + 0.03 * (above[inner] - 30) + 0.6 * weak + 0.8 * patchy
    # About normal with this mean and deviation, so that the share is about as wished.
    limit = -0.2 + 1.5 * NormalDist().inv_cdf(1 - slide_share)
    slides = (score > limit).astype(np.uint8)
    return {"dem": z[inner].astype(np.float32), **classes, "landslides": slides}


def _fractal(window: Window, seed: int, roughness: float) -> np.ndarray:
    """Noise of several spacings, float64 (height, width), about standard normal."""
    total = np.zeros((window.height, window.width))
    weights = [roughness**k for k in range(len(_SPACINGS_PX))]
    for weight, spacing in zip(weights, _SPACINGS_PX, strict=True):
        total += weight * _noise(window, spacing, seed + spacing)
    return total / np.sqrt(np.square(weights).sum())


def _noise(window: Window, spacing: int, seed: int) -> np.ndarray:
    """Values drawn at lattice points, in between smooth; about unit variance."""
    axes = []
    for first, length in (
        (window.row_off, window.height),
        (window.col_off, window.width),
    ):
        place = np.arange(first, first + length) / spacing
        cell = np.floor(place).astype(np.int64)
        t = place - cell
        axes.append((cell - cell[0], t * t * (3 - 2 * t), int(cell[0]), int(cell[-1]) + 2))
    (row, v, row0, row1), (col, u, col0, col1) = axes
    lattice = _hashed(np.arange(row0, row1), np.arange(col0, col1), seed)
    top = lattice[row][:, col] * (1 - u) + lattice[row][:, col + 1] * u
    below = lattice[row + 1][:, col] * (1 - u) + lattice[row + 1][:, col + 1] * u
    return top * (1 - v)[:, None] + below * v[:, None]


def _hashed(rows: np.ndarray, cols: np.ndarray, seed: int) -> np.ndarray:
    """A repeatable number for each lattice point, float64, mean 0, about 1.35 wide."""
    with np.errstate(over="ignore"):
        h = rows.astype(np.uint64)[:, None] * np.uint64(0x9E3779B97F4A7C15)
        h = h ^ (cols.astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F))
        h = h ^ (np.uint64(seed) * np.uint64(0x165667B19E3779F9))
        for _ in range(2):
            h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            h = h ^ (h >> np.uint64(31))
    return ((h >> np.uint64(11)) * 2.0**-53 - 0.5) * 4.7
