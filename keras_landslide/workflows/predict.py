"""`keras-landslide predict`: a bundle over a stack."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


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
        engine: what runs the network, one of `inference.engines.table.ENGINES`; their answers
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
    from keras_landslide.inference.scene import Running, map_stack
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
    probability = map_stack(
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
