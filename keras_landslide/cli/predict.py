"""`keras-landslide predict`: a bundle over a stack."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from keras_landslide.cli.options import FiniteRange


@click.command(short_help="a bundle over a stack: probability map and inventory")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("stack", type=str)
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True,
              help="Folder for probability.tif and inventory.gpkg.")  # fmt: skip
@click.option("--ensemble", type=click.Path(path_type=Path), multiple=True, metavar="BUNDLE",
              help="A further bundle to answer with: mean, and the spread as a band "
              "'uncertainty'. May be given several times.")  # fmt: skip
@click.option("--augment", is_flag=True,
              help="See the scene from all eight sides: mean and uncertainty.")  # fmt: skip
@click.option("--dropout-draws", type=click.IntRange(min=2), default=None, metavar="N",
              help="Answer N times with dropout left on: mean and uncertainty.")  # fmt: skip
@click.option("--flag-missing", is_flag=True,
              help="Add a band 'missing_context': the share of missing pixels among those that "
              "the network sees for a pixel.")  # fmt: skip
@click.option("--format", "map_format", type=click.Choice(["probability", "percent"]),
              default="probability", show_default=True,
              help="Map as float32 in 0..1 or as uint8 percent.")  # fmt: skip
@click.option("--threshold", type=FiniteRange(0, 1),
              help="Probability that counts as landslide.  [default: the bundle's]")  # fmt: skip
@click.option("--minimum-area", "minimum_area_m2", type=FiniteRange(min=0), default=0.0,
              show_default=True, help="Minimum mapping unit, m2.")  # fmt: skip
@click.option("--fill-holes", "fill_holes_m2", type=FiniteRange(min=0), default=0.0,
              show_default=True, help="Fill holes smaller than this, m2.")  # fmt: skip
@click.option("--simplify", "simplify_m", type=FiniteRange(min=0), default=0.0,
              show_default=True, help="Simplify outlines with this tolerance, m; neighbours "
              "never come to overlap.")  # fmt: skip
@click.option("--rule-probability", type=FiniteRange(0, 1),
              help="Keep objects of at least this mean probability.")  # fmt: skip
@click.option("--rule-ndvi", type=FiniteRange(-1, 1),
              help="Keep objects of at most this mean NDVI.")  # fmt: skip
@click.option("--rule-slope", type=FiniteRange(0, 90),
              help="Keep objects of at least this mean slope, degrees.")  # fmt: skip
@click.option("--size-plot", is_flag=True,
              help="Draw the frequency of landslide areas, frequency_area.png.")  # fmt: skip
@click.option("--memory", metavar="SIZE",
              help="Memory for each process, such as 4GB; the windows are those that cost the "
              "least time within it.")  # fmt: skip
@click.option("--window", "window_px", type=click.IntRange(min=1),
              help="Side of a window in pixels; memory and speed grow with it.")  # fmt: skip
@click.option("--batch-size", type=click.IntRange(min=1), default=1, show_default=True,
              help="Windows per call of the network; raise it on a GPU.")  # fmt: skip
@click.option("--engine",
              type=click.Choice(["tensorflow", "xla", "openvino", "jax", "jax_float16"]),
              default="tensorflow", show_default=True,
              help="What runs the network; openvino (for CPUs) and jax (for GPUs) are "
              "extras.")  # fmt: skip
@click.option("--scheduler", metavar="ADDRESS",
              help="Work on the Dask cluster of this scheduler.")  # fmt: skip
@click.option("--workers", type=click.IntRange(min=1),
              help="Work in this many processes on this machine.")  # fmt: skip
def command(bundle: Path, stack: str, out: Path, **options: Any) -> None:
    """Run the model BUNDLE over STACK: probability.tif and inventory.gpkg.

    STACK is a file, or a name that GDAL opens such as /vsis3/bucket/stack.tif. A run that was
    stopped goes on where it was when the same command is given again.
    """
    from keras_landslide.cli.check import drift_warning

    if warning := drift_warning(bundle, stack):
        click.echo(f"warning: {warning}", err=True)
    for path in predict_scene_to_folder(bundle, stack, out, **options).values():
        click.echo(f"wrote {path}")


def predict_scene_to_folder(
    bundle: str | Path,
    stack: str | Path,
    out: str | Path,
    *,
    ensemble: Sequence[str | Path] = (),
    augment: bool = False,
    dropout_draws: int | None = None,
    flag_missing: bool = False,
    map_format: str = "probability",
    threshold: float | None = None,
    minimum_area_m2: float = 0.0,
    fill_holes_m2: float = 0.0,
    simplify_m: float = 0.0,
    rule_probability: float | None = None,
    rule_ndvi: float | None = None,
    rule_slope: float | None = None,
    size_plot: bool = False,
    memory: str | None = None,
    window_px: int | None = None,
    batch_size: int = 1,
    engine: str = "tensorflow",
    scheduler: str | None = None,
    workers: int | None = None,
) -> dict[str, Path]:
    """Predict a stack and trace its landslides.

    Args:
        bundle: model bundle.
        stack: `stack.tif` with the bundle's bands, or a name that GDAL opens.
        out: folder, made if absent.
        ensemble: further bundles with the same bands; the map is the mean, and gets a second
            band `uncertainty`, the standard deviation.
        augment: ask each bundle from all eight sides of the square; adds `uncertainty` as well.
        dropout_draws: let each bundle answer so often with its dropout left on; adds
            `uncertainty` as well.
        flag_missing: add a band `missing_context` in [0, 1].
        map_format: `probability` or `percent`.
        threshold: decision threshold in [0, 1]; None takes the bundle's (of several, the mean).
        minimum_area_m2: smaller polygons are dropped.
        fill_holes_m2: smaller holes are filled.
        simplify_m: tolerance of the outlines.
        rule_probability: objects below this mean probability are dropped.
        rule_ndvi: objects above this mean NDVI are dropped.
        rule_slope: objects below this mean slope (degrees) are dropped.
        size_plot: draw `frequency_area.png`.
        memory: budget of each process, such as `4GB`; chooses the window.
        window_px: side of a window; None takes the default, or for a network that sees its whole
            input the side of its training patches.
        batch_size: windows per call of the network.
        engine: what runs the network, one of `inference.engines.base.ENGINES`; their answers
            differ by rounding.
        scheduler: address of a Dask scheduler.
        workers: processes to start on this machine.

    Returns:
        Paths of `probability`, `inventory` and, if asked for, `size_plot`.

    Raises:
        BundleError: the bundle is incomplete, or the stack breaks its contract.
        InputFileError: a file is missing or truncated.
        OutputError: the folder cannot be written, or the disk is full.
        BudgetError: the memory is too little for one window.
        ClusterError: the scheduler does not answer, or its workers are lost.
        EngineError: the engine is not installed, or cannot draw from dropout.
        LandslideError: an object rule needs a band that the stack lacks.
    """
    from keras_landslide.bundle.read import check_stack, read_bundle
    from keras_landslide.errors import LandslideError
    from keras_landslide.inference.network import Network
    from keras_landslide.inference.produce import Running, produce_map
    from keras_landslide.inventory.object_rules import ObjectRules
    from keras_landslide.inventory.polygonize import polygonize
    from keras_landslide.rasters.cache import limited_cache
    from keras_landslide.rasters.read import stack_info

    if scheduler is not None and workers is not None:
        raise LandslideError("--scheduler and --workers exclude each other; give one of them")
    out = Path(out)
    folders = dict.fromkeys(Path(each) for each in (bundle, *ensemble))
    bundles = tuple(read_bundle(folder) for folder in folders)
    network = Network(bundles, augment, dropout_draws or 0, engine)
    info = stack_info(stack)
    for each in network.bundles:
        check_stack(each, info)
    rules = ObjectRules(rule_probability, rule_ndvi, rule_slope)
    rules.check(info)
    cut = network.threshold if threshold is None else threshold
    probability = produce_map(
        network,
        stack,
        out / "probability.tif",
        Running(memory, window_px, batch_size, scheduler, workers),
        missing=flag_missing,
        stored_as=map_format,
        tags={
            "BUNDLE": network.name,
            "ENGINE": network.engine,
            **({"DEVICE": network.device} if network.device else {}),
            "THRESHOLD": repr(cut),
            "THRESHOLD_RULE": network.threshold_rule if threshold is None else "given by hand",
            "CALIBRATION": network.calibration,
            "SIMULATED": "yes" if network.simulated or info.simulated else "no",
        },
    )
    paths = {"probability": probability, "inventory": out / "inventory.gpkg"}
    with limited_cache():
        polygonize(
            probability,
            cut,
            paths["inventory"],
            minimum_area_m2=minimum_area_m2,
            stack=stack,
            fill_holes_m2=fill_holes_m2,
            simplify_m=simplify_m,
            rules=rules,
        )
    if size_plot:
        from keras_landslide.report.size_figures import frequency_area

        paths["size_plot"] = frequency_area(paths["inventory"], out / "frequency_area.png")
    return paths
