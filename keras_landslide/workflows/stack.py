"""`stack`: rasters of a scene, by a recipe, onto one grid."""

from __future__ import annotations

from pathlib import Path

from keras_landslide.workflows.predict import refuse_two_clusters
from keras_landslide.workflows.results import Result


def stack(
    recipe: str | Path,
    out: str | Path = "stack.tif",
    *,
    root: str | Path | None = None,
    memory_mb: int = 128,
    scheduler: str | None = None,
    workers: int | None = None,
) -> Result:
    """Build the stack that a recipe describes.

    Args:
        recipe: scene recipe (TOML).
        out: the stack to write.
        root: folder that the recipe's paths count from; None takes the recipe's own.
        memory_mb: memory of each process for warping and for GDAL's cache.
        scheduler: address of a Dask scheduler.
        workers: processes to start on this machine.

    Returns:
        `height`, `width`, `pixel_size_m`, `simulated` and `bands`, each with `name`, `unit`,
        `kind`, `classes`, `source` and `derivation`; and the path `stack`.

    Raises:
        LandslideError: see `stacking.build.build_stack`; or `scheduler` and `workers` are both
            given.
    """
    from keras_landslide.options import check_numbers
    from keras_landslide.rasters.read import stack_info
    from keras_landslide.stacking.build import build_stack

    refuse_two_clusters(scheduler, workers)
    check_numbers(memory_mb=memory_mb, workers=workers)
    out = build_stack(
        recipe, out, root=root, memory_mb=memory_mb, scheduler=scheduler, workers=workers
    )
    info = stack_info(out)
    names = ("name", "unit", "kind", "classes", "source", "derivation")
    numbers = {
        "height": info.grid.height,
        "width": info.grid.width,
        "pixel_size_m": info.pixel_size[0],
        "simulated": info.simulated,
        "bands": [{name: getattr(band, name) for name in names} for band in info.bands],
    }
    return Result(numbers, {"stack": Path(out)})
