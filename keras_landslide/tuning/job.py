"""One training of a trial: what is asked for, what comes back, and who may do it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from keras_landslide.config import RunConfig
from keras_landslide.files import replacing

if TYPE_CHECKING:
    import keras

OnEpoch = Callable[[int, Mapping[str, float]], None]
"""Called with the number of an epoch, from 1, and its metrics."""


class GivenUpError(Exception):
    """Raised by an `OnEpoch`: nobody waits for the job any more."""


@dataclass(frozen=True)
class Job:
    """A run config to train in a run folder.

    Attributes:
        config: what to train.
        run_folder: where; an earlier, killed attempt in it is gone on with.
        continues: run folder of the round before, whose last epoch is the start; or None.
        log: file for what the process says.
    """

    config: RunConfig
    run_folder: Path
    continues: Path | None
    log: Path


@dataclass(frozen=True)
class Outcome:
    """What a training gave.

    Attributes:
        history: metric name -> its value after each epoch, from the first epoch on.
        kept_epoch: the epoch, from 1, whose weights are kept; None if that is unknown.
        final: metrics of those weights that only the end can tell, such as `val_best_f1`; where
            there are some, `kept_epoch` is known.
    """

    history: Mapping[str, Sequence[float]]
    kept_epoch: int | None = None
    final: Mapping[str, float] = field(default_factory=dict)


class Trainer(Protocol):
    """What a search needs to know of training; the command line hands in the real one."""

    def build(self, config: RunConfig) -> keras.Model:
        """A model for this run config, its weights drawn with `config.training.seed`."""

    def fit(
        self,
        model: keras.Model,
        config: RunConfig,
        run_folder: Path,
        callbacks: list[keras.callbacks.Callback],
    ) -> Outcome:
        """Train, going on from what an earlier, killed call left in `run_folder`.

        The outcome has the history of all epochs, those before the kill included.
        """


class Runner(Protocol):
    """Runs jobs, here or in processes of their own."""

    def run(self, job: Job, on_epoch: OnEpoch) -> tuple[Outcome, float | None]:
        """The outcome, and the most memory that the job's own process held, MB.

        Raises:
            keras_tuner.errors.FailedTrialError: saying why in one line.
            LandslideError: the input or output files are at fault, not the trial.
        """

    def close(self) -> None:
        """End what was started."""


class InProcess:
    """Runs jobs in this process, for toys and for debugging."""

    def __init__(self, trainer: Trainer):
        self.trainer = trainer

    def run(self, job: Job, on_epoch: OnEpoch) -> tuple[Outcome, None]:
        """Run the job; its exceptions are raised as they are."""
        import keras

        try:
            return train(self.trainer, job, on_epoch), None
        finally:
            # The next trial's model must not come on top of this one's.
            keras.backend.clear_session(free_memory=True)

    def close(self) -> None:
        """Nothing was started."""


def train(trainer: Trainer, job: Job, on_epoch: OnEpoch) -> Outcome:
    """Build the job's model and fit it in its run folder."""
    import keras

    def show(epoch: int, logs: Any = None) -> None:
        on_epoch(epoch + 1, dict(logs or {}))

    if job.continues is not None:
        _take_over(job.continues, job.run_folder)
    model = trainer.build(job.config)
    callbacks = [keras.callbacks.LambdaCallback(on_epoch_end=show)]
    return trainer.fit(model, job.config, job.run_folder, callbacks)


def _take_over(source: Path, run_folder: Path) -> None:
    """Copy the epochs of the round before, unless this round has begun; the history last."""
    if (run_folder / "history.csv").exists() or not (source / "history.csv").exists():
        return
    with replacing(run_folder / "checkpoints") as part:
        shutil.copytree(source / "checkpoints", part)
    with replacing(run_folder / "history.csv") as part:
        shutil.copyfile(source / "history.csv", part)
