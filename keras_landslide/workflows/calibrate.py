"""`keras-landslide calibrate`: make a bundle's probabilities mean what they say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_landslide.files import refuse_folder_of_another
from keras_landslide.options import from_keywords
from keras_landslide.workflows.results import Result, by_name
from keras_landslide.workflows.settings import Blocks, Fitting

if TYPE_CHECKING:
    from keras_landslide.evaluation.calibration_check import HeldOut


def calibrate(
    bundle: str | Path,
    out: str | Path,
    *,
    stack: str | Path | None = None,
    patches: str | Path | None = None,
    data: str | Path | None = None,
    fitting: Fitting = Fitting(),  # noqa: B008 (frozen)
    blocks: Blocks = Blocks(),  # noqa: B008
    **options: Any,
) -> Result:
    """Fit a calibration on one split, and keep it in the bundle if it helps blocks left out of it.

    Whether it helps is decided on the fitted split alone, by leaving its blocks out in turn; the
    test split is only reported. An earlier calibration is replaced: the map is always that of the
    bare network. It becomes the last layer of the bundle's graphs; the bundle is replaced as a
    whole.

    Args:
        bundle: model bundle.
        out: folder for `calibration.json`, `calibration.png` and `uncalibrated.tif`.
        stack: the stack that it was trained on.
        patches: its patch table.
        data: instead of the two, the run config that the bundle was trained by, if it lists its
            sources: each chip is then a block.
        fitting: method and splits.
        blocks: those that are left out, and that the intervals draw.
        options: any parameter of these two by its name, such as `method="isotonic"`.

    Returns:
        What `calibration.json` holds: `cross_fitted` (on blocks of `split` left out of the fit)
        and `tested` (on `test_split`), each with `before` and `after` (`ece`, `brier`, `nll`),
        `ece_change` and its `interval`; `threshold`, `threshold_rule`, `kept`, `verdict` and
        `tested_verdict`; and the paths written.

    Raises:
        OptionError: neither `data` nor `stack` with `patches` are given, or both.
        SplitError: the splits are the same, random or learnt from, the table has no patch of one,
            or all pixels to fit on lie in one block.
        NodataError: the split to fit on lacks a class, or all its pixels of one lie in one of the
            groups of blocks that are left out in turn.
        LandslideError: bundle or stack cannot be used, or `out` not written.
    """
    from keras_landslide.bundle.calibrated import as_graph, calibrate_bundle, check_calibratable
    from keras_landslide.bundle.read import read_bundle
    from keras_landslide.errors import OptionError, SplitError
    from keras_landslide.evaluation.calibration import fit_isotonic, fit_temperature
    from keras_landslide.evaluation.calibration_check import cross_fitted, held_out
    from keras_landslide.evaluation.thresholds import best_f_beta, scores_at
    from keras_landslide.files import write_json
    from keras_landslide.report.calibration_figure import calibration_figure
    from keras_landslide.workflows.calibration_pixels import MapPixels, SourcePixels

    refuse_folder_of_another(out)
    chosen = from_keywords(options, fitting=fitting, blocks=blocks)
    fitting, blocks = chosen["fitting"], chosen["blocks"]
    method, split, test_split = fitting.method, fitting.split, fitting.test_split
    block_px, seed = blocks.block_px, blocks.seed
    if split == test_split:
        raise SplitError("`split` and `test_split` are the same: a calibration looks best there")
    if split == "train":
        raise SplitError("`split` train: the network has learnt from those patches; fit on val")
    if (data is None) == (stack is None) or (stack is None) != (patches is None):
        raise OptionError("give `stack` with `patches`, or `data`")
    bundle, out = Path(bundle), Path(out)
    known = read_bundle(bundle)
    check_calibratable(known)
    pixels: MapPixels | SourcePixels
    if data is None:
        assert stack is not None and patches is not None
        pixels = MapPixels(known, stack, patches, out, block_px)
    else:
        pixels = SourcePixels(known, data)
    pixels.require(split, test_split)
    fit = fit_temperature if method == "temperature" else fit_isotonic
    fit_on, test_on = pixels.blocks(split), pixels.blocks(test_split)
    left_out = cross_fitted(fit_on, fit, seed)
    fitted = fit(left_out.seen)
    tested = held_out(test_on, fitted, seed)
    choice = best_f_beta(left_out.seen.mapped(as_graph(fitted, left_out.seen.values)))
    kept = left_out.change < 0
    found: dict[str, Any] = {
        "bundle": known.name,
        "simulated": known.simulated or pixels.simulated,
        "fitted_on": split,
        "tested_on": test_split,
        "cross_fitted": left_out.to_dict(),
        "tested": tested.to_dict(),
        "threshold": choice.threshold,
        "threshold_rule": f"best F1 on {split}, calibrated",
        "kept": kept,
        "verdict": f"{method} {_change(left_out, f'blocks of {split} left out of the fit')}; "
        + ("kept in the bundle" if kept else "the bundle stays as it was"),
        "tested_verdict": f"it {_change(tested, f'{test_split} blocks, which had no say')}",
    }
    files = [out / "calibration.json", out / "calibration.png"]
    title = f"{known.name}\n{test_split} blocks"
    calibration_figure(
        tested.seen, tested.after, files[1], title=title, simulated=found["simulated"]
    )
    if kept:

        def scored(name: str) -> dict[str, Any]:
            seen = pixels.distribution(name)
            answered = seen.mapped(as_graph(fitted, seen.values))
            return scores_at(answered, choice.threshold).to_dict()

        metrics = {name: scored(name) for name in known.contract.metrics if name in pixels.splits}
        calibrate_bundle(known, fitted, found, metrics)
        files.append(bundle)
    # Last, so that the report never tells of a calibration that the bundle did not get.
    write_json(files[0], found)
    return Result(found, by_name(*files))


def _change(held: HeldOut, where: str) -> str:
    """What became of the ECE, in words."""
    from keras_landslide.evaluation.calibration import ece

    does = "lowers" if held.change < 0 else "does not lower"
    sure = ""
    if held.interval is not None:
        low, high = held.interval
        sure = f" (change {low:+.4f} to {high:+.4f} over blocks)"
    return (
        f"{does} the ECE on {where}: {ece(held.seen):.4f} before, {ece(held.after):.4f} after{sure}"
    )
