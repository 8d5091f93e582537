"""Read what a raster holds, and windows of its bands by name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.enums import MaskFlags
from rasterio.windows import Window as RasterioWindow

from keras_landslide.bands import require_bands
from keras_landslide.errors import CrsError, InputFileError
from keras_landslide.files import file_state
from keras_landslide.grid import Grid, Window, is_mercator
from keras_landslide.rasters.declared import alpha_band, equals_nodata, horizontal
from keras_landslide.rasters.gdal_errors import osgeo_gdal, reading
from keras_landslide.rasters.opening import check_virtual, open_raster
from keras_landslide.records import parse_json

MIN_TILE_ROWS = 256
"""Rasters that are stored by lines or small tiles are read by as many rows as our tiles have."""


@dataclass(frozen=True)
class BandInfo:
    """One band as its file describes it; empty where the file is silent.

    `classes` are the names of a class band's codes 0, 1, 2 ...
    """

    name: str
    unit: str = ""
    kind: str = ""
    source: str = ""
    derivation: str = ""
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class StackInfo:
    """A raster file's grid, bands and data set metadata, without its pixels."""

    path: Path
    grid: Grid
    bands: tuple[BandInfo, ...]
    tags: dict[str, str]

    @property
    def band_names(self) -> tuple[str, ...]:
        """Names in file order."""
        return tuple(band.name for band in self.bands)

    @property
    def pixel_size(self) -> tuple[float, float]:
        """Pixel (height, width) in CRS units."""
        return self.grid.resolution

    @property
    def pixel_size_m(self) -> float:
        """Pixel side in metres (geometric mean of height and width).

        Raises:
            CrsError: the grid is not projected, or in a Mercator projection.
        """
        crs = rasterio.crs.CRS.from_user_input(self.grid.crs)
        if not crs.is_projected or is_mercator(crs.to_wkt()):
            units = "Mercator's stretched metres" if crs.is_projected else "degrees"
            raise CrsError(
                f"{self.path}: its grid is in {units}; set another projected crs in the recipe's "
                "[grid] (for example the UTM zone) and stack again"
            )
        return math.sqrt(math.prod(self.grid.resolution)) * crs.linear_units_factor[1]

    @property
    def simulated(self) -> bool:
        """Whether the file says that its data are simulated."""
        return self.tags.get("SIMULATED", "no") == "yes"


def stack_info(path: str | Path) -> StackInfo:
    """Describe a raster.

    Bands are named by their description, or `band_1`, `band_2` ... where there is none.

    Raises:
        InputFileError: the file is missing or no raster.
        CrsError: it has no coordinate reference system.
    """
    check_virtual(path)
    return describe(path)


def describe(path: str | Path) -> StackInfo:
    """As `stack_info`, of a virtual raster too whose sources were looked at by the caller."""
    with reading(path), open_raster(path) as src:
        _refuse_control_points(src)
        _refuse_nowhere(src)
        if src.crs is None:
            raise CrsError(
                f"{path}: has no coordinate reference system; set it with "
                "`gdal_edit.py -a_srs EPSG:<code>` if you know it"
            )
        grid = Grid(horizontal(src.crs).to_string(), src.transform, (src.height, src.width))
        bands = []
        for index, name in enumerate(_names(src), start=1):
            tags = src.tags(index)
            unit = src.units[index - 1] or tags.get("unit", "")
            details = {key: tags.get(key, "") for key in ("kind", "source", "derivation")}
            classes = _classes(tags.get("classes", "[]"), f"{path}: 'classes' of band {name}")
            bands.append(BandInfo(name, unit, **details, classes=classes))
        return StackInfo(Path(path), grid, tuple(bands), src.tags())


FARTHEST = 1e12
"""No coordinate of a map is larger, in any unit of length."""


def _classes(text: str, where: str) -> tuple[str, ...]:
    """Names of a class band's codes, as its metadata list them."""
    names = parse_json(text, where, remedy="stack again")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputFileError(f"{where} should be a list of names; stack again")
    return tuple(names)


def _refuse_nowhere(src: rasterio.DatasetReader) -> None:
    """Refuse a raster whose transform places its pixels nowhere."""
    numbers = tuple(src.transform)[:6]
    fine = all(map(math.isfinite, numbers)) and max(map(abs, numbers)) < FARTHEST
    if not fine or src.transform.determinant == 0:
        raise CrsError(
            f"{src.name}: its geotransform {', '.join(f'{n:g}' for n in numbers)} places no pixel; "
            "set the right one with `gdal_edit.py -a_ullr <left> <top> <right> <bottom>`"
        )


def _refuse_control_points(src: rasterio.DatasetReader) -> None:
    """Refuse a raster that ground control points place, and no transform does."""
    points, _ = src.gcps
    if points and src.transform.is_identity:
        raise CrsError(
            f"{src.name}: is placed by {len(points)} ground control points, not by a transform; "
            f"warp it first, with `gdalwarp -tps -t_srs EPSG:<code> {src.name} <new file>`, and "
            "name the new file"
        )


