#!/usr/bin/env bash
# Resolves setup.cfg's requirements, all extras included, to one version each that the oldest
# supported Python can install, and writes requirements/lock.txt.
set -euo pipefail
cd "$(dirname "$0")/.."
oldest=3.11.2 # Debian 12
report=$(mktemp)
trap 'rm -rf "$report" "$report.in" "$report.d" "$report.lock"' EXIT
.venv/bin/python - > "$report.in" <<'PY'
import configparser

setup = configparser.ConfigParser()
setup.read("setup.cfg")
lines = setup["options"]["install_requires"].split("\n")
for extra in setup["options.extras_require"].values():
    lines += extra.split("\n")
# GDAL's bindings have to match the system's libgdal: scripts/setup.sh installs them.
print("\n".join(line for line in lines if line and not line.startswith("gdal")))
PY
.venv/bin/python -m pip install -q --dry-run --ignore-installed --python-version "$oldest" \
    --only-binary :all: --target "$report.d" --report "$report" -r "$report.in"
.venv/bin/python - "$report" > "$report.lock" <<'PY'
import json
import sys

print("# One version of everything for Python 3.11 to 3.13; made by `make lock`. GDAL's bindings are")
print("# not here: they have to match the system's libgdal, so scripts/setup.sh installs them.")
with open(sys.argv[1]) as stream:
    found = [entry["metadata"] for entry in json.load(stream)["install"]]
for name, version in sorted((entry["name"].lower(), entry["version"]) for entry in found):
    if name not in ("setuptools", "pip", "wheel"):
        print(f"{name}=={version}")
PY
mv "$report.lock" requirements/lock.txt
chmod 644 requirements/lock.txt
