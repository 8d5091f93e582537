"""The networks of the two papers on Bijie learn one real chip by heart."""

import pytest
import rasterio
from training_tests import learnt_by_heart

from keras_landslide import models
from keras_landslide.training.compiling import fix_seeds

NETWORKS = {
    "scdnn": {"filters": 16, "blocks": (2, 2, 2, 2)},
    "sssn": {},
    "segnet": {"filters": 16},
    "deeplabv3plus_resnet50": {"filters": 16, "pyramid_filters": 64},
    "deeplabv3plus_mobilenetv2": {"alpha": 0.35, "pyramid_filters": 64},
    "msasnet": {"filters": 8},
    "ldlaim": {"filters": 8},
    "res_unet_obia": {"filters": 8},
    "fcn": {"filters": 16},
    "pspnet": {"filters": 16},
    "drs_unet": {"filters": 16},
}


@pytest.fixture(scope="module")
def chip(real_data):
    """Every fourth row and column of the chip with most landslide pixels: 128 x 128 px."""
    folder = real_data / "bijie" / "landslide"
    best = None
    for path in sorted((folder / "mask").glob("*.png")):
        with rasterio.open(path) as file:
            label = (file.read(1) > 127)[:512:4, :512:4]
        if label.shape == (128, 128) and (best is None or label.mean() > best[1].mean()):
            best = path, label
    path, label = best
    with rasterio.open(folder / "image" / path.name) as file:
        image = file.read([1, 2, 3])[:, :512:4, :512:4].transpose(1, 2, 0)
    return image[None].astype("float32"), label[None, ..., None].astype("float32")


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("name", NETWORKS)
def test_overfits_a_bijie_chip(name, chip):
    x, y = chip
    assert 0.02 < y.mean() < 0.5
    fix_seeds(0)
    model = models.build(name, x.shape[1:], **NETWORKS[name])
    assert learnt_by_heart(model, x, y) >= 0.95
