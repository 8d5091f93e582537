#!/usr/bin/env bash
# Writes the installed versions to requirements/lock.txt.
set -euo pipefail
cd "$(dirname "$0")/.."
{
    echo "# Every version that the tests were run with; made by \`make lock\`. GDAL's bindings are not here:"
    echo "# they have to match the system's libgdal, so scripts/setup.sh installs them."
    .venv/bin/pip freeze --exclude-editable \
        | grep -viE '^(gdal|keras[-_]landslide|pip|wheel|setuptools|torch)(==| @)'
} > requirements/lock.txt
