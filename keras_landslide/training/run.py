"""`train`: from batches to a run folder, resumed wherever it was stopped."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from keras_landslide.config import RunConfig
from keras_landslide.errors import RecipeError
from keras_landslide.evaluation.scores import warn_of_one_class
from keras_landslide.files import replacing, write_json
from keras_landslide.training.band_dropout import BandDropout
from keras_landslide.training.batches import BatchSource, KerasBatches
from keras_landslide.training.compiling import compile_model, fix_seeds
from keras_landslide.training.folder import claim
from keras_landslide.training.histograms import histogram, without_sensors
from keras_landslide.training.history import History
from keras_landslide.training.keeper import RunKeeper
from keras_landslide.training.precision import as_float32
from keras_landslide.training.threshold import best_f1


def train(
    model: keras.Model,
    train_batches: BatchSource,
    val_batches: BatchSource,
    run_folder: str | Path,
    config: RunConfig,
    *,
    score_batches: Mapping[str, BatchSource] | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    quiet: bool = False,
) -> dict[str, Any]:
    """Train `model` and fill the run folder; go on where an earlier call was stopped.

    The folder gets `config.toml`, `history.csv`, `checkpoints/`, `logs/` (TensorBoard, on the
    TensorFlow backend alone), and at the end `model.keras` (the weights of the epoch where
    `config.training.monitor` is best, in float32) and `metrics.json` (the threshold chosen on
    validation, and the scores of each split at that threshold; with `band_dropout` also `without`:
    the same where a sensor is missing). A run that was killed gives the same weights when it is
    called again with the same model and data as one that was not.

    Args:
        model: a network from `models`, freshly built after `fix_seeds(config.training.seed)` in
            the config's precision (`precision.computing_in`).
        train_batches: the batches to learn from.
        val_batches: the batches for early stopping and the threshold.
        run_folder: where the run is kept; made if it is not there.
        config: the run's settings.
        score_batches: further splits that are scored at the end, by name (`test`, and `train`
            without augmentation and oversampling).
        callbacks: further callbacks, called after each epoch is kept.
        quiet: print nothing.

    Returns:
        The content of `metrics.json`.

    Raises:
        UnknownNameError: the loss is unknown.
        RecipeError: the folder holds a run of another config, the network computes in another
            precision, or `band_dropout` is set and the bands hold no sensor that could be missing.
        TrainingError: the loss became NaN, or a checkpoint is damaged.
        OutputError: the folder cannot be written.
    """
    folder = Path(run_folder)
    settings = config.training
    if model.dtype_policy.name != settings.precision:
        raise RecipeError(
            f"training.precision = '{settings.precision}', but {model.name} was built to compute "
            f"in {model.dtype_policy.name}; leave the entry out here"
        )
    if settings.band_dropout:
        names, seed = config.band_names, settings.seed
        train_batches = BandDropout(train_batches, names, settings.band_dropout, seed)
    fix_seeds(settings.seed, settings.jit_compile)
    compile_model(model, settings)
    claim(folder, config)
    history = History(folder / "history.csv", settings.monitor)
    # On a terminal Keras draws its own bar.
    silent = quiet or sys.stderr.isatty()
    keeper = RunKeeper(history, folder / "checkpoints", settings, silent)
    done = keeper.restore(model)
    if done < settings.epochs and not history.should_stop(settings.patience):
        if done and not quiet:
            print(f"{folder}: going on after epoch {done}", file=sys.stderr)
        _fit(model, train_batches, val_batches, keeper, done, callbacks, folder, quiet)
    keeper.load(model, history.best_epoch)
    if settings.precision != "float32":
        # Threshold and scores are those of the network that is exported.
        model = compile_model(as_float32(model), settings)
    splits = {"val": val_batches, **(score_batches or {})}
    metrics = _final_metrics(model, splits, history)
    if settings.band_dropout:
        metrics["without"] = without_sensors(model, val_batches, splits, config.band_names)
    with replacing(folder / "model.keras") as part:
        model.save(part)
    write_json(folder / "metrics.json", metrics)
    return metrics


def _fit(
    model: keras.Model,
    train_batches: BatchSource,
    val_batches: BatchSource,
    keeper: RunKeeper,
    done: int,
    callbacks: Sequence[keras.callbacks.Callback],
    folder: Path,
    quiet: bool,
) -> None:
    batches = KerasBatches(train_batches)
    own = [batches.follow_epochs(), keeper]
    if keras.backend.backend() == "tensorflow":
        own.append(keras.callbacks.TensorBoard(folder / "logs", write_graph=False))
    terminal = sys.stderr.isatty() and not quiet
    model.fit(
        batches,
        validation_data=KerasBatches(val_batches),
        initial_epoch=done,
        epochs=keeper.epochs,
        callbacks=[*own, *callbacks],
        shuffle=False,
        verbose=1 if terminal else 0,
    )


def _final_metrics(
    model: keras.Model, splits: Mapping[str, BatchSource], history: History
) -> dict[str, Any]:
    best = history.best_epoch
    histograms = {name: histogram(model, source) for name, source in splits.items()}
    threshold = best_f1(histograms["val"])
    counts = {name: seen.counts_at(threshold.value) for name, seen in histograms.items()}
    for name, scores in counts.items():
        warn_of_one_class(scores, f"the {name} split")
    return {
        "threshold": threshold.value,
        "threshold_rule": threshold.rule,
        "epochs": len(history.rows),
        "best_epoch": best,
        "backend": keras.backend.backend(),
        **{name: scores.to_dict() for name, scores in counts.items()},
    }
