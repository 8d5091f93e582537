"""A network that cannot learn one real patch by heart is broken."""

import h5py
import pytest
from training_tests import learnt_by_heart

from keras_landslide import models
from keras_landslide.datasets.landslide4sense import six_channels
from keras_landslide.training.compiling import fix_seeds

NETWORKS = ("unet_colombia", "unet", "mu_net", "res_unet", "res_mu_net", "cnn", "lacnn")


@pytest.fixture(scope="module")
def patch(real_data):
    """The Landslide4Sense patch with most landslide pixels: (1, 128, 128, 6), (1, 128, 128, 1)."""
    folder = real_data / "landslide4sense" / "TrainData"
    best = None
    for path in sorted((folder / "mask").glob("mask_*.h5")):
        with h5py.File(path) as file:
            mask = file["mask"][()]
        if best is None or mask.sum() > best[1].sum():
            best = path, mask
    path, mask = best
    with h5py.File(folder / "img" / path.name.replace("mask", "image")) as file:
        image = six_channels(file["img"][()])
    return image[None], mask[None, ..., None].astype("float32")


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.parametrize("name", NETWORKS)
def test_overfits_a_landslide4sense_patch(name, patch):
    x, y = patch
    fix_seeds(0)
    model = models.build(name, x.shape[1:], filters=8)
    assert learnt_by_heart(model, x, y) >= 0.95
