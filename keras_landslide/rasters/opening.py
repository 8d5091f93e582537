"""Open a raster or vector file by the formats that its role allows, and no key to other files.

A file is what its name says. GDAL tries every format that it knows on every file, and some of its
"formats" are texts that name other files, programs or servers (VRT, WMS, ...). Here formats are
allowed by name. A virtual raster (VRT) counts as one only when it is called `.vrt`, and what it
names has to be plain files in the folders that are allowed, its own above all.
"""

from __future__ import annotations

import os
import posixpath
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import rasterio
from rasterio.env import env_ctx_if_needed

from keras_landslide.errors import InputFileError
from keras_landslide.files import on_disk
from keras_landslide.rasters.gdal_errors import GDAL_ERRORS, osgeo_gdal, quiet_gdal, reading

PICTURES = ("GTiff", "COG", "PNG", "JPEG")
"""Formats of chips."""
SCENES = (
    *PICTURES,
    *("JP2OpenJPEG", "JP2KAK", "JP2ECW", "JP2MrSID", "JPEG2000", "WEBP", "BMP", "GIF"),
    *("HFA", "ENVI", "EHdr", "AAIGrid", "AIG", "GRASSASCIIGrid", "RST", "SAGA", "RRASTER"),
    *("SRTMHGT", "DTED", "USGSDEM", "BT", "ACE2", "SIGDEM", "GSAG", "GSBG", "GS7BG", "HF2", "XYZ"),
    *("ROI_PAC", "ISCE", "PCRaster", "GRIB", "netCDF", "GPKG"),
)
"""Formats of the rasters of a scene: those whose pixels lie in the file or beside it."""
VECTORS = (
    *("GPKG", "ESRI Shapefile", "GeoJSON", "GeoJSONSeq", "TopoJSON", "ESRIJSON", "FlatGeobuf"),
    *("KML", "LIBKML", "GML", "GPX", "MapInfo File", "DXF", "DGN", "S57", "CSV", "SQLite"),
    *("OpenFileGDB", "FileGDB", "Parquet", "Arrow", "OSM", "Memory", "MEM"),
)
"""Formats of inventories and other polygons."""
VIRTUAL = {"raster": "VRT", "vector": "OGR_VRT"}
MOST_VIRTUAL_BYTES = 1 << 26
MOST_NESTED = 8
NAMES = ("sourcefilename", "sourcedataset", "srcdatasource", "dempath", "cutlineds")
"""Elements of a virtual file whose text names a file, in small letters."""
NAMED_BY_KEY = ("x_dataset", "y_dataset", "rpc_dem", "overview_file", "filename")
"""Entries of a virtual file's metadata that name a file."""
NO_PART = ("srcsql", "openoptions", "pixelfunctioncode")
"""Elements that make a file more than a mosaic of others: SQL, options of a format, programs."""


def open_raster(path: str | Path, formats: Sequence[str] = SCENES) -> rasterio.DatasetReader:
    """Open a raster with rasterio.

    A virtual raster is opened where it is called `.vrt` and `formats` are those of scenes.

    Raises:
        InputFileError: it is missing or truncated, or of a format that is not read here.
    """
    with reading(path):
        allowed = _allowed(path, formats, "raster")
        try:
            # Not `rasterio.open`, which takes the name of one format only.
            with env_ctx_if_needed():
                return rasterio.DatasetReader(str(path), driver=[*allowed])
        except GDAL_ERRORS:
            _refuse_other(path, "raster")
            raise


def open_gdal_raster(path: str | Path) -> Any:
    """Open a raster of a scene with osgeo; otherwise as `open_raster`."""
    with reading(path):
        return _open_gdal(path, SCENES, "raster")


def open_gdal_vector(path: str | Path) -> Any:
    """Open a vector file with osgeo.

    Raises:
        InputFileError: it is of a format that is not read here.
        RuntimeError: GDAL's own, where it cannot be read.
    """
    return _open_gdal(path, VECTORS, "vector")


def open_gdal_any(path: str | Path) -> Any:
    """Open a raster or vector file with osgeo; otherwise as `open_gdal_vector`."""
    try:
        return _open_gdal(path, SCENES, "raster")
    except (*GDAL_ERRORS, InputFileError):
        return _open_gdal(path, VECTORS, "vector")


def _open_gdal(path: str | Path, formats: Sequence[str], kind: str) -> Any:
    gdal = osgeo_gdal()
    flags = (gdal.OF_VECTOR if kind == "vector" else gdal.OF_RASTER) | gdal.OF_READONLY
    try:
        with quiet_gdal():
            allowed = _allowed(path, formats, kind)
            return gdal.OpenEx(str(path), flags, allowed_drivers=[*allowed])
    except GDAL_ERRORS:
        _refuse_other(path, kind)
        raise


def _allowed(path: str | Path, formats: Sequence[str], kind: str) -> tuple[str, ...]:
    if is_virtual(path) and formats is not PICTURES:
        for _ in _sources(str(path), kind, MOST_NESTED):
            pass  # each is looked at
        return (VIRTUAL[kind],)
    if str(path).lower().endswith((".nc", ".nc4")):
        _refuse_links(path)
    return (*formats,)


def is_virtual(path: str | Path) -> bool:
    """Whether a file is called a virtual one."""
    return str(path).lower().endswith(".vrt")


