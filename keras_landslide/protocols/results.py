"""What a finished run left: scores, threshold, cost, answers and weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_landslide.protocols.chip_parts import Part
from keras_landslide.protocols.entries import Entry
from keras_landslide.protocols.protocol import folder_name
from keras_landslide.records import entry


@dataclass(frozen=True)
class KeptPart:
    """What `scores.json` tells of a part, see `chip_parts.Part`."""

    counts: tuple[tuple[int, ...], ...] = entry("tp, fp, fn, tn of each image", low=0)
    numbers: tuple[int, ...] = entry("position of each image", low=0)
    nll_sum: float = entry("sum of negative log-likelihoods, nats")
    roc_auc: float | None = entry("area under the ROC curve", low=0, high=1)
    average_precision: float | None = entry("average precision", low=0, high=1)
    roc: tuple[tuple[float, ...], ...] = entry("rates of the ROC curve", low=0, high=1)

    def problem(self) -> str | None:
        """What is wrong between the entries; None if nothing is."""
        if any(len(row) != 4 for row in self.counts) or len(self.counts) != len(self.numbers):
            return "'counts' does not hold four numbers for each image"
        if len(self.roc) != 2 or len(self.roc[0]) != len(self.roc[1]):
            return "'roc' does not hold two rows of the same length"
        return None


@dataclass(frozen=True)
class KeptScores:
    """What `scores.json` of a finished run tells."""

    key: str = entry("digest of all that the run depends on")
    round: str = entry("name of the division")
    seed: int = entry("of the run", low=0)
    threshold: float = entry("decision threshold", low=0, high=1)
    parameters: int = entry("trainable ones", low=0)
    epochs: int = entry("how many were run", low=0)
    seconds: float = entry("of training and scoring", low=0)
    parts: Mapping[str, KeptPart] = entry("how it did, by part")


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


def read_result(values: Mapping[str, Any], folder: Path, model: Entry) -> Result:
    """The result that `scores.json` in `folder` tells of."""
    return Result(
        folder=folder,
        entry=model,
        round=values["round"],
        seed=values["seed"],
        threshold=values["threshold"],
        parameters=values["parameters"],
        epochs=values["epochs"],
        seconds=values["seconds"],
        parts={part: Part.from_dict(each) for part, each in values["parts"].items()},
    )
