import pytest
from patch_scenes import make_stack

from keras_landslide.patches.plan import PatchSettings, plan_patches


@pytest.fixture
def stack(tmp_path):
    """Path of a 256 px stack and its values (H, W, 4)."""
    path = tmp_path / "stack.tif"
    return path, make_stack(path)


@pytest.fixture(scope="session")
def patches(tmp_path_factory):
    """Its patches of 32 px; planned once, since every test's stack is the same."""
    path = tmp_path_factory.mktemp("planned") / "stack.tif"
    make_stack(path)
    return plan_patches(path, PatchSettings(size=32))
