"""`evaluate`: a map, or a finished run, scored against the label of a stack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from keras_landslide.errors import OptionError
from keras_landslide.files import refuse_folder_of_another
from keras_landslide.options import from_keywords
from keras_landslide.workflows.results import Result
from keras_landslide.workflows.settings import Judging, Scored, Truth


def evaluate(
    probability: str | Path | None = None,
    stack: str | Path | None = None,
    out: str | Path = "scores",
    *,
    run: str | Path | None = None,
    scored: Scored = Scored(),  # noqa: B008 (frozen)
    truth: Truth = Truth(),  # noqa: B008
    judging: Judging = Judging(),  # noqa: B008
    **options: Any,
) -> Result:
    """Score a probability map, or map with a finished run and score that.

    Args:
        probability: `probability.tif`, as `predict` writes it.
        stack: stack on the same grid with the band `label` and, if known, `cloud`; for a run, None
            takes the run's own.
        out: folder for the files.
        run: instead of a map, a finished run: see `evaluate_run`.
        scored: which pixels count.
        truth: what the true landslides are.
        judging: threshold, comparison, calibration.
        options: any parameter of these three by its name, such as `threshold=0.5`.

    Returns:
        See `score_map.score_map`.

    Raises:
        OptionError: an option is out of range, or does not go with another.
        LandslideError: see `score_map.score_map` and `evaluate_run.evaluate_run`.
    """
    from keras_landslide.workflows.evaluate_run import evaluate_run
    from keras_landslide.workflows.score_map import score_map

    refuse_folder_of_another(out)
    chosen = from_keywords(options, scored=scored, truth=truth, judging=judging)
    scored, judging = chosen["scored"], chosen["judging"]
    if judging.bundle is not None and judging.threshold is not None:
        raise OptionError("give `bundle` or `threshold`, not both")
    if (run is None) == (probability is None):
        raise OptionError("give `probability` with `stack`, or `run`")
    if run is not None:
        return evaluate_run(run, out, stack=stack, **chosen)
    if stack is None:
        raise OptionError("`probability` needs `stack`")
    if scored.split is not None and scored.patches is None:
        raise OptionError("`split` is one of `patches`; give them, or `run`")
    assert probability is not None
    return score_map(probability, stack, out, **chosen)
