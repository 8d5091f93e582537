"""Grid search: the script of `keras-landslide tune`, which `--help` explains.

    python tuning/search.py --space tuning/spaces/colombia.toml \
        --stack stack.tif --patches patches.gpkg --image-model rgb_terrain_sar -o search

The same command goes on with a search that was stopped.
"""

import argparse

from keras_landslide.cli.main import main
from keras_landslide.runtime.huge_pages import restart_with_huge_pages

if __name__ == "__main__":
    restart_with_huge_pages()
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--space", nargs=1, default=[])
    named, rest = parser.parse_known_args()
    if "--help" in rest:
        print("python tuning/search.py --space SPACE -o FOLDER ..., with the options of `tune`:\n")
    main(["tune", *named.space, *rest])
