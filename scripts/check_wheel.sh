#!/usr/bin/env bash
# Builds the wheel, installs it in an empty environment with the pinned versions, and uses it from
# another folder than the checkout.
set -euo pipefail
cd "$(dirname "$0")/.."
checkout=$PWD
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
.venv/bin/pip wheel -q --no-deps --no-build-isolation -w "$folder/dist" .
.venv/bin/python -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "setuptools<72" wheel
"$folder/venv/bin/pip" install -q -c requirements/lock.txt "$folder"/dist/*.whl "gdal==$(gdal-config --version)"
cd "$folder"
"$folder/venv/bin/python" -c "
import keras_landslide, pathlib
where = pathlib.Path(keras_landslide.__file__)
assert not where.is_relative_to('$checkout'), where"
"$folder/venv/bin/keras-landslide" --version
"$folder/venv/bin/keras-landslide" simulate basins --size 256 --seed 0
"$folder/venv/bin/keras-landslide" stack basins/argelia/recipe.toml -o stack.tif
"$folder/venv/bin/keras-landslide" patches stack.tif -o patches.gpkg --size 32
"$folder/venv/bin/keras-landslide" models
echo "the wheel works from $folder"
