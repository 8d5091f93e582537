"""`best.toml`: the run config of the trial that won."""

from __future__ import annotations

from pathlib import Path

import tomli_w

from keras_landslide.files import write_text
from keras_landslide.tuning.space import SearchSpace
from keras_landslide.tuning.spread import Standing


def write_best(space: SearchSpace, best: Standing, path: str | Path) -> None:
    """Write `best.toml`: a whole run config with the winner's values and seed, atomically.

    Trained with it for as many epochs as in the search and on as many patches, a network reaches
    the score that the head of the file names.
    """
    s = space.settings
    row = best.row
    lines = [
        f"Search {s.name} ({s.kind}): trial {row.trial} (from 0) with {s.objective} "
        f"{row.score:.6f} at epoch {row.best_epoch} of at most {s.epochs}."
    ]
    if len(best.scores) > 1:
        scores = ", ".join(f"{score:.6f}" for score in best.scores)
        lines.append(f"Mean over {len(best.scores)} seeds: {best.mean:.6f} ({scores}).")
    if s.max_patches:
        lines.append(
            f"The search used at most {s.max_patches} patches of each split; this run all."
        )
    config = space.best_config(row.values, row.seed)
    head = "".join(f"# {line}\n" for line in lines)
    write_text(path, head + tomli_w.dumps(config.to_dict()))
