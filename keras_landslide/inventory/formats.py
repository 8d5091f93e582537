"""The vector formats that an inventory can be written in: one row each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from keras_landslide.errors import OutputError


@dataclass(frozen=True)
class VectorFormat:
    """A format of one file.

    Attributes:
        driver: OGR's name of it.
        suffix: of the file.
        use: a few words for the help.
        layer_options: creation options of OGR's layers; `{description}` stands for the layer's.
        complete: whether it also holds the layer's style and metadata.
    """

    driver: str
    suffix: str
    use: str
    layer_options: tuple[str, ...] = ()
    complete: bool = False


FORMATS: dict[str, VectorFormat] = {
    "geopackage": VectorFormat(
        "GPKG",
        ".gpkg",
        "with a style for QGIS and metadata",
        ("GEOMETRY_NAME=geom", "FID=fid", "DESCRIPTION={description}"),
        complete=True,
    ),
    "geojson": VectorFormat(
        "GeoJSON",
        ".geojson",
        "longitude and latitude (RFC 7946), for web maps",
        ("RFC7946=YES", "DESCRIPTION={description}"),
    ),
    "flatgeobuf": VectorFormat(
        "FlatGeobuf", ".fgb", "with a spatial index, for large inventories on the web"
    ),
}
"""By name. One more is a row here; `predict` has the option from it."""

DEFAULT = "geopackage"


def format_of(path: str | Path) -> VectorFormat:
    """The format of a file by its suffix.

    Raises:
        OutputError: there is none of this suffix.
    """
    for each in FORMATS.values():
        if Path(path).name.lower().endswith(each.suffix):
            return each
    known = ", ".join(each.suffix for each in FORMATS.values())
    raise OutputError(f"{path}: is no vector format that is known; end it with one of: {known}")
