"""`python -m keras_landslide`."""

from keras_landslide.cli.start import start

start()
