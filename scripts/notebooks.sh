#!/usr/bin/env bash
# Runs each notebooks/[0-9]*.py (jupytext, percent format) from scratch, in order, and writes it with
# its outputs as .ipynb. They run in a copy, so a work folder of your own stays as it is.
# Usage: notebooks.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(realpath "$1")
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
mkdir "$room/notebooks"
cp notebooks/*.py "$room/notebooks"
ln -s "$PWD/tuning" "$room/tuning"
# The kernel of .venv, not one that the user has registered under the same name.
export JUPYTER_PREFER_ENV_PATH=1 MPLBACKEND=agg
.venv/bin/python scripts/run_notebooks.py "$room/notebooks" "$out"
