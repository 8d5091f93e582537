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


LONG = (
    "test_cli_demo",
    "test_inference_jax_engine",
    "test_tuning_processes",
    "test_tuning_training",
    "test_tuning_command",
    "test_models_",
    "test_workflows_",
    "test_inference_",
)
"""Beginnings of the names of test files that take long, the longest first."""


def pytest_collection_modifyitems(items):
    """Begin with what takes long: workers side by side then end at about the same time."""

    def place(item):
        name = item.path.name
        return next((i for i, start in enumerate(LONG) if name.startswith(start)), len(LONG))

    items.sort(key=place)


def pytest_configure():
    """Load osgeo as the package does: a plain import after TensorFlow's loses SQLite's R-trees."""
    osgeo_gdal()
