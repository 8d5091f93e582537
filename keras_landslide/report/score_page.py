"""The one-page report: every score with its definition and interval, the figures inside."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_landslide.evaluation.definitions import DEFINITIONS
from keras_landslide.files import write_text
from keras_landslide.report.score_notes import notes

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; color: #222 }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2rem }
table { border-collapse: collapse } td, th { padding: .2rem .8rem .2rem 0; text-align: left }
td.n { text-align: right; font-variant-numeric: tabular-nums }
tr { border-bottom: 1px solid #e5e5e5 } .small { color: #666; font-size: .85rem }
.note { background: #fff3d6; padding: .5rem .8rem } img { max-width: 100% }
summary { cursor: pointer }
"""
_PIXELS = (
    *("precision", "recall", "f1", "iou", "mean_iou", "macro_f1", "accuracy", "mean_accuracy"),
    *("frequency_weighted_iou", "kappa", "roc_auc", "average_precision", "nll", "naive_nll"),
    *("brier", "boundary_f1", "prevalence", "tp", "fp", "fn", "tn"),
)
_OBJECTS = (
    *("precision", "recall", "f1", "inventory", "detected", "predicted", "correct"),
    *("missed_area_m2", "false_area_m2", "over_segmented", "under_segmented", "median_iou"),
    *("median_centroid_distance_m", "median_boundary_distance_m"),
)


def score_page(metrics: Mapping[str, Any], figures: Sequence[Path], out: str | Path) -> Path:
    """Write the report as one HTML file that needs no other file.

    Args:
        metrics: what `metrics.json` holds.
        figures: PNG files, embedded.
        out: HTML file to write.

    Raises:
        OutputError: `out` cannot be written.
    """
    name = f"{metrics['model']} over {metrics['scene']}"
    parts = [f"<h1>{_text(name)}</h1>", *notes(metrics), "<h2>Pixels</h2>", *_pixels(metrics)]
    if objects := metrics.get("objects"):
        spread = objects["object_intervals"]
        rows = [
            [_named("objects", key), _with_interval(objects[key], spread.get(key))]
            for key in _OBJECTS
        ]
        parts += ["<h2>Landslides as objects</h2>", _table(["score", "value"], rows)]
        by_size = objects["by_size_m2"].items()
        sizes = [[_text(f"{k} m2"), *map(_number, v.values())] for k, v in by_size]
        parts.append(_table(["size", "inventory", "detected", "rate"], sizes))
        parts += _groups(objects.get("by_group"))
    for key in ("thresholds", "calibration"):
        if table := metrics.get(key):
            parts += [f"<h2>{key.capitalize()}</h2>", _definition(key)]
            lines = [[_number(value) for value in line.values()] for line in table]
            parts.append(_table(list(table[0]), lines))
            parts.append(_definition("risk_control" if key == "thresholds" else "ece"))
    if "calibration_verdict" in metrics:
        parts.append(f"<p>{_text(metrics['calibration_verdict'])}.</p>")
    parts += ["<h2>Image by image</h2>", _definition("per_image"), _per_image(metrics)]
    for figure in figures:
        data = base64.b64encode(figure.read_bytes()).decode("ascii")
        parts.append(f'<p><img alt="{_text(figure.stem)}" src="data:image/png;base64,{data}"></p>')
    parts += ["<h2>Definitions</h2>", _all_definitions()]
    body = "\n".join(parts)
    head = f'<meta charset="utf-8"><title>{_text(name)}</title><style>{_STYLE}</style>'
    write_text(out, f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>')
    return Path(out)


def _pixels(metrics: Mapping[str, Any]) -> list[str]:
    regions = metrics["pixels"]
    rows = []
    for key in _PIXELS:
        cells = [_named("pixels", key)]
        for values in regions.values():
            cells.append(_with_interval(values[key], values["intervals"].get(key)))
        rows.append(cells)
    first = next(iter(regions.values()))["intervals"]
    how = f"{first['level']:.0%} interval over {first['blocks']} spatial blocks"
    parts = [_table(["score", *regions], rows), f'<p class="small">In grey: {_text(how)}.</p>']
    parts += _cloud_cover(metrics["by_cloud_cover"])
    if compared := metrics.get("compared"):
        lines = [
            [_text(f"{region}: {key}"), *(_number(v) for v in (d["difference"], *d["interval"]))]
            for region, differences in compared["by_region"].items()
            for key, d in differences.items()
            if d is not None
        ]
        parts += [f"<h2>Compared with {_text(compared['model'])}</h2>", _definition("compared")]
        parts.append(_table(["score", "difference", "low", "high"], lines))
    return parts


def _cloud_cover(table: Sequence[Mapping[str, Any]] | None) -> list[str]:
    if not table:
        return []
    names = ("precision", "recall", "f1")
    rows = [
        [_text(row["cloud_cover"]), _number(row["blocks"])]
        + [_with_interval(row[name], row[f"interval_{name}"]) for name in names]
        for row in table
    ]
    head = "<h2>By cloud cover</h2>"
    return [head, _definition("by_cloud_cover"), _table(["cloud cover", "blocks", *names], rows)]


def _groups(groups: Mapping[str, Mapping[str, Any]] | None) -> list[str]:
    if not groups:
        return []
    rows = [
        [
            _text(name),
            *(_number(each[key]) for key in ("inventory", "detected")),
            _with_interval(each["recall"], each["interval"]),
            *(_number(each[key]) for key in ("area_m2", "missed_area_m2")),
        ]
        for name, each in groups.items()
    ]
    header = ["group", "inventory", "detected", "recall", "area_m2", "missed_area_m2"]
    return [_definition("by_group"), _table(header, rows)]


def _per_image(metrics: Mapping[str, Any]) -> str:
    means = dict(metrics["per_image"])
    images = means.pop("images")
    rows = [[_text(k), _number(v["mean"]), _number(v["undefined"])] for k, v in means.items()]
    return _table([f"mean over {images} images", "value", "undefined in"], rows)


def _named(table: str, key: str) -> str:
    """A score's name that opens its definition: that of objects differs from that of pixels."""
    of_objects = table == "objects" and key in ("precision", "recall", "f1")
    meaning = DEFINITIONS[table if of_objects or key not in DEFINITIONS else key]
    return f"<details><summary>{_text(key)}</summary>{_text(meaning)}</details>"


def _definition(key: str) -> str:
    return f'<p class="small">{_text(DEFINITIONS[key])}.</p>'


def _all_definitions() -> str:
    rows = [[_text(key), _text(meaning)] for key, meaning in DEFINITIONS.items()]
    return _table(["key", "meaning"], rows)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells of `rows` are HTML already; the first column is text, the others numbers."""
    head = "".join(f"<th>{_text(name)}</th>" for name in header)
    lines = []
    for row in rows:
        cells = (f"<td{' class=n' if i else ''}>{cell}</td>" for i, cell in enumerate(row))
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table><tr>{head}</tr>{''.join(lines)}</table>"


def _with_interval(value: Any, between: Sequence[float] | None) -> str:
    text = _number(value)
    if between:
        text += f' <span class="small">{between[0]:.3f} to {between[1]:.3f}</span>'
    return text


def _number(value: Any) -> str:
    if value is None:
        return "undefined"
    if isinstance(value, float):
        if 0 < abs(value) < 1e-3:
            return f"{value:.2e}"
        return f"{value:.4f}" if abs(value) < 1000 else f"{value:.0f}"
    return _text(value)


def _text(value: Any) -> str:
    return html.escape(str(value))
