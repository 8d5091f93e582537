"""The scene recipe: a TOML file that names the rasters of a scene, their units and roles.

`docs/formats.md` describes every key. `load` reads one, `sections` holds what it may say, `parsing`
and `checks` refuse what it may not.
"""

from keras_landslide.recipe.checks import KINDS, RESAMPLINGS, SURROUNDINGS, TERRAIN_BANDS
from keras_landslide.recipe.load import load_recipe
from keras_landslide.recipe.sections import (
    CategorySource,
    CloudSource,
    DemSource,
    DistanceSource,
    GridSpec,
    InventorySource,
    RasterSource,
    Recipe,
    SarSource,
)

__all__ = [
    "KINDS",
    "RESAMPLINGS",
    "SURROUNDINGS",
    "TERRAIN_BANDS",
    "CategorySource",
    "CloudSource",
    "DemSource",
    "DistanceSource",
    "GridSpec",
    "InventorySource",
    "RasterSource",
    "Recipe",
    "SarSource",
    "load_recipe",
]
