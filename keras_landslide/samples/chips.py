"""A folder of chips as a source of a run: opened for its bands, chosen by name, divided."""

from __future__ import annotations

import fnmatch
from dataclasses import replace
from pathlib import Path
from typing import Any

from keras_landslide.datasets.chips import SPLITS, ChipSource
from keras_landslide.datasets.registry import LAYOUTS, detect, fitting_channels, open_source
from keras_landslide.datasets.splits import random_shares
from keras_landslide.datasets.store import ChipCache, chips_key, open_chips
from keras_landslide.errors import BandError, SplitError
from keras_landslide.sources import Source

SPLIT_SEED = 0
"""One division of the chips whatever the seed of a run: what seeds tell apart is training alone."""


def chip_source(source: Source, band_names: tuple[str, ...]) -> ChipSource:
    """List the chips of a source, in the bands of the run.

    Raises:
        BandError: the data set has other bands.
        SplitError: no chip's name matches `only`, or nothing says what the chips are for.
        LandslideError: the folder holds no data set, or an option is unknown.
    """
    found = open_source(source.chips, source.layout or None, **_options(source, band_names))
    if found.band_names != band_names:
        raise BandError(
            f"{source.chips}: has the bands {', '.join(found.band_names)}, the image model wants "
            f"{', '.join(band_names)}; choose another image model, or the layout's bands by "
            "`options`"
        )
    if source.only:
        names = [chip.name for chip in found.chips]
        chips = tuple(chip for chip in found.chips if _matches(chip.name, source.only))
        if not chips:
            raise SplitError(
                f"{source.chips}: no chip is called like only = '{source.only}'; the first of "
                f"{len(names)} is '{names[0] if names else '-'}'"
            )
        found = replace(found, chips=chips)
    if not (found.has_splits or source.role or source.split):
        raise SplitError(
            f"{source.chips}: the chips are in no folders train, val and test; give the source a "
            "`role`, or a `split` such as [0.7, 0.15, 0.15]"
        )
    return found


def open_chip_source(
    source: Source, band_names: tuple[str, ...], cache: str | Path | None
) -> ChipCache:
    """Decode the chips of a source, or take those decoded before; each with its split.

    Raises:
        LandslideError: see `chip_source` and `datasets.store.open_chips`.
    """
    opened = open_chips(chip_source(source, band_names), cache_folder(source, cache))
    if source.split:
        return opened.with_splits(random_shares(len(opened.patches), source.split, SPLIT_SEED))
    return opened


def chip_state(
    source: Source, band_names: tuple[str, ...], cache: str | Path | None
) -> tuple[str, bool]:
    """A digest of the chips of a source, and whether they are simulated; decodes nothing."""
    found = chip_source(source, band_names)
    return chips_key(found, cache_folder(source, cache)), found.simulated


def cache_folder(source: Source, cache: str | Path | None) -> Path:
    """Where decoded chips are kept."""
    folder = Path(source.chips).resolve()
    return Path(cache) if cache else folder.with_name(f"{folder.name}.cache")


def _options(source: Source, band_names: tuple[str, ...]) -> dict[str, Any]:
    """The options of the layout, and the bands of the run where the layout lets one choose."""
    folder = Path(source.chips)
    layout = source.layout or (detect(folder) if folder.is_dir() else "")
    chosen: dict[str, Any] = dict(fitting_channels(layout, band_names))
    if layout in LAYOUTS and "bands" in LAYOUTS[layout].options:
        chosen["bands"] = list(band_names)
    return chosen | source.options


def _matches(name: str, pattern: str) -> bool:
    """Whether a chip is meant, by its name or by that without its split: `train/e0_1`, `e0_1`."""
    split, _, rest = name.partition("/")
    names = (name, rest) if split in SPLITS and rest else (name,)
    return any(fnmatch.fnmatchcase(each, pattern) for each in names)
