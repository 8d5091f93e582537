"""Keras layers shared by several models; `keras.ops` alone, so that they run on any backend."""

from keras_landslide.layers.normalization import BandNormalization

__all__ = ["BandNormalization"]
