"""Every model on the same pixels and folds: held-out probabilities, kept fold by fold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from keras_landslide.bands import UNLABELLED
from keras_landslide.errors import SplitError
from keras_landslide.files import replacing
from keras_landslide.susceptibility_study.folds import held_out, make_folds
from keras_landslide.susceptibility_study.mappers import mean_of_log_odds
from keras_landslide.susceptibility_study.rates import read_rates
from keras_landslide.susceptibility_study.settings import MEANS, Held
from keras_landslide.susceptibility_study.trainer import Trainer


class HeldOut:
    """Probabilities of models that did not learn from one fold, a file per model and fold.

    What an earlier run with the same settings left complete is used again. Under the published
    protocol fold 0 alone is scored and fold 1 is for validation.

    Args:
        trainer: of the models.
        held: what is held out.
        folder: for the files.
    """

    def __init__(self, trainer: Trainer, held: Held, folder: Path) -> None:
        self.trainer, self.held, self.folder = trainer, held, folder
        settings = trainer.settings
        self.fold = make_folds(
            trainer.label, held.kind, held.folds, block_px=settings.block_px, seed=settings.seed
        )
        self.published = settings.protocol == "published"
        self.numbers = range(1 if self.published else held.folds)
        # Squares at random are there to show what nearness hides: a buffer would take most of them.
        self.buffer_px = 0 if held.kind == "blocks" else settings.buffer_px
        folder.mkdir(parents=True, exist_ok=True)

    def parts(self, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Labels to learn from, to score and, as published, to validate with."""
        learn, score = held_out(self.trainer.label, self.fold, number, self.buffer_px)
        validation = None
        if self.published:
            learn, validation = held_out(learn, self.fold, 1)
        if not (learn == 1).any():
            raise SplitError(
                f"holding out fold {number + 1} of {self.held.folds} ({self.held.kind}), no "
                f"landslide pixel is left to learn from beyond the buffer of {self.buffer_px} "
                "pixels; choose a smaller `buffer_px`, fewer or other folds"
            )
        return learn, score, validation

    def fill(self, names: Sequence[str]) -> Iterator[None]:
        """Train what is missing; yields after each model and fold."""
        for number in self.numbers:
            learn, _, validation = self.parts(number)
            for name in names:
                path = self.path(name, number)
                if not path.exists():
                    found = self.trainer.probability(
                        name, learn, validation, path.with_suffix(".rates.json")
                    )
                    with replacing(path) as part, part.open("wb") as stream:
                        np.save(stream, found[self.trainer.label != UNLABELLED])
                yield

    def path(self, name: str, number: int) -> Path:
        """Where a model's probabilities of all labelled pixels lie, held out or learnt from."""
        return self.folder / f"{self.trainer.key(name, self.held)}-{name}-{number}.npy"

    def probability(self, name: str, number: int) -> np.ndarray:
        """Probability float32 (H, W) of the model that did not learn from fold `number`."""
        if name in MEANS:
            return mean_of_log_odds([self.probability(part, number) for part in MEANS[name]])
        label = self.trainer.label
        out = np.full(label.shape, np.nan, np.float32)
        out[label != UNLABELLED] = np.load(self.path(name, number))
        return out

    def rates(self, names: Sequence[str]) -> dict[str, list]:
        """What the search of rates found for each network, fold by fold; the best first."""
        files = {n: [self.path(n, i).with_suffix(".rates.json") for i in self.numbers]
                 for n in names}  # fmt: skip
        return {
            name: [[each._asdict() for each in read_rates(path)] for path in paths]
            for name, paths in files.items()
            if all(path.exists() for path in paths)
        }
