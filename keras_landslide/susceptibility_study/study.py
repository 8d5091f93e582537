"""A whole study: compare on held-out ground, then learn from all of it and map the region."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from keras_landslide.files import replacing, write_json, write_text
from keras_landslide.rasters.read import stack_info
from keras_landslide.runtime.lock import folder_lock
from keras_landslide.runtime.progress import progress
from keras_landslide.susceptibility_study.compare import HeldOut
from keras_landslide.susceptibility_study.features import stack_features
from keras_landslide.susceptibility_study.figures import (
    ModelCurves,
    class_figure,
    curves_figure,
    folds_figure,
)
from keras_landslide.susceptibility_study.folds import held_out
from keras_landslide.susceptibility_study.map_stack import check_map_stack
from keras_landslide.susceptibility_study.mappers import (
    Mapper,
    mean_mapper,
    network_mapper,
    peer_mapper,
)
from keras_landslide.susceptibility_study.mapping import deploy, map_classes, map_probability
from keras_landslide.susceptibility_study.peers import PEERS
from keras_landslide.susceptibility_study.region import holes, read_label
from keras_landslide.susceptibility_study.scores import FoldScores, gap, overall, score_fold
from keras_landslide.susceptibility_study.settings import ALIGNED, MEANS, StudySettings
from keras_landslide.susceptibility_study.tables import fold_table, gap_table, score_table
from keras_landslide.susceptibility_study.trainer import Trainer


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
        out: folder; gets `scores.json`, `scores.md`, `curves/`, and of the model that maps
            `model.keras`, `probability.tif`, `classes.tif`, `.qml` and `.csv`, and
            `classes.png`. What a killed study left there is used again.
        settings: of the study; None is the default.
        map_stack: map this stack instead of the one learnt from; its bands have to mean the same.

    Returns:
        What `scores.json` holds.

    Raises:
        LandslideError: the stack, the settings or the folder are at fault.
    """
    settings = settings or StudySettings()
    settings.check()
    settings = settings.resolved()
    stack, out = Path(stack), Path(out)
    info = stack_info(stack)
    features = stack_features(info, settings.bands)
    if map_stack is not None:
        uphill = features.uphill if set(settings.models) & set(ALIGNED) else ()
        check_map_stack(info, stack_info(map_stack), [*features.bands, *uphill])
    label = read_label(stack)
    with folder_lock(out, "study"):
        trainer = Trainer(stack, features, label, settings)
        trained, names = settings.trained, settings.compared
        found: dict[str, Any] = {"stack": str(stack), "simulated": info.simulated, "held_out": {}}
        found["holes"] = holes(features, trainer.values)
        studies = [HeldOut(trainer, held, out / "held_out") for held in settings.held]
        for study in studies:
            held = study.held
            steps, count = study.fill(trained), len(trained) * len(study.numbers)
            for _ in progress(steps, f"held-out {held.kind}", total=count, unit="model"):
                pass
            scored = {name: _scores(study, name) for name in names}
            result = _results({name: model.held_out for name, model in scored.items()})
            rates = study.rates(trained)
            found["held_out"][f"{held.kind}:{held.folds}"] = result | (
                {"rates": rates} if rates else {}
            )
            _figures(out / "curves", held.kind, scored, result, info.simulated)
        first = next(iter(found["held_out"].values()))["models"]
        best = settings.map_model or max(
            names, key=lambda name: first[name]["overall"]["roc_auc"]["value"]
        )
        found["map"] = _map(trainer, best, studies[0], Path(map_stack or stack), out)
        write_json(out / "scores.json", found)
        write_text(out / "scores.md", score_text(found))
    return found


def _scores(study: HeldOut, name: str) -> ModelCurves:
    held_out, learnt = [], []
    for number in study.numbers:
        learn, score, _ = study.parts(number)
        probability = study.probability(name, number)
        held_out.append(score_fold(probability, score, seed=number))
        learnt.append(score_fold(probability, learn, seed=number))
    return ModelCurves(held_out, learnt)


def _results(scored: dict[str, list[FoldScores]]) -> dict[str, Any]:
    """Scores ready for JSON; gaps in AUC are those of the leader and of `lacnn`."""
    models: dict[str, Any] = {
        name: {
            "overall": overall(folds),
            "folds": [{"scores": f.scores, "intervals": f.intervals} for f in folds],
        }
        for name, folds in scored.items()
    }
    leader = max(models, key=lambda name: models[name]["overall"]["roc_auc"]["value"])
    gaps = {
        first: {
            second: gap(scored[first], folds)._asdict()
            for second, folds in scored.items()
            if second != first
        }
        for first in dict.fromkeys([leader, "lacnn"])
        if first in scored
    }
    return {"models": models, "leader": leader, "gaps": gaps}


def _figures(
    folder: Path, kind: str, models: dict[str, ModelCurves], result: dict, simulated: bool
) -> None:
    folder.mkdir(exist_ok=True)
    order = [result["leader"], *(name for name in models if name != result["leader"])]
    curves_figure(
        folder / f"{kind}.png", kind, {name: models[name] for name in order}, simulated=simulated
    )
    for name, model in models.items():
        folds_figure(folder / f"{kind}-{name}.png", kind, name, model, simulated=simulated)


def _map(trainer: Trainer, name: str, study: HeldOut, stack: Path, out: Path) -> dict[str, Any]:
    learn, validation = trainer.label, None
    if study.published:
        # The rate falls by what a tenth of the patches says, here as in the comparison.
        learn, validation = held_out(learn, study.fold, 1)
    (out / "model.keras").unlink(missing_ok=True)  # a forest alone leaves none
    mappers: list[Mapper] = []
    aligned: tuple[str, ...] = ()
    for part in MEANS.get(name, (name,)):
        if part in PEERS:
            peer = trainer.peer(part, learn)
            mappers.append(peer_mapper(peer, trainer.local, trainer.key(part, None)))
            continue
        rates = out / "held_out" / f"{trainer.key(part, None)}-{part}-map.rates.json"
        features, members = trainer.networks(part, learn, validation, rates)
        model = deploy(features, members)
        with replacing(out / "model.keras") as file:
            model.save(file.with_suffix(".keras"))
            file.with_suffix(".keras").replace(file)
        mappers.append(network_mapper(model, features))
        aligned = features.aligned
    mapper = mappers[0] if len(mappers) == 1 else mean_mapper(mappers)
    probability = map_probability(mapper, stack, out / "probability.tif")
    method = trainer.settings.classes
    areas = map_classes(probability, stack, out / "classes.tif", method=method)
    class_figure(out / "classes.png", out / "classes.tif", stack)
    return {
        "model": name,
        "bands": mapper.bands,
        "aligned": aligned,
        "classes": [area._asdict() for area in areas],
        "method": method,
    }


def score_text(found: dict[str, Any]) -> str:
    """The tables of a study, as Markdown."""
    note = " (simulated data)" if found["simulated"] else ""
    parts = []
    for held, result in found["held_out"].items():
        kind, folds = held.split(":")
        what = {"rows": "strips of rows", "columns": "strips of columns"}.get(kind, "small blocks")
        parts.append(f"**Held out: {what}, {folds} folds**{note}\n\n{score_table(result)}")
        if len(result["models"]) > 1:
            parts.append(f"Differences in AUC on the same draws:\n\n{gap_table(result)}")
        parts.append(f"Fold by fold, with 95 % intervals:\n\n{fold_table(result)}")
    if found["holes"]:
        parts.append(f"{found['holes']}.")
    return "\n\n".join(parts) + "\n"
