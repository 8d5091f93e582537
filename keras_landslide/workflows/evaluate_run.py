"""A run evaluated: from a finished run to its scores, with nothing else to give."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from keras_landslide.config import RunConfig
from keras_landslide.sources import Source
from keras_landslide.workflows.results import Result
from keras_landslide.workflows.settings import Judging, Scored, Truth


def evaluate_run(
    run: str | Path,
    out: str | Path,
    *,
    stack: str | Path | None = None,
    scored: Scored = Scored(),  # noqa: B008 (frozen)
    truth: Truth = Truth(),  # noqa: B008
    judging: Judging = Judging(),  # noqa: B008
) -> Result:
    """Export a run, map a scene with it, and score the map.

    On the stack that it was trained on, the pixels of its test patches are scored, and thresholds
    and calibration are chosen on its validation patches; on another stack, every labelled pixel.
    A run that lists its sources is scored on their patches and chips, see `evaluate_samples`,
    unless a stack is given.

    Args:
        run: a finished run folder.
        out: folder; `bundle/` and `map/` in it hold what was scored.
        stack: another stack; None takes the run's own.
        scored: as in `score_map`.
        truth: as in `score_map`.
        judging: as in `score_map`.

    Returns:
        As `score_map`.

    Raises:
        BundleError: the run is not finished.
        LandslideError: a file cannot be read, scored or written.
    """
    from keras_landslide.config import load_run_config
    from keras_landslide.runtime.quiet import quiet_tensorflow
    from keras_landslide.workflows.evaluate_samples import evaluate_samples
    from keras_landslide.workflows.predict import predict
    from keras_landslide.workflows.score_map import score_map

    with quiet_tensorflow():
        from keras_landslide.bundle.export import export_bundle

    out = Path(out)
    config = load_run_config(Path(run) / "config.toml")
    if config.data.source and stack is None:
        return evaluate_samples(run, config, out, scored=scored, judging=judging)
    data = _source_of(config, stack)
    bundle = export_bundle(run, out / "bundle")
    if stack is None or (data.stack and _same_ground(stack, data.stack)):
        stack = data.stack if stack is None else stack
        if scored.patches is None:
            scored = replace(scored, patches=data.patches)
        if scored.split != "val" and judging.calibration_split is None:
            judging = replace(judging, calibration_split="val")
    probability = predict(bundle, stack, out / "map").paths["probability"]
    return score_map(probability, stack, out, scored=scored, truth=truth, judging=judging)


def _source_of(config: RunConfig, stack: str | Path | None) -> Source:
    """The source that lies on the ground of `stack`; the first where none does."""
    sources = config.data.sources
    if stack is not None:
        for source in sources:
            if source.stack and _same_ground(stack, source.stack):
                return source
    return sources[0]


def _same_ground(stack: str | Path, own: str | Path) -> bool:
    """Whether a stack lies on the pixels that a run learnt from, by whatever path or name."""
    from keras_landslide.errors import InputFileError
    from keras_landslide.rasters.read import stack_info

    if Path(stack).resolve() == Path(own).resolve():
        return True
    try:
        known = stack_info(own).grid
    except InputFileError:
        return False  # it is gone, and paths are all there is to compare
    return stack_info(stack).grid == known
