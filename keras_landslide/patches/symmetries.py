"""The eight symmetries of the square, for images whose bands may hold directions.

A landslide seen from another side is a landslide, so turned and mirrored patches are as good as
new ones. An azimuth (aspect) has to turn with its image: in a patch turned by a quarter, a slope
that fell to the north falls to the west.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SYMMETRIES = 8
"""Codes 0 to 7: `code % 4` quarter turns counter-clockwise, after a left-right mirror if >= 4."""


def transform(image: np.ndarray, code: int) -> np.ndarray:
    """Mirror and turn the first two axes; a view where NumPy can give one.

    Args:
        image: (H, W) or (H, W, C).
        code: 0 to 7, see `SYMMETRIES`.
    """
    mirrored = image[:, ::-1] if code >= 4 else image
    return np.rot90(mirrored, code % 4)


def turn_azimuth(azimuth_deg: np.ndarray, code: int) -> np.ndarray:
    """What azimuths become when the image that they point in is transformed by `code`.

    Args:
        azimuth_deg: degrees clockwise from north, of any shape; NaN stays.
        code: 0 to 7, see `SYMMETRIES`.

    Returns:
        float32 in [0, 360).
    """
    mirrored = -azimuth_deg if code >= 4 else azimuth_deg
    turned = np.mod(mirrored - np.float32(90 * (code % 4)), np.float32(360))
    # The remainder of a tiny negative number rounds to 360 in float32.
    return np.where(turned == 360, np.float32(0), turned).astype(np.float32, copy=False)


def transform_patch(image: np.ndarray, code: int, kinds: Sequence[str]) -> np.ndarray:
    """Transform an image and turn its azimuths.

    Args:
        image: (H, W, C) float32.
        code: 0 to 7.
        kinds: kind of each band; those of kind `azimuth` hold degrees clockwise from north.

    Returns:
        float32, (H, W, C) or (W, H, C); the input is left as it is.
    """
    out = transform(image, code)
    azimuths = [c for c, kind in enumerate(kinds) if kind == "azimuth"]
    if azimuths and code:
        out = out.copy()
        out[..., azimuths] = turn_azimuth(out[..., azimuths], code)
    return out
