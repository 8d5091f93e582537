"""The search against bare `fit`, its memory, halving against the full grid, and two workers.

    python benchmarks/search.py                    # all four, some minutes
    python benchmarks/search.py overhead memory    # some of them

Trains a small U-Net on patches of noise with bright landslides (simulated). The figures to look at:
the time of a search over that of the same trainings in one process without Keras Tuner; the
search's memory after 50 trials over that after 2; time and best score of a grid with halving over
those of the full grid; and the time with two workers over that with one.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from noise_search import GRID, NoiseTrainer, space_of

from keras_landslide.tuning.space import SearchSpace


@dataclass(frozen=True)
class Cost:
    """Wall and CPU seconds (this process and its children) of what ran inside `measured`."""

    wall_s: float
    cpu_s: float


def measured(work: Callable) -> tuple[Cost, object]:
    def now() -> tuple[float, float]:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return time.perf_counter(), sum(u.ru_utime + u.ru_stime for u in used)

    wall, cpu = now()
    result = work()
    later = now()
    return Cost(later[0] - wall, later[1] - cpu), result


def search(
    space: SearchSpace, make_trainer: Callable, folder: Path, workers: int = 1, backend: str = ""
):
    """Cost of a search, and its result; an empty backend is the one that Keras is set to."""
    from keras_landslide.tuning.search import Resources, run_search

    threads = max(len(os.sched_getaffinity(0)) // workers, 1)
    resources = Resources(workers=workers, threads=threads, backend=backend)
    return measured(lambda: run_search(space, folder, make_trainer, resources=resources))


def train_bare(space: SearchSpace, number: int, trainer: NoiseTrainer, folder: Path) -> None:
    """The training of a trial in this process, without Keras Tuner."""
    import keras

    config = space.trial_config(space.combinations[number], space.seed(number))
    trainer.fit(trainer.build(config), config, folder / str(number), [])
    keras.backend.clear_session(free_memory=True)


def overhead(folder: Path, epochs: int) -> None:
    """Each trial of a search, and after it the same training in this process without Keras Tuner.

    In turns, so that other work on the machine weighs on both.
    """
    from keras_landslide.tuning import oracles, results, tuner
    from keras_landslide.tuning.fork_server import ForkServer, Surroundings

    space, make = space_of(epochs), partial(NoiseTrainer, 64, 64)
    train = partial(train_bare, trainer=make(), folder=folder / "bare")
    bare = []

    class Twin(tuner.Watcher):
        def ended(self, number: int) -> None:
            rows = results.read_trials(space, folder / tuner.PROJECT)
            results.write_trials_csv(rows, list(space.grid), folder / "trials.csv")
            bare.append(measured(lambda: train(space, number))[0])

    def search_all(work: bool) -> None:
        fork_server = ForkServer(make, Surroundings())
        try:
            fork_server.ready()
            if work:
                tuner.SearchTuner(oracles.get(space), fork_server, folder, Twin()).search()
        finally:
            fork_server.close()

    train(space_of(1), 0)  # imports, a look at the devices
    shutil.rmtree(folder / "bare")
    begun, _ = measured(lambda: search_all(work=False))
    both, _ = measured(lambda: search_all(work=True))
    for name in ("wall_s", "cpu_s"):
        start, all_ = getattr(begun, name), getattr(both, name)
        base = sum(getattr(cost, name) for cost in bare)
        print(
            f"overhead, {name}: {len(bare)} trials of {epochs} epochs: {all_ - base:.1f} in the "
            f"search, {base:.1f} bare: ratio {(all_ - base) / base:.3f}, "
            f"{(all_ - base - start) / base:.3f} without the {start:.1f} that starting takes once"
        )


def memory(folder: Path, trials: int) -> None:
    """The search's own processes (this one and the one that trials start from) as trials go by."""
    from keras_landslide.tuning import tuner

    held: list[float] = []

    class Watching(tuner.Watcher):
        def ended(self, number: int) -> None:
            held.append(_family_mb())
            if len(held) in (2, 10, 25, trials):
                print(f"  after {len(held)} trials: {held[-1]:.1f} MB", flush=True)

    rates = tuple(1e-3 * 1.01**i for i in range(trials // 2))
    space = space_of(1, GRID | {"filters": (1, 2), "learning_rate": rates}, levels=1)
    from keras_landslide.tuning import oracles
    from keras_landslide.tuning.fork_server import ForkServer, Surroundings

    fork_server = ForkServer(partial(NoiseTrainer, 16, 32), Surroundings())
    try:
        tuner.SearchTuner(oracles.get(space), fork_server, folder, Watching()).search()
    finally:
        fork_server.close()
    print(
        f"memory: {held[1]:.0f} MB after 2 trials, {held[-1]:.0f} MB after {len(held)}: "
        f"ratio {held[-1] / held[1]:.3f}"
    )


def _family_mb() -> float:
    """Anonymous memory of this process and its children, MB: what they hold beyond files."""
    import multiprocessing

    pids = [os.getpid(), *(child.pid for child in multiprocessing.active_children())]
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Anonymous:"):
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
        f"halving: {half_s.wall_s:.1f} s against {full_s.wall_s:.1f} s for the full grid (ratio "
        f"{half_s.wall_s / full_s.wall_s:.2f}, of CPU time {half_s.cpu_s / full_s.cpu_s:.2f}); "
        f"{trained['halving']} and {trained['full']} epochs; best score "
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
        f"workers: two take {two_s.wall_s:.1f} s, one {one_s.wall_s:.1f} s: ratio "
        f"{two_s.wall_s / one_s.wall_s:.2f}, of CPU time {two_s.cpu_s / one_s.cpu_s:.2f}, on "
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
