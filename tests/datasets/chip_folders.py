"""Small data sets in the layouts that people download."""

import warnings
from pathlib import Path

import h5py
import numpy as np
import rasterio

from keras_landslide.datasets.landslide4sense import DIVISORS


def l4s_patch(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Stored image (128, 128, 14) float64 and mask (128, 128) uint8 with a landslide."""
    rng = np.random.default_rng(seed)
    whole = rng.integers(100, 3000, (128, 128, 14)).astype(np.float64)
    mask = np.zeros((128, 128), np.uint8)
    top, left = rng.integers(5, 90, 2)
    mask[top : top + 20, left : left + 25] = 1
    return whole / np.array(DIVISORS), mask


def write_h5(path: Path, key: str, values: np.ndarray, **options) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file.create_dataset(key, data=values, **options)


def landslide4sense(folder: Path, **counts: int) -> Path:
    """`TrainData/{img,mask}` and so on, `TrainData=3` patches each."""
    for number, (split, count) in enumerate(counts.items()):
        for i in range(1, count + 1):
            image, mask = l4s_patch(1000 * number + i)
            write_h5(folder / split / "img" / f"image_{i}.h5", "img", image)
            write_h5(folder / split / "mask" / f"mask_{i}.h5", "mask", mask)
    return folder


def write_picture(path: Path, values: np.ndarray, driver: str | None = None) -> None:
    """(H, W) or (H, W, C) as PNG or TIFF, by the suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bands = values[None] if values.ndim == 2 else np.moveaxis(values, -1, 0)
    driver = driver or ("PNG" if path.suffix == ".png" else "GTiff")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(
            path,
            "w",
            driver=driver,
            count=len(bands),
            height=bands.shape[1],
            width=bands.shape[2],
            dtype=bands.dtype,
        ) as target:
            target.write(bands)


def rgb_chip(seed: int, height: int = 40, width: int = 30) -> tuple[np.ndarray, np.ndarray]:
    """uint8 picture (H, W, 3), brighter where the mask (H, W) of 0 and 1 is 1."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((height, width), np.uint8)
    mask[5 : height // 2, 4 : width // 2] = 1
    image = rng.integers(20, 90, (height, width, 3)).astype(np.uint8)
    image[mask == 1] += 120
    return image, mask


def bijie(folder: Path, count: int = 4, negatives: int = 0) -> Path:
    """`landslide/{image,mask}` with yellow masks; sizes differ from chip to chip."""
    for i in range(count):
        image, mask = rgb_chip(i, 40 + 3 * i, 30)
        write_picture(folder / "landslide" / "image" / f"{10000 + i}.png", image)
        yellow = np.stack([mask * 255, mask * 255, mask * 0], axis=-1)
        write_picture(folder / "landslide" / "mask" / f"{10000 + i}.png", yellow)
    for i in range(negatives):
        image, _ = rgb_chip(100 + i)
        write_picture(folder / "non-landslide" / "image" / f"no{i}.png", image)
    return folder


def pairs(folder: Path, suffix: str, count: int = 3, positive: int = 1) -> Path:
    """`img` and `mask` with files of one kind."""
    for i in range(count):
        image, mask = rgb_chip(i, 32, 32)
        mask = (mask * positive).astype(np.uint8)
        image_path, mask_path = folder / "img" / f"c{i}{suffix}", folder / "mask" / f"c{i}{suffix}"
        if suffix == ".npy":
            for path, values in ((image_path, image), (mask_path, mask)):
                path.parent.mkdir(parents=True, exist_ok=True)
                np.save(path, values)
        elif suffix == ".h5":
            write_h5(image_path, "image", image)
            write_h5(mask_path, "label", mask)
        else:
            write_picture(image_path, image)
            write_picture(mask_path, mask)
    return folder
