"""Data of the protocols on basins: splits, tiles, and features gathered uphill."""

from dataclasses import replace

import numpy as np
import pytest
from affine import Affine

from keras_landslide.bands import IMAGE_MODELS
from keras_landslide.errors import BandError, InputFileError, SplitError
from keras_landslide.grid import Grid
from keras_landslide.protocols.datasets import open_dataset
from keras_landslide.protocols.protocol import load_protocol
from keras_landslide.rasters.write import RasterWriter
from keras_landslide.terrain.uphill_ring import ring_offsets

PIXEL_M = 12.5


def _stack(path, names, shape=(128, 128), seed=0):
    """Noise in every band, a landslide in the middle of each quarter, two classes of rock."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    grid = Grid("EPSG:32618", Affine(PIXEL_M, 0, 4e5, 0, -PIXEL_M, 7e5), shape)
    values = rng.normal(100, 10, (*shape, len(names))).astype(np.float32)
    label = np.zeros(shape, np.float32)
    for row in range(8, shape[0], 32):
        for col in range(8, shape[1], 32):
            label[row : row + 10, col : col + 8] = 1
    values[..., names.index("label")] = label
    if "rock" in names:
        values[..., names.index("rock")] = rng.integers(3, 5, shape)
    with RasterWriter(path, grid, len(names), names=names, tags={}) as writer:
        writer.write(values)
    return values


def _kind(path, name, kind):
    """Note a band's kind in its metadata, as the stack command does."""
    import rasterio

    with rasterio.open(path, "r+") as file:
        file.update_tags(list(file.descriptions).index(name) + 1, kind=kind)


def test_basins_are_split_at_home_and_tiled_away(tmp_path):
    names = [*IMAGE_MODELS["rgb_terrain_sar"], "label"]
    for seed, basin in enumerate(("argelia", "liboriana")):
        _stack(tmp_path / "data" / basin / "stack.tif", names, seed=seed)
    protocol = load_protocol("colombia", quick=True)
    protocol = replace(protocol, data={**protocol.data, "patch": 16})
    dataset = open_dataset(protocol, tmp_path / "data", tmp_path / "work")
    (division,) = dataset.rounds
    assert set(division.caches) == {"rgb", "rgb_terrain", "rgb_terrain_sar"}
    home = division.caches["rgb_terrain"]
    assert home.band_names == IMAGE_MODELS["rgb_terrain"]
    assert {p.split for p in home.patches} == {"train", "val", "test"}
    away = division.others["transfer"]["rgb"]
    assert len(away.patches) == (128 // 16) ** 2, "tiles lie side by side"
    assert {p.split for p in away.patches} == {"test"}
    assert not dataset.simulated and dataset.pixel_size_m == PIXEL_M
    with pytest.raises(SplitError, match=r"one split, by place; `folds` is for"):
        open_dataset(protocol, tmp_path / "data", tmp_path / "work", folds=3)
    with pytest.raises(InputFileError, match=r"neither stack\.tif nor recipe\.toml"):
        open_dataset(protocol, tmp_path / "nowhere", tmp_path / "work")


def test_mixed_features_and_their_uphill_twins(tmp_path):
    folder = tmp_path / "basin"
    names = ["slope", "elevation", "rock", "label"]
    values = _stack(folder / "stack.tif", names, shape=(64, 96))
    _kind(folder / "stack.tif", "rock", "categorical")
    protocol = load_protocol("lacnn", quick=True)
    dataset = open_dataset(protocol, folder, tmp_path / "work")
    caches = dataset.rounds[0].caches
    own, aligned = caches[""], caches["aligned"]
    assert own.band_names == ("slope", "elevation", "rock_3", "rock_4")
    assert own.images.shape == (6, 32, 32, 4) and aligned.images.shape == (6, 32, 32, 4 + 3 * 3)
    assert {p.split for p in own.patches} == {"train", "val", "test"}
    assert own.kinds[-1] == "categorical", "indicators are not normalised"
    # The highest pixel of the ring of 30 m, looked for one by one.
    elevation, slope = values[..., 1], values[..., 0]
    offsets = ring_offsets(30.0, PIXEL_M)
    place = aligned.band_names.index("slope_30m")
    for row, col in ((10, 10), (31, 40), (0, 0)):
        ring = [
            (elevation[row + dy, col + dx], row + dy, col + dx)
            for dy, dx in offsets
            if 0 <= row + dy < 64 and 0 <= col + dx < 96
        ]
        _, top_row, top_col = max(ring)
        tile = (row // 32) * 3 + col // 32
        found = aligned.images[tile, row % 32, col % 32, place]
        assert found == pytest.approx(slope[top_row, top_col], rel=1e-6)
    assert not dataset.simulated and "rock simulated" not in " ".join(dataset.facts)


def test_stack_without_classes_says_that_its_rock_is_simulated(tmp_path):
    folder = tmp_path / "basin"
    _stack(folder / "stack.tif", ["slope", "elevation", "label"], shape=(64, 96))
    dataset = open_dataset(load_protocol("lacnn", quick=True), folder, tmp_path / "work")
    assert dataset.simulated and "rock simulated" in " ".join(dataset.facts)
    assert len([n for n in dataset.rounds[0].caches[""].band_names if "rock" in n]) == 6
    _stack(tmp_path / "flat" / "stack.tif", ["elevation", "label"])
    with pytest.raises(BandError, match="has no band slope"):
        open_dataset(load_protocol("lacnn"), tmp_path / "flat", tmp_path / "work")
