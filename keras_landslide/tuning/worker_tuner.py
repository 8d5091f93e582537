"""A worker's loop: it leaves a trial that its chief has given to another one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import grpc
import keras_tuner

from keras_landslide.tuning.job import GivenUpError
from keras_landslide.tuning.places import remove_strays
from keras_landslide.tuning.plan import TrialPlan
from keras_landslide.tuning.tuner import SearchTuner, Watcher


class Beat(Watcher):
    """Remembers the claim of the trial that runs, for the signs of life.

    Attributes:
        claim: empty between trials.
        lost: the claim that the chief said it gave up.
    """

    def __init__(self) -> None:
        self.claim = self.lost = ""

    def begins(self, plan: TrialPlan) -> None:
        """A trial starts."""
        self.claim = plan.claim

    def epoch(self, number: int, epoch: int, metrics: Mapping[str, float]) -> None:
        """End the trial if it was given up.

        Raises:
            GivenUpError: it was.
        """
        if self.lost == self.claim:
            raise GivenUpError("the chief gave this worker up for lost")

    def ended(self, number: int) -> None:
        """The trial runs no more."""
        self.claim = ""


class WorkerTuner(SearchTuner):
    """Asks a chief for trials; what it did for one that another worker has now is not taken."""

    watcher: Beat

    def run_trial(self, trial: Any, *fit_args: Any, **fit_kwargs: Any) -> None:
        """Run the trial; its files may fail it once another worker has moved them on.

        Raises:
            keras_tuner.errors.FailedTrialError: they did, and the trial was given up.
            keras_tuner.errors.FatalError: they did, and it was not.
        """
        try:
            super().run_trial(trial, *fit_args, **fit_kwargs)
        except keras_tuner.errors.FatalError as error:
            claim = self.plan(trial).claim
            if not self._has_lost(claim):
                raise
            self.watcher.lost = claim
            raise keras_tuner.errors.FailedTrialError("given up") from error

    def on_trial_end(self, trial: Any) -> None:
        """Hand the trial's results to the chief, if it still waits for them."""
        plan = self.plan(trial)
        # The chief would take a failure too, as long as no other worker has the trial.
        if trial.status == "COMPLETED" or self.watcher.lost != plan.claim:
            try:
                super().on_trial_end(trial)
                return
            except grpc.RpcError as error:
                if not is_given_up(error):
                    raise
        remove_strays(Path(self.get_trial_dir(trial.trial_id)), plan.claim)
        self.watcher.ended(plan.number)

    def _has_lost(self, claim: str) -> bool:
        """Whether the chief says that it gave the claim up."""
        try:
            self.oracle.get_trial(claim)
        except grpc.RpcError as error:
            return is_given_up(error)
        return False


def is_given_up(error: grpc.RpcError) -> bool:
    """Whether the chief says so."""
    return error.code() is grpc.StatusCode.NOT_FOUND
