"""Scores of predicted chips: counts per image, likelihood, area under ROC; kept as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_landslide.evaluation.distribution import Distribution
from keras_landslide.evaluation.ranking import average_precision, curve, roc_auc
from keras_landslide.evaluation.scores import Scores, confusion

MOST_POINTS = 300
"""Points of a kept ROC curve."""


@dataclass(frozen=True)
class Part:
    """How a network did on some images.

    Attributes:
        counts: tp, fp, fn, tn of each image, int64 (N, 4).
        numbers: position of each image in its data set, int64 (N,).
        nll_sum: sum of negative log-likelihoods over the labelled pixels, nats.
        roc_auc: area under the ROC curve of all pixels; None without both classes.
        average_precision: the same under precision and recall.
        roc: rates of false alarms and of found pixels, (2, points).
    """

    counts: np.ndarray
    numbers: np.ndarray
    nll_sum: float
    roc_auc: float | None
    average_precision: float | None
    roc: np.ndarray

    @property
    def scores(self) -> Scores:
        """Pooled over all pixels."""
        return Scores(*(int(n) for n in self.counts.sum(axis=0)))

    @property
    def images(self) -> list[Scores]:
        """Of each image."""
        return [Scores(*(int(n) for n in row)) for row in self.counts]

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "counts": self.counts.tolist(),
            "numbers": self.numbers.tolist(),
            "nll_sum": self.nll_sum,
            "roc_auc": self.roc_auc,
            "average_precision": self.average_precision,
            "roc": self.roc.round(5).tolist(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Part:
        """What `to_dict` gave."""
        return cls(
            np.array(values["counts"], np.int64).reshape(-1, 4),
            np.array(values["numbers"], np.int64),
            values["nll_sum"],
            values["roc_auc"],
            values["average_precision"],
            np.array(values["roc"]),
        )


def score_part(
    probability: np.ndarray,
    label: np.ndarray,
    numbers: Sequence[int] | np.ndarray,
    threshold: float,
) -> Part:
    """Score images.

    Args:
        probability: float32 (N, H, W).
        label: uint8 (N, H, W) in {0, 1, 255}.
        numbers: position of each image in its data set.
        threshold: landslide where `probability >= threshold`.
    """
    seen = Distribution()
    counts = np.zeros((len(numbers), 4), np.int64)
    for i, (p, y) in enumerate(zip(probability, label, strict=True)):
        seen.add(p, y)
        scores = confusion(p, y, threshold)
        counts[i] = scores.tp, scores.fp, scores.fn, scores.tn
    area = roc_auc(seen)
    return Part(
        counts,
        np.asarray(numbers, np.int64),
        seen.nll_sum,
        area,
        average_precision(seen),
        _roc(seen) if area is not None else np.zeros((2, 0)),
    )


def joined(parts: Sequence[Part]) -> Part:
    """Parts of several folds as one; areas are means over the folds that have one."""

    def mean(name: str) -> float | None:
        known = [value for part in parts if (value := getattr(part, name)) is not None]
        return float(np.mean(known)) if known else None

    return Part(
        np.concatenate([part.counts for part in parts]),
        np.concatenate([part.numbers for part in parts]),
        sum(part.nll_sum for part in parts),
        mean("roc_auc"),
        mean("average_precision"),
        max((part.roc for part in parts), key=lambda roc: roc.shape[1]),
    )


def values_of(part: Part) -> dict[str, float | None]:
    """Pooled scores, means per image (`image_...`), likelihood and areas, by name."""
    pooled = part.scores
    values: dict[str, float | None] = {
        key: value for key, value in pooled.to_dict().items() if key not in ("tp", "fp", "fn", "tn")
    }
    for name in ("precision", "recall", "f1", "iou", "mean_iou"):
        known = [v for image in part.images if (v := getattr(image, name)) is not None]
        values[f"image_{name}"] = float(np.mean(known)) if known else None
    values["nll"] = part.nll_sum / pooled.total if pooled.total else None
    values["roc_auc"] = part.roc_auc
    values["average_precision"] = part.average_precision
    return values


def _roc(seen: Distribution) -> np.ndarray:
    _, tp, fp = curve(seen)
    keep = np.unique(np.linspace(0, len(tp) - 1, min(len(tp), MOST_POINTS)).astype(int))
    return np.stack([np.r_[0, fp[keep]] / seen.negatives, np.r_[0, tp[keep]] / seen.positives])
