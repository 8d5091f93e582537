"""`keras-landslide calibrate`: make a bundle's probabilities mean what they say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from keras_landslide.inference.bundle import Bundle


@click.command(short_help="make a bundle's probabilities mean what they say")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--stack", type=click.Path(path_type=Path), required=True,
              help="Stack that the bundle was trained on.")  # fmt: skip
@click.option("--patches", type=click.Path(path_type=Path), required=True,
              help="Its patches: fitted on --split, tried on --test-split.")  # fmt: skip
@click.option("--method", type=click.Choice(["temperature", "isotonic"]), default="temperature",
              show_default=True, help="One number, or a rising map.")  # fmt: skip
@click.option("--split", default="val", show_default=True, help="Split to fit on.")
@click.option("--test-split", default="test", show_default=True, help="Split to try it on.")
@click.option("--block", "block_px", type=click.IntRange(min=1), default=64, show_default=True,
              help="Edge of the spatial blocks that the interval draws, pixels.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, help="Of the drawn blocks.")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True,
              help="Folder for calibration.json, its figure and uncalibrated.tif.")  # fmt: skip
def command(bundle: Path, out: Path, **options: Any) -> None:
    """Calibrate the probabilities of the model BUNDLE, and keep that in it if it helps.

    It helps if it lowers the calibration error (ECE) on blocks that it was not fitted on;
    otherwise the bundle stays as it is. `predict` then gives calibrated probabilities, and the
    threshold is chosen anew on the same pixels.
    """
    found = calibrate(bundle, out, **options)
    click.echo(found["verdict"])
    for path in found["files"]:
        click.echo(f"wrote {path}")


def calibrate(
    bundle: str | Path,
    out: str | Path,
    *,
    stack: str | Path,
    patches: str | Path,
    method: str = "temperature",
    split: str = "val",
    test_split: str = "test",
    block_px: int = 64,
    seed: int = 0,
) -> dict[str, Any]:
    """Fit a calibration on one split, try it on another, and keep it in the bundle if it helps.

    An earlier calibration is replaced: the map is always that of the bare network. The bundle
    changes in one step, the renaming of its `bundle.json`.

    Args:
        bundle: model bundle.
        out: folder for `calibration.json`, `calibration.png` and `uncalibrated.tif`.
        stack: the stack that it was trained on.
        patches: its patch table.
        method: `temperature` or `isotonic`.
        split: to fit on.
        test_split: to try on.
        block_px: edge of the blocks that the interval draws, pixels.
        seed: of the draws.

    Returns:
        What `calibration.json` holds: `before` and `after` on the tried split (`ece`, `brier`,
        `nll`), `ece_change`, its `interval`, `threshold`, `kept` and `verdict`; and `files`.

    Raises:
        SplitError: the splits are the same, or the table has no patch of one.
        NodataError: the split to fit on lacks a class.
        LandslideError: bundle or stack cannot be used, or `out` not written.
    """
    from keras_landslide.cli.scoring import patch_windows, validation_pixels
    from keras_landslide.errors import SplitError
    from keras_landslide.evaluation.calibration import fit_isotonic, fit_temperature
    from keras_landslide.evaluation.calibration_check import held_out
    from keras_landslide.evaluation.calibration_entry import calibration_entry
    from keras_landslide.evaluation.thresholds import best_f_beta
    from keras_landslide.files import write_json
    from keras_landslide.inference.bundle import read_bundle
    from keras_landslide.rasters.read import stack_info
    from keras_landslide.report.calibration_figure import calibration_figure

    if split == test_split:
        raise SplitError("--split and --test-split are the same: a calibration looks best there")
    bundle, out, grid = Path(bundle), Path(out), stack_info(stack).grid
    known = read_bundle(bundle)
    fit_on = [window for _, window in patch_windows(patches, split, grid)]
    try_on = [window for _, window in patch_windows(patches, test_split, grid)]
    probability = _bare_map(known, stack, out)
    pixels = validation_pixels(probability, stack, fit_on)
    fitted = fit_temperature(pixels) if method == "temperature" else fit_isotonic(pixels)
    tried = held_out(probability, stack, try_on, fitted, block_px=block_px, seed=seed)
    choice = best_f_beta(pixels.mapped(fitted(pixels.values)))
    found: dict[str, Any] = {
        "bundle": known.name,
        "simulated": known.simulated or stack_info(stack).simulated,
        "fitted_on": split,
        "tried_on": test_split,
        **tried.to_dict(),
        "threshold": choice.threshold,
        "kept": tried.change < 0,
    }
    before, after = (found[side]["ece"] for side in ("before", "after"))
    does = "lowers" if found["kept"] else "does not lower"
    kept = "kept in the bundle" if found["kept"] else "the bundle stays as it was"
    sure = ""
    if (between := found["interval"]) is not None:
        sure = f" (change {between[0]:+.4f} to {between[1]:+.4f} over blocks)"
    found["verdict"] = (
        f"{method} {does} the ECE on {test_split} blocks: {before:.4f} before, {after:.4f} after"
        f"{sure}; {kept}"
    )
    entry = {**calibration_entry(fitted), "fitted_on": split, "ece": {"before": before,
             "after": after, "on": test_split}}  # fmt: skip
    files = [out / "calibration.json", out / "calibration.png"]
    title = f"{known.name}\n{test_split} blocks"
    calibration_figure(tried.seen, tried.after, files[1], title=title, simulated=found["simulated"])
    write_json(files[0], found)
    if found["kept"]:
        changed = {**known.contract, "calibration": entry, "threshold": choice.threshold}
        files.append(bundle / "bundle.json")
        write_json(files[-1], changed)
    return {**found, "files": files}


def _bare_map(bundle: Bundle, stack: str | Path, out: Path) -> Path:
    """The stack mapped by the network without any calibration."""
    from keras_landslide.inference.bundle import check_stack
    from keras_landslide.inference.network import Network
    from keras_landslide.inference.produce import Running, produce_map
    from keras_landslide.rasters.read import stack_info

    info = stack_info(stack)
    check_stack(bundle, info)
    bare = replace(bundle, contract={**bundle.contract, "calibration": None})
    tags = {
        "BUNDLE": bundle.name,
        "SIMULATED": "yes" if bundle.simulated or info.simulated else "no",
    }
    return produce_map(Network((bare,)), stack, out / "uncalibrated.tif", Running(), tags=tags)
