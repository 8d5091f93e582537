"""`python -m keras_landslide`."""

from keras_landslide.cli.main import main

main()
