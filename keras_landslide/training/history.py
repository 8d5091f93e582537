"""`history.csv`: a row per finished epoch, and everything that resuming derives from it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from pathlib import Path

from keras_landslide.config import direction_of
from keras_landslide.errors import InputFileError
from keras_landslide.files import write_text

Row = dict[str, float]


class History:
    """The epochs of a run so far.

    The file is the record of what is done: an epoch counts once its row is written, which happens
    after its checkpoint. Values are written with all their digits, so that a resumed run decides
    about early stopping on the very numbers of an uninterrupted one.

    Args:
        path: the file; made by the first epoch.
        monitor: what makes an epoch the best, one of `config.MONITORS` or `config.LAST`.
    """

    def __init__(self, path: str | Path, monitor: str = "val_f1"):
        self.path = Path(path)
        self.monitor = monitor
        self.rows: list[Row] = self._read() if self.path.exists() else []

    def append(self, logs: Mapping[str, float]) -> None:
        """Add the next epoch's values and write the file, atomically."""
        row = {"epoch": float(len(self.rows))} | {key: float(v) for key, v in logs.items()}
        self.rows.append(row)
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(self.rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({**r, "epoch": int(r["epoch"])} for r in self.rows)
        write_text(self.path, text.getvalue())

    @property
    def best_epoch(self) -> int:
        """The epoch with the best `monitor`; ties go to the lower validation loss.

        A value that is no finite number is worse than all others.

        Raises:
            ValueError: there is no epoch yet.
        """
        sign = -1 if direction_of(self.monitor) == "min" else 1

        def rank(epoch: int) -> tuple[float, float, int]:
            row = self.rows[epoch]
            values = (sign * row[self.monitor], -row["val_loss"])
            first, second = (v if math.isfinite(v) else -math.inf for v in values)
            return first, second, -epoch

        return max(range(len(self.rows)), key=rank)

    def should_stop(self, patience: int) -> bool:
        """Whether the best epoch lies `patience` or more epochs back."""
        return bool(self.rows) and len(self.rows) - 1 - self.best_epoch >= patience

    def _read(self) -> list[Row]:
        try:
            with self.path.open(newline="", encoding="utf-8") as stream:
                rows = [
                    {key: float(value) for key, value in row.items()}
                    for row in csv.DictReader(stream)
                ]
        except (TypeError, ValueError) as error:
            raise InputFileError(
                f"{self.path}: is not a training history ({error}); remove the run folder and "
                "train again"
            ) from error
        if any(
            row.get("epoch") != e or math.isnan(row.get("loss", math.nan))
            for e, row in enumerate(rows)
        ):
            raise InputFileError(
                f"{self.path}: its epochs are not 0, 1, 2, ...; remove the run folder and "
                "train again"
            )
        return rows
