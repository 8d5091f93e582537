"""What several networks answer together, or one from several sides: mean and spread."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_landslide.inference.engines.base import LoadedBundle, Predict
from keras_landslide.patches.symmetries import SYMMETRIES, transform, transform_patch


class Committee:
    """Mean and spread of the answers of several networks, or of one from several sides.

    Args:
        members: images (B, h, w, C) to probability (B, h, w).
        kinds: kind of each band; azimuths turn with the image.
        symmetries: ask each member eight times, with the image mirrored and turned.
        bundles: whose networks the members are.
    """

    def __init__(
        self,
        members: Sequence[Predict],
        kinds: Sequence[str],
        *,
        symmetries: bool,
        bundles: Sequence[LoadedBundle] = (),
    ) -> None:
        self.members = members
        self.bundles = bundles
        self.kinds = kinds
        # First those that keep height and width: an engine may compile for each shape anew.
        self.codes = sorted(range(SYMMETRIES), key=lambda code: code % 2) if symmetries else [0]

    @property
    def most_px(self) -> int | None:
        """As of `LoadedBundle`, the least of its bundles'."""
        limits = [bundle.most_px for bundle in self.bundles]
        return min((each for each in limits if each is not None), default=None)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Images float32 (B, h, w, C) to mean and standard deviation float32 (B, h, w, 2).

        One answer is held at a time (Welford 1962, doi:10.1080/00401706.1962.10490022), so their
        number costs no memory here.
        """
        mean = np.zeros(images.shape[:3], np.float32)
        square = np.zeros_like(mean)
        count = 0
        for code in self.codes:
            turned = np.stack([transform_patch(image, code, self.kinds) for image in images])
            for member in self.members:
                answer = np.stack([transform(each, _inverse(code)) for each in member(turned)])
                count += 1
                change = answer - mean
                mean += change / count
                square += change * (answer - mean)
        return np.stack([mean, np.sqrt(square / count)], axis=-1)


def _inverse(code: int) -> int:
    """The symmetry that takes `code` back: mirrored ones are their own inverse."""
    return code if code >= 4 else -code % 4
