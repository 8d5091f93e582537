"""The data of the LACNN study: continuous bands, one-hot classes, and both from uphill."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from keras_landslide.bands import BANDS, UNLABELLED, Band
from keras_landslide.datasets.splits import random_shares
from keras_landslide.errors import BandError
from keras_landslide.files import file_state, fingerprint
from keras_landslide.patches.cache import PatchCache
from keras_landslide.patches.table import Patch
from keras_landslide.protocols.basins import basin_stack, simulated_basins
from keras_landslide.protocols.divisions import SPLIT_SEED, Dataset, Round
from keras_landslide.protocols.protocol import Protocol
from keras_landslide.rasters.read import read_bands, stack_info
from keras_landslide.terrain.uphill import uphill_index, uphill_offsets
from keras_landslide.terrain.uphill_ring import ring_offsets

BASIN = "argelia"
CONTINUOUS = ("slope", "elevation", "curvature")
CLASSES = 6
"""Classes of the simulated rock where a stack has no class of its own."""


def open_mixed(protocol: Protocol, folder: Path | None, work: Path) -> Dataset:
    """Features of a stack with slope, elevation, label and classes, cut into tiles.

    Categorical bands of the stack become one-hot channels. A simulated basin has none, so that
    bands of rock are drawn there, which the landslides know nothing of; the aligned channels are
    slope and classes at the highest pixel of each ring.

    Args:
        protocol: size of the tiles, ranges of the rings, shares of the split.
        folder: holds `stack.tif` or `recipe.toml`; None simulates a basin in `work`.
        work: where a simulated basin goes.

    Raises:
        BandError: slope, elevation or label is missing.
        SplitError: there are too few tiles.
    """
    data = protocol.data
    if folder is None:
        folder = simulated_basins(work / "basins", data["size"], [BASIN]) / BASIN
    stack = basin_stack(folder, work / folder.name)
    info = stack_info(stack)
    missing = [name for name in ("slope", "elevation", "label") if name not in info.band_names]
    if missing:
        raise BandError(f"{stack}: has no band {', '.join(missing)}; add it to the recipe")
    classes = [b.name for b in info.bands if b.kind == "categorical" and b.name not in _NOT_ROCK]
    continuous = [name for name in CONTINUOUS if name in info.band_names]
    values = read_bands(stack, [*continuous, *classes, "label"])
    label = values[..., -1]
    one_hot, names = _one_hot(values[..., len(continuous) : -1], classes, label.shape)
    own = np.concatenate([values[..., : len(continuous)], one_hot], axis=-1)
    aligned = [own]
    for range_m in data["ranges_m"]:
        elevation = own[..., continuous.index("elevation")]
        gathered = uphill(np.concatenate([own[..., :1], one_hot], -1), elevation, range_m, info)
        aligned.append(gathered)
    bands = (*(BANDS[name] for name in continuous), *(_class_band(name) for name in names))
    repeated = tuple(
        Band(f"{band.name}_{range_m:g}m", band.unit, band.kind, f"{band.name} uphill")
        for range_m in data["ranges_m"]
        for band in (bands[0], *bands[len(continuous) :])
    )
    caches = {
        "": _tiles(own, label, data, bands),
        "aligned": _tiles(np.concatenate(aligned, -1), label, data, (*bands, *repeated)),
    }
    simulated_rock = "" if classes else ", rock simulated without any bearing on the landslides"
    counts = {s: len(caches[""].indices(s)) for s in ("train", "val", "test")}
    return Dataset(
        title=f"{folder.name}, mixed features",
        key=fingerprint([info.tags.get("FINGERPRINT") or file_state(stack), dict(data)]),
        rounds=(Round("split", caches),),
        names=tuple(f"tile {patch.patch_id}" for patch in caches[""].patches),
        bands={"": bands, "aligned": (*bands, *repeated)},
        pixel_size_m=info.pixel_size_m,
        simulated=info.simulated or not classes,
        facts=(
            f"{folder.name}: {own.shape[-1]} features, {caches['aligned'].images.shape[-1]} with "
            f"the aligned ones{simulated_rock}",
            f"tiles of {data['patch']} px at random: "
            + ", ".join(f"{split} {count}" for split, count in counts.items()),
        ),
        stacks={"test": stack},
    )


_NOT_ROCK = ("label", "cloud")


def uphill(features: np.ndarray, elevation: np.ndarray, range_m: float, info) -> np.ndarray:
    """Features at the highest pixel at a distance: (H, W, C) float32.

    Args:
        features: (H, W, C).
        elevation: metres, (H, W).
        range_m: distance of the ring.
        info: the stack they are from, for its pixel size.
    """
    offsets = ring_offsets(range_m, info.pixel_size_m)
    shift = uphill_offsets(uphill_index(elevation, range_m, info.pixel_size_m), offsets)
    rows, cols = np.indices(elevation.shape)
    return features[rows + shift[..., 0], cols + shift[..., 1]]


def _one_hot(
    values: np.ndarray, names: list[str], shape: tuple[int, int]
) -> tuple[np.ndarray, list[str]]:
    """Channels of 0 and 1 per class that occurs, (H, W, classes), and their names."""
    if not names:
        names, values = ["rock"], _simulated_rock(shape)[..., None]
    channels, labels = [], []
    for place, name in enumerate(names):
        for value in np.unique(values[..., place][~np.isnan(values[..., place])]):
            channels.append((values[..., place] == value).astype(np.float32))
            labels.append(f"{name}_{value:g}")
    return np.stack(channels, -1), labels


def _simulated_rock(shape: tuple[int, int]) -> np.ndarray:
    """Classes in bands across the scene, as folded beds would crop out."""
    rng = np.random.default_rng(SPLIT_SEED)
    smooth = gaussian_filter(rng.normal(size=shape), min(shape) / 12)
    rows, cols = np.indices(shape)
    beds = smooth / smooth.std() + (rows + 0.5 * cols) / min(shape) * 3
    return np.digitize(beds, np.quantile(beds, np.linspace(0, 1, CLASSES + 1)[1:-1])).astype(float)


def _class_band(name: str) -> Band:
    return Band(name, "1", "categorical", f"1 where the class is {name}")


def _tiles(values: np.ndarray, label: np.ndarray, data, bands: tuple[Band, ...]) -> PatchCache:
    """Tiles side by side with a random split, in memory."""
    size = data["patch"]
    rows, cols = label.shape[0] // size, label.shape[1] // size

    def cut(array: np.ndarray) -> np.ndarray:
        inner = array[: rows * size, : cols * size]
        tiles = inner.reshape(rows, size, cols, size, -1).swapaxes(1, 2)
        return tiles.reshape(rows * cols, size, size, -1)

    images = cut(values).astype(np.float32)
    known = np.isfinite(images).all(axis=-1) & np.isin(cut(label)[..., 0], (0, 1))
    labels = np.where(known, cut(label)[..., 0], UNLABELLED).astype(np.uint8)
    splits = random_shares(rows * cols, data["split"], SPLIT_SEED)
    patches = tuple(
        Patch(
            patch_id=i,
            row_off=i // cols * size,
            col_off=i % cols * size,
            height=size,
            width=size,
            split=str(splits[i]),
            fold=-1,
            block=i,
            landslide_fraction=float((labels[i] == 1).sum() / max(known[i].sum(), 1)),
            valid_fraction=float(known[i].mean()),
        )
        for i in range(rows * cols)
    )
    return PatchCache(
        images,
        labels,
        patches,
        tuple(band.name for band in bands),
        tuple(band.kind for band in bands),
    )
