"""Stored mask values to labels: 0 background, 1 landslide, 255 unlabelled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_landslide.bands import UNLABELLED
from keras_landslide.errors import InputFileError


def to_label(mask: np.ndarray, positive: Sequence[int] = (1,), where: object = "mask"):
    """Labels of a stored mask.

    0 is background and the values `positive` are landslide; NaN, and 255 where it is not
    positive, are unlabelled.

    Args:
        mask: (H, W) numbers.
        positive: values that mean landslide.
        where: file or chip, for the message.

    Returns:
        uint8 (H, W) in {0, 1, 255}.

    Raises:
        InputFileError: there is another value.
    """
    label = np.full(mask.shape, UNLABELLED, np.uint8)
    label[mask == 0] = 0
    landslide = np.isin(mask, positive)
    label[landslide] = 1
    known = landslide | (mask == 0) | (mask == UNLABELLED) | np.isnan(mask)
    if not known.all():
        odd = ", ".join(f"{value:g}" for value in np.unique(mask[~known])[:5])
        raise InputFileError(
            f"{where}: the mask holds {odd}; it should hold 0 (background), "
            f"{' or '.join(map(str, positive))} (landslide) and 255 (unlabelled) alone; name the "
            "landslide's values"
        )
    return label
