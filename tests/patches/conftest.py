import pytest
from patch_scenes import make_stack


@pytest.fixture
def stack(tmp_path):
    """Path of a 256 px stack and its values (H, W, 4)."""
    path = tmp_path / "stack.tif"
    return path, make_stack(path)
