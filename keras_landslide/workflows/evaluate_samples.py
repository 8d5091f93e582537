"""A run that lists its sources, scored on its patches and chips: all of them, and by group."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from keras_landslide.config import RunConfig
from keras_landslide.workflows.results import Result, by_name
from keras_landslide.workflows.settings import Judging, Scored

COLUMNS = ("patch", "group", "tp", "fp", "fn", "tn", "f1", "iou")


def evaluate_samples(
    run: str | Path, config: RunConfig, out: str | Path, *, scored: Scored, judging: Judging
) -> Result:
    """Score the patches and chips of a split.

    A pixel counts once for each patch that shows it. Each chip, and each block of a stack, is a
    block of the intervals.

    Args:
        run: the finished run folder.
        config: its config.
        out: folder for `metrics.json` and `per_patch.csv`.
        scored: `split` is scored, by default test.
        judging: `threshold` instead of the run's own.

    Returns:
        `model`, `scene` (the groups), `threshold`, `simulated`, `patches` (how many), `pixels`
        (`all`: scores with intervals) and `groups` (the same for each basin or event).

    Raises:
        SplitError: the sources have no patch of that split.
        BundleError: the run is not finished.
        LandslideError: a source cannot be read, or `out` not written.
    """
    import numpy as np

    from keras_landslide.bundle.run_files import RUN_FILES, read_run
    from keras_landslide.counts import Scores
    from keras_landslide.errors import SplitError
    from keras_landslide.evaluation.answers import answers, as_predict, chosen_batches
    from keras_landslide.evaluation.intervals import block_bootstrap
    from keras_landslide.evaluation.scores import confusion, warn_of_one_class
    from keras_landslide.files import write_json
    from keras_landslide.report.tables import write_csv
    from keras_landslide.runtime.quiet import quiet_tensorflow
    from keras_landslide.samples.opened import groups_of, join, open_sources

    with quiet_tensorflow():
        from keras_landslide.models.trained import load_network

    run, out, split = Path(run), Path(out), scored.split or "test"
    metrics, data = read_run(run)
    cache = join(open_sources(config))
    indices = cache.indices(split)
    if not len(indices):
        raise SplitError(f"{run}: its sources have no {split} patch; choose another `split`")
    threshold = metrics.threshold if judging.threshold is None else judging.threshold
    predict = as_predict(load_network(run / RUN_FILES[-1]))
    groups = groups_of(cache, config)[indices]
    counts = np.zeros((len(indices), 4), np.int64)
    batches = chosen_batches(cache.images, indices, config.training.batch_size)
    place = 0
    for said, part in answers(predict, batches):
        for probability, index in zip(said, part, strict=True):
            seen = confusion(probability, cache.labels[index], threshold)
            counts[place] = seen.tp, seen.fp, seen.fn, seen.tn
            place += 1
    warn_of_one_class(Scores(*map(int, counts.sum(axis=0))), f"{run}: the {split} split")
    blocks = np.array([cache.patches[index].block for index in indices])

    def summary(chosen: np.ndarray) -> dict[str, Any]:
        names = np.unique(blocks[chosen])
        sums = np.stack([counts[chosen & (blocks == name)].sum(axis=0) for name in names])
        between = block_bootstrap(sums, ("precision", "recall", "f1", "iou"))
        scores = Scores(*map(int, sums.sum(axis=0))).to_dict()
        return {
            **scores,
            "patches": int(chosen.sum()),
            "intervals": {
                k: [v.low, v.high] for k, v in between.items() if v and scores[k] is not None
            },
        }

    found = {
        "model": config.model.name,
        "scene": ", ".join(dict.fromkeys(groups)),
        "split": split,
        "threshold": threshold,
        "simulated": data.simulated,
        "patches": len(indices),
        "pixels": {"all": summary(np.ones(len(indices), bool))},
        "groups": {name: summary(groups == name) for name in dict.fromkeys(groups)},
    }
    rows = []
    for index, group, each in zip(indices, groups, counts.tolist(), strict=True):
        scores = Scores(*each)
        rows.append((int(index), group, *each, scores.f1, scores.iou))
    files = [out / "per_patch.csv", out / "metrics.json"]
    write_csv(files[0], [COLUMNS, *rows])
    write_json(files[1], found)
    return Result(found, by_name(*files))
