"""The page of one or several searches: one HTML file that needs no other."""

from __future__ import annotations

import base64
import html
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from keras_landslide.bands import image_model_bands
from keras_landslide.files import write_text
from keras_landslide.report import search_figures as figures
from keras_landslide.report.search_data import Search, read_search
from keras_landslide.tuning.spread import standings, verdict

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; color: #222 }
h1 { font-size: 1.5rem } h2 { font-size: 1.25rem; margin-top: 2.5rem }
h3 { font-size: 1.05rem; margin-top: 1.6rem }
table { border-collapse: collapse; font-size: .9rem }
td, th { padding: .15rem .8rem .15rem 0; text-align: left; font-variant-numeric: tabular-nums }
tr { border-bottom: 1px solid #e5e5e5 } .small { color: #666; font-size: .85rem }
.note { background: #fff3d6; padding: .5rem .8rem } img { max-width: 100% }
"""


def search_page(folders: Sequence[str | Path], out: str | Path) -> Path:
    """Write the page of the searches in `folders`, finished or not.

    It has a best-of table as the study's Table 2 (Vega and Hidalgo), and for each search who won
    and by how much against the seed spread, parallel coordinates, the effect of each parameter,
    learning curves, time and peak memory, the scores over repeated seeds, and all trials.

    Raises:
        InputFileError: a folder holds no search, or none of its trials has ended.
        OutputError: `out` cannot be written.
    """
    searches = [read_search(folder) for folder in folders]
    title = "Search" if len(searches) == 1 else f"{len(searches)} searches"
    parts = [f"<h1>{title}: {_text('; '.join(s.name for s in searches))}</h1>"]
    if any(search.simulated for search in searches):
        parts.append('<p class="note">Simulated data: no word about a real place.</p>')
    parts += ["<h2>Best of each search</h2>", _best_of(searches)]
    for search in searches:
        parts += _section(search)
    head = f'<meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
    body = "\n".join(parts)
    write_text(out, f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>')
    return Path(out)


def _best_of(searches: Sequence[Search]) -> str:
    """The study's Table 2: the values that won for each image model, and their score."""
    names = list(dict.fromkeys(name for search in searches for name in search.rows[0].values))
    rows = []
    for search in searches:
        won = search.winner
        if won is None:
            continue
        values = won.row.values
        images = values.get("image_model", search.space["base"]["data"]["image_model"])
        others = {k: v for k, v in won.row.metrics.items() if k != search.objective}
        rows.append(
            [
                search.name,
                f"{len(image_model_bands(images))}",
                *(values.get(name, "") for name in names),
                f"{won.mean:.4f}",
                "" if won.sd is None else f"{won.sd:.4f}",
                str(len(won.fresh)) if won.fresh else "",
                f"{won.selected:.4f}" if won.fresh else "",
                ", ".join(f"{key} {value:.4f}" for key, value in others.items()),
            ]
        )
    head = ["search", "bands", *names, "score", "sd over seeds", "further seeds", "selected with"]
    head.append("also, when selected")
    return _table(head, rows)


def _section(search: Search) -> list[str]:
    completed = [row for row in search.rows if row.score is not None]
    parts = [f"<h2>{_text(search.name)}</h2>", _facts(search)]
    parts.append(f"<p><b>{_text(verdict(search.rows, search.direction, search.objective))}</b></p>")
    drawings: list[tuple[str, Callable[[Search, Path], None]]] = []
    if completed and search.varying:
        drawings.append(("Parallel coordinates", figures.parallel_coordinates))
        drawings.append(("Effect of each parameter", figures.effects))
    if search.curves:
        drawings.append(("Learning curves", figures.curves))
    drawings.append(("Time and peak memory per trial", figures.costs))
    repeated = [s for s in standings(search.rows, search.direction) if s.fresh]
    if repeated:
        drawings.append(("Spread over repeated seeds", figures.spread))
    for name, draw in drawings:
        parts += [f"<h3>{name}</h3>", _picture(search, name, draw)]
    if repeated:
        rows = [
            [
                s.row.trial,
                *s.row.values.values(),
                f"{s.mean:.4f}",
                "" if s.sd is None else f"{s.sd:.4f}",
                ", ".join(f"{score:.4f}" for score in s.fresh),
                f"{s.selected:.4f}",
            ]
            for s in repeated
        ]
        head = ["trial", *search.rows[0].values, "mean", "sd", "further seeds", "selected with"]
        parts.append(_table(head, rows))
    return [*parts, "<h3>All trials</h3>", _all_trials(search)]


def _facts(search: Search) -> str:
    s, rows = search.space["search"], search.rows
    failed = sum(row.score is None for row in rows)
    seconds = sum(row.seconds or 0 for row in rows)
    patches = (
        f"at most {s['max_patches']} patches of each split" if s["max_patches"] else "all patches"
    )
    return (
        f"<p>{_text(s['kind'])}: {len(rows)} trials, {failed} failed; at most {s['epochs']} epochs "
        f"on {patches}; {seconds / 60:.1f} minutes of training in all; "
        f"backend {_text(search.space['learnt_from'].get('backend', 'not recorded'))}. "
        f"Objective: {_text(search.objective)}.</p>"
    )


def _all_trials(search: Search) -> str:
    sign = 1 if search.direction == "min" else -1
    names = list(search.rows[0].values)
    metrics = sorted({name for row in search.rows for name in row.metrics})
    ranked = sorted(search.rows, key=lambda r: (r.score is None, sign * (r.score or 0), r.trial))
    rows = [
        [
            row.trial,
            *(row.values[name] for name in names),
            "failed" if row.score is None else f"{row.score:.4f}",
            "" if row.best_epoch is None else f"{row.best_epoch}/{row.epochs}",
            *(f"{row.metrics[m]:.4f}" if m in row.metrics else "" for m in metrics),
            "" if row.seconds is None else f"{row.seconds:.1f}",
            "" if row.peak_mb is None else f"{row.peak_mb:.0f}",
            row.seed,
            " ".join(filter(None, (row.origin, row.reason))),
        ]
        for row in ranked
    ]
    head = ["trial", *names, "score", "epoch", *metrics, "s", "peak MB", "seed", ""]
    return _table(head, rows)


def _picture(search: Search, name: str, draw: Callable[[Search, Path], None]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "figure.png"
        draw(search, path)
        data = base64.b64encode(path.read_bytes()).decode("ascii")
    return f'<p><img alt="{_text(name)}" src="data:image/png;base64,{data}"></p>'


def _table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    head = "".join(f"<th>{_text(name)}</th>" for name in header)
    lines = "".join(
        f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{lines}</table>"


def _text(value: Any) -> str:
    return html.escape(str(value))
