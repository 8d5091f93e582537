"""`train`: a stack, its patches and a run config to a trained network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_landslide.config import RunConfig, load_run_config
from keras_landslide.errors import BandError, InputFileError, RecipeError, SplitError
from keras_landslide.workflows.results import Result

if TYPE_CHECKING:
    import keras
    import numpy as np

    from keras_landslide.patches.cache import PatchCache
    from keras_landslide.samples.batches import PatchBatches
    from keras_landslide.samples.opened import OpenedSource
    from keras_landslide.training.batches import BatchSource

SPLITS = ("train", "val", "test")


def train(config: RunConfig | str | Path, out: str | Path = "run") -> Result:
    """Train the network that a run config describes, and score it on every split.

    Args:
        config: a run config, or the path of one (TOML).
        out: run folder; a stopped run goes on, a finished one is left as it is.

    Returns:
        What `metrics.json` holds, `finished_before`, and the paths `model` and `run`.

    Raises:
        LandslideError: see `train_run` and `config.load_run_config`.
    """
    from keras_landslide.bundle.run_files import read_run_metrics

    settings = config if isinstance(config, RunConfig) else load_run_config(config)
    out = Path(out)
    before = is_up_to_date(settings, out)
    train_run(settings, out)
    _, metrics = read_run_metrics(out, InputFileError)
    return Result(
        {**metrics, "finished_before": before}, {"model": out / "model.keras", "run": out}
    )


def train_run(config: RunConfig, out: str | Path, *, quiet: bool = False) -> Path:
    """Train by a run config, or go on with the run in `out`; return `out`.

    Raises:
        RecipeError: `out` holds a run of another config or of other data.
        BandError: the stack lacks a band of the image model.
        SplitError: there is no landslide pixel to train on, or to choose a threshold on.
        LandslideError: the stack, the patches, the network's options or `out` are at fault.
    """
    from keras_landslide.files import write_json
    from keras_landslide.runtime.lock import folder_lock
    from keras_landslide.runtime.quiet import quiet_tensorflow
    from keras_landslide.training.folder import check_same, claim
    from keras_landslide.workflows.contract import data_contract

    out = Path(out)
    if is_up_to_date(config, out):
        return out
    if config.is_ensemble:
        with quiet_tensorflow():
            from keras_landslide.workflows.train_ensemble import train_ensemble

        check_same(out, config)
        with folder_lock(out, "training"):
            train_ensemble(config, out, train_run, quiet=quiet)
        return out
    data = load_data(config)
    with quiet_tensorflow():
        from keras_landslide.training import run as training_run

    # The folder is touched last: a config that cannot be trained leaves nothing behind.
    model = new_model(config, data)
    contract = data_contract(config, data.sources)
    check_same(out, config)
    with folder_lock(out, "training"):
        claim(out, config)
        write_json(out / "data.json", contract)
        training_run.train(
            model, data.train, data.val, out, config, score_batches=data.scored, quiet=quiet
        )
    return out


def is_up_to_date(config: RunConfig, out: str | Path) -> bool:
    """Whether `out` holds the finished run of this config; imports nothing heavy.

    Raises:
        RecipeError: `out` holds a run of another config, or one of the same paths whose data have
            changed since.
    """
    from keras_landslide.training.folder import is_finished
    from keras_landslide.workflows.contract import data_fingerprint

    finished = is_finished(out, config)
    kept = Path(out) / "data.json"
    if kept.exists():
        from keras_landslide.bundle.run_files import read_run_data, read_run_metrics

        old = read_run_data(out, InputFileError)[0].fingerprint
        if finished:
            read_run_metrics(out, InputFileError)  # a damaged one does not count as finished work
        if old != data_fingerprint(config):
            raise RecipeError(
                f"{out} holds a run on other data: {_places(config)} changed since; choose "
                "another output folder, or remove this one"
            )
    return finished


@dataclass(frozen=True)
class TrainingData:
    """Patches as batches.

    Attributes:
        sources: what the run learns from, opened.
        cache: all their patches, cut.
        train: shuffled, oversampled and augmented as the config says.
        val: the validation patches, as they are.
        scored: the other splits that have patches (`train`, `test`), as they are.
        mean: (C,) band means of the training patches.
        std: (C,) band standard deviations of the training patches.
    """

    sources: list[OpenedSource]
    cache: PatchCache
    train: BatchSource
    val: PatchBatches
    scored: dict[str, PatchBatches]
    mean: np.ndarray
    std: np.ndarray


def load_data(config: RunConfig) -> TrainingData:
    """Cut the patches (or take the ones cut before) and make batches and statistics of them.

    Patches of a stack are kept in the folder `cache` beside the patch table, decoded chips beside
    their folder, or both in `data.cache`.

    Raises:
        BandError: a source lacks a band of the image model, or holds values that are none.
        SplitError: the train or the val split has no landslide pixel, or no other one.
        LandslideError: a source cannot be used, or the cache not written.
    """
    from keras_landslide.patches.statistics import band_statistics
    from keras_landslide.samples.batches import PatchBatches
    from keras_landslide.samples.opened import join, open_sources

    sources = open_sources(config)
    cache = join(sources)
    for split in ("train", "val"):
        if not cache.positive(cache.indices(split)).any():
            raise SplitError(
                f"{_places(config)}: the {split} split has no landslide pixel; make the patches "
                "with another seed, split or block, check the inventory, or give sources other "
                "roles"
            )
        if not cache.holds_background(split):
            raise SplitError(
                f"{_places(config)}: every labelled pixel of the {split} split is landslide; who "
                "learns from it calls everything a landslide: make the surveyed area larger, or "
                "give sources other roles"
            )
    try:
        mean, std = band_statistics(cache)
    except BandError as error:
        raise BandError(f"{_places(config)}: {error}") from error
    size = config.training.batch_size
    plain = {
        split: PatchBatches(cache, cache.indices(split), batch_size=size, shuffle=False)
        for split in SPLITS
        if len(cache.indices(split))
    }
    train = training_batches(cache, cache.indices("train"), config)
    return TrainingData(sources, cache, train, plain.pop("val"), plain, mean, std)


def training_batches(cache: PatchCache, indices: np.ndarray, config: RunConfig) -> BatchSource:
    """Patches to learn from: shuffled, oversampled and augmented as the config says.

    Args:
        cache: cut patches.
        indices: positions in the cache.
        config: the run.

    Raises:
        SplitError: patches that are to be turned are not square, or bands are directions, which
            heavy augmentation cannot turn.
    """
    from keras_landslide.samples.augmentation import HeavyBatches
    from keras_landslide.samples.batches import PatchBatches

    seed = config.training.seed
    batches = PatchBatches(
        cache,
        indices,
        batch_size=config.training.batch_size,
        augment=config.data.augment,
        oversample=config.data.oversample,
        seed=seed,
    )
    return HeavyBatches(batches, seed) if config.data.heavy else batches


def _places(config: RunConfig) -> str:
    """The files that a run learns from, for messages."""
    sources = config.data.sources
    places = [f"{s.stack} or {s.patches}" if s.stack else s.chips for s in sources]
    return places[0] if len(places) == 1 else f"one of {', '.join(places)}"


def new_model(config: RunConfig, data: TrainingData) -> keras.Model:
    """The untrained network of a run: seeded weights, normalised by the training patches.

    Raises:
        UnknownNameError, ModelError: the network, an option or the loss is unknown, or the size
            of the patches does not fit the network.
    """
    from keras_landslide import losses, models
    from keras_landslide.training.compiling import fix_seeds
    from keras_landslide.training.precision import computing_in

    losses.get(config.training.loss)
    fix_seeds(config.training.seed, config.training.jit_compile)
    with computing_in(config.training.precision):
        model = models.build(config.model.name, data.cache.images.shape[1:], **config.model.options)
    model.get_layer("normalise").set_statistics(data.mean, data.std)
    return model


def summary(metrics: Mapping[str, Any]) -> str:
    """The scores of each split at the threshold, as a table."""
    # A run that was adapted to a new place has no epochs.
    epochs = ""
    if metrics.get("best_epoch") is not None and metrics.get("epochs") is not None:
        epochs = f"best epoch {metrics['best_epoch'] + 1} of {metrics['epochs']}, "
    lines = [
        f"{epochs}threshold {metrics['threshold']:.3f} ({metrics['threshold_rule']})",
        "split  precision  recall      F1     IoU",
    ]
    for split in (*SPLITS, "cross_validation"):
        if metrics.get(split) is not None:
            values = (metrics[split].get(name) for name in ("precision", "recall", "f1", "iou"))
            p, r, f1, iou = ("–" if value is None else f"{value:.4f}" for value in values)
            lines.append(f"{split:5}  {p:>9}  {r:>6}  {f1:>6}  {iou:>6}")
    return "\n".join(lines)
