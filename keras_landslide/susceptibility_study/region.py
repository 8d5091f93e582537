"""A region in memory: the features and the label of a stack, and which channels to align."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from keras_landslide.bands import UNLABELLED, require_bands
from keras_landslide.errors import BudgetError, NodataError, SplitError
from keras_landslide.evaluation.answers import answers
from keras_landslide.models.analysis.receptive_field import receptive_field
from keras_landslide.rasters.read import BandReader, stack_info
from keras_landslide.susceptibility_study.features import Features

TILE_PX = 512
MOST_BYTES = 6_000_000_000


def read_label(stack: str | Path) -> np.ndarray:
    """The label of a stack, uint8 (H, W) of 0, 1, 255.

    Raises:
        BandError: the stack has none.
        SplitError: it holds no landslide pixel.
    """
    info = stack_info(stack)
    require_bands(("label",), info.band_names, str(stack))
    with BandReader(stack) as reader:
        label = reader.read(("label",))[..., 0]
    label = np.where((label == 0) | (label == 1), label, UNLABELLED).astype(np.uint8)
    if not (label == 1).any():
        raise SplitError(
            f"{stack}: there is no landslide pixel to learn from; check that the inventory "
            "overlaps the scene and holds polygons"
        )
    return label


def read_features(stack: str | Path, features: Features) -> np.ndarray:
    """All features of a stack by tiles, float32 (H, W, C); NaN where any stored band is missing.

    Raises:
        BudgetError: they do not fit in memory.
        NodataError: no pixel has all bands.
    """
    info = stack_info(stack)
    height, width = info.grid.shape
    need = height * width * len(features.channels) * 4
    if need > MOST_BYTES:
        raise BudgetError(
            f"{stack}: {len(features.channels)} features of {height} x {width} pixels take "
            f"{need / 1e9:.0f} GB; learn from a part (bounds in the recipe's [grid]) and map the "
            "whole with `map_stack`"
        )
    graph = features.model()
    halo = receptive_field(graph).radius_px
    out = np.empty((height, width, len(features.channels)), np.float32)
    with BandReader(stack) as reader:
        read = (
            (reader.read(features.stored, tile.expand(halo)), tile)
            for tile in info.grid.windows(TILE_PX)
        )
        batches = ((bands[None], (bands, tile)) for bands, tile in read)
        for found, (bands, tile) in answers(graph.predict_on_batch, batches):
            inner = (slice(halo, halo + tile.height), slice(halo, halo + tile.width))
            values = found[0][inner]
            values[np.isnan(bands[inner]).any(axis=-1)] = np.nan
            out[tile.slices] = values
    if np.isnan(out).any(axis=-1).all():
        raise NodataError(f"{stack}: no pixel has all of the bands {', '.join(features.stored)}")
    return out


def heavy_channels(logistic: np.ndarray, features: Features, least: float) -> tuple[str, ...]:
    """Local channels whose weight in a logistic regression is at least `least` in absolute value.

    Weights count per deviation of continuous channels and per 0 or 1 of classes, as in section 4 of
    Hajimoradlou, Roberti and Poole. The heaviest one alone where none is heavy enough.

    Args:
        logistic: weights of the local channels and the bias, (len(features.names) + 1,).
        features: their names.
        least: 0.2 in the study.
    """
    weights = np.abs(logistic[:-1])
    chosen = np.flatnonzero(weights >= least)
    if not chosen.size:
        chosen = weights.argmax(keepdims=True)
    return tuple(features.names[i] for i in chosen)


def holes(features: Features, values: np.ndarray) -> str | None:
    """One line on the pixels that lack a band; None without any.

    Args:
        features: local ones.
        values: float32 (H, W, C) from `read_features`; NaN in all channels of such a pixel.
    """
    count = int(np.isnan(values[..., 0]).sum())
    if not count:
        return None
    pixels = values[..., 0].size
    return (
        f"{count} of {pixels} pixels ({count / pixels:.1%}) lack a value in one of "
        f"{', '.join(features.bands)}: they are not learnt from, not scored, and empty in the map"
    )


def usable(label: np.ndarray, features: np.ndarray) -> np.ndarray:
    """The label with 255 where a feature is missing: no loss, no score."""
    return np.where(np.isnan(features).any(axis=-1), UNLABELLED, label).astype(np.uint8)
