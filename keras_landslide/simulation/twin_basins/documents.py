"""The vectors and the scene recipe of a simulated basin."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely

from keras_landslide.files import write_text
from keras_landslide.inventory.geopackage import Layer, write_layer
from keras_landslide.simulation.twin_basins import optics
from keras_landslide.simulation.twin_basins.place import Place, surveyed_area
from keras_landslide.simulation.twin_basins.products import tags
from keras_landslide.simulation.twin_basins.settings import Basin
from keras_landslide.simulation.twin_basins.slides import Slides

_RECIPE = """\
# SIMULATED basin '{name}' (made to {role}): nothing here was measured.
{notes}name = "{name}"
simulated = true

[grid]
crs = "{crs}"
resolution = 12.5

[[raster]]
path = "optical.tif"
bands = {{ {bands} }}
scale = 0.0001
offset = 0.0
nodata = 0

[dem]
path = "dem.tif"
derive = ["elevation", "slope", "curvature"]

[[sar]]
path = "sar_pre.tif"
band = "vv_pre"
input = "power"
output = "db"

[[sar]]
path = "sar_post.tif"
band = "vv_post"
input = "power"
output = "db"

[cloud]
path = "cloud.tif"

[inventory]
path = "inventory.gpkg"
surveyed = "surveyed.gpkg"
all_touched = false

[derived]
ndvi = true
"""


def write_vectors(folder: Path, where: Place, slides: Slides, basin: Basin, seed: int) -> int:
    """Write the inventory and the surveyed area; slides outside the area were never mapped."""
    area = surveyed_area(where.optical, seed, basin.name)
    t = where.truth.transform
    outlines = shapely.transform(
        slides.outlines, lambda p: np.stack([t.c + p[:, 0] * t.a, t.f + p[:, 1] * t.e], axis=1)
    )
    mapped = np.nonzero(shapely.intersects(area, outlines))[0]
    parts, owner = shapely.get_parts(outlines[mapped], return_index=True)
    outlines = np.asarray(shapely.multipolygons(parts, indices=owner))
    layer = Layer(
        "landslides",
        "MultiPolygon",
        {
            "landslide_id": "int",
            "area_m2": "float",
            "length_m": "float",
            "drop_m": "float",
            "crown_elevation_m": "float",
            "bare_share": "float",
        },
        description=f"SIMULATED landslides of the simulated basin '{basin.name}', not mapped",
    )
    values = zip(
        range(1, mapped.size + 1),
        np.round(shapely.area(outlines), 1).tolist(),
        np.round(slides.length_m[mapped], 1).tolist(),
        np.round(slides.drop_m[mapped], 1).tolist(),
        np.round(slides.crown_m[mapped], 1).tolist(),
        np.round(slides.fresh[mapped], 3).tolist(),
        strict=True,
    )
    write_layer(
        folder / "inventory.gpkg",
        layer,
        basin.optical_crs,
        zip(shapely.to_wkb(outlines), values, strict=True),
        tags(basin, seed, "landslide inventory"),
    )
    outline = Layer(
        "surveyed", "Polygon", {"name": "str"}, description="SIMULATED outline of the survey"
    )
    write_layer(
        folder / "surveyed.gpkg",
        outline,
        basin.optical_crs,
        [(shapely.to_wkb(area), [f"{basin.name} (simulated)"])],
        tags(basin, seed, "surveyed area"),
    )
    return mapped.size


def write_recipe(folder: Path, basin: Basin, simulation: dict) -> Path:
    """Write the scene recipe that `keras-landslide stack` takes; returns its path."""
    notes = "".join(f"#   {key}: {value}\n" for key, value in simulation.items())
    bands = ", ".join(f"{name} = {i + 1}" for i, name in enumerate(optics.BANDS))
    text = _RECIPE.format(
        name=basin.name, role=basin.role, notes=notes, crs=basin.optical_crs, bands=bands
    )
    path = folder / "recipe.toml"
    write_text(path, text)
    return path
