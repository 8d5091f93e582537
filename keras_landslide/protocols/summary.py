"""Runs to rows: folds joined, seeds averaged, ensembles and cross-validated thresholds made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from keras_landslide.evaluation.intervals import Interval, block_bootstrap
from keras_landslide.protocols.chip_parts import Part, joined, score_part, values_of
from keras_landslide.protocols.divisions import Dataset, Round
from keras_landslide.protocols.entries import Entry
from keras_landslide.protocols.protocol import Protocol
from keras_landslide.protocols.results import Result
from keras_landslide.training.threshold import ProbabilityHistogram, best_f1

INTERVALS = ("precision", "recall", "f1", "iou", "mean_iou")


@dataclass(frozen=True)
class Row:
    """A model over all folds and seeds.

    Attributes:
        entry: the model.
        parts: how it did, by part; folds joined, of the first seed.
        values: by part and name of the score, the mean over seeds.
        spread: the standard deviation over seeds; None with one seed.
        intervals: by part and name, of the first seed, from resampled images.
        runs: of the first seed, one per fold, with the thresholds that count.
        parameters: trainable ones.
        seconds: of training and scoring, all folds and seeds together.
        seeds: how many.
    """

    entry: Entry
    parts: Mapping[str, Part]
    values: Mapping[str, Mapping[str, float | None]]
    spread: Mapping[str, Mapping[str, float]] | None
    intervals: Mapping[str, Mapping[str, Interval | None]]
    runs: Sequence[Result]
    parameters: int
    seconds: float
    seeds: int


Results = Mapping[str, Mapping[int, Sequence[Result]]]
"""Runs by label and seed, one per fold."""


def make_rows(protocol: Protocol, dataset: Dataset, results: Results) -> list[Row]:
    """A row per model of the protocol, in its order."""
    crossed = protocol.data.get("threshold") == "cross"
    rows = []
    for entry in protocol.models:
        if entry.ensemble:
            rows.append(ensemble_row(entry, dataset, results, crossed=crossed))
            continue
        by_seed = {
            seed: _crossed(runs, dataset) if crossed else list(runs)
            for seed, runs in results[entry.label].items()
        }
        rows.append(_row(entry, by_seed))
    return rows


def _row(entry: Entry, by_seed: Mapping[int, Sequence[Result]]) -> Row:
    seeds = list(by_seed)
    joint = {
        seed: {part: joined([run.parts[part] for run in runs]) for part in runs[0].parts}
        for seed, runs in by_seed.items()
    }
    values = {
        seed: {part: values_of(each) for part, each in parts.items()}
        for seed, parts in joint.items()
    }
    for each_part in values.values():
        # The paper on LACNN prints the likelihood of its training data beside that of its test.
        if "train" in each_part:
            each_part["test"]["train_nll"] = each_part["train"]["nll"]
    first = by_seed[seeds[0]]
    every = [run for runs in by_seed.values() for run in runs]
    means: dict[str, dict[str, float | None]] = {}
    spread: dict[str, dict[str, float]] = {}
    for part, found in values[seeds[0]].items():
        means[part], spread[part] = {}, {}
        for name in found:
            known = [v for seed in seeds if (v := values[seed][part][name]) is not None]
            means[part][name] = float(np.mean(known)) if known else None
            if len(known) > 1:
                spread[part][name] = float(np.std(known, ddof=1))
        means[part]["parameters_millions"] = first[0].parameters / 1e6
    return Row(
        entry=entry,
        parts=joint[seeds[0]],
        values=means,
        spread=spread if len(seeds) > 1 else None,
        intervals={
            part: block_bootstrap(each.counts, INTERVALS) for part, each in joint[seeds[0]].items()
        },
        runs=first,
        parameters=first[0].parameters,
        seconds=sum(run.seconds for run in every),
        seeds=len(seeds),
    )


def _crossed(runs: Sequence[Result], dataset: Dataset) -> list[Result]:
    """The same runs, each fold's threshold chosen on the test chips of the other folds.

    With a handful of chips, validation is too small to choose on: this way every chip but those
    that are scored has a say, and none of them in its own threshold.
    """
    said = {run.round: (run.probabilities("test"), labels_of(dataset, run)) for run in runs}
    out = []
    for run in runs:
        others = [pair for name, pair in said.items() if name != run.round]
        threshold = pooled_threshold(others)
        out.append(_at(run, dataset, threshold, said[run.round]))
    return out


def pooled_threshold(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> float:
    """Best F1 over all pixels of probabilities and labels."""
    histogram = ProbabilityHistogram()
    for probability, label in pairs:
        histogram.add(label, np.asarray(probability))
    return best_f1(histogram).value


def _at(run: Result, dataset: Dataset, threshold: float, pair) -> Result:
    probability, label = pair
    part = score_part(np.asarray(probability), label, run.parts["test"].numbers, threshold)
    return replace(run, threshold=threshold, parts={**run.parts, "test": part})


def _division(dataset: Dataset, name: str) -> Round:
    return next(division for division in dataset.rounds if division.name == name)


def labels_of(dataset: Dataset, run: Result) -> np.ndarray:
    """Labels of a run's test chips, uint8 (N, H, W), in the order of its answers."""
    cache = _division(dataset, run.round).caches[run.entry.bands]
    return np.asarray(cache.labels[run.parts["test"].numbers])


def ensemble_row(entry: Entry, dataset: Dataset, results: Results, *, crossed: bool) -> Row:
    """The mean of several models over all their seeds, fold by fold.

    Args:
        entry: names the models in `ensemble`.
        dataset: the data.
        results: all runs.
        crossed: choose each fold's threshold on the test chips of the other folds, see `_crossed`.
    """
    members = [runs for label in entry.ensemble for runs in results[label].values()]
    combined = []
    for place, first in enumerate(members[0]):
        told = {
            part: np.mean([runs[place].probabilities(part) for runs in members], axis=0)
            for part in ("val", "test")
        }
        cache = _division(dataset, first.round).caches[first.entry.bands]
        numbers = {part: first.parts[part].numbers for part in told}
        threshold = pooled_threshold([(told["val"], cache.labels[numbers["val"]])])
        parts = {
            part: score_part(told[part], cache.labels[numbers[part]], numbers[part], threshold)
            for part in told
        }
        run = _Mean(
            folder=first.folder,
            entry=first.entry,
            round=first.round,
            seed=first.seed,
            threshold=threshold,
            parameters=sum(runs[place].parameters for runs in members),
            epochs=first.epochs,
            seconds=0.0,
            parts=parts,
            told=told,
        )
        combined.append(run)
    runs = _crossed(combined, dataset) if crossed else combined
    return replace(_row(entry, {0: runs}), entry=entry)


@dataclass(frozen=True)
class _Mean(Result):
    """An ensemble's answers, which lie in no file."""

    told: Mapping[str, np.ndarray]

    def probabilities(self, part: str) -> np.ndarray:
        return self.told[part]
