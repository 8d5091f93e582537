"""The decision threshold by several rules, chosen on validation pixels alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from keras_landslide.counts import Scores
from keras_landslide.errors import NodataError
from keras_landslide.evaluation.distribution import Distribution
from keras_landslide.evaluation.ranking import Seen, curve


class Choice(NamedTuple):
    """A threshold, the rule that chose it, and what it reached on the pixels it was chosen on."""

    threshold: float
    rule: str
    value: float


def best_f_beta(seen: Seen, beta: float = 1.0) -> Choice:
    """Highest F-beta: recall counts `beta` times as much as precision.

    Raises:
        NodataError: `seen` has no landslide pixel; so for the other rules.
    """
    _, tp, fp = curve(seen)
    weight = beta**2
    found = (1 + weight) * tp / (tp + fp + weight * _positives(seen))
    return _pick(seen, found, "F1" if beta == 1 else f"F{beta:g}")


def best_youden(seen: Seen) -> Choice:
    """Highest recall + specificity - 1 (Youden 1950).

    Raises:
        NodataError: `seen` lacks a class.
    """
    _, tp, fp = curve(seen)
    positives = _positives(seen)
    if not fp[-1]:
        raise NodataError("no threshold by Youden: validation has no background pixel")
    return _pick(seen, tp / positives - fp / fp[-1], "Youden's J")


def least_cost(seen: Seen, missed: float = 10.0, false_alarm: float = 1.0) -> Choice:
    """Least mean cost per pixel, where a missed pixel costs `missed` and a false one the other."""
    _, tp, fp = curve(seen)
    cost = (missed * (_positives(seen) - tp) + false_alarm * fp) / (tp[-1] + fp[-1])
    best = _pick(seen, -cost, f"cost {missed:g}:{false_alarm:g} of missed to false")
    return best._replace(value=-best.value)


def scores_at(seen: Distribution, threshold: float) -> Scores:
    """Pooled counts where `probability >= threshold` in float32 is landslide."""
    said = seen.values >= np.float32(threshold)
    tp, fp = int(seen.positive[said].sum()), int(seen.negative[said].sum())
    return Scores(tp, fp, seen.positives - tp, seen.negatives - fp)


def conformal_threshold(images: Sequence[Distribution], recall: float = 0.9) -> float:
    """The highest threshold that conformal risk control allows for a wished recall.

    Angelopoulos et al. 2022 (arXiv:2208.02814), eq. 4: with the loss of an image its share of
    missed landslide pixels, in [0, 1] and never falling as the threshold rises, the highest
    threshold with n / (n + 1) x mean loss + 1 / (n + 1) <= 1 - recall keeps the expected missed
    share of a next image at or below `1 - recall`. It assumes that calibration images and next
    image are exchangeable: in another basin, or for neighbouring blocks of one, they are not, and
    nothing is promised. The promise is about the mean over images, not about each.

    Args:
        images: one distribution per validation image; those without landslide do not count.
        recall: wished share of landslide area found, in (0, 1).

    Returns:
        The threshold; 0 (everything is landslide) where too few images allow no other.
    """
    images = [image for image in images if image.positives]
    n = len(images)
    allowed = (1 - recall) * (n + 1) - 1
    if allowed < -1e-9:
        return 0.0
    # The total loss rises by 1 / positives of its image just above each landslide's probability.
    values = np.concatenate([image.values[image.positive > 0] for image in images])
    steps = np.concatenate([i.positive[i.positive > 0] / i.positives for i in images])
    order = np.argsort(values, kind="stable")
    values, lost = values[order], np.cumsum(steps[order])
    levels, last = np.unique(values, return_index=True)
    ends = np.r_[last[1:], len(values)] - 1
    # At threshold levels[k] all landslides below it are missed: those up to the level before.
    missed = np.r_[0.0, lost[ends][:-1]]
    return float(levels[np.flatnonzero(missed <= allowed + 1e-9)[-1]])


def _positives(seen: Seen) -> int:
    positives = int(seen.positive.sum())
    if not positives:
        raise NodataError("no threshold can be chosen: validation has no landslide pixel")
    return positives


_ROUND = np.uint32(10)
"""Bits that are cut off a threshold: what is left is exact to 1e-4 and short to write."""


def _pick(seen: Seen, score: np.ndarray, rule: str) -> Choice:
    """The threshold with the highest score: of training, of evaluation, of every rule.

    Between two neighbouring probabilities every threshold scores the same, so the middle of that
    gap is taken. Ties go to the higher threshold.
    """
    best = int(np.argmax(score))
    position = len(score) - 1 - best
    upper = seen.values[position]
    below = seen.tops[position - 1] if position else np.float32(0)
    middle = np.float32((float(below) + float(upper)) / 2).view(np.uint32)
    rounded = (middle >> _ROUND << _ROUND).view(np.float32)
    return Choice(float(max(rounded, below)), rule, float(score[best]))
