"""The sources of a run, opened: cut patches and decoded chips, as one cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from keras_landslide.config import RunConfig
from keras_landslide.datasets.splits import fold_splits, stratified_folds
from keras_landslide.datasets.store import ChipCache
from keras_landslide.errors import SplitError
from keras_landslide.files import file_state, fingerprint
from keras_landslide.patches.cache import PatchCache, open_cache
from keras_landslide.patches.folds import fold_split
from keras_landslide.patches.table import Patch, read_patches, read_tags
from keras_landslide.rasters.read import StackInfo, stack_info
from keras_landslide.samples.chips import SPLIT_SEED, chip_state, open_chip_source
from keras_landslide.samples.joined import JoinedCache, joined
from keras_landslide.sources import Source

VAL_SHARE = 0.2
"""Of the chips outside the test fold, those that choose epoch and threshold."""


@dataclass(frozen=True)
class OpenedSource:
    """A stack with its patches, or a folder of chips.

    Attributes:
        source: what the run says of it.
        cache: its patches; the splits are those of the run.
        stack: of the stack; None of chips.
    """

    source: Source
    cache: PatchCache
    stack: StackInfo | None

    @property
    def simulated(self) -> bool:
        """Whether what is learnt from is simulated."""
        if isinstance(self.cache, ChipCache):
            return self.cache.simulated
        return self.stack is not None and self.stack.simulated

    @property
    def pixel_size_m(self) -> float:
        """Pixel side, metres; nan where unknown."""
        if isinstance(self.cache, ChipCache):
            return self.cache.pixel_size_m
        assert self.stack is not None
        return self.stack.pixel_size_m


def open_sources(config: RunConfig) -> list[OpenedSource]:
    """Open all sources of a run: cut their patches and decode their chips where need be.

    Raises:
        BandError: a source lacks a band of the image model.
        LandslideError: a source cannot be read, or its cache not written.
    """
    return [_opened(source, config) for source in config.data.sources]


def join(sources: Sequence[OpenedSource]) -> PatchCache:
    """The patches of all sources as one cache; a single one's own cache.

    Raises:
        SplitError: the sources have patches of different sizes.
        BandError: a band is of one kind here and of another there.
    """
    if len(sources) == 1 and sources[0].source.weight == 1:
        return sources[0].cache
    first = sources[0]
    for other in sources[1:]:
        ours, theirs = (each.cache.labels.shape[1:] for each in (first, other))
        if ours != theirs:
            raise SplitError(
                f"{other.source.place}: patches of {theirs[0]} x {theirs[1]} px, but those of "
                f"{first.source.place} have {ours[0]} x {ours[1]} px; one run learns from patches "
                "of one size"
            )
    return joined(
        [each.cache for each in sources],
        weights=[each.source.weight for each in sources],
        groups=[each.source.group_name for each in sources],
    )


def groups_of(cache: PatchCache, config: RunConfig) -> np.ndarray:
    """The basin or event of each patch, names (N,)."""
    if isinstance(cache, JoinedCache):
        return np.array(cache.groups, object)
    return np.full(len(cache.patches), config.data.groups[0], object)


def source_states(config: RunConfig) -> tuple[str, bool]:
    """A digest of what a run learns from, and whether any of it is simulated; cuts nothing.

    A stack counts by its own fingerprint (recipe and inputs) where it has one, so that stacking
    the same scene again changes nothing.

    Raises:
        LandslideError: a source cannot be read.
    """
    states = [_state(source, config) for source in config.data.sources]
    digests = [digest for digest, _ in states]
    if not config.data.source:
        return digests[0], states[0][1]
    tables = [source.to_dict() for source in config.data.source]
    for table in tables:  # where they lie is no part of what is learnt
        for key in ("stack", "patches", "chips"):
            table.pop(key, None)
    return fingerprint([digests, tables]), any(simulated for _, simulated in states)


def _state(source: Source, config: RunConfig) -> tuple[str, bool]:
    if source.chips:
        digest, simulated = chip_state(source, config.band_names, config.data.cache)
        return digest, simulated
    info = stack_info(source.stack)
    state: Any = info.tags.get("FINGERPRINT") or {**file_state(info.path), "path": None}
    rows = [astuple(patch) for patch in read_patches(source.patches)]
    told = fingerprint({"stack": state, "patches": rows, "bands": config.band_names})
    return told, info.simulated


def _opened(source: Source, config: RunConfig) -> OpenedSource:
    names, kept = config.band_names, config.data.cache
    info: StackInfo | None = None
    if source.chips:
        cache: PatchCache = open_chip_source(source, names, kept)
        if config.data.folds and not source.role:
            cache = _folded(cache, config)
    else:
        table, info = Path(source.patches), stack_info(source.stack)
        folder = Path(kept) if kept else table.parent / "cache"
        patches = read_patches(table, info.grid)
        if config.data.folds and not source.role:
            patches = _fold_of_table(table, patches, config)
        cache = open_cache(source.stack, patches, names, folder)
    if source.role:
        given = tuple(replace(patch, split=source.role) for patch in cache.patches)
        cache = replace(cache, patches=given)
    return OpenedSource(source, cache, info)


def _folded(cache: PatchCache, config: RunConfig) -> PatchCache:
    """The chips with the splits of a round; of all rounds, those of the first."""
    assert isinstance(cache, ChipCache)
    fraction = cache.landslide_fraction()
    dealt = stratified_folds(fraction, config.data.folds, SPLIT_SEED)
    fold = max(config.data.fold, 0)
    return cache.with_splits(
        fold_splits(dealt, fold, fraction, val_share=VAL_SHARE, seed=SPLIT_SEED)
    )


def _fold_of_table(table: Path, patches: Sequence[Patch], config: RunConfig) -> list[Patch]:
    """The patches with the splits of a round of the table's own blocked folds."""
    tags = read_tags(table)
    if int(tags.get("folds", 0)) != config.data.folds:
        raise SplitError(
            f"{table}: was cut with {tags.get('folds', 0)} folds, data.folds = "
            f"{config.data.folds}; make the patches with as many"
        )
    return fold_split(patches, max(config.data.fold, 0), int(tags.get("buffer_px", 0)))
