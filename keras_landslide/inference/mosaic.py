"""Finished strips as one map: float32 probabilities or whole percents, cloud-optimised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import rasterio
from rasterio.windows import Window as RasterioWindow

from keras_landslide.errors import NodataError, UnknownNameError
from keras_landslide.inference.shards import Shards
from keras_landslide.inference.strips import SceneJob
from keras_landslide.rasters.cog import add_overviews, to_cog
from keras_landslide.rasters.read import StackInfo
from keras_landslide.rasters.write import RasterWriter

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

    def any_valid(self, stored: np.ndarray) -> bool:
        """Whether any stored value is not nodata."""
        missing = np.isnan(stored) if np.isnan(self.nodata) else stored == self.nodata
        return not missing.all()


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


def strip_rows(shards: Shards, job: SceneJob, stored: MapFormat) -> Iterator[np.ndarray]:
    """Finished strips in order, as a map stores them: (rows, columns, outputs)."""
    for index in range(job.plan.strip_count):
        yield stored.store(shards.load(index))


def map_rows(path: Path, job: SceneJob) -> Iterator[np.ndarray]:
    """The same from a map that is there already, so that other tags do not ask the network."""
    with rasterio.open(path) as src:
        for index in range(job.plan.strip_count):
            w = job.plan.strip(index)
            box = RasterioWindow(w.col_off, w.row_off, w.width, w.height)
            yield np.moveaxis(src.read(window=box), 0, -1)


def assemble(
    job: SceneJob,
    info: StackInfo,
    rows: Iterable[np.ndarray],
    folder: Path,
    out: Path,
    stored: MapFormat,
    tags: Mapping[str, str],
) -> None:
    """Write the map of all strips to `out`, strip by strip.

    Args:
        job: bands and strips.
        info: the stack.
        rows: strips in order, as stored.
        folder: for the map before it is made cloud-optimised.
        out: the map.
        stored: how values are stored.
        tags: metadata of the map.

    Raises:
        NodataError: no pixel is valid.
        OutputError: the map cannot be written.
    """
    merged = folder / "merged.tif"
    with RasterWriter(
        merged,
        info.grid,
        len(job.outputs),
        stored.dtype,
        stored.nodata,
        names=job.outputs,
        scales=[stored.scale] * len(job.outputs) if stored.scale != 1 else None,
        tags=tags,
        working=True,
    ) as writer:
        valid = False
        for index, strip in enumerate(rows):
            valid = valid or stored.any_valid(strip[..., 0])
            writer.write(strip, job.plan.strip(index))
    if not valid:
        raise NodataError(
            f"{job.stack}: no pixel has all of the bands {', '.join(job.bands)}; check that "
            "the rasters of the recipe overlap"
        )
    add_overviews(merged)
    to_cog(merged, out)
