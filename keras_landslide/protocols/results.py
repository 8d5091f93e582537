"""What a finished run left: scores, threshold, cost, answers and weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_landslide.protocols.entries import Entry
from keras_landslide.protocols.protocol import folder_name
from keras_landslide.protocols.scoring import Part


@dataclass(frozen=True)
class Result:
    """A finished run.

    Attributes:
        folder: where it is kept.
        entry: the model.
        round: name of the division.
        seed: of weights, order and augmentation.
        threshold: chosen on validation.
        parameters: trainable ones.
        epochs: how many were run.
        seconds: of training and scoring.
        parts: how it did, by part.
    """

    folder: Path
    entry: Entry
    round: str
    seed: int
    threshold: float
    parameters: int
    epochs: int
    seconds: float
    parts: Mapping[str, Part]

    @property
    def weights(self) -> Path:
        """Its `model.keras`, or that of the model whose weights it took."""
        if not self.entry.base:
            return self.folder / "model.keras"
        runs = self.folder.parent.parent
        return runs / folder_name(self.entry.base) / self.folder.name / "model.keras"

    def probabilities(self, part: str) -> np.ndarray:
        """What it said, float32 (N, H, W), in the order of the part's `numbers`; memory-mapped."""
        return np.load(self.folder / f"{part}.npy", mmap_mode="r")


def read_result(values: Mapping[str, Any], folder: Path, entry: Entry) -> Result:
    """The result that `scores.json` in `folder` tells of."""
    return Result(
        folder=folder,
        entry=entry,
        round=values["round"],
        seed=values["seed"],
        threshold=values["threshold"],
        parameters=values["parameters"],
        epochs=values["epochs"],
        seconds=values["seconds"],
        parts={part: Part.from_dict(each) for part, each in values["parts"].items()},
    )
