"""Fixtures of the stacking tests."""

import pytest
from stack_scenes import write_scene


@pytest.fixture
def scene(tmp_path):
    """Path of the recipe of a fresh copy of the tiny scene."""
    folder = tmp_path / "scene"
    folder.mkdir()
    return write_scene(folder)
