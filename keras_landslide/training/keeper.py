"""The callback that makes a run resumable: checkpoint, history, early stopping, a line of log."""

from __future__ import annotations

import math
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from keras_landslide.config import LAST, TrainingConfig
from keras_landslide.errors import OutputError, TrainingError
from keras_landslide.files import replacing
from keras_landslide.training.history import History
from keras_landslide.training.schedule import learning_rate

_CALLS_PER_EPOCH = 2**20
"""More than any epoch has steps, so that no two epochs drop alike."""


class RunKeeper(keras.callbacks.Callback):
    """After each epoch: weights and optimizer state, then the history row, each atomically.

    Keras has `BackupAndRestore` and `EarlyStopping`; together they do not resume to the same
    result, since the backup is not written atomically and leaves out how long early stopping has
    been waiting. Here the history is the only state, and all else follows from it.

    Args:
        history: the run's history; epochs in it are done.
        folder: where checkpoints go.
        settings: number of epochs, patience, and the learning rate with its schedule.
        quiet: print no line per epoch.
    """

    def __init__(self, history: History, folder: Path, settings: TrainingConfig, quiet: bool):
        super().__init__()
        self.history = history
        self.folder = folder
        self.settings = settings
        self.epochs = settings.epochs
        self.patience = settings.patience
        self.quiet = quiet
        self._seconds: list[float] = []

    def checkpoint(self, epoch: int) -> Path:
        """Path of an epoch's weights and optimizer state."""
        return self.folder / f"epoch-{epoch:04d}.weights.h5"

    def restore(self, model: keras.Model) -> int:
        """Load the last finished epoch into `model`; return the number of the next epoch.

        Raises:
            TrainingError: the checkpoint that the history speaks of is missing.
        """
        # The optimizer's slots have to exist before they can be filled.
        model.optimizer.build(model.trainable_variables)
        done = len(self.history.rows)
        if done:
            self.load(model, done - 1)
        return done

    def load(self, model: keras.Model, epoch: int) -> None:
        """Load an epoch's weights and optimizer state into `model`.

        Raises:
            TrainingError: the checkpoint is missing or cannot be read.
        """
        path = self.checkpoint(epoch)
        try:
            model.load_weights(path)
        except (OSError, ValueError, KeyError) as error:
            raise TrainingError(
                f"{path}: is missing or does not fit ({error}); remove the run folder and "
                "train again"
            ) from error

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Start the clock, and set learning rate and random layers to where this epoch starts."""
        self._start = time.monotonic()
        self.model.optimizer.learning_rate = learning_rate(self.settings, self.history.rows)
        # Keras leaves the state of dropout out of weight files: (seed, calls so far). Starting the
        # count anew from the epoch makes a resumed run drop what an uninterrupted one drops.
        for variable in self.model.non_trainable_variables:
            if variable.name == "seed_generator_state":
                seed = int(keras.ops.convert_to_numpy(variable.value)[0])
                variable.assign([seed, epoch * _CALLS_PER_EPOCH])

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Keep the epoch, and stop the run when it no longer gets better."""
        logs = dict(logs or {})
        if not math.isfinite(logs["loss"]):
            raise TrainingError(
                f"the loss became {logs['loss']} in epoch {epoch + 1}; lower the learning rate "
                "or look for extreme values in the bands (gdalinfo -stats)"
            )
        path = self.checkpoint(epoch)
        self._check_space(path)
        with replacing(path) as part:
            self.model.save_weights(part)
        self.history.append(logs)
        best = self.history.best_epoch
        for old in self.folder.glob("epoch-*.weights.h5"):
            if old not in (path, self.checkpoint(best)):
                old.unlink()
        if self.history.should_stop(self.patience):
            self.model.stop_training = True
        self._seconds.append(time.monotonic() - self._start)
        if not self.quiet:
            print(self._line(epoch, logs, best), file=sys.stderr, flush=True)

    def _check_space(self, path: Path) -> None:
        # HDF5 prints lines of its own when a disk fills up under it.
        variables = [*self.model.variables, *self.model.optimizer.variables]
        needed = sum(4 * math.prod(v.shape) for v in variables)
        free = shutil.disk_usage(self.folder).free
        if free < needed:
            raise OutputError(
                f"{path}: no space left on the disk ({needed / 1e6:.1f} MB needed, "
                f"{free / 1e6:.1f} MB free); free some and run again"
            )

    def _line(self, epoch: int, logs: Mapping[str, float], best: int) -> str:
        left = sum(self._seconds) / len(self._seconds) * (self.epochs - epoch - 1)
        name = self.settings.monitor
        # F1 stands in the line already.
        what = "best" if name == "val_f1" else f"best {name}"
        kept = f"({what} {self.history.rows[best][name]:.4f} in epoch {best + 1})  "
        return (
            f"epoch {epoch + 1}/{self.epochs}  loss {logs['loss']:.4f}  "
            f"val_loss {logs['val_loss']:.4f}  val_f1 {logs['val_f1']:.4f}  "
            f"{'' if name == LAST else kept}{self._seconds[-1]:.1f} s, "
            f"at most {left / 60:.1f} min to go"
        )
