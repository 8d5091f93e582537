"""A whole study: compare on held-out ground, then learn from all of it and map the region."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from keras_landslide.files import fingerprint, replacing, write_json, write_text
from keras_landslide.lock import folder_lock
from keras_landslide.progress import progress
from keras_landslide.rasters.read import source_state, stack_info
from keras_landslide.susceptibility.compare import Trainer, gather, held_out_maps
from keras_landslide.susceptibility.features import stack_features
from keras_landslide.susceptibility.figures import class_figure, rate_figure
from keras_landslide.susceptibility.folds import NO_FOLD, make_folds
from keras_landslide.susceptibility.mapping import deploy, map_classes, map_probability
from keras_landslide.susceptibility.peers import PEERS
from keras_landslide.susceptibility.region import read_label
from keras_landslide.susceptibility.scores import FoldScores, gap, overall, rate_curve, score_folds
from keras_landslide.susceptibility.settings import Held, StudySettings
from keras_landslide.susceptibility.tables import gap_table, score_table

BLOCK_PX = 64
"""Edge of the blocks that intervals draw: 1.8 km at 28.55 m, wider than clusters of landslides."""


def run_study(
    stack: str | Path,
    out: str | Path,
    settings: StudySettings | None = None,
    *,
    map_stack: str | Path | None = None,
) -> dict[str, Any]:
    """Compare models on held-out ground, then map.

    Args:
        stack: mixed stack with a label.
        out: folder; gets `scores.json`, `scores.md`, `rates.png`, and of the model that maps
            `model.keras`, `probability.tif`, `classes.tif`, `.qml` and `.csv`, and
            `classes.png`. What a killed study left there is used again.
        settings: of the study; None is the default.
        map_stack: map this stack instead of the one learnt from; it needs the same bands.

    Returns:
        What `scores.json` holds.

    Raises:
        LandslideError: the stack, the settings or the folder are at fault.
    """
    settings = (settings or StudySettings()).resolved()
    settings.check()
    stack, out = Path(stack), Path(out)
    info = stack_info(stack)
    features = stack_features(info, settings.bands)
    label = read_label(stack)
    with folder_lock(out, "study"):
        trainer = Trainer(stack, features, label, settings)
        names = [*settings.models, *(PEERS if settings.peers else ())]
        found: dict[str, Any] = {"stack": str(stack), "simulated": info.simulated, "held_out": {}}
        ranked: dict[str, list[FoldScores]] = {}
        curves: dict[str, dict[str, Any]] = {}
        for held in settings.held:
            scored, fold = _compare(trainer, held, names, out / "held_out", stack)
            ranked = ranked or scored
            found["held_out"][f"{held.kind}:{held.folds}"] = _results(scored)
            curves[held.kind] = {
                name: rate_curve(gather(fold, name, out / "held_out", _key(trainer, held)),
                                 trainer.label, fold)
                for name in names
            }  # fmt: skip
        best = settings.map_model or max(
            settings.models, key=lambda name: overall(ranked[name])["roc_auc"]["value"]
        )
        found["map"] = _map(trainer, best, Path(map_stack or stack), out, settings)
        if trainer.rates:
            found["rates"] = {
                name: [trial._asdict() for trial in trials if np.isfinite(trial.nll)]
                for name, trials in trainer.rates.items()
            }
        write_json(out / "scores.json", found)
        write_text(out / "scores.md", score_text(found))
        rate_figure(out / "rates.png", curves, simulated=info.simulated)
    return found


def _key(trainer: Trainer, held: Held) -> str:
    """What held-out probabilities depend on, but for the model and the fold."""
    settings = trainer.settings
    learning = {name: asdict(settings.learning(name)) for name in settings.models}
    chosen = [settings.protocol, settings.align, settings.members, settings.seed, settings.block_px]
    chosen.append(settings.search_rates)
    state = source_state(trainer.stack)
    return fingerprint([asdict(held), chosen, learning, trainer.local.bands, state])


def _compare(
    trainer: Trainer, held: Held, names: list[str], folder: Path, stack: Path
) -> tuple[dict[str, list[FoldScores]], np.ndarray]:
    settings = trainer.settings
    fold = make_folds(
        trainer.label, held.kind, held.folds, block_px=settings.block_px, seed=settings.seed
    )
    folder.mkdir(parents=True, exist_ok=True)
    key = _key(trainer, held)
    steps: Iterator = held_out_maps(trainer, fold, names, folder, key)
    count = len(names) * (1 if settings.protocol == "published" else held.folds)
    for _ in progress(steps, f"held-out {held.kind}", total=count, unit="model"):
        pass
    if settings.protocol == "published":
        fold = np.where(fold == 0, 0, NO_FOLD)
    scored = {
        name: score_folds(gather(fold, name, folder, key), trainer.label, fold, block_px=BLOCK_PX)
        for name in names
    }
    return scored, fold


def _results(scored: dict[str, list[FoldScores]]) -> dict[str, Any]:
    """Scores ready for JSON; gaps are to the model that leads in AUC."""
    models: dict[str, Any] = {
        name: {
            "overall": overall(folds),
            "folds": [{"scores": f.scores, "intervals": f.intervals} for f in folds],
        }
        for name, folds in scored.items()
    }
    leader = max(models, key=lambda name: models[name]["overall"]["roc_auc"]["value"])
    gaps = {
        name: gap(scored[leader], folds)._asdict()
        for name, folds in scored.items()
        if name != leader
    }
    return {"models": models, "leader": leader, "gaps": gaps}


def _map(
    trainer: Trainer, name: str, stack: Path, out: Path, settings: StudySettings
) -> dict[str, Any]:
    features, members = trainer.networks(name, trainer.label)
    model = deploy(features, members)
    with replacing(out / "model.keras") as part:
        model.save(part.with_suffix(".keras"))
        part.with_suffix(".keras").replace(part)
    identity = fingerprint([float(np.abs(w).sum()) for w in model.get_weights()])
    probability = map_probability(
        model, features, stack, out / "probability.tif", identity=identity
    )
    areas = map_classes(probability, stack, out / "classes.tif", method=settings.classes)
    class_figure(out / "classes.png", out / "classes.tif", stack)
    return {
        "model": name,
        "bands": features.stored,
        "aligned": features.aligned,
        "classes": [area._asdict() for area in areas],
        "method": settings.classes,
    }


def score_text(found: dict[str, Any]) -> str:
    """The tables of a study, as Markdown."""
    note = " (simulated data)" if found["simulated"] else ""
    parts = []
    for held, result in found["held_out"].items():
        kind, folds = held.split(":")
        what = {"rows": "strips of rows", "columns": "strips of columns"}.get(kind, "small blocks")
        parts.append(f"**Held out: {what}, {folds} folds**{note}\n\n{score_table(result)}")
        parts.append(f"Less than the leader, {result['leader']}:\n\n{gap_table(result)}")
    return "\n\n".join(parts) + "\n"
