"""Landslide polygons: GeoPackages, polygons of a probability map, their attributes, matching.

Import the module you need; this file stays light.
"""
