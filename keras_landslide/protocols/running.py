"""One model, one division of the data, one seed: trained, asked, scored; kept in its folder."""

from __future__ import annotations

import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from keras_landslide.config import DataConfig, ModelConfig, RunConfig
from keras_landslide.files import fingerprint, replacing, write_json
from keras_landslide.models.trained import load_network
from keras_landslide.patches.cache import PatchCache
from keras_landslide.protocols.chip_parts import score_part
from keras_landslide.protocols.divisions import Dataset, Round
from keras_landslide.protocols.entries import Entry
from keras_landslide.protocols.networks import build_network, predict, set_batch_momentum
from keras_landslide.protocols.protocol import Protocol, folder_name
from keras_landslide.protocols.results import KeptScores, Result, read_result
from keras_landslide.records import read_json
from keras_landslide.samples.augmentation import LARGEST_SHIFT, HeavyBatches
from keras_landslide.training.history import History

FORMAT = 1


def run_entry(
    protocol: Protocol, entry: Entry, dataset: Dataset, division: Round, seed: int, folder: Path
) -> Result:
    """Train and score one model, or read the result of an earlier call; go on where one stopped.

    Raises:
        SplitError: no training or validation chip has a landslide.
        TrainingError: the loss became NaN.
        OutputError: the folder cannot be written.
    """
    cache = division.caches[entry.bands]
    config = run_config(protocol, entry, dataset, division, cache, seed)
    told = [FORMAT, config.to_dict(), entry.symmetries, entry.scale, entry.base, entry.centre]
    if entry.base:
        source = protocol.model(entry.base)
        there = division.caches[source.bands]
        told.append(run_config(protocol, source, dataset, division, there, seed).to_dict())
    key = fingerprint(told)
    kept = folder / "scores.json"
    if kept.is_file():
        scores, values = read_json(KeptScores, kept, remedy="remove its folder and run again")
        if scores.key == key:
            return read_result(values, folder, entry)
    start = time.monotonic()
    from keras_landslide.training.run import train
    from keras_landslide.training.threshold import ProbabilityHistogram, best_f1

    base = folder.parent.parent / folder_name(entry.base) / folder.name if entry.base else folder
    if entry.base:
        model = load_network(base / "model.keras", remedy="remove its folder and run it again")
    else:
        model = build_network(entry, cache, seed)
        if "batch_momentum" in protocol.data:
            set_batch_momentum(model, protocol.data["batch_momentum"])
        batches = _batches(protocol, entry, cache, config)
        with warnings.catch_warnings():
            # The naive model has none, as it should be.
            warnings.filterwarnings("ignore", "The model does not have any trainable weights")
            train(model, batches["train"], batches["val"], folder, config, quiet=protocol.quick)
    places = _places(protocol, entry, division, cache)
    answers = {
        part: predict(model, where, numbers, entry.symmetries)
        for part, (where, numbers) in places.items()
    }
    histogram = ProbabilityHistogram()
    histogram.add(cache.labels[places["val"][1]], answers["val"])
    threshold = best_f1(histogram).value
    parts = {}
    for part, (where, numbers) in places.items():
        parts[part] = score_part(answers[part], where.labels[numbers], numbers, threshold)
        with replacing(folder / f"{part}.npy") as new:
            np.save(new, answers[part])
    values = {
        "key": key,
        "round": division.name,
        "seed": seed,
        "threshold": threshold,
        "parameters": sum(int(np.prod(v.shape)) for v in model.trainable_variables),
        "epochs": len(History(base / "history.csv").rows),
        "seconds": time.monotonic() - start,
        "parts": {part: each.to_dict() for part, each in parts.items()},
    }
    write_json(kept, values)
    return read_result(values, folder, entry)


def run_config(
    protocol: Protocol,
    entry: Entry,
    dataset: Dataset,
    division: Round,
    cache: PatchCache,
    seed: int,
) -> RunConfig:
    """The run as the run folder keeps it; `stack` and `patches` name data and division."""
    settings = {**protocol.data, **entry.data}
    return RunConfig(
        DataConfig(
            stack=f"{protocol.data.get('source', protocol.data['kind'])}-{dataset.key}",
            # With a digest of what else the batches depend on, so that no run goes on as another.
            patches=f"{division.name}-{fingerprint([settings, entry.scale, entry.centre])}",
            image_model=",".join(cache.band_names),
            oversample=settings.get("oversample", 1),
            augment=settings.get("augment", False),
        ),
        ModelConfig(entry.name, dict(entry.options)),
        protocol.training_of(entry, seed),
    )


def _batches(
    protocol: Protocol, entry: Entry, cache: PatchCache, config: RunConfig
) -> dict[str, Any]:
    from keras_landslide.errors import SplitError
    from keras_landslide.samples.batches import PatchBatches

    for split, numbers in (("train", cache.indices("train")), ("val", _val(protocol, cache))):
        if not cache.positive(numbers).any():
            raise SplitError(
                f"protocol {protocol.name}: no {split} image has a landslide; use more data"
            )
    size, settings = config.training.batch_size, {**protocol.data, **entry.data}
    train: Any = PatchBatches(
        cache,
        cache.indices("train"),
        batch_size=size,
        augment=config.data.augment,
        oversample=config.data.oversample,
        seed=config.training.seed,
    )
    if settings.get("heavy"):
        train = HeavyBatches(
            train, seed=config.training.seed, shift=settings.get("shift", LARGEST_SHIFT)
        )
    return {
        "train": train,
        "val": PatchBatches(cache, _val(protocol, cache), batch_size=size, shuffle=False),
    }


def _val(protocol: Protocol, cache: PatchCache) -> np.ndarray:
    """Chips that choose the epoch: the validation split, or where `val = "train"` those trained on.

    With a handful of chips none can be spared for validation; as they are, without augmentation,
    the training chips still tell an epoch that went astray.
    """
    return cache.indices("train" if protocol.data.get("val") == "train" else "val")


def _places(
    protocol: Protocol, entry: Entry, division: Round, cache: PatchCache
) -> dict[str, tuple[PatchCache, np.ndarray]]:
    """Images that are asked, by part: cache and positions in it."""
    places = {"val": (cache, _val(protocol, cache)), "test": (cache, cache.indices("test"))}
    if any(column.key == "train_nll" for table in protocol.tables for column in table.columns):
        places["train"] = (cache, cache.indices("train"))
    for part, caches in division.others.items():
        other = caches[entry.bands]
        places[part] = (other, other.indices("test"))
    return places
