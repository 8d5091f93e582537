"""Attributes of polygons to pixels: one code per class."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import rasterio

from keras_landslide.errors import InputFileError
from keras_landslide.files import replacing
from keras_landslide.grid import Grid
from keras_landslide.rasters.areas import open_areas
from keras_landslide.rasters.gdal_errors import osgeo_gdal, quiet_gdal, writing
from keras_landslide.rasters.vector import attribute_of, choose_layer, open_vector

NO_CODE = -1
"""Stored where no polygon with a code covers a pixel's centre; the nodata value of the file."""
MOST_TERMS = 400
"""Values in one filter: SQLite, which reads GeoPackages, takes a thousand at most."""


def attribute_values(src: str | Path, attribute: str, *, layer: str | None = None) -> dict:
    """How many polygons have each value of an attribute; None where it is empty.

    Raises:
        InputFileError: the file cannot be read, or has no such layer or attribute.
    """
    counts: dict[Any, int] = {}
    with quiet_gdal():
        vector = open_vector(src)
        features = choose_layer(vector, src, layer)
        names = [field.GetName() for field in features.schema]
        if attribute not in names:
            raise InputFileError(
                f"{src}: layer '{features.GetName()}' has no attribute '{attribute}'; it has "
                f"{', '.join(names)}"
            )
        features.SetIgnoredFields([name for name in names if name != attribute])
        for feature in features:
            value = attribute_of(feature, attribute, src)
            counts[value] = counts.get(value, 0) + 1
    return counts


def burn_classes(
    src: str | Path,
    dst: str | Path,
    grid: Grid,
    attribute: str,
    codes: Mapping[Any, int],
    *,
    layer: str | None = None,
) -> Path:
    """Write an int16 raster with the code of the polygon that holds each pixel's centre.

    Where polygons overlap, the higher code wins. GDAL streams the polygons once per code and works
    in chunks of rows: memory does not grow with the raster.

    Args:
        src: vector file; another CRS than the grid's is transformed.
        dst: GeoTIFF to write, `NO_CODE` where there is no polygon with a code; atomic.
        grid: target grid.
        attribute: whose values are the classes.
        codes: code of each value, as `attribute_values` gives them; other polygons are left out.
        layer: layer name; None takes the only layer.

    Raises:
        InputFileError: the file cannot be read, or has no such layer.
        CrsError: the layer has no CRS.
        NodataError: the layer is empty, or holds points or lines.
        GridMismatchError: no polygon lies near the grid.
        OutputError: `dst` cannot be written.
    """
    gdal = osgeo_gdal()
    with quiet_gdal():
        areas = open_areas(src, layer, grid)
        features = areas.layer
        with replacing(dst, sync=False) as part, writing(dst):
            out = blank_raster(part, grid, gdal.GDT_Int16)
            out.GetRasterBand(1).SetNoDataValue(NO_CODE)
            out.GetRasterBand(1).Fill(NO_CODE)
            for code in sorted(set(codes.values())):
                values = [value for value, own in codes.items() if own == code]
                for first in range(0, len(values), MOST_TERMS):
                    some = values[first : first + MOST_TERMS]
                    features.SetAttributeFilter(_filter(attribute, some))
                    gdal.RasterizeLayer(out, [1], features, burn_values=[code])
            out.FlushCache()
            del out
    return Path(dst)


def blank_raster(path: str | Path, grid: Grid, gdal_type: int):
    """Create a GDAL raster of one band on a grid, for burning: tiled, quickly compressed."""
    out = (
        osgeo_gdal()
        .GetDriverByName("GTiff")
        .Create(
            str(path),
            grid.width,
            grid.height,
            1,
            gdal_type,
            ["TILED=YES", "COMPRESS=PACKBITS", "BIGTIFF=IF_SAFER"],
        )
    )
    out.SetProjection(rasterio.crs.CRS.from_user_input(grid.crs).to_wkt())
    out.SetGeoTransform(grid.transform.to_gdal())
    return out


def _filter(attribute: str, values: Sequence[Any]) -> str:
    name = attribute.replace('"', '""')
    texts = []
    for value in values:
        if value is None:
            texts.append(f'"{name}" IS NULL')
        elif isinstance(value, str):
            quoted = value.replace("'", "''")
            # OGR's own `=` takes Qa for QA, and so does SQLite's LIKE: both together take neither.
            pattern = re.sub("([!%_])", r"!\1", quoted)
            texts.append(f"(\"{name}\" = '{quoted}' AND \"{name}\" LIKE '{pattern}' ESCAPE '!')")
        else:
            texts.append(f'"{name}" = {value!r}')
    return " OR ".join(texts)
