"""The search against bare `fit`, its memory, halving against the full grid, and two workers.

    python benchmarks/search.py                    # all four, some minutes
    python benchmarks/search.py overhead memory    # some of them

Trains a small U-Net on patches of noise with bright landslides (simulated). The figures to look at:
the time of a search over that of the same trainings one after another in one process without Keras
Tuner; the search's memory after 50 trials over that after 2; time and best score of a grid with
halving over those of the full grid; and the time with two workers over that with one.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from keras_landslide.config import RunConfig
from keras_landslide.tuning.space import SearchSettings, SearchSpace

GRID = {"filters": (4, 8), "learning_rate": (1e-2, 3e-3, 1e-3, 3e-4), "batch_size": (8,)}
KEYS = {
    "filters": "model.options.filters",
    "learning_rate": "training.learning_rate",
    "batch_size": "training.batch_size",
}


def space_of(epochs: int, grid: dict = GRID, **settings: object) -> SearchSpace:
    base = RunConfig().with_values(
        data={"image_model": "rgb"},
        model={"options": {"filters": 4, "levels": 2}},
        training={"epochs": epochs, "patience": epochs},
    )
    known = SearchSettings(objective="val_best_f1", epochs=epochs, patience=epochs)
    return SearchSpace(replace(known, **settings), base, grid, KEYS)


@dataclass(frozen=True)
class Batches:
    """Batches of patches held in memory."""

    images: np.ndarray
    labels: np.ndarray
    batch_size: int

    def __len__(self) -> int:
        return -(-len(self.images) // self.batch_size)

    def batch(self, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        """As `training.batches.BatchSource` asks."""
        chosen = slice(index * self.batch_size, (index + 1) * self.batch_size)
        return self.images[chosen], self.labels[chosen]


class NoiseTrainer:
    """Trains on simulated patches as a run would."""

    def __init__(self, patches: int, size: int):
        rng = np.random.default_rng(0)
        self.labels = np.kron(
            rng.random((patches, size // 8, size // 8, 1)) < 0.1, np.ones((1, 8, 8, 1))
        )
        noise = rng.normal(0.2, 0.1, (patches, size, size, 3))
        self.images = (noise + 0.15 * self.labels).astype("float32")
        self.labels = self.labels.astype("float32")

    def batches(self, batch_size: int) -> tuple[Batches, Batches]:
        """Three quarters to learn from, one to score on."""
        cut = len(self.images) * 3 // 4
        parts = (slice(None, cut), slice(cut, None))
        train, val = (Batches(self.images[p], self.labels[p], batch_size) for p in parts)
        return train, val

    def build(self, config: RunConfig):
        """The network with seeded weights."""
        from keras_landslide import models
        from keras_landslide.training.compiling import fix_seeds

        fix_seeds(config.training.seed)
        shape = self.images.shape[1:]
        return models.build(config.model.name, shape, **config.model.options)

    def fit(self, model, config: RunConfig, run_folder: Path, callbacks: list):
        """Train with all that a run keeps: checkpoints, history, threshold."""
        from keras_landslide.training.history import History
        from keras_landslide.training.run import train
        from keras_landslide.tuning.job import Outcome

        batches = self.batches(config.training.batch_size)
        metrics = train(model, *batches, run_folder, config, callbacks=callbacks, quiet=True)
        rows = History(run_folder / "history.csv").rows
        history = {key: [row[key] for row in rows] for key in rows[0] if key != "epoch"}
        final = {"val_best_f1": metrics["val"]["f1"] or 0.0}
        return Outcome(history, metrics["best_epoch"] + 1, final)


def search(space: SearchSpace, make_trainer: Callable, folder: Path, workers: int = 1):
    """Seconds of a search from its first trial on, and its result."""
    from keras_landslide.tuning.search import Resources, run_search

    threads = max(len(os.sched_getaffinity(0)) // workers, 1)
    resources = Resources(workers=workers, threads=threads)
    start = time.perf_counter()
    result = run_search(space, folder, make_trainer, resources=resources)
    return time.perf_counter() - start, result


def bare(space: SearchSpace, trainer: NoiseTrainer, folder: Path) -> float:
    """Seconds of the same trainings in a plain loop: `train` alone, no Keras Tuner."""
    import keras

    start = time.perf_counter()
    for number, values in enumerate(space.combinations):
        config = space.trial_config(values, space.seed(number))
        trainer.fit(trainer.build(config), config, folder / str(number), [])
        keras.backend.clear_session(free_memory=True)
    return time.perf_counter() - start


def overhead(folder: Path, epochs: int) -> None:
    """Both ways twice, in turn, since the machine may be busy with other work."""
    space, make = space_of(epochs), partial(NoiseTrainer, 64, 64)
    trainer = make()
    bare(space_of(1), trainer, folder / "warm")  # imports and the first look at the devices
    ratios = []
    for turn in range(2):
        plain = bare(space, trainer, folder / f"bare{turn}")
        tuned, _ = search(space, make, folder / f"tuned{turn}")
        ratios.append(tuned / plain)
        print(f"  bare loop {plain:.1f} s, search {tuned:.1f} s")
    count = len(space.combinations)
    print(f"overhead: {count} trials of {epochs} epochs take {min(ratios):.3f} of the bare loop")


def memory(folder: Path, trials: int) -> None:
    """The search's own processes (this one and the one that trials start from) as trials go by."""
    from keras_landslide.tuning import tuner

    held: list[float] = []

    class Watching(tuner.Watcher):
        def ended(self, number: int) -> None:
            held.append(_family_mb())

    rates = tuple(1e-3 * 1.01**i for i in range(trials // 2))
    space = space_of(1, GRID | {"learning_rate": rates})
    from keras_landslide.tuning import oracles
    from keras_landslide.tuning.nursery import Nursery, Surroundings

    nursery = Nursery(partial(NoiseTrainer, 16, 32), Surroundings())
    try:
        tuner.SearchTuner(oracles.get(space), nursery, folder, Watching()).search()
    finally:
        nursery.close()
    print(
        f"memory: {held[1]:.0f} MB after 2 trials, {held[-1]:.0f} MB after {len(held)}: "
        f"ratio {held[-1] / held[1]:.3f}"
    )


def _family_mb() -> float:
    """Proportional set size of this process and its children, MB: shared pages count once."""
    import multiprocessing

    pids = [os.getpid(), *(child.pid for child in multiprocessing.active_children())]
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total * 1024 / 1e6


def halving(folder: Path, epochs: int) -> None:
    make = partial(NoiseTrainer, 64, 32)
    full_s, full = search(space_of(epochs), make, folder / "grid")
    half_s, half = search(space_of(epochs, kind="halving"), make, folder / "halving")
    trained = {
        name: sum(_epochs_of(row) for row in found.rows)
        for name, found in (("full", full), ("halving", half))
    }
    print(
        f"halving: {half_s:.1f} s against {full_s:.1f} s for the full grid (ratio "
        f"{half_s / full_s:.2f}; {trained['halving']} and {trained['full']} epochs); best score "
        f"{half.best.score:.4f} against {full.best.score:.4f}"
    )


def _epochs_of(row) -> int:
    """Epochs that a trial trained itself, without those it took over."""
    if row.origin.startswith("continues"):
        return row.epochs - row.epochs // 3
    return row.epochs


def workers(folder: Path, epochs: int) -> None:
    make = partial(NoiseTrainer, 64, 64)
    one_s, one = search(space_of(epochs), make, folder / "one", 1)
    two_s, two = search(space_of(epochs), make, folder / "two", 2)
    same = [a.score for a in one.rows] == [b.score for b in two.rows]
    print(
        f"workers: two take {two_s:.1f} s, one {one_s:.1f} s: ratio {two_s / one_s:.2f} on "
        f"{len(os.sched_getaffinity(0))} cores; scores {'the same' if same else 'differ'}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", help="overhead, memory, halving, workers; default: all")
    parser.add_argument("--epochs", type=int, default=27)
    parser.add_argument("--trials", type=int, default=50, help="of the part memory")
    arguments = parser.parse_args()
    parts = {"overhead": overhead, "memory": memory, "halving": halving, "workers": workers}
    for name in arguments.parts or parts:
        with tempfile.TemporaryDirectory() as folder:
            amount = arguments.trials if name == "memory" else arguments.epochs
            parts[name](Path(folder), amount)


if __name__ == "__main__":
    main()
