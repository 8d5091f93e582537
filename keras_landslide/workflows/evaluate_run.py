"""`evaluate --run`: from a finished run to its scores, with nothing else to give."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def evaluate_run(
    run: str | Path, out: str | Path, *, stack: str | Path | None = None, **options: Any
) -> dict[str, Any]:
    """Export a run, map a scene with it, and score the map.

    On the stack that it was trained on, the pixels of its test patches are scored, and thresholds
    and calibration are chosen on its validation patches; on another stack, every labelled pixel.

    Args:
        run: a finished run folder.
        out: folder; `bundle/` and `map/` in it hold what was scored.
        stack: another stack; None takes the run's own.
        options: as `map_scores.evaluate`.

    Returns:
        As `map_scores.evaluate`.

    Raises:
        BundleError: the run is not finished.
        LandslideError: a file cannot be read, scored or written.
    """
    from keras_landslide.config import load_run_config
    from keras_landslide.runtime.quiet import quiet_tensorflow
    from keras_landslide.workflows.evaluate import evaluate
    from keras_landslide.workflows.predict import predict_scene_to_folder

    with quiet_tensorflow():
        from keras_landslide.bundle.export import export_bundle

    out = Path(out)
    data = load_run_config(Path(run) / "config.toml").data
    bundle = export_bundle(run, out / "bundle")
    options["split"] = options.get("split") or "test"
    if stack is None or _same_ground(stack, data.stack):
        stack = data.stack if stack is None else stack
        own = {"patches": data.patches}
        if options["split"] != "val":
            own["calibration_split"] = "val"
        options |= {key: value for key, value in own.items() if options.get(key) is None}
    probability = predict_scene_to_folder(bundle, stack, out / "map")["probability"]
    return evaluate(probability, stack, out, **options)


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
