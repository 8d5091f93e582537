"""Score tables like Tables 3 and 4 of Vega and Hidalgo: as text, Markdown and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from keras_landslide.cells import as_cells
from keras_landslide.counts import Scores
from keras_landslide.files import write_text

HEADER = ("image model", "basin", "pixels", "precision", "recall", "F1", "TP", "FP", "FN", "TN")
REPORTED_NOTE = (
    "Reported by Vega and Hidalgo for the real basins (Table 3: training zone; Table 4: inference "
    "zone, precision, recall and F1 follow from its counts); not comparable with simulated ones"
)


@dataclass(frozen=True)
class Row:
    """A line of a score table.

    Attributes:
        image_model: key of `bands.IMAGE_MODELS`.
        basin: where, and whether it was trained there.
        pixels: which pixels: `all`, `clear` or `cloud`.
        precision: None where undefined or not reported; so are the others.
        recall: see above.
        f1: see above.
        counts: (TP, FP, FN, TN) in pixels; None where not reported.
    """

    image_model: str
    basin: str
    pixels: str
    precision: float | None
    recall: float | None
    f1: float | None
    counts: tuple[int, int, int, int] | None

    @classmethod
    def of(cls, image_model: str, basin: str, pixels: str, scores: Scores) -> Row:
        """The line for measured scores."""
        counts = (scores.tp, scores.fp, scores.fn, scores.tn)
        known = scores.to_dict()
        return cls(
            image_model, basin, pixels, known["precision"], known["recall"], known["f1"], counts
        )

    def cells(self) -> list[str]:
        """The line as text, in the order of `HEADER`."""
        scores = [_text(value) for value in (self.precision, self.recall, self.f1)]
        counts = ["–"] * 4 if self.counts is None else [str(count) for count in self.counts]
        return [self.image_model, self.basin, self.pixels, *scores, *counts]


def reported_rows() -> list[Row]:
    """What the paper reports, from `reported.csv`; scores of Table 4 follow from its counts."""
    text = resources.files(__package__).joinpath("reported.csv").read_text(encoding="utf-8")
    rows = []
    for line in csv.DictReader(io.StringIO(text)):
        if line["tp"]:
            scores = Scores(*(int(line[key]) for key in ("tp", "fp", "fn", "tn")))
            rows.append(Row.of(line["image_model"], line["basin"], "all", scores))
        else:
            precision, recall, f1 = (float(line[key]) for key in ("precision", "recall", "f1"))
            names = (line["image_model"], line["basin"], "all")
            rows.append(Row(*names, precision, recall, f1, None))
    return rows


def text_table(rows: Sequence[Row], title: str) -> str:
    """A table for the screen: a title, aligned columns, a rule between basins."""
    cells = [list(HEADER), *(row.cells() for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(HEADER))]
    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    lines = [title, rule, _aligned(cells[0], widths), rule]
    for row, before in zip(rows, [None, *rows], strict=False):
        if before is not None and before.basin != row.basin:
            lines.append("")
        lines.append(_aligned(row.cells(), widths))
    return "\n".join([*lines, rule])


def markdown_table(rows: Sequence[Row], title: str) -> str:
    """The same as Markdown."""
    lines = [f"**{title}**", "", _pipes(HEADER), _pipes(["---"] * 3 + ["---:"] * 7)]
    return "\n".join([*lines, *(_pipes(row.cells()) for row in rows)]) + "\n"


def csv_table(rows: Sequence[Row]) -> str:
    """The same as CSV with full digits; empty where undefined."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([name.replace(" ", "_").lower() for name in HEADER])
    for row in rows:
        scores = ("" if v is None else repr(v) for v in (row.precision, row.recall, row.f1))
        writer.writerow(
            as_cells([row.image_model, row.basin, row.pixels, *scores, *(row.counts or [""] * 4)])
        )
    return stream.getvalue()


def write_tables(rows: Sequence[Row], folder: str | Path, title: str) -> list[Path]:
    """Write `scores.csv` and `scores.md`, the latter with the reported numbers below.

    Raises:
        OutputError: the folder cannot be written.
    """
    folder = Path(folder)
    write_text(folder / "scores.csv", csv_table(rows))
    reported = markdown_table(reported_rows(), REPORTED_NOTE)
    write_text(folder / "scores.md", f"{markdown_table(rows, title)}\n{reported}")
    return [folder / "scores.csv", folder / "scores.md"]


def write_csv(path: str | Path, lines: Sequence[Sequence[Any]]) -> None:
    """Write a header and lines as CSV with full digits; None is empty.

    Texts that a spreadsheet would run get an apostrophe, see `cells.as_cells`.

    Raises:
        OutputError: the file cannot be written.
    """
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(map(as_cells, lines))
    write_text(path, stream.getvalue())


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Names to the left, numbers to the right."""
    return "  ".join(
        cell.ljust(width) if i < 3 else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ).rstrip()


def _pipes(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _text(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
