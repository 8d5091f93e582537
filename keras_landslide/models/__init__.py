"""Image segmentation networks: raw bands in, landslide probability out; one shelf, `MODELS`."""

from keras_landslide.models.registry import MODELS, build, get

__all__ = ["MODELS", "build", "get"]
