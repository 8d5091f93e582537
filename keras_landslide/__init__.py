"""From rasters of a known basin to a georeferenced landslide inventory of a new one."""

from keras_landslide.runtime.keras_objects import register_with_keras
from keras_landslide.version import __version__

__all__ = ["__version__"]

register_with_keras()
