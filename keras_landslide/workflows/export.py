"""`export`: a trained run as a model bundle."""

from __future__ import annotations

from pathlib import Path

from keras_landslide.workflows.results import Result


def export(run: str | Path, out: str | Path = "bundle") -> Result:
    """Export a finished run folder as a bundle.

    Args:
        run: folder of `train`.
        out: folder of the bundle.

    Returns:
        What the contract says: `name`, `bands`, `pixel_size_m`, `threshold`, `simulated`; the
        paths `bundle`, `saved_model`, `model` and `contract`.

    Raises:
        BundleError: the run is not finished.
        OutputError: `out` cannot be written.
    """
    from keras_landslide.runtime.quiet import quiet_tensorflow

    with quiet_tensorflow():
        from keras_landslide.bundle.export import export_bundle

    from keras_landslide.bundle.read import read_bundle

    export_bundle(run, out)
    out = Path(out)
    made = read_bundle(out)
    paths = {
        "bundle": out,
        "saved_model": out / "saved_model",
        "model": out / "model.keras",
        "contract": out / "bundle.json",
    }
    numbers = {
        "name": made.name,
        "bands": list(made.band_names),
        "pixel_size_m": made.contract.pixel_size_m,
        "threshold": made.threshold,
        "simulated": made.simulated,
    }
    return Result(numbers, paths)
