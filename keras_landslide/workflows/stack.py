"""`keras-landslide stack`: rasters of a scene, by a recipe, onto one grid."""

from __future__ import annotations

from pathlib import Path


def stack(
    recipe: Path,
    out: Path,
    *,
    root: Path | None = None,
    memory_mb: int = 128,
    scheduler: str | None = None,
    workers: int | None = None,
) -> Path:
    """Build the stack and print what it holds; see `stacking.build.build_stack`."""
    from keras_landslide.errors import LandslideError
    from keras_landslide.rasters.read import stack_info
    from keras_landslide.stacking.build import build_stack

    if scheduler is not None and workers is not None:
        raise LandslideError("--scheduler and --workers exclude each other; give one of them")
    build_stack(recipe, out, root=root, memory_mb=memory_mb, scheduler=scheduler, workers=workers)
    info = stack_info(out)
    note = " (SIMULATED data)" if info.simulated else ""
    pixel = info.pixel_size[0]
    print(f"{out}: {info.grid.height} x {info.grid.width} pixels of {pixel:g} m{note}")
    for band in info.bands:
        print(f"  {band.name:<18} {band.unit:<12} {band.source}: {band.derivation}")
    return out
