"""Shared fixtures: quiet TensorFlow, and the real rasters where they are."""

import os
from pathlib import Path

import pytest

from keras_landslide.rasters.gdal_errors import osgeo_gdal

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("MPLBACKEND", "Agg")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real rasters; the test is skipped where it is absent."""
    default = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"
    folder = Path(os.environ.get("KERAS_LANDSLIDE_DATA", default)).resolve()
    if not folder.is_dir():
        pytest.skip(f"no real rasters at {folder}; set KERAS_LANDSLIDE_DATA")
    return folder


def pytest_configure():
    """Load osgeo as the package does: a plain import after TensorFlow's loses SQLite's R-trees."""
    osgeo_gdal()
