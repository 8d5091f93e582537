"""What is wrong with a chip: one set of rules for `data check` and for loading."""

from __future__ import annotations

import numpy as np

from keras_landslide.bands import UNLABELLED
from keras_landslide.datasets.chips import Chip, ChipSource, Problem, Raw
from keras_landslide.errors import LandslideError

NOTE = "second choice"
"""Kind of the problems that tell what was taken for want of something better."""


def read_chip(source: ChipSource, chip: Chip) -> tuple[Raw | None, list[Problem]]:
    """A chip as stored, and what is wrong with it; None where it cannot be read at all."""
    try:
        raw = source.stored(chip)
    except LandslideError as error:
        return None, [Problem("error", "cannot be read", chip.name, str(error))]
    notes = [Problem("warning", NOTE, str(chip.image), text) for text in raw.notes]
    return raw, [
        *notes,
        *_shapes(source, chip, raw),
        *_values(chip, raw),
        *_opacity(source, chip, raw),
        *_mask(source, chip, raw),
    ]


def _shapes(source: ChipSource, chip: Chip, raw: Raw) -> list[Problem]:
    found = []
    if source.stored_shape is not None and raw.image.shape != source.stored_shape:
        found.append(
            Problem(
                "error",
                "other size",
                str(chip.image),
                f"has shape {_by(raw.image.shape)}, the others {_by(source.stored_shape)}",
            )
        )
    elif raw.image.shape[:2] != raw.mask.shape:
        found.append(
            Problem(
                "error",
                "mask of another size",
                str(chip.mask),
                f"is {_by(raw.mask.shape)} px, its image {_by(raw.image.shape[:2])} px",
            )
        )
    bands = len(source.bands)
    if source.stored_shape is None and raw.image.shape[-1] != bands:
        found.append(
            Problem(
                "error",
                "other bands",
                str(chip.image),
                f"has {raw.image.shape[-1]} bands, expected {bands}: "
                f"{', '.join(source.band_names)}",
            )
        )
    return found


def _values(chip: Chip, raw: Raw) -> list[Problem]:
    if not np.issubdtype(raw.image.dtype, np.floating):
        finite = True
    else:
        missing = ~np.isfinite(raw.image).all(axis=-1)
        finite = not missing.any()
    if not finite:
        share = float(missing.mean())
        return [
            Problem(
                "warning",
                "NaN or infinite",
                str(chip.image),
                f"{share:.2%} of its pixels lack a band; they will carry no loss and no score",
            )
        ]
    if raw.image.min() == raw.image.max():
        return [
            Problem("warning", "blank", str(chip.image), f"holds {raw.image.flat[0]:g} everywhere")
        ]
    return []


def _opacity(source: ChipSource, chip: Chip, raw: Raw) -> list[Problem]:
    """Refuse a fourth channel that is taken for near infrared and holds what opacity holds."""
    whole = np.issubdtype(raw.image.dtype, np.integer)
    if not whole or source.band_names[3:4] != ("nir",) or raw.image.shape[-1] != 4:
        return []
    fourth = raw.image[..., 3]
    if not np.isin(fourth, (0, 255)).all() or not fourth.any():
        return []
    return [
        Problem(
            "error",
            "opacity",
            str(chip.image),
            "its fourth channel holds 0 and 255 alone, as opacity does and near infrared does not; "
            "leave it out, and give pixels without an image the mask value 255",
        )
    ]


def _mask(source: ChipSource, chip: Chip, raw: Raw) -> list[Problem]:
    where = str(chip.mask or chip.image)
    positive = np.isin(raw.mask, source.positive)
    background = raw.mask == 0
    unlabelled = (raw.mask == UNLABELLED) & ~positive
    odd = ~(positive | background | unlabelled | np.isnan(raw.mask))
    found = []
    if odd.any():
        values = ", ".join(f"{value:g}" for value in np.unique(raw.mask[odd])[:5])
        found.append(
            Problem(
                "error",
                "mask values",
                where,
                f"holds {values} beside 0 and {' or '.join(map(str, source.positive))}; name the "
                "values that mean landslide (`positive`), or where greys do, from which value on "
                f"(`mask_threshold`, such as {_middle(raw.mask):g})",
            )
        )
    if unlabelled.any():
        found.append(
            Problem(
                "warning",
                "mask with 255",
                where,
                f"{float(unlabelled.mean()):.2%} of its pixels are 255 and count as unlabelled; "
                "if 255 means landslide, say so (`positive` 255)",
            )
        )
    if not odd.any() and not chip.background:
        known = positive | background
        if known.any() and not positive.any():
            found.append(Problem("warning", "one class", where, "holds no landslide pixel at all"))
        elif positive.any() and not background.any():
            found.append(Problem("warning", "one class", where, "holds nothing but landslide"))
    return found


def _middle(mask: np.ndarray) -> float:
    """Half of the largest value of a mask: where its greys may be divided."""
    most = float(np.nanmax(mask))
    return np.ceil(most / 2) if most > 1 else most / 2


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