def source_state(path: str | Path) -> list[Any]:
    """Size and modification time of a raster, wherever GDAL reads it: a stand-in for its digest.

    The time is in nanoseconds for files of this machine and in seconds for GDAL's virtual ones
    (`/vsis3/...`).

    Raises:
        InputFileError: it is not there.
    """
    if str(path).startswith("/vsi"):
        stat = osgeo_gdal().VSIStatL(str(path))
        if stat is None:
            raise InputFileError(f"{path}: no such file; check the path")
        return [stat.size, stat.mtime]
    state = file_state(path)
    return [state["size"], state["mtime_ns"]]


def require_real(dtype: str, index: int, path: str | Path) -> None:
    """Refuse complex values, of which a network could see half at most.

    Raises:
        InputFileError: the band is complex.
    """
    if dtype.startswith("complex"):
        raise InputFileError(
            f"{path}: band {index} is complex ({dtype}); take the detected image (amplitude or "
            "power), or make it from this one first"
        )


class BandReader:
    """An open raster that gives windows of named bands.

    Use it as a context manager; one reader per thread.

    Attributes:
        band_names: names in file order.
        shape: (height, width) in pixels.
        tile_rows: rows best read together, from a multiple of them on: those of its tiles.

    Raises:
        InputFileError: the file is missing or no raster.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        with reading(path):
            self._src = open_raster(path)
        self.band_names = _names(self._src)
        self.shape = (self._src.height, self._src.width)
        self.tile_rows = max(MIN_TILE_ROWS, *(rows for rows, _ in self._src.block_shapes))
        # A mask or an alpha band beside the pixels tells of nodata as well as a value among them.
        self._scaled = [*zip(self._src.scales, self._src.offsets, strict=True)]
        self._masked = [MaskFlags.per_dataset in flags for flags in self._src.mask_flag_enums]
        self._alpha = alpha_band(self._src)

    def __enter__(self) -> BandReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._src.close()

    def read(self, names: Sequence[str], window: Window | None = None) -> np.ndarray:
        """Read bands by name; a scale and offset in the file are applied.

        Args:
            names: band names, in the order wanted.
            window: may stick out of the raster; None is the whole raster.

        Returns:
            float32 (height, width, len(names)), NaN where nodata or outside the raster.

        Raises:
            BandError: the raster lacks a band.
            InputFileError: a block cannot be read.
        """
        require_bands(tuple(names), self.band_names, str(self.path))
        indexes = [self.band_names.index(name) + 1 for name in names]
        out = self.read_indexes(indexes, window)
        for channel, index in enumerate(indexes):
            scale, offset = self._scaled[index - 1]
            if (scale, offset) != (1, 0):
                # In double precision, so that 35 percent and a threshold of 0.35 are equal.
                out[..., channel] = out[..., channel] * np.float64(scale) + offset
        return out

    def read_indexes(
        self, indexes: Sequence[int], window: Window | None = None, *, nodata: float | None = None
    ) -> np.ndarray:
        """Read bands by their 1-based position, as stored; otherwise as `read`.

        Args:
            indexes: positions in the file.
            window: may stick out of the raster; None is the whole raster.
            nodata: takes the place of the file's nodata value.
        """
        for index in indexes:
            require_real(self._src.dtypes[index - 1], index, self.path)
        window = window or Window(0, 0, *self.shape)
        inside = window.clip(self.shape)
        if not (inside.height and inside.width and indexes):
            return np.full((window.height, window.width, len(indexes)), np.nan, np.float32)
        values = self._read_inside(list(indexes), inside)
        planes = values.astype(np.float32, copy=False)
        for channel, index in enumerate(indexes):
            hole = self._src.nodatavals[index - 1] if nodata is None else nodata
            if hole is not None and not np.isnan(hole):
                planes[channel][equals_nodata(values[channel], hole)] = np.nan
            if nodata is None and self._alpha not in (None, index):
                opacity = self._read_inside([self._alpha], inside)[0]  # type: ignore[list-item]
                planes[channel][opacity == 0] = np.nan
            elif nodata is None and self._masked[index - 1]:
                planes[channel][self._read_inside([index], inside, masks=True)[0] == 0] = np.nan
        if inside != window:
            whole = np.full((len(indexes), window.height, window.width), np.nan, np.float32)
            whole[:, *inside.shift(-window.row_off, -window.col_off).slices] = planes
            planes = whole
        # Band by band in memory, as it came from the file: who needs it pixel by pixel copies it.
        return np.moveaxis(planes, 0, -1)

    def _read_inside(
        self, indexes: list[int], window: Window, *, masks: bool = False
    ) -> np.ndarray:
        box = RasterioWindow(window.col_off, window.row_off, window.width, window.height)
        with reading(self.path):
            read = self._src.read_masks if masks else self._src.read
            return read(indexes, window=box)


def read_bands(path: str | Path, names: Sequence[str], window: Window | None = None) -> np.ndarray:
    """Read bands of a raster by name; see `BandReader.read`.

    Returns:
        float32 (height, width, len(names)), NaN where nodata or outside the raster.

    Raises:
        InputFileError: the file is missing, truncated or no raster.
        BandError: the raster lacks a band.
    """
    with BandReader(path) as reader:
        return reader.read(names, window)


def _names(src: rasterio.DatasetReader) -> tuple[str, ...]:
    return tuple(name or f"band_{i}" for i, name in enumerate(src.descriptions, start=1))
