"""`keras-landslide simulate`: a pair of simulated basins to try everything on."""

from __future__ import annotations

from pathlib import Path


def run(out: Path, size: int = 1024, seed: int = 0, basins: str = "argelia,liboriana"):
    """Make the basins named in `basins`, joined by commas; returns the recipes' paths."""
    from keras_landslide.simulation import twin_basins

    names = [name.strip() for name in basins.split(",") if name.strip()]
    return twin_basins.simulate(out, size, seed, names)
