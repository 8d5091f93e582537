#!/usr/bin/env bash
# Makes .venv ready: system libraries, pinned dependencies, GDAL bindings that match libgdal, the
# package itself. Safe to run again: it does nothing when nothing has changed.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=.venv
stamp="$venv/.ready"
wanted=$(cat requirements/lock.txt setup.cfg pyproject.toml scripts/setup.sh | sha256sum | cut -d' ' -f1)

say() { printf '\033[1m[setup]\033[0m %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 2; }

find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
        if command -v "$candidate" >/dev/null && "$candidate" -c \
            'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
}

# Prints the Debian packages that the machine still lacks.
missing_packages() {
    local python
    python=$(find_python)
    [ -n "$python" ] || echo python3
    { [ -n "$python" ] && "$python" -c 'import ensurepip, venv'; } 2>/dev/null || echo python3-venv
    { [ -n "$python" ] && "$python" -c \
        'import pathlib, sys, sysconfig
sys.exit(not pathlib.Path(sysconfig.get_path("include"), "Python.h").exists())'; } 2>/dev/null \
        || echo python3-dev
    command -v gdal-config >/dev/null || echo libgdal-dev
    command -v gdalwarp >/dev/null || echo gdal-bin
    command -v g++ >/dev/null || echo g++
}

install_system_packages() {
    local packages sudo=""
    packages=$(missing_packages | xargs)
    [ -n "$packages" ] || return 0
    command -v apt-get >/dev/null \
        || die "this machine lacks $packages and has no apt-get; install them by its own means, then run make again"
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null \
            || die "this machine lacks $packages; ask an administrator for: apt-get install $packages"
        sudo=sudo
        # Without a terminal sudo could only hang or fail with a riddle.
        [ -t 0 ] || sudo -n true 2>/dev/null \
            || die "this machine lacks $packages and sudo wants a password; run: sudo apt-get install $packages"
    fi
    say "installing from the system's packages: $packages"
    $sudo apt-get update -qq || say "the package lists were not renewed; going on with those that are here"
    # A machine that has just started often holds dpkg's lock for its own upgrades: wait for it.
    # shellcheck disable=SC2086  # a list of words on purpose
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 \
        install -y -qq --no-install-recommends $packages >/dev/null \
        || die "apt-get did not install $packages (its own lines above say why); mend that, then run make again"
}

bindings_match() {
    "$venv/bin/python" -c "
from osgeo import gdal, gdal_array
raise SystemExit(gdal.__version__ != '$1')" 2>/dev/null
}

install_gdal_bindings() {
    local version numpy
    version=$(gdal-config --version)
    ! bindings_match "$version" || return 0
    say "building the GDAL $version bindings (about a minute)"
    # Without build isolation, so that NumPy is there and osgeo.gdal_array gets built; with our
    # NumPy's headers first, since Debian's python3-numpy puts its own among Python's.
    numpy=$("$venv/bin/python" -c 'import numpy; print(numpy.get_include())')
    CFLAGS="-I$numpy" "$venv/bin/python" -m pip install -q --no-cache-dir --force-reinstall --no-deps \
        --no-build-isolation --no-binary gdal "gdal==$version"
    bindings_match "$version" \
        || die "the GDAL $version bindings were built but do not work with NumPy; see: $venv/bin/python -c 'from osgeo import gdal_array'"
}

install_system_packages
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted $(gdal-config --version) $PWD" ]; then
    exit 0
fi
# What a moved checkout brings along still points to where it was.
if [ -f "$stamp" ] && [[ "$(cat "$stamp")" != *" $PWD" ]]; then
    say "this checkout was moved or copied: making $venv anew"
    rm -rf "$venv"
fi
python=$(find_python)
[ -n "$python" ] || die "no Python 3.11, 3.12 or 3.13 found; install one, or name it: make PYTHON=/path/to/python3"
[ -x "$venv/bin/python" ] || { say "making $venv with $python"; "$python" -m venv "$venv"; }
say "installing pinned dependencies (about 3 GB on disk, once)"
"$venv/bin/python" -m pip install -q "pip>=24" "setuptools<72" wheel
"$venv/bin/python" -m pip install -q -r requirements/lock.txt
install_gdal_bindings
"$venv/bin/python" -m pip install -q --no-deps --no-build-isolation -e .
echo "$wanted $(gdal-config --version) $PWD" > "$stamp"
say "ready: $venv/bin/keras-landslide --help"
