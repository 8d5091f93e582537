"""`best.toml`: the run config of the trial that won."""

from __future__ import annotations

from pathlib import Path

import tomli_w

from keras_landslide.files import write_text
from keras_landslide.tuning.space import SearchSpace
from keras_landslide.tuning.spread import Standing


def write_best(space: SearchSpace, best: Standing, path: str | Path) -> None:
    """Write `best.toml`: a whole run config with the winner's values and seed, atomically.

    Trained with it for as many epochs as in the search, with its patience, and on as many patches,
    a network reaches the score that the head of the file names.
    """
    s = space.settings
    row = best.row
    lines = [
        f"Search {s.name} ({s.kind}): trial {row.trial} (from 0) with {s.objective} "
        f"{row.score:.6f} at epoch {row.best_epoch} of at most {s.epochs}, patience {s.patience}."
    ]
    if s.executions_per_trial > 1:
        lines.append(
            f"That is the mean over {s.executions_per_trial} trainings; the seed and the epoch are "
            "the first one's."
        )
    if best.fresh:
        scores = ", ".join(f"{score:.6f}" for score in best.fresh)
        lines.append(
            f"Mean over {len(best.fresh)} further seeds: {best.mean:.6f} ({scores}). It is the one "
            "to expect of this network; the score above is the best of many."
        )
    if s.max_patches:
        lines.append(
            f"The search used at most {s.max_patches} patches of each split; this run all."
        )
    config = space.best_config(row.values, row.seed)
    head = "".join(f"# {line}\n" for line in lines)
    write_text(path, head + tomli_w.dumps(config.to_dict()))
