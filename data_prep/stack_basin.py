"""Stack the rasters of a basin by a recipe: the same as `keras-landslide stack`.

python data_prep/stack_basin.py data_prep/recipes/la_arenosa.toml --root FOLDER -o stack.tif
"""

import sys

from keras_landslide.cli.main import main

if __name__ == "__main__":
    main(["stack", *sys.argv[1:]])
