#!/usr/bin/env bash
# Runs each notebooks/*.py (jupytext, percent format) and writes it with its outputs as .ipynb.
# Usage: notebooks.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(realpath "$1")
shopt -s nullglob
for source in notebooks/[0-9]*.py; do
    name=$(basename "$source" .py)
    echo "[notebook] $name" >&2
    .venv/bin/jupytext --quiet --to ipynb --set-kernel - --execute \
        --run-path notebooks --output "$out/$name.ipynb" "$source"
done
