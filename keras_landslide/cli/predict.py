"""`keras-landslide predict`: a bundle over a stack."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="a bundle over a stack: probability map and inventory")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("stack", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True,
              help="Folder for probability.tif and inventory.gpkg.")  # fmt: skip
@click.option("--threshold", type=click.FloatRange(0, 1),
              help="Probability that counts as landslide.  [default: the bundle's]")  # fmt: skip
@click.option("--minimum-area", "minimum_area_m2", type=click.FloatRange(min=0), default=0.0,
              show_default=True, help="Minimum mapping unit, m2.")  # fmt: skip
@click.option("--window", "window_px", type=click.IntRange(min=1),
              help="Side of a window in pixels; memory and speed grow with it.")  # fmt: skip
@click.option("--batch-size", type=click.IntRange(min=1), default=1, show_default=True,
              help="Windows per call of the network; raise it on a GPU.")  # fmt: skip
def command(bundle: Path, stack: Path, out: Path, **options) -> None:
    """Run the model BUNDLE over STACK: probability.tif and inventory.gpkg.

    A run that was stopped goes on where it was when the same command is given again.
    """
    for path in predict_scene_to_folder(bundle, stack, out, **options).values():
        click.echo(f"wrote {path}")


def predict_scene_to_folder(
    bundle: str | Path,
    stack: str | Path,
    out: str | Path,
    *,
    threshold: float | None = None,
    minimum_area_m2: float = 0.0,
    window_px: int | None = None,
    batch_size: int = 1,
) -> dict[str, Path]:
    """Predict a stack and trace its landslides.

    Args:
        bundle: model bundle.
        stack: `stack.tif` with the bundle's bands.
        out: folder, made if absent.
        threshold: decision threshold in [0, 1]; None takes the bundle's.
        minimum_area_m2: smaller polygons are dropped.
        window_px: side of a window; None takes the default, or for a network that sees its whole
            input the side of its training patches.
        batch_size: windows per call of the network.

    Returns:
        Paths of `probability` and `inventory`.

    Raises:
        BundleError: the bundle is incomplete, or the stack breaks its contract.
        InputFileError: a file is missing or truncated.
        OutputError: the folder cannot be written, or the disk is full.
    """
    from keras_landslide.files import file_sha256, output_errors
    from keras_landslide.inference.bundle import check_stack, read_bundle
    from keras_landslide.inference.scene import WINDOW_PX, predict_scene
    from keras_landslide.inventory.polygonize import polygonize
    from keras_landslide.rasters.cache import limited_cache
    from keras_landslide.rasters.read import stack_info

    out = Path(out)
    model, info = read_bundle(bundle), stack_info(stack)
    check_stack(model, info)
    with output_errors(out):
        out.mkdir(parents=True, exist_ok=True)

    from keras_landslide.inference import engine

    predict = engine.load(bundle)
    cut = model.threshold if threshold is None else threshold
    graph = sorted(path for path in model.saved_model.rglob("*") if path.is_file())
    probability = predict_scene(
        predict,
        stack,
        model.band_names,
        out / "probability.tif",
        halo_px=model.halo_px,
        stride_px=model.stride_px,
        window_px=window_px or (WINDOW_PX if model.bounded else model.patch_size_px),
        bounded=model.bounded,
        batch_size=batch_size,
        identity=[dict(model.contract), [file_sha256(path) for path in graph]],
        tags={
            "BUNDLE": model.name,
            "THRESHOLD": repr(cut),
            "SIMULATED": "yes" if model.simulated or info.simulated else "no",
        },
    )
    inventory = out / "inventory.gpkg"
    with limited_cache():
        polygonize(probability, cut, inventory, minimum_area_m2=minimum_area_m2, stack=stack)
    return {"probability": probability, "inventory": inventory}
