"""A raster as a figure shows it: reduced to screen size while reading, so any scene fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rasterio.crs import CRS
from rasterio.enums import Resampling

from keras_landslide.bands import require_bands
from keras_landslide.grid import Window
from keras_landslide.rasters.gdal_errors import reading
from keras_landslide.rasters.opening import open_raster
from keras_landslide.rasters.read import StackInfo, stack_info

MAX_SIDE_PX = 1400
"""Longest side of what is read: more than a printed figure resolves."""


@dataclass(frozen=True)
class View:
    """A raster seen at a reduced size.

    Attributes:
        info: the raster.
        shape: (height, width) of what `read` returns.
    """

    info: StackInfo
    shape: tuple[int, int]

    @property
    def extent_km(self) -> tuple[float, float, float, float]:
        """(left, right, bottom, top) in thousands of CRS units, as Matplotlib wants it."""
        b = self.info.grid.bounds
        return b.left / 1000, b.right / 1000, b.bottom / 1000, b.top / 1000

    @property
    def pixel_size(self) -> tuple[float, float]:
        """(height, width) of a pixel of the view in CRS units."""
        height, width = self.info.grid.resolution
        return (
            height * self.info.grid.height / self.shape[0],
            width * self.info.grid.width / self.shape[1],
        )

    @property
    def crs_name(self) -> str:
        """Authority code, or the CRS's own name where it has none."""
        crs = CRS.from_user_input(self.info.grid.crs)
        authority = crs.to_authority()
        return ":".join(authority) if authority else crs.to_dict().get("proj", "local CRS")

    def has(self, *names: str) -> bool:
        """Whether all bands are there."""
        return all(name in self.info.band_names for name in names)

    def read(self, names: Sequence[str]) -> np.ndarray:
        """Read bands, averaged when continuous, nearest when they hold classes.

        Returns:
            float32 (height, width, len(names)), NaN for missing.

        Raises:
            BandError: a band is missing.
            InputFileError: the file cannot be read.
        """
        require_bands(tuple(names), self.info.band_names, str(self.info.path))
        out = np.empty((*self.shape, len(names)), np.float32)
        with reading(self.info.path), open_raster(self.info.path) as src:
            for channel, name in enumerate(names):
                index = self.info.band_names.index(name)
                classes = name in ("label", "cloud")
                classes = classes or self.info.bands[index].kind == "categorical"
                how = Resampling.nearest if classes else Resampling.average
                band = src.read(
                    index + 1,
                    out_shape=self.shape,
                    resampling=how,
                    out_dtype="float32",
                    masked=True,
                )
                scale, offset = src.scales[index], src.offsets[index]
                out[..., channel] = band.filled(np.nan) * scale + offset
        return out

    def band(self, name: str) -> np.ndarray:
        """One band, float32 (height, width)."""
        return self.read((name,))[..., 0]

    def covered(self, windows: Sequence[Window]) -> np.ndarray:
        """Pixels of the view whose centre lies in a window of the raster: bool (height, width)."""
        rows, cols = (
            ((np.arange(shown) + 0.5) * whole / shown).astype(int)
            for shown, whole in zip(self.shape, self.info.grid.shape, strict=True)
        )
        inside = np.zeros(self.shape, bool)
        for window in windows:
            row0, row1 = np.searchsorted(rows, (window.row_off, window.row_end))
            col0, col1 = np.searchsorted(cols, (window.col_off, window.col_end))
            inside[row0:row1, col0:col1] = True
        return inside


def open_view(path: str | Path, max_side_px: int = MAX_SIDE_PX) -> View:
    """Describe a raster and choose the size to show it at.

    Raises:
        InputFileError: the file is missing or no raster.
        CrsError: it has no CRS.
    """
    info = stack_info(path)
    factor = max(1.0, max(info.grid.shape) / max_side_px)
    height, width = (max(1, round(side / factor)) for side in info.grid.shape)
    return View(info, (height, width))
