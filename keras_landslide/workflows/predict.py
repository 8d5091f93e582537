"""`predict`: a bundle over a stack, to a probability map and an inventory."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from keras_landslide.errors import LandslideError, LandslideWarning
from keras_landslide.files import refuse_folder_of_another
from keras_landslide.options import from_keywords
from keras_landslide.workflows.results import Prediction
from keras_landslide.workflows.settings import Answering, Drawing, Polygons, Resources


def predict(
    bundle: str | Path,
    stack: str | Path,
    out: str | Path,
    *,
    answering: Answering = Answering(),  # noqa: B008 (frozen)
    drawing: Drawing = Drawing(),  # noqa: B008
    polygons: Polygons = Polygons(),  # noqa: B008
    resources: Resources = Resources(),  # noqa: B008
    **options: Any,
) -> Prediction:
    """Predict a stack and trace its landslides.

    Warns, by `warnings`, where the stack's values are not those of training.

    Args:
        bundle: model bundle.
        stack: `stack.tif` with the bundle's bands, or a name that GDAL opens.
        out: folder, made if absent.
        answering: bundles and engine.
        drawing: what the map holds.
        polygons: threshold, minimum area, outlines, rules.
        resources: memory, windows, processes.
        options: any parameter of these four by its name, such as `minimum_area_m2=1000`.

    Returns:
        Paths of `probability`, `inventory` and, if asked for, `size_plot`; the number of
        `landslides`, their `area_m2`, and the `threshold`.

    Raises:
        BundleError: the bundle is incomplete, or the stack breaks its contract.
        InputFileError: a file is missing or truncated.
        OutputError: the folder cannot be written, or the disk is full.
        BudgetError: the memory is too little for one window.
        ClusterError: the scheduler does not answer, or its workers are lost.
        EngineError: the engine is not installed, or cannot draw from dropout.
        OptionError: an option is out of range, or two exclude each other.
        LandslideError: an object rule needs a band that the stack lacks.
    """
    from keras_landslide.bundle.read import check_stack, read_bundle
    from keras_landslide.inference.network import Network
    from keras_landslide.inference.scene import Running, map_stack
    from keras_landslide.inventory.formats import FORMATS
    from keras_landslide.inventory.object_rules import ObjectRules
    from keras_landslide.rasters.read import stack_info
    from keras_landslide.workflows.check import drift_warning

    refuse_folder_of_another(out)
    chosen = from_keywords(
        options, answering=answering, drawing=drawing, polygons=polygons, resources=resources
    )
    answering, drawing, polygons = (chosen[k] for k in ("answering", "drawing", "polygons"))
    resources = chosen["resources"]
    refuse_two_clusters(resources.scheduler, resources.workers)
    out = Path(out)
    folders = dict.fromkeys(Path(each) for each in (bundle, *answering.ensemble))
    bundles = tuple(read_bundle(folder) for folder in folders)
    network = Network(bundles, answering.augment, answering.dropout_draws or 0, answering.engine)
    info = stack_info(stack)
    for each in network.bundles:
        check_stack(each, info)
    rules = ObjectRules(polygons.rule_probability, polygons.rule_ndvi, polygons.rule_slope)
    rules.check(info)
    if drift := drift_warning(bundle, stack):
        warnings.warn(drift, LandslideWarning, stacklevel=2)
    threshold = network.threshold if polygons.threshold is None else polygons.threshold
    by_hand = polygons.threshold is not None
    suffix = FORMATS[polygons.inventory_format].suffix
    probability = map_stack(
        network,
        stack,
        out / "probability.tif",
        Running(
            resources.memory,
            resources.window_px,
            resources.batch_size,
            resources.scheduler,
            resources.workers,
        ),
        missing=drawing.flag_missing,
        stored_as=drawing.map_format,
        tags={
            "BUNDLE": network.name,
            "ENGINE": network.engine,
            **({"DEVICE": network.device} if network.device else {}),
            "THRESHOLD": repr(threshold),
            "THRESHOLD_RULE": "given by hand" if by_hand else network.threshold_rule,
            "CALIBRATION": network.calibration,
            "SIMULATED": "yes" if network.simulated or info.simulated else "no",
        },
    )
    paths = {"probability": probability, "inventory": out / f"inventory{suffix}"}
    count = _trace(probability, threshold, paths["inventory"], stack, polygons)
    if polygons.size_plot:
        from keras_landslide.report.size_figures import frequency_area

        paths["size_plot"] = frequency_area(paths["inventory"], out / "frequency_area.png")
    numbers = {
        "landslides": count,
        "area_m2": _area_m2(paths["inventory"]) if count else 0.0,
        "threshold": threshold,
        "simulated": network.simulated or info.simulated,
    }
    return Prediction(numbers, paths, (drift,) if drift else ())


def refuse_two_clusters(scheduler: str | None, workers: int | None) -> None:
    """Refuse a scheduler and workers together.

    Raises:
        LandslideError: both are given.
    """
    if scheduler is not None and workers is not None:
        raise LandslideError("`scheduler` and `workers` exclude each other; give one of them")


def _trace(
    probability: Path, threshold: float, out: Path, stack: str | Path, polygons: Polygons
) -> int:
    from keras_landslide.inventory.object_rules import ObjectRules
    from keras_landslide.inventory.polygonize import Outlines, polygonize
    from keras_landslide.rasters.cache import limited_cache

    with limited_cache():
        return polygonize(
            probability,
            threshold,
            out,
            minimum_area_m2=polygons.minimum_area_m2,
            stack=stack,
            outlines=Outlines(fill_holes_m2=polygons.fill_holes_m2, simplify_m=polygons.simplify_m),
            rules=ObjectRules(polygons.rule_probability, polygons.rule_ndvi, polygons.rule_slope),
        )


def _area_m2(inventory: Path) -> float:
    from keras_landslide.inventory.read import read_grouped

    return sum(map(float, read_grouped(inventory, "area_m2")[1]))
