"""Rasters on disk: read windows, write atomically, warp onto one grid, rasterize polygons.

Pixels travel between files and NumPy through rasterio; osgeo does what rasterio does not carry
over from GDAL unchanged: warp, rasterize, translate. Import the module you need; this file stays
light.
"""
