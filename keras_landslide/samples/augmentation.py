"""Heavy augmentation for a handful of chips: turned, scaled, shifted, shaded, and cut together.

Each part is common for small sets: free rotation and scale; contrast and brightness per band
(illumination, haze and season differ between scenes); noise; and CutMix (Yun et al. 2019,
arXiv:1905.04899), a rectangle of another chip with its labels.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import affine_transform

from keras_landslide.bands import UNLABELLED
from keras_landslide.samples.batches import PatchBatches

GAIN, SHIFT, NOISE = 0.15, 0.25, 0.05
"""Spread of contrast, brightness and noise, in standard deviations of the band in the chip."""
SMALLEST, LARGEST = 0.7, 1.5
LARGEST_SHIFT = 0.15
"""Of the side of the chip."""
CUT_SHARE, LARGEST_CUT = 0.5, 0.6


class HeavyBatches:
    """Batches of another source, augmented; what a batch holds depends on its arguments alone.

    Args:
        source: batches of square patches, images with NaN nodata.
        seed: of all that is drawn.
        shift: at most so much of the side; little where the middle of the chip means something.
    """

    def __init__(self, source: PatchBatches, seed: int, shift: float = LARGEST_SHIFT):
        self.source = source
        self.seed = seed
        self.shift = shift

    def __len__(self) -> int:
        """Batches per epoch."""
        return len(self.source)

    def batch(self, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Batch `index` of `epoch`, as `PatchBatches.batch`."""
        rng = np.random.default_rng([self.seed, 4, epoch, index])
        images, labels = self.source.batch(epoch, index)
        for i in range(len(images)):
            images[i], labels[i, ..., 0] = warp(images[i], labels[i, ..., 0], rng, self.shift)
            images[i] = shade(images[i], rng)
        cut_mix(images, labels, rng)
        return images, labels


def warp(
    image: np.ndarray, label: np.ndarray, rng: np.random.Generator, most: float = LARGEST_SHIFT
) -> tuple[np.ndarray, np.ndarray]:
    """Turn by any angle, scale and shift; what comes from outside is nodata and unlabelled.

    Args:
        image: float32 (H, W, C), NaN nodata; bands may not be directions.
        label: float32 (H, W) in {0, 1, 255}.
        rng: draws angle, scale and shift.
        most: largest shift, share of the side.
    """
    height, width = label.shape
    angle = rng.uniform(0, 2 * np.pi)
    scale = np.exp(rng.uniform(np.log(SMALLEST), np.log(LARGEST)))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / scale
    centre = np.array([height - 1, width - 1]) / 2
    shift = rng.uniform(-most, most, 2) * [height, width]
    offset = centre - turn @ (centre + shift)
    moved = np.empty_like(image)
    for c in range(image.shape[-1]):
        moved[..., c] = affine_transform(
            image[..., c], turn, offset, order=1, mode="constant", cval=np.nan
        )
    truth = affine_transform(label, turn, offset, order=0, mode="constant", cval=UNLABELLED)
    return moved, np.where(np.isnan(moved).any(axis=-1), np.float32(UNLABELLED), truth)


def shade(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Change contrast and brightness, for all bands alike and for each, and add noise."""
    with np.errstate(invalid="ignore"):
        known = image[~np.isnan(image).any(axis=-1)]
        if not len(known):
            return image
        mean, std = known.mean(axis=0), known.std(axis=0)
    bands = image.shape[-1]
    gain = np.exp(rng.normal(0, GAIN) + rng.normal(0, GAIN / 2, bands))
    shift = rng.normal(0, SHIFT) + rng.normal(0, SHIFT / 2, bands)
    noise = rng.standard_normal(image.shape, np.float32) * np.float32(NOISE * rng.random())
    moved = mean - mean * gain + std * shift
    return image * gain.astype(np.float32) + moved.astype(np.float32) + std * noise


def cut_mix(images: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> None:
    """Put a rectangle of the next chip into some of the chips, with its labels; in place."""
    height, width = labels.shape[1:3]
    others = np.roll(np.arange(len(images)), 1)
    source, truth = images.copy(), labels.copy()
    for i, other in enumerate(others):
        if other == i or rng.random() > CUT_SHARE:
            continue
        rows, cols = (rng.uniform(0.2, LARGEST_CUT, 2) * [height, width]).astype(int)
        top, left = rng.integers(height - rows + 1), rng.integers(width - cols + 1)
        place = (slice(top, top + rows), slice(left, left + cols))
        images[i][place], labels[i][place] = source[other][place], truth[other][place]