def _refuse_other(path: str | Path, kind: str) -> None:
    """Say of which format a file is that the allowed ones could not open.

    Raises:
        InputFileError: GDAL knows its format.
    """
    gdal = osgeo_gdal()
    flags = gdal.OF_VECTOR if kind == "vector" else gdal.OF_RASTER
    with quiet_gdal():
        driver = gdal.IdentifyDriverEx(str(path), flags) if on_disk(path).exists() else None
    name = driver.ShortName if driver else None
    if name in VIRTUAL.values():
        raise InputFileError(
            f"{path}: is a virtual file ({name}) under another name; it names other files, so call "
            "it .vrt if that is meant, or make a plain file of it with gdal_translate"
        )
    if name and name not in (*SCENES, *VECTORS):
        change = "ogr2ogr" if kind == "vector" else "gdal_translate"
        raise InputFileError(
            f"{path}: is a file of GDAL's format {name}, which is not read here; make a plain file "
            f"of it with `{change}`, or name the {kind} itself if this is a list of files"
        )


def check_virtual(path: str | Path, folders: Iterable[str | Path] = ()) -> None:
    """Refuse a virtual file that leads out of its folder; other files pass.

    Args:
        path: any file.
        folders: further folders that it may lead to.

    Raises:
        InputFileError: one of its sources, or of the virtual files among them, lies elsewhere, or
            is no plain file.
    """
    if not is_virtual(path) or not on_disk(path).exists():
        return
    homes = [_home(str(path)), *(os.path.realpath(folder) for folder in folders)]
    for kind in ("raster", "vector"):
        for source in _sources(str(path), kind, MOST_NESTED):
            real = _real(source)
            if not any(real == home or real.startswith(home.rstrip("/") + "/") for home in homes):
                raise InputFileError(
                    f"{path}: names {source}, which lies outside {homes[-1]}; move it there, or "
                    'write vrt_sources = "anywhere" into the recipe if it may be read'
                )


def _home(path: str) -> str:
    folder = posixpath.dirname(path)
    return folder if folder.startswith("/vsi") else os.path.realpath(folder or ".")


def _real(path: str) -> str:
    return posixpath.normpath(path) if path.startswith("/vsi") else os.path.realpath(path)


def _sources(path: str, kind: str, depth: int) -> Iterator[str]:
    """Every file that a virtual file names, and those that virtual ones among them name.

    Raises:
        InputFileError: it is no such file, or names what is no plain file.
    """
    if not depth:
        raise InputFileError(f"{path}: virtual files name one another without an end")
    for name, relative in _names(path):
        source = posixpath.join(posixpath.dirname(path), name) if relative else name
        archive = source.startswith(("/vsizip/", "/vsitar/", "/vsigzip/"))
        far = source.startswith("/vsi") and not archive
        if far or "<" in name or not (archive or Path(source).is_file()):
            if far or "<" in name or ":" in name:
                raise InputFileError(
                    f"{path}: names '{name[:60]}', which is no file of this machine; make a plain "
                    "file of it with gdal_translate"
                )
            raise InputFileError(f"{path}: names {source}, which is not there; check its path")
        yield source
        if is_virtual(source):
            yield from _sources(source, kind, depth - 1)
        else:
            _require_plain(source, path)


def _require_plain(source: str, path: str) -> None:
    """Refuse a source that GDAL would take for something else than pixels or polygons."""
    gdal = osgeo_gdal()
    with quiet_gdal():
        driver = gdal.IdentifyDriverEx(source, gdal.OF_RASTER | gdal.OF_VECTOR)
    if driver is not None and driver.ShortName not in (*SCENES, *VECTORS):
        raise InputFileError(
            f"{path}: names {source}, which is a file of GDAL's format {driver.ShortName} under "
            "another name; make a plain file of it with gdal_translate"
        )


def _names(path: str) -> Iterator[tuple[str, bool]]:
    """The names in a virtual file, and whether they count from its folder."""
    for element in _parsed(path).iter():
        tag = element.tag.rpartition("}")[2].lower()
        language = tag == "pixelfunctionlanguage" and (element.text or "").strip().lower()
        if tag in NO_PART or language == "python":
            raise InputFileError(
                f"{path}: has an element <{element.tag}>, which is not read here; make a plain "
                "file of it with gdal_translate"
            )
        key = (element.get("key") or element.get("name") or "").lower()
        if tag in NAMES or key in NAMED_BY_KEY:
            name = (element.text or "").strip()
            given = {k.lower(): v for k, v in element.attrib.items()}.get("relativetovrt", "0")
            if name:
                yield name, given.strip() == "1" and not posixpath.isabs(name)


def _parsed(path: str) -> ElementTree.Element:
    """A virtual file's text as a tree; entities, with which a text can grow, are refused."""
    gdal = osgeo_gdal()
    stat = gdal.VSIStatL(path)
    if stat is None or stat.size > MOST_VIRTUAL_BYTES:
        raise InputFileError(f"{path}: is too large for a virtual file, or not there")
    stream = gdal.VSIFOpenL(path, "rb")
    try:
        text = bytes(gdal.VSIFReadL(1, stat.size, stream) or b"")
    finally:
        gdal.VSIFCloseL(stream)
    try:
        if b"<!ENTITY" in text or b"<!DOCTYPE" in text:
            raise InputFileError(f"{path}: holds entities, which a virtual file does not need")
        return ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise InputFileError(f"{path}: is no virtual file, its XML is broken ({error})") from error


def _refuse_links(path: str | Path) -> None:
    """Refuse a NetCDF 4 file, which is HDF5, whose data lie in other files."""
    import h5py

    from keras_landslide.rasters.hdf5 import refuse_other_files

    if Path(path).is_file() and h5py.is_hdf5(path):
        with h5py.File(path) as file:
            refuse_other_files(file, path)
