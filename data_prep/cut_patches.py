"""Cut a stack into patches with a spatial split: the same as `keras-landslide patches`.

python data_prep/cut_patches.py stack.tif -o patches.gpkg --size 128
"""

import sys

from keras_landslide.cli.main import main

if __name__ == "__main__":
    main(["patches", *sys.argv[1:]])
