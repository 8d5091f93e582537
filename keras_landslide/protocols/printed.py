"""The papers' printed numbers, and where they do not fit their own definitions."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

from keras_landslide.protocols.entries import Table
from keras_landslide.protocols.protocol import Protocol

TOLERANCE = 1e-4
"""Half a unit of the fourth digit, for numbers rounded from numbers so rounded, and some more."""

POOLED = "fits pooled counts"
MEANS = "fits a mean over images alone"
IMPOSSIBLE = "fits neither pooled counts nor means over the same images"


@cache
def read_csv(file: str) -> list[dict[str, str]]:
    """The rows of a file in `reported`."""
    path = resources.files(__package__).joinpath("reported", file)
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def reported_values(table: Table) -> dict[str, dict[str, float]]:
    """Printed numbers by the model's label and our key, brought to shares.

    Where a paper prints counts alone, precision, recall, F1 and IoU follow from them.
    """
    if not table.file:
        return {}
    found = {}
    for row in read_csv(table.file):
        label = next(iter(row.values()))
        if "tp" in row:
            row = {**row, **_from_counts(row)}
        found[label] = {
            column.key: float(row[column.reported]) * table.scale
            for column in table.columns
            if column.reported and row.get(column.reported)
        }
    return found


def _from_counts(row: Mapping[str, str]) -> dict[str, str]:
    tp, fp, fn = (int(row[key]) for key in ("tp", "fp", "fn"))
    return {
        "precision": str(tp / (tp + fp)),
        "recall": str(tp / (tp + fn)),
        "f1": str(2 * tp / (2 * tp + fp + fn)),
        "iou": str(tp / (tp + fp + fn)),
    }


def f1_verdict(precision: float, recall: float, f1: float, tolerance: float = TOLERANCE) -> str:
    """What a printed F1 can be, given the printed precision and recall.

    Pooled over pixels it is their harmonic mean. As a mean over images it is at most the mean of
    mean precision and mean recall, since that holds in each image.
    """
    harmonic = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    if abs(f1 - harmonic) <= tolerance:
        return POOLED
    return IMPOSSIBLE if f1 > (precision + recall) / 2 + tolerance else MEANS


def iou_of_f1(f1: float) -> float:
    """The landslide IoU that belongs to a pooled F1."""
    return f1 / (2 - f1)


def inconsistencies(protocol: Protocol) -> Iterator[str]:
    """A sentence for each reported number that does not follow from its own definition."""
    for table in protocol.tables:
        if not table.file:
            continue
        reported = reported_values(table)
        verdicts = {
            label: f1_verdict(*(_pick(row, key) for key in ("precision", "recall", "f1")))
            for label, row in reported.items()
            if all(_has(row, key) for key in ("precision", "recall", "f1"))
        }
        digits = _tolerant(table)
        wrong = [name for name, verdict in verdicts.items() if verdict == IMPOSSIBLE]
        means = [name for name, verdict in verdicts.items() if verdict == MEANS]
        if wrong and digits:
            yield (
                f"{table.source}: the F1 of {_list(wrong)} exceeds the mean of the printed "
                "precision and recall; no pooling and no mean over the same images gives that "
                "(leaving images without a defined F1 out of its mean alone would)."
            )
        if means and digits:
            yield (
                f"{table.source}: the F1 of {_list(means)} is below the harmonic mean of the "
                "printed precision and recall: it is a mean over images, not pooled over pixels."
            )
        yield from _mean_iou(table, reported)


def _mean_iou(table: Table, reported: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """A printed 'mean IoU' that is the landslide's IoU alone."""
    named = any(c.key == "iou" and "mean" in c.reported for c in table.columns)
    fits = [
        label
        for label, row in reported.items()
        if named and abs(row["iou"] - iou_of_f1(row["f1"])) <= 2 * TOLERANCE
    ]
    if fits:
        yield (
            f"{table.source}: the printed 'mean IoU' of {_list(fits)} equals F1 / (2 - F1), the "
            "IoU of the landslide class; the formula given is that of the mean over both classes."
        )


def _tolerant(table: Table) -> bool:
    """Whether the numbers have digits enough to be held against each other: four.

    Zeros at the end are not printed in the files, so that the longest number tells.
    """
    return any(
        len(row[column.reported].partition(".")[2]) >= 4
        for row in read_csv(table.file)
        for column in table.columns
        if column.reported in ("precision", "recall", "f1") and row.get(column.reported)
    )


def _has(row: Mapping[str, float], key: str) -> bool:
    return key in row or f"image_{key}" in row


def _pick(row: Mapping[str, float], key: str) -> float:
    return row[key] if key in row else row[f"image_{key}"]


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
