"""The data of a protocol as patch caches: chips, a pair of basins, or a stack of mixed bands."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from keras_landslide.datasets.registry import open_source
from keras_landslide.datasets.splits import fold_splits, random_shares, stratified_folds
from keras_landslide.datasets.store import ChipCache, open_chips
from keras_landslide.errors import SplitError
from keras_landslide.protocols.divisions import SPLIT_SEED, Dataset, Round
from keras_landslide.protocols.protocol import Protocol
from keras_landslide.samples.opened import VAL_SHARE


def open_dataset(
    protocol: Protocol, folder: str | Path | None, work: Path, *, folds: int | None = None
) -> Dataset:
    """Open, and where need be decode or simulate, the data of a protocol.

    Args:
        protocol: which data it takes.
        folder: the data set; None simulates it, for the protocols on basins.
        work: where caches and simulated data go.
        folds: instead of the protocol's number of folds; for protocols on chips.

    Raises:
        SplitError: the data cannot be split as the protocol wants, no folder is given, or folds are
            asked of a protocol on basins.
        LandslideError: the data cannot be read.
    """
    if protocol.data["kind"] != "chips":
        if folds is not None:
            raise SplitError(
                f"protocol {protocol.name} has one split, by place; `folds` is for the protocols "
                "on chips, leave it out"
            )
        from keras_landslide.protocols.basins import open_basins
        from keras_landslide.protocols.mixed import open_mixed

        opened = open_basins if protocol.data["kind"] == "basins" else open_mixed
        return opened(protocol, None if folder is None else Path(folder), work)
    if folder is None:
        raise SplitError(f"protocol {protocol.name} needs a data set; give its folder by `data`")
    source = open_source(folder, protocol.data["source"], **protocol.data.get("options", {}))
    if protocol.chips and len(source.chips) > protocol.chips:
        chosen = np.linspace(0, len(source.chips) - 1, protocol.chips).astype(int)
        source = replace(source, chips=tuple(source.chips[i] for i in chosen))
    cache = open_chips(source, work / "cache")
    folds = protocol.folds if folds is None else folds
    without_val = protocol.data.get("val") == "train"
    rounds = _folds(cache, folds, without_val) if folds else (_split(cache, protocol),)
    counted = ", ".join(f"{split} {count}" for split, count in source.counts().items())
    how = (
        f"{folds}-fold cross-validation: each chip is scored once, by networks that never saw it"
        if folds
        else f"split: {_describe(protocol.data['split'])}"
    )
    return Dataset(
        title=source.title,
        key=cache.key,
        rounds=rounds,
        names=cache.names,
        bands={"": cache.bands},
        pixel_size_m=cache.pixel_size_m,
        simulated=cache.simulated,
        facts=(f"{len(cache.names)} chips ({counted})", how),
    )


def _folds(cache: ChipCache, folds: int, without_val: bool) -> tuple[Round, ...]:
    fraction = cache.landslide_fraction()
    dealt = stratified_folds(fraction, folds, SPLIT_SEED)
    rounds = []
    for k in range(folds):
        splits = fold_splits(dealt, k, fraction, val_share=VAL_SHARE, seed=SPLIT_SEED)
        if without_val:
            splits[splits == "val"] = "train"
        rounds.append(Round(f"fold-{k}", {"": cache.with_splits(splits)}))
    return tuple(rounds)


def _split(cache: ChipCache, protocol: Protocol) -> Round:
    wanted: Any = protocol.data["split"]
    if wanted == "official":
        missing = [s for s in ("train", "val", "test") if not len(cache.indices(s))]
        if missing:
            raise SplitError(
                f"the folder has no {' and no '.join(missing)} chips, which the published split of "
                f"protocol {protocol.name} wants; cross-validate instead with `folds` 5"
            )
        return Round("split", {"": cache})
    splits = random_shares(len(cache.patches), wanted, SPLIT_SEED)
    share = protocol.data.get("val_share", 0.0)
    if share:
        train = np.flatnonzero(splits == "train")
        number = max(round(share * len(train)), 1)
        chosen = np.random.default_rng(SPLIT_SEED).choice(train, number, replace=False)
        splits[chosen] = "val"
    return Round("split", {"": cache.with_splits(splits)})


def _describe(split: Any) -> str:
    if split == "official":
        return "the published one"
    train, val, test = (f"{share:.0%}" for share in split)
    return f"{train} train, {val} val, {test} test, at random"
