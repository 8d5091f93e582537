"""Scores of a study side by side, in Markdown."""

from __future__ import annotations

from typing import Any

HEAD = ("model", "AUC (95 %)", "AUC by fold", "AP (95 %)", "NLL", "naive NLL", "ECE")


def score_table(result: dict[str, Any]) -> str:
    """A row per model, the best AUC first; `result` is one way of holding out."""
    order = sorted(
        result["models"], key=lambda name: -result["models"][name]["overall"]["roc_auc"]["value"]
    )
    rows = []
    for name in order:
        entry = result["models"][name]
        mean, folds = entry["overall"], [fold["scores"]["roc_auc"] for fold in entry["folds"]]
        rows.append(
            [
                name,
                _between(mean["roc_auc"], 3),
                " ".join(f"{value:.3f}" for value in folds),
                _between(mean["average_precision"], 3),
                *(f"{mean[key]['value']:.4f}" for key in ("nll", "naive_nll", "ece")),
            ]
        )
    return markdown(HEAD, rows)


def gap_table(result: dict[str, Any]) -> str:
    """How far some models are ahead of the others in AUC, and how often over resampled blocks."""
    rows = [
        [
            first,
            second,
            f"{gap['value']:+.4f}",
            f"{gap['low']:+.4f} to {gap['high']:+.4f}",
            f"{gap['share_above']:.1%}",
        ]
        for first, others in result["gaps"].items()
        for second, gap in sorted(others.items(), key=lambda item: item[1]["value"])
    ]
    return markdown(("first", "second", "first less second", "95 %", "first ahead in"), rows)


def fold_table(result: dict[str, Any]) -> str:
    """A row per model and fold."""
    rows = []
    for name, entry in result["models"].items():
        for number, fold in enumerate(entry["folds"], start=1):
            scores, between = fold["scores"], fold["intervals"]
            ranked = [
                _between({"value": scores[key], **_ends(between[key])}, digits)
                for key, digits in (("roc_auc", 3), ("average_precision", 3), ("nll", 4))
            ]
            rest = [f"{scores[key]:.4f}" for key in ("naive_nll", "ece")]
            rows.append([name, str(number), *ranked, *rest])
    head = ("model", "fold", "AUC (95 %)", "AP (95 %)", "NLL (95 %)", "naive NLL", "ECE")
    return markdown(head, rows)


def class_table(classes: list[dict[str, Any]]) -> str:
    """Area of each class, and of the landslides in it."""
    slides = max(sum(entry["slides"] for entry in classes), 1)
    rows = [
        [
            entry["name"],
            f"{entry['upper']:.3g}",
            f"{entry['area_km2']:.2f}",
            f"{entry['share']:.1%}",
            f"{entry['slides'] / slides:.1%}",
        ]
        for entry in classes
    ]
    return markdown(("class", "up to", "km2", "of the map", "of the landslide pixels"), rows)


def markdown(head: tuple[str, ...], rows: list[list[str]]) -> str:
    """A table; all but the first column to the right."""
    lines = [list(head), ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _between(entry: dict[str, float], digits: int) -> str:
    if "low" not in entry:
        return f"{entry['value']:.{digits}f}"
    value, low, high = (f"{entry[key]:.{digits}f}" for key in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def _ends(between: tuple[float, float] | None) -> dict[str, float]:
    """No interval where a fold has too few blocks for one."""
    return {"low": between[0], "high": between[1]} if between else {}
