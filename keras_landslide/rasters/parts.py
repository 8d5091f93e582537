"""The files that a data set consists of."""

from __future__ import annotations

from pathlib import Path

from keras_landslide.errors import InputFileError
from keras_landslide.files import on_disk
from keras_landslide.rasters.gdal_errors import GDAL_ERRORS, quiet_gdal
from keras_landslide.rasters.opening import open_gdal_any

# Statistics and overviews come and go as people look at a raster.
ASIDE = (".aux.xml", ".ovr")


def parts_of(path: Path) -> list[Path]:
    """Every file that holds a part of a raster or vector data set, sorted.

    The tables beside a shapefile, the rasters behind a VRT, the files of a folder that is one data
    set; `path` itself at least.
    """
    if (archive := on_disk(path)) != path:
        return [archive]
    try:
        with quiet_gdal():
            named = open_gdal_any(path).GetFileList() or []
    except (*GDAL_ERRORS, InputFileError):
        named = []
    found = {path, *map(Path, named)}
    for folder in [each for each in found if each.is_dir()]:
        found |= set(folder.rglob("*"))
    return sorted(p for p in found if p.is_file() and not p.name.endswith(ASIDE))
