"""Two simulated mountain basins: `argelia` to train on, `liboriana` to infer.

Nothing here was measured. The ground is fractal terrain cut by rivers, slides start where the
infinite-slope factor of safety falls below 1 under a storm, and each image follows from ground,
light and radar geometry; each law is named with its source where it is used. The two basins
differ in relief, land cover, soil, season, haze, cloud and radar geometry, so that what is learnt
in one is only partly true in the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def simulate(
    out: str | Path,
    size: int = 1024,
    seed: int = 0,
    basins: Sequence[str] = ("argelia", "liboriana"),
) -> list[Path]:
    """Make basins of `size` x `size` optical pixels in `out`; see `make.simulate`."""
    from keras_landslide.simulation.twin_basins import make

    return make.simulate(out, size, seed, basins)
