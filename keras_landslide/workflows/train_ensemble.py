"""A run of several networks: one for each fold and seed, and their mean as the run's network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_landslide.config import EnsembleConfig, RunConfig

if TYPE_CHECKING:
    import keras
    import numpy as np

RULE = "best F1 over all patches, each answered by networks that never saw it"


def train_ensemble(
    config: RunConfig, out: Path, train_member: Callable[..., Path], *, quiet: bool = False
) -> None:
    """Train every member, and write the run folder of all of them together.

    `members/fold-K-seed-S/` are run folders of their own; `model.keras` is the mean of all members.
    With folds, the threshold is chosen on all patches, each answered by the members that never saw
    it, and `metrics.json` holds those scores as `cross_validation`; without, on the validation
    split.

    Args:
        config: a run with folds, seeds or mirrored answers.
        out: run folder; members that are finished are left as they are.
        train_member: trains a run config in a folder, as `train.train_run`.
        quiet: print nothing.

    Raises:
        LandslideError: as `train_run`.
    """
    import keras

    from keras_landslide.bundle.run_files import read_run_metrics
    from keras_landslide.errors import InputFileError
    from keras_landslide.files import replacing, write_json
    from keras_landslide.models.committee import committee
    from keras_landslide.models.trained import load_network
    from keras_landslide.training.folder import claim
    from keras_landslide.training.threshold import ProbabilityHistogram, best_f1

    members = list(_members(config))
    networks: dict[int, list[keras.Model]] = {}
    told: list[dict[str, Any]] = []
    for fold, seed in members:
        home = out / "members" / f"fold-{max(fold, 0)}-seed-{seed}"
        train_member(_member(config, fold, seed), home, quiet=quiet)
        networks.setdefault(fold, []).append(load_network(home / "model.keras"))
        told.append(read_run_metrics(home, InputFileError)[1])
    claim(out, config)
    mirrored = config.ensemble.mirrored
    seen = {"val": ProbabilityHistogram(), "test": ProbabilityHistogram()}
    for fold, those in networks.items():
        together = committee(those, mirrored=mirrored)
        for split, label, probability in _answers(_member(config, fold, members[0][1]), together):
            seen[split].add(label, probability)
    crossed = config.data.folds > 0
    threshold = best_f1(seen["test" if crossed else "val"])
    counts = {split: histogram.counts_at(threshold.value) for split, histogram in seen.items()}
    scores = {split: each.to_dict() for split, each in counts.items() if each.total}
    whole = committee([model for those in networks.values() for model in those], mirrored=mirrored)
    with replacing(out / "model.keras") as part:
        whole.save(part)
    write_json(out / "data.json", _contract(config))
    write_json(
        out / "metrics.json",
        {
            "threshold": threshold.value,
            "threshold_rule": RULE if crossed else threshold.rule,
            "epochs": max(each["epochs"] for each in told),
            "best_epoch": max(each["best_epoch"] for each in told),
            "backend": keras.backend.backend(),
            "members": len(members),
            **({"cross_validation": scores["test"]} if crossed else scores),
        },
    )


def _members(config: RunConfig) -> Iterator[tuple[int, int]]:
    """Fold and seed of each member; the fold of a run without folds is its own, -1."""
    folds = range(config.data.folds) if config.data.fold < 0 < config.data.folds else None
    first = config.training.seed
    for fold in folds or (config.data.fold,):
        for seed in range(first, first + config.ensemble.seeds):
            yield fold, seed


def _member(config: RunConfig, fold: int, seed: int) -> RunConfig:
    return config.with_values(
        data={"fold": fold}, training={"seed": seed}, ensemble=vars(EnsembleConfig())
    )


def _answers(
    member: RunConfig, network: keras.Model
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Split, labels and probabilities of the validation and test patches, batch by batch."""
    from keras_landslide.evaluation.answers import answers, as_predict, chosen_batches
    from keras_landslide.samples.opened import join, open_sources

    cache = join(open_sources(member))
    for split in ("val", "test"):
        batches = chosen_batches(cache.images, cache.indices(split), member.training.batch_size)
        for probability, part in answers(as_predict(network), batches):
            yield split, cache.labels[part], probability


def _contract(config: RunConfig) -> dict[str, Any]:
    """What the run learnt from; with folds, from every patch, though no member from all."""
    from dataclasses import replace

    from keras_landslide.samples.opened import open_sources
    from keras_landslide.workflows.contract import data_contract

    sources = open_sources(config)
    if config.data.fold < 0 < config.data.folds:
        sources = [
            replace(
                each,
                cache=replace(
                    each.cache,
                    patches=tuple(replace(p, split="train") for p in each.cache.patches),
                ),
            )
            for each in sources
        ]
    return data_contract(config, sources)
