"""Thresholds and calibration chosen on validation, and what they give on the scored pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_landslide.evaluation.calibration import ece, fit_isotonic, fit_temperature
from keras_landslide.evaluation.distribution import Distribution
from keras_landslide.evaluation.ranking import brier, nll
from keras_landslide.evaluation.thresholds import (
    best_f_beta,
    best_youden,
    conformal_threshold,
    least_cost,
    scores_at,
)

RECALL = 0.9


def threshold_table(
    validation: Distribution, images: Sequence[Distribution], scored: Distribution
) -> list[dict[str, Any]]:
    """Each rule's threshold, chosen on validation, with the scores that it gives elsewhere.

    Args:
        validation: pixels of the validation split, each once.
        images: the same patch by patch, for risk control.
        scored: the pixels that are scored.

    Raises:
        NodataError: validation lacks a class.
    """
    choices = [
        best_f_beta(validation),
        best_f_beta(validation, 2.0),
        best_youden(validation),
        least_cost(validation),
    ]
    rules = [(choice.rule, choice.threshold) for choice in choices]
    controlled = f"risk control, {RECALL:.0%} of landslide area"
    rules.append((controlled, conformal_threshold(images, RECALL)))
    rows = []
    for rule, threshold in rules:
        scores = scores_at(scored, threshold)
        values = {name: getattr(scores, name) for name in ("precision", "recall", "f1", "iou")}
        rows.append({"rule": rule, "threshold": threshold, **values})
    return rows


def calibration_table(validation: Distribution, scored: Distribution) -> list[dict[str, Any]]:
    """ECE, Brier score and NLL before and after each calibration fitted on validation.

    Raises:
        NodataError: validation lacks a class.
    """
    temperature, isotonic = fit_temperature(validation), fit_isotonic(validation)
    values = scored.values
    after = {
        "as predicted": scored,
        f"temperature {temperature.value:.3g}": scored.mapped(temperature(values)),
        "isotonic": scored.mapped(isotonic(values)),
    }
    return [
        {"map": name, "ece": ece(seen), "brier": brier(seen), "nll": nll(seen)}
        for name, seen in after.items()
    ]


def verdict(table: Sequence[dict[str, Any]]) -> str:
    """One sentence: whether calibration lowered the ECE on the scored pixels."""
    before, *after = (row["ece"] for row in table)
    if before is None:
        return "nothing was scored"
    best = int(np.argmin(after))
    name = table[best + 1]["map"]
    if after[best] < before:
        return f"calibration ({name}) lowers the ECE from {before:.4f} to {after[best]:.4f}"
    return f"calibration does not lower the ECE: {before:.4f} before, {after[best]:.4f} after"
