"""What a raster file says of its values: scale, unit, vertical CRS, mask; and voids it hides."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.enums import ColorInterp

from keras_landslide.errors import InputFileError
from keras_landslide.rasters.gdal_errors import osgeo_gdal, reading
from keras_landslide.rasters.opening import open_raster

METRES = {
    **dict.fromkeys(("m", "metre", "metres", "meter", "meters"), 1.0),
    **dict.fromkeys(("ft", "foot", "feet", "international foot", "international feet"), 0.3048),
    **dict.fromkeys(
        ("us survey foot", "us survey feet", "ftus", "us-ft", "us_ft", "foot_us", "us foot"),
        1200 / 3937,
    ),
    **dict.fromkeys(("dm", "decimetre", "decimeter", "decimetres", "decimeters"), 0.1),
    **dict.fromkeys(("cm", "centimetre", "centimeter", "centimetres", "centimeters"), 0.01),
    **dict.fromkeys(("mm", "millimetre", "millimeter", "millimetres", "millimeters"), 0.001),
    **dict.fromkeys(("km", "kilometre", "kilometer", "kilometres", "kilometers"), 1000.0),
}
"""Metres in a unit of length, by the names that files give it."""

DEGREES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    **dict.fromkeys(("rad", "radian", "radians"), np.degrees),
    **dict.fromkeys(("percent", "%"), lambda rise: np.degrees(np.arctan(rise / 100))),
}
"""Slopes in degrees, from the units that files give them beside degrees."""

VOIDS = (-32768.0, -32767.0, -9999.0, -99999.0)
"""Values that stand for "no data" in files that do not say so; so does anything below -1e30."""


@dataclass(frozen=True)
class Declared:
    """What a file says of its bands.

    Attributes:
        scales: stored value * scale + offset = value, for each band.
        offsets: see there.
        units: of each band, as the file writes them; empty where it is silent.
        height_m: metres in a unit of the vertical CRS; None without one.
    """

    scales: tuple[float, ...]
    offsets: tuple[float, ...]
    units: tuple[str, ...]
    height_m: float | None

    def scaled(self, index: int) -> bool:
        """Whether the values of a band (from 1) are others than the stored ones."""
        return (self.scales[index - 1], self.offsets[index - 1]) != (1.0, 0.0)

    def values(self, stored: np.ndarray, index: int) -> np.ndarray:
        """A band's values, float32, from the stored ones; the same array where they are equal."""
        if not self.scaled(index):
            return stored
        # In double precision, so that 1700 * 0.0001 - 0.1 is the float32 next to 0.07.
        scale, offset = self.scales[index - 1], self.offsets[index - 1]
        return (stored * np.float64(scale) + offset).astype(np.float32)

    def metres(self, index: int, path: str | Path) -> float:
        """Metres in a unit of a band of heights: from its unit, else from the vertical CRS.

        Raises:
            InputFileError: the unit is none of length.
        """
        unit = self.units[index - 1].strip().lower()
        if not unit:
            return self.height_m or 1.0
        if unit not in METRES:
            raise InputFileError(
                f"{path}: band {index} is in '{self.units[index - 1]}', which is no unit of height "
                "that is known here; convert the file to metres, or correct its unit"
            )
        return METRES[unit]


def declared(path: str | Path) -> Declared:
    """Read what a file says of its bands.

    Raises:
        InputFileError: it is missing or no raster.
    """
    with reading(path), open_raster(path) as src:
        return declared_of(src)


def declared_of(src: rasterio.DatasetReader) -> Declared:
    """What an open raster says of its bands."""
    return Declared(
        tuple(map(float, src.scales)),
        tuple(map(float, src.offsets)),
        tuple(unit or "" for unit in src.units),
        vertical_unit_m(src.crs) if src.crs else None,
    )


def equals_nodata(values: np.ndarray, nodata: float) -> np.ndarray:
    """Where stored values are nodata; compared in the stored type, before a cast to float32."""
    if values.dtype.kind == "f":
        # Files often carry float nodata rounded to 6 digits, such as -3.402823e+38.
        return np.isclose(values, values.dtype.type(nodata), rtol=1e-6, atol=0, equal_nan=True)
    info = np.iinfo(values.dtype)
    inside = float(nodata).is_integer() and info.min <= nodata <= info.max
    return values == values.dtype.type(int(nodata)) if inside else np.zeros(values.shape, bool)


def horizontal(crs: CRS) -> CRS:
    """The horizontal part of a CRS; the same object where there is no other.

    Heights are never shifted from one datum to another: a warp with a vertical part would do so,
    and with other bands than heights too.
    """
    srs = _spatial_reference(crs)
    if srs is None:
        return crs
    srs.DemoteTo2D()
    return CRS.from_wkt(srs.ExportToWkt(["FORMAT=WKT2_2019"]))


def vertical_unit_m(crs: CRS) -> float | None:
    """Metres in a unit of a CRS's heights; None for a CRS without heights."""
    srs = _spatial_reference(crs)
    if srs is None:
        return None
    factor = srs.GetAttrValue("VERT_CS|UNIT", 1)
    return float(factor) if factor else 1.0


def _spatial_reference(crs: CRS):
    """A CRS with heights as osgeo has it; None for one without."""
    wkt = crs.to_wkt(version="WKT2_2019")
    if not wkt.startswith("COMPOUNDCRS") and "CS[ellipsoidal,3]" not in wkt:
        return None
    osgeo_gdal()
    from osgeo import osr

    srs = osr.SpatialReference()
    srs.ImportFromWkt(wkt)
    return srs


def alpha_band(src: rasterio.DatasetReader) -> int | None:
    """The opacity band (from 1), which is 0 where the others have no data; None without one.

    By its colour interpretation: GDAL itself takes it for a mask in some data types alone.
    """
    alphas = [i for i, c in enumerate(src.colorinterp, start=1) if c == ColorInterp.alpha]
    return alphas[0] if alphas and src.count > 1 else None


def voids_in(values: np.ndarray) -> list[float]:
    """The values of `VOIDS`, and those below -1e30, that occur in an array."""
    found = [void for void in VOIDS if (values == np.float32(void)).any()]
    below = values[values < -1e30]
    return found + ([float(below.min())] if below.size else [])


def without_voids(values: np.ndarray) -> np.ndarray:
    """An array, float32, with NaN in the place of the values that `voids_in` finds."""
    void = np.isin(values, np.asarray(VOIDS, np.float32)) | (values < -1e30)
    return np.where(void, np.float32(math.nan), values)
