"""Generators of bad rasters, inventories and chips."""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import h5py
import numpy as np
import rasterio
from affine import Affine
from bad_cases import Spoil
from osgeo import ogr, osr

BOX = ((400100, 699500), (400200, 699500), (400200, 699600), (400100, 699600), (400100, 699500))


def raster(
    name: str,
    change: Callable[[np.ndarray], np.ndarray] = lambda bands: bands,
    *,
    transform: Affine | None = None,
    crs: str | None = "EPSG:32618",
    tags: dict[str, str] | None = None,
) -> Spoil:
    """The same raster with other bands (C, H, W), another place or other tags."""

    def spoil(world: Path) -> None:
        with rasterio.open(world / name) as src:
            bands, names, units = change(src.read()), src.descriptions, src.units
            own, place = src.tags(), src.transform
        (world / name).unlink()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with rasterio.open(
                world / name, "w", driver="GTiff", count=len(bands), height=bands.shape[1],
                width=bands.shape[2], dtype=bands.dtype, transform=transform or place, crs=crs,
            ) as dst:  # fmt: skip
                dst.write(bands)
                for index in range(1, len(bands) + 1):
                    dst.set_band_description(index, names[index - 1] or "")
                    dst.set_band_unit(index, units[index - 1] or "")
                dst.update_tags(**{**own, **(tags or {})})

    return spoil


def first_band(value: float) -> Callable[[np.ndarray], np.ndarray]:
    """The same bands, the first of which holds one value."""
    return lambda bands: np.concatenate([np.full_like(bands[:1], value), bands[1:]])


def label(value: float) -> Callable[[np.ndarray], np.ndarray]:
    """The same bands, the last of which holds one value."""
    return lambda bands: np.concatenate([bands[:-1], np.full_like(bands[-1:], value)])


def polygon(points: Sequence[tuple[float, float]]) -> bytes:
    """WKB of a polygon of these points, whatever they are."""
    ring = b"".join(struct.pack("<dd", *point) for point in points)
    return struct.pack("<BIII", 1, 3, 1, len(points)) + ring


def inventory(name: str, *features: bytes | str) -> Spoil:
    """A GeoPackage of features from WKB or WKT, whatever they are."""

    def spoil(world: Path) -> None:
        (world / name).unlink(missing_ok=True)
        srs = osr.SpatialReference()
        srs.ImportFromEPSG(32618)
        source = ogr.GetDriverByName("GPKG").CreateDataSource(str(world / name))
        layer = source.CreateLayer("slides", srs, ogr.wkbUnknown)
        for each in features:
            text = isinstance(each, str)
            make = ogr.CreateGeometryFromWkt if text else ogr.CreateGeometryFromWkb
            feature = ogr.Feature(layer.GetLayerDefn())
            feature.SetGeometry(make(each))
            layer.CreateFeature(feature)

    return spoil


def png(width: int, height: int) -> bytes:
    """A picture that says that it has this size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
    return start + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


def npy(shape: str, kind: str = "<f4", body: bytes = bytes(64)) -> bytes:
    """An array that says that it has this shape."""
    head = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    head += " " * (63 - (len(head) + 10) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + body


def hdf5(name: str, write: Callable[[h5py.File], None]) -> Spoil:
    """Another HDF5 file."""

    def spoil(world: Path) -> None:
        with h5py.File(world / name, "w") as file:
            write(file)

    return spoil
