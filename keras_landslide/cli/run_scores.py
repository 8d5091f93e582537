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
    from keras_landslide.cli.map_scores import evaluate
    from keras_landslide.cli.predict import predict_scene_to_folder
    from keras_landslide.config import load_run_config
    from keras_landslide.quiet import quiet_tensorflow

    with quiet_tensorflow():
        from keras_landslide.export import export_bundle

    out = Path(out)
    data = load_run_config(Path(run) / "config.toml").data
    bundle = export_bundle(run, out / "bundle")
    if stack is None or Path(stack).resolve() == Path(data.stack).resolve():
        stack = data.stack
        own = {"patches": data.patches, "split": "test", "calibration_split": "val"}
        options = {**options, **{k: v for k, v in own.items() if options.get(k) is None}}
    options.setdefault("split", "test")
    if options["split"] is None:
        options["split"] = "test"
    probability = predict_scene_to_folder(bundle, stack, out / "map")["probability"]
    return evaluate(probability, stack, out, **options)
