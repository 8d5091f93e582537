"""`keras-landslide check`: may this bundle be used on this stack?"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from keras_landslide.files import refuse_folder_of_another
from keras_landslide.workflows.results import Result, by_name


def check(
    bundle: str | Path,
    stack: str | Path,
    out: str | Path,
    *,
    training_stack: str | Path | None = None,
    training_patches: str | Path | None = None,
    seed: int = 0,
) -> Result:
    """Check a stack against a bundle before predicting.

    Args:
        bundle: model bundle.
        stack: the new stack.
        out: folder for `check.json`, `drift.png` and, with `training_stack`,
            `applicability.tif`.
        training_stack: the stack that the bundle was trained on.
        training_patches: its patch table; only patches of the train split count.
        seed: of the sampled training pixels.

    Returns:
        What `check.json` holds: `answer` (`yes`, `with care`, `no`), `why`, `bands` (see
        `evaluation.drift.BandDrift`, and the `verdict` of each), `simulated`, and with a training
        stack `applicable_share` and `dissimilarity_threshold`; and the paths written.

    Raises:
        BundleError: the bundle cannot be read.
        LandslideError: a file cannot be read or written.
    """
    from keras_landslide.bundle.read import check_stack, read_bundle
    from keras_landslide.errors import BundleError, InputFileError, LandslideError, NodataError
    from keras_landslide.evaluation.drift import LEVELS, band_drift, verdict, with_applicability
    from keras_landslide.files import write_json
    from keras_landslide.rasters.read import stack_info
    from keras_landslide.report.drift_figure import drift_figure

    refuse_folder_of_another(out)
    if training_patches is not None and training_stack is None:
        raise LandslideError(
            "`training_patches` say which part of `training_stack` was learnt from; give both"
        )
    out, known, info = Path(out), read_bundle(bundle), stack_info(stack)
    if training_stack is not None:
        stack_info(training_stack)
    if training_patches is not None and not Path(training_patches).exists():
        raise InputFileError(f"{training_patches}: no such file; check the path")
    ranges = known.ranges()
    for name in known.band_names:
        if name not in ranges:
            raise BundleError(f"{bundle}: holds no band_ranges of '{name}'; export it again")
    refusal = None
    try:
        check_stack(known, info)
    except BundleError as error:
        refusal = str(error)
    names = [name for name in known.band_names if name in info.band_names]
    drifts = []
    try:
        drifts = band_drift(stack, ranges, names) if names else []
    except NodataError as error:
        refusal = refusal or str(error)
    found: dict[str, Any] = {
        **verdict(drifts, refusal),
        "bundle": known.name,
        "stack": str(stack),
        "simulated": info.simulated or known.simulated,
        "bands": [{**asdict(drift), "verdict": LEVELS[drift.level]} for drift in drifts],
    }
    files = [out / "check.json"]
    if drifts:
        title = f"{known.name}: training and {info.tags.get('NAME', Path(stack).stem)}"
        simulated = found["simulated"]
        files.append(
            drift_figure(drifts, ranges, out / "drift.png", title=title, simulated=simulated)
        )
    if training_stack is not None and len(drifts) == len(known.band_names):
        files.append(out / "applicability.tif")
        found |= _applicability(training_stack, training_patches, names, stack, files[-1], seed)
        answer = {key: found[key] for key in ("answer", "why")}
        found |= with_applicability(answer, found["applicable_share"])
    write_json(out / "check.json", found)
    return Result(found, by_name(*files))


def drift_warning(bundle: str | Path, stack: str | Path) -> str | None:
    """What to say before mapping a stack whose values are not those of training, else None.

    A look at some tiles; `keras-landslide check` looks at all and draws the bands.

    Raises:
        BundleError: the bundle is incomplete, or the stack breaks its contract.
        InputFileError: the stack is missing or truncated.
    """
    from keras_landslide.bundle.read import check_stack, read_bundle
    from keras_landslide.errors import NodataError
    from keras_landslide.evaluation.drift import band_drift, verdict
    from keras_landslide.rasters.read import stack_info

    known = read_bundle(bundle)
    check_stack(known, stack_info(stack))
    ranges = known.ranges()
    names = [name for name in known.band_names if name in ranges]
    try:
        drifts = band_drift(stack, ranges, names, most_tiles=64) if names else []
    except NodataError:
        return None  # the map itself says where nothing is known
    if not drifts or max(drift.level for drift in drifts) == 0:
        return None
    return f"{verdict(drifts)['why']} (`keras-landslide check` shows how)"


def _applicability(
    training_stack: str | Path,
    training_patches: str | Path | None,
    names: list[str],
    stack: str | Path,
    out: Path,
    seed: int,
) -> dict[str, Any]:
    from keras_landslide.evaluation.applicability import fit_applicability, write_applicability
    from keras_landslide.rasters.read import stack_info
    from keras_landslide.workflows.scored_pixels import patch_windows

    windows = None
    if training_patches is not None:
        grid = stack_info(training_stack).grid
        windows = [window for _, window in patch_windows(training_patches, "train", grid)]
    fitted = fit_applicability(training_stack, names, windows=windows, seed=seed)
    share = write_applicability(fitted, stack, names, out)
    return {"applicable_share": share, "dissimilarity_threshold": fitted.threshold}
