"""What a reader of scores has to know first: simulated or real, which split, which threshold."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any


def notes(metrics: Mapping[str, Any]) -> list[str]:
    """Paragraphs of HTML: warnings first, then what was scored, at which threshold.

    Args:
        metrics: what `metrics.json` holds.
    """
    warnings = []
    if metrics["simulated"]:
        warnings.append("Simulated data, or a model trained on such: no word about a real place.")
    if (metrics.get("split_kind") or "").startswith("random"):
        warnings.append(
            "The split is random: neighbouring patches share pixels, scores are too good. "
            + _leakage(metrics.get("leakage"))
        )
    where = f"patches of the {metrics['split']} split" if metrics["split"] else "the whole scene"
    bands = metrics.get("valid_bands")
    also = f", where {', '.join(bands)} have a value" if bands else ""
    lines = [f'<p class="note">{html.escape(note)}</p>' for note in warnings]
    told = [
        f"Scored: {where}{also}.",
        f"Threshold {metrics['threshold']:.4g}, chosen by: {metrics['threshold_from']}.",
        f"Calibration of the map: {metrics['map_calibration']}.",
    ]
    if split := metrics.get("calibration_split"):
        told.append(f"Further thresholds and calibrations below: chosen on the {split} split.")
    return [*lines, *(f"<p>{html.escape(line)}</p>" for line in told)]


def _leakage(gaps: Mapping[str, Any] | None) -> str:
    """By how much, as an audit found it."""
    if not gaps:
        return (
            "By how much is not known: run `keras-landslide audit`, and give its audit.json with "
            "the option audit."
        )
    told = []
    for basin, gap in gaps.items():
        value = "undefined" if gap["f1"] is None else f"{gap['f1']:+.3f}"
        between = gap.get("interval")
        sure = f" ({between[0]:+.3f} to {between[1]:+.3f})" if between else ""
        told.append(f"{value}{sure} in {basin}")
    return f"An audit found F1 of a random less that of a blocked split: {'; '.join(told)}."
