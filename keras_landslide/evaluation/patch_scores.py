"""Scores of a network on cut patches, block by block; the network is any callable.

A pixel counts once for each patch that shows it, as in training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_landslide.counts import Scores
from keras_landslide.evaluation.answers import Predict, answers, chosen_batches
from keras_landslide.evaluation.distribution import Distribution
from keras_landslide.evaluation.intervals import block_bootstrap, paired_difference
from keras_landslide.evaluation.ranking import average_precision
from keras_landslide.evaluation.scores import confusion
from keras_landslide.patches.cache import PatchCache

AT_ONCE = 16


@dataclass(frozen=True)
class PatchScores:
    """A network on some patches.

    Attributes:
        threshold: probability from which a pixel is landslide.
        blocks: tp, fp, fn, tn of each spatial block, int64 (N, 4).
        seen: the probabilities.
    """

    threshold: float
    blocks: np.ndarray
    seen: Distribution

    def row(self, before: PatchScores | None = None, seed: int = 0) -> dict[str, Any]:
        """Scores with intervals, and the gain over `before` on the same blocks, ready for JSON."""
        scores = Scores(*(int(n) for n in self.blocks.sum(axis=0)))
        between = block_bootstrap(self.blocks, ("f1",), seed=seed)["f1"]
        gain = before and paired_difference(self.blocks, before.blocks, seed=seed)["f1"]
        return {
            "threshold": self.threshold,
            "precision": scores.precision,
            "recall": scores.recall,
            "f1": scores.f1,
            "interval": between and [between.low, between.high],
            "average_precision": average_precision(self.seen),
            "gain": gain and gain.value,
            "gain_interval": gain and [gain.interval.low, gain.interval.high],
        }


def score_patches(
    predict: Predict, cache: PatchCache, indices: Sequence[int] | np.ndarray, threshold: float
) -> PatchScores:
    """Score patches of a cache; blocks are those of the patch table.

    Raises:
        BundleError: the network's answer has another shape than the patches.
    """
    names = sorted({cache.patches[i].block for i in indices})
    blocks, seen = np.zeros((len(names), 4), np.int64), Distribution()
    batches = chosen_batches(cache.images, indices, AT_ONCE)
    for said, part in answers(predict, batches, estimates=1):
        for index, probability in zip(part, said[..., 0].astype(np.float32), strict=True):
            found = confusion(probability, cache.labels[index], threshold)
            place = names.index(cache.patches[index].block)
            blocks[place] += (found.tp, found.fp, found.fn, found.tn)
            seen.add(probability, cache.labels[index])
    return PatchScores(threshold, blocks, seen)
