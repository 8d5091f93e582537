"""Finished strips as one map: float32 probabilities or whole percents, cloud-optimised."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_landslide.errors import NodataError, UnknownNameError
from keras_landslide.inference.job import SceneJob
from keras_landslide.inference.shards import Shards
from keras_landslide.rasters.read import StackInfo
from keras_landslide.rasters.write import RasterWriter, to_cog

PERCENT_NODATA = 255


class MapFormat(NamedTuple):
    """How values in [0, 1] are stored: stored x scale = value."""

    dtype: str
    nodata: float
    scale: float

    def store(self, strip: np.ndarray) -> np.ndarray:
        """Values float32 in [0, 1] with NaN as they are stored."""
        if self.dtype == "float32":
            return strip
        percent = np.rint(strip * 100)
        return np.where(np.isnan(strip), self.nodata, percent).astype(self.dtype)


MAP_FORMATS = {
    "probability": MapFormat("float32", float("nan"), 1.0),
    "percent": MapFormat("uint8", PERCENT_NODATA, 0.01),
}
"""Name to format; readers of this package apply the scale that the file carries."""


def map_format(name: str) -> MapFormat:
    """The format of that name.

    Raises:
        UnknownNameError: listing the choices.
    """
    if name not in MAP_FORMATS:
        raise UnknownNameError.among("map format", name, MAP_FORMATS)
    return MAP_FORMATS[name]


def assemble(
    job: SceneJob,
    info: StackInfo,
    shards: Shards,
    out: Path,
    stored: MapFormat,
    tags: Mapping[str, str],
) -> None:
    """Write the map of all strips to `out`, strip by strip.

    Raises:
        NodataError: no pixel is valid.
        OutputError: the map cannot be written.
    """
    merged = shards.folder / "merged.tif"
    with RasterWriter(
        merged,
        info.grid,
        len(job.outputs),
        stored.dtype,
        stored.nodata,
        names=job.outputs,
        scales=[stored.scale] * len(job.outputs) if stored.scale != 1 else None,
        tags=tags,
    ) as writer:
        valid = False
        for index in range(job.plan.strip_count):
            strip = shards.load(index)
            valid = valid or bool((strip[..., 0] >= 0).any())
            writer.write(stored.store(strip), job.plan.strip(index))
    if not valid:
        raise NodataError(
            f"{job.stack}: no pixel has all of the bands {', '.join(job.bands)}; check that "
            "the rasters of the recipe overlap"
        )
    to_cog(merged, out)
