"""A run that lists its sources, audited: each basin or event is left out in turn."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_landslide.config import RunConfig
from keras_landslide.errors import RecipeError

if TYPE_CHECKING:
    import numpy as np


def audit_groups(config: RunConfig, out: Path, *, seeds: int, seed: int) -> dict[str, Any]:
    """Train on all groups but one, and score that one; each group in turn.

    A group is scored on its test patches, or on all of its patches where it has none. Where every
    group has test patches, one more network learns from the other patches of all of them
    (`together`), and what it does better on the same test patches is the price of a new place.

    Args:
        config: the run; its sources tell their groups.
        out: folder; `GROUP/left_out-SEED/` and `together/SEED/` in it hold the runs.
        seeds: repetitions; the seed of the config and those that follow it.
        seed: of the bootstrap over blocks; each chip is a block of its own.

    Returns:
        `basins` (by group), `seeds` and `simulated`, as `audit`.

    Raises:
        RecipeError: the sources are all of one group.
        SplitError: without a group, nothing is left to train or to choose a threshold on.
        LandslideError: a source cannot be read, or `out` not written.
    """
    from keras_landslide.evaluation.seeds import seed_gap, seed_score
    from keras_landslide.runtime.progress import progress
    from keras_landslide.samples.opened import source_states

    groups = config.data.groups
    if len(groups) < 2:
        raise RecipeError(
            f"all sources belong to the group {groups[0]}; an audit leaves out one group of "
            "several: give the sources their `group`"
        )
    tested = {group: _test_patches(config, group) for group in groups}
    numbers = range(config.training.seed, config.training.seed + seeds)
    work: dict[tuple[str, str, int], Callable[[], np.ndarray]] = {}
    for number in numbers:
        run = config.with_values(training={"seed": number})
        for group in groups:
            home = out / _folder(group) / f"left_out-{number}"
            work[group, "left_out", number] = partial(
                _blocks, leaving_out(run, group), run, group, home
            )
        if all(tested.values()):
            for group in groups:
                home = out / "together" / str(number)
                work[group, "together", number] = partial(_blocks, run, run, group, home)
    scored = {key: work[key]() for key in progress(work, "audit", total=len(work), unit="run")}
    result: dict[str, Any] = {}
    for group in groups:
        blocks = [scored[group, "left_out", n] for n in numbers]
        result[group] = {"left_out": seed_score(blocks, seed=seed).to_dict()}
        if (group, "together", numbers[0]) in scored:
            known = [scored[group, "together", n] for n in numbers]
            result[group]["together"] = seed_score(known, seed=seed).to_dict()
            result[group]["transfer_gap"] = seed_gap(known, blocks, seed=seed).to_dict()
    return {"basins": result, "seeds": seeds, "simulated": source_states(config)[1]}


def leaving_out(config: RunConfig, group: str) -> RunConfig:
    """The run with all patches of a group as test, none to learn from."""
    return config.with_values(
        data={
            "source": tuple(
                replace(source, role="test", split=()) if source.group_name == group else source
                for source in config.data.source
            )
        }
    )


def _only(config: RunConfig, group: str) -> RunConfig:
    sources = tuple(each for each in config.data.source if each.group_name == group)
    return config.with_values(data={"source": sources})


def _test_patches(config: RunConfig, group: str) -> bool:
    """Whether a group has test patches of its own."""
    from keras_landslide.samples.opened import join, open_sources

    return len(join(open_sources(_only(config, group))).indices("test")) > 0


def _blocks(trained: RunConfig, run: RunConfig, group: str, home: Path) -> np.ndarray:
    """Train, and score a group: tp, fp, fn, tn by block, int64 (N, 4)."""
    import numpy as np

    from keras_landslide.bundle.run_files import read_run_metrics
    from keras_landslide.evaluation.answers import as_predict
    from keras_landslide.evaluation.patch_scores import score_patches
    from keras_landslide.runtime.quiet import quiet_tensorflow
    from keras_landslide.samples.opened import join, open_sources
    from keras_landslide.workflows.train import train_run

    train_run(trained, home, quiet=True)
    with quiet_tensorflow():
        from keras_landslide.models.trained import load_network

    cache = join(open_sources(_only(run, group)))
    indices = cache.indices("test")
    if not len(indices):
        indices = np.arange(len(cache.patches))
    threshold = read_run_metrics(home)[0].threshold
    predict = as_predict(load_network(home / "model.keras"))
    return score_patches(predict, cache, indices, threshold).blocks


def _folder(group: str) -> str:
    return re.sub(r"[^\w.-]+", "_", group).strip(".") or "group"
