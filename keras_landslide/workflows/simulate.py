"""`simulate`: simulated basins to try everything on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from keras_landslide.workflows.results import Result


def simulate(
    out: str | Path,
    *,
    size: int = 1024,
    seed: int = 0,
    basins: Sequence[str] = ("argelia", "liboriana"),
) -> Result:
    """Write a folder per simulated basin: rasters, inventory and scene recipe.

    Args:
        out: folder.
        size: edge of the optical image, pixels of 12.5 m.
        seed: same seed, same rasters.
        basins: which to make.

    Returns:
        The paths of the recipes, by basin.

    Raises:
        LandslideError: see `simulation.twin_basins.simulate`.
    """
    from keras_landslide.simulation import twin_basins

    recipes = twin_basins.simulate(Path(out), size, seed, list(basins))
    return Result({"simulated": True}, dict(zip(basins, map(Path, recipes), strict=True)))
