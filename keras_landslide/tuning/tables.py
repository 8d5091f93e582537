"""Searches as text tables, for the screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from keras_landslide.bands import image_model_bands
from keras_landslide.config import direction_of
from keras_landslide.tuning.results import TrialRow
from keras_landslide.tuning.spread import winner


def trials_table(rows: Sequence[TrialRow], direction: str, limit: int | None = None) -> str:
    """A text table of trials, best first, failures last with their reason."""
    sign = 1 if direction == "min" else -1
    ranked = sorted(rows, key=lambda r: (r.score is None, sign * (r.score or 0.0), r.trial))
    names = list(rows[0].values) if rows else []
    metrics = sorted({name for row in rows for name in row.metrics})
    header = ["trial", *names, "score", "epoch", *metrics, "seconds", "seed", ""]
    lines = [
        [
            str(row.trial),
            *(str(row.values[name]) for name in names),
            "failed" if row.score is None else f"{row.score:.4f}",
            "" if row.best_epoch is None else f"{row.best_epoch}/{row.epochs}",
            *(f"{row.metrics[m]:.4f}" if m in row.metrics else "" for m in metrics),
            "" if row.seconds is None else f"{row.seconds:.1f}",
            str(row.seed),
            " ".join(filter(None, (row.origin, row.reason))),
        ]
        for row in ranked[:limit]
    ]
    return text_table(header, lines)


def text_table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Columns aligned to the right, the last one (free text) to the left."""
    widths = [max(map(len, column)) for column in zip(header, *lines, strict=True)]
    return "\n".join(
        "  ".join(
            [*(c.rjust(w) for c, w in zip(line[:-1], widths, strict=False)), line[-1]]
        ).rstrip()
        for line in [header, *lines]
    )


def best_table(searches: Sequence[tuple[Mapping[str, Any], Sequence[TrialRow]]]) -> str:
    """The best trial of each search, as the study's Table 2.

    `score` and `sd` are over further seeds where the winner was repeated; `selected` is then the
    score that it was repeated for.

    Args:
        searches: tables of `space.toml` and rows of `trials.csv` of each.
    """
    names = list(dict.fromkeys(name for _, rows in searches for name in rows[0].values))
    header = [
        "search",
        "image model",
        "bands",
        *names,
        "score",
        "sd",
        "selected",
        "trials",
        "failed",
        "data",
    ]
    lines = []
    for space, rows in searches:
        best = winner(rows, direction_of(space["search"]["objective"]))
        values = best.row.values if best else {}
        image_model = values.get("image_model", space["base"]["data"]["image_model"])
        lines.append(
            [
                space["search"]["name"],
                image_model,
                str(len(image_model_bands(image_model))),
                *(str(values.get(name, "")) for name in names),
                f"{best.mean:.4f}" if best else "",
                f"{best.sd:.4f}" if best and best.sd is not None else "",
                f"{best.selected:.4f}" if best and best.fresh else "",
                str(len(rows)),
                str(sum(row.score is None for row in rows)),
                "simulated" if space["learnt_from"].get("simulated") else "",
            ]
        )
    return text_table(header, lines)
