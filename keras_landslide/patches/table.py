"""The patch table: a polygon per window in `patches.gpkg`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import shapely
from shapely.affinity import affine_transform

from keras_landslide.errors import GridMismatchError, InputFileError
from keras_landslide.grid import Grid, Window
from keras_landslide.inventory.geopackage import Layer, write_layer
from keras_landslide.rasters.gdal_errors import quiet_gdal, reading
from keras_landslide.rasters.opening import open_gdal_vector

LAYER = "patches"
KNOWN_SPLITS = ("train", "val", "test", "buffer", "unused")
MOST = 1e12
"""No number of a patch is larger."""


@dataclass(frozen=True)
class Patch:
    """A window of the stack and what it is for.

    Attributes:
        patch_id: number in the table, from 0, row by row.
        row_off: first row in the stack, pixels.
        col_off: first column, pixels.
        height: rows.
        width: columns.
        split: `train`, `val`, `test`; `buffer` where too close to another split; `unused` where
            too little is labelled and valid.
        fold: blocked k-fold the window lies wholly in, or -1.
        block: number of the block that holds the window's centre, row by row.
        landslide_fraction: landslide pixels over labelled and valid pixels, [0, 1].
        valid_fraction: labelled pixels that are valid in all bands, over all, [0, 1].
    """

    patch_id: int
    row_off: int
    col_off: int
    height: int
    width: int
    split: str
    fold: int
    block: int
    landslide_fraction: float
    valid_fraction: float

    @property
    def window(self) -> Window:
        """Where the patch lies in the stack."""
        return Window(self.row_off, self.col_off, self.height, self.width)


_FIELDS = {f.name: str(f.type) for f in fields(Patch)}
_PATCHES = Layer(
    LAYER,
    "Polygon",
    _FIELDS,
    "windows of a stack with their split",
    ("keras_landslide.patches", "patches.qml"),
)


def write_patches(
    path: str | Path, patches: Sequence[Patch], grid: Grid, tags: Mapping[str, Any]
) -> None:
    """Write patches as polygons in the grid's CRS, with a QGIS style coloured by split.

    Args:
        path: the GeoPackage; replaced atomically.
        patches: rows of the table.
        grid: grid of the stack.
        tags: metadata of the layer: how the patches were made.

    Raises:
        OutputError: the file cannot be written.
    """
    rows = (
        (_outline(patch.window, grid), [getattr(patch, name) for name in _FIELDS])
        for patch in patches
    )
    write_layer(path, _PATCHES, grid.crs, rows, {k: str(v) for k, v in tags.items()})


def grid_tags(grid: Grid) -> dict[str, str]:
    """What a table notes of the grid that its windows count on."""
    return {
        "stack_shape": f"{grid.height} x {grid.width}",
        "stack_transform": " ".join(repr(float(v)) for v in grid.transform[:6]),
    }


def read_patches(path: str | Path, grid: Grid | None = None) -> list[Patch]:
    """Read the table back, in order of `patch_id`.

    Args:
        path: the GeoPackage.
        grid: grid of the stack that the windows are wanted for; None checks nothing.

    Raises:
        InputFileError: the file is missing, or has no layer `patches` with the fields above.
        GridMismatchError: the table notes another grid than `grid`.
    """
    with _open(path) as layer:
        noted = layer.GetMetadata() if grid else {}
        for key, value in (grid_tags(grid) if grid else {}).items():
            if noted.get(key, value) != value:
                raise GridMismatchError(
                    f"{path}: belongs to another stack, its {key} is {noted[key]} and not {value}; "
                    "give the patches that were made from this stack"
                )
        names = [field.GetName() for field in layer.schema]
        missing = [name for name in _FIELDS if name not in names]
        if missing:
            raise InputFileError(
                f"{path}: layer '{LAYER}' has no field {', '.join(missing)}; make the table with "
                "`keras-landslide patches`"
            )
        rows = [_patch({name: feature[name] for name in _FIELDS}, path) for feature in layer]
    return sorted(rows, key=lambda patch: patch.patch_id)


def _patch(values: dict[str, Any], path: str | Path) -> Patch:
    """A row of the table, whose numbers have to be numbers."""
    for name, kind in _FIELDS.items():
        value = values[name]
        if kind != "str" and (value is None or not abs(value) < MOST):
            raise InputFileError(
                f"{path}: {name} = {value} of patch {values['patch_id']} is no number that it can "
                "be; make the table with `keras-landslide patches`"
            )
    if values["split"] not in KNOWN_SPLITS:
        raise InputFileError(
            f"{path}: split = {values['split']!r:.40} of patch {values['patch_id']} is none of "
            f"{', '.join(KNOWN_SPLITS)}; make the table with `keras-landslide patches`"
        )
    return Patch(**values)


def read_tags(path: str | Path) -> dict[str, str]:
    """How the patches were made: the layer's metadata.

    Raises:
        InputFileError: the file is missing or has no layer `patches`.
    """
    with _open(path) as layer:
        return dict(layer.GetMetadata())


@contextmanager
def _open(path: str | Path) -> Iterator[Any]:
    """The layer `patches` of a GeoPackage; the file closes with the block."""
    with reading(path), quiet_gdal():
        dataset = open_gdal_vector(path)
        # By index: GetLayerByName raises or returns None, depending on GDAL's version.
        layers = [dataset.GetLayer(i) for i in range(dataset.GetLayerCount())]
        layer = next((layer for layer in layers if layer.GetName() == LAYER), None)
        if layer is None:
            raise InputFileError(
                f"{path}: has no layer '{LAYER}'; make it with `keras-landslide patches`"
            )
        yield layer


def _outline(window: Window, grid: Grid) -> bytes:
    pixels = shapely.box(window.col_off, window.row_off, window.col_end, window.row_end)
    return shapely.to_wkb(affine_transform(pixels, grid.transform.to_shapely()))
