"""A tiny scene whose rasters lie in four grids and three CRSs, with real nodata."""

import numpy as np
import rasterio.warp
from affine import Affine

from keras_landslide.grid import Grid
from keras_landslide.rasters.write import write_raster

TARGET = Grid("EPSG:32618", Affine(12.5, 0, 482000, 0, -12.5, 664000), (96, 112))

RECIPE = """
name = "tiny"
simulated = true
[grid]
crs = "EPSG:32618"
resolution = 12.5
[[raster]]
path = "optical.tif"
bands = { red = 1, green = 2, blue = 3, nir = 4 }
scale = 0.0001
nodata = 0
[dem]
path = "dem.tif"
[[sar]]
path = "sar.tif"
band = "vv_pre"
[cloud]
path = "cloud.tif"
[inventory]
path = "inventory.gpkg"
surveyed = "surveyed.gpkg"
[derived]
ndvi = true
"""


def ground(x, y):
    """Elevation in metres of UTM positions."""
    return 1500 + 60 * np.sin(x / 170) * np.cos(y / 230) + (x - 482000) / 4


def centres(grid):
    rows, cols = np.mgrid[: grid.height, : grid.width] + 0.5
    t = grid.transform
    return t.c + t.a * cols, t.f + t.e * rows


def elevation_on(grid):
    x, y = centres(grid)
    if grid.crs != TARGET.crs:
        xs, ys = rasterio.warp.transform(grid.crs, TARGET.crs, x.ravel(), y.ravel())
        x, y = np.reshape(xs, grid.shape), np.reshape(ys, grid.shape)
    return ground(x, y).astype(np.float32)


def write_polygons(path, boxes, layer):
    from osgeo import ogr, osr

    ogr.UseExceptions()
    srs = osr.SpatialReference()
    srs.ImportFromEPSG(32618)
    data = ogr.GetDriverByName("GPKG").CreateDataSource(str(path))
    out = data.CreateLayer(layer, srs, ogr.wkbPolygon)
    for left, bottom, right, top in boxes:
        feature = ogr.Feature(out.GetLayerDefn())
        ring = f"{left} {bottom}, {right} {bottom}, {right} {top}, {left} {top}, {left} {bottom}"
        feature.SetGeometry(ogr.CreateGeometryFromWkt(f"POLYGON (({ring}))"))
        out.CreateFeature(feature)
    del out, data


def write_scene(folder):
    """Write the rasters and `recipe.toml`; returns the recipe's path."""
    rng = np.random.default_rng(0)
    optical = rng.integers(200, 4000, (*TARGET.shape, 4)).astype("uint16")
    optical[:5] = 0
    write_raster(folder / "optical.tif", optical, TARGET, nodata=0)
    dem_grid = Grid("EPSG:4326", Affine(1.3e-4, 0, -75.1655, 0, -1.3e-4, 6.0095), (120, 130))
    write_raster(folder / "dem.tif", elevation_on(dem_grid), dem_grid, nodata=-32768)
    sar_grid = Grid("EPSG:3116", Affine(10, 0, 879650, 0, -10, 1156600), (180, 190))
    power = rng.gamma(4.4, 0.1 / 4.4, sar_grid.shape).astype(np.float32)
    power[:, -70:] = 0
    write_raster(folder / "sar.tif", power, sar_grid, nodata=0)
    cloud_grid = Grid("EPSG:32618", Affine(20, 0, 481900, 0, -20, 664100), (80, 85))
    cloud = rng.integers(0, 3, cloud_grid.shape).astype("uint8")
    write_raster(folder / "cloud.tif", cloud, cloud_grid, nodata=255)
    write_polygons(folder / "inventory.gpkg", [(482250, 663500, 482500, 663750)], "landslides")
    write_polygons(folder / "surveyed.gpkg", [(482000, 662800, 483000, 664000)], "surveyed")
    recipe = folder / "recipe.toml"
    recipe.write_text(RECIPE)
    return recipe
