"""A network that cannot learn one real patch by heart is broken."""

import h5py
import pytest
from training_tests import forget_faster, predict

from keras_landslide import metrics, models
from keras_landslide.config import TrainingConfig
from keras_landslide.sources.landslide4sense import six_channels
from keras_landslide.training.compiling import compile_model, fix_seeds

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
    model.get_layer("normalise").set_statistics(x.mean((0, 1, 2)), x.std((0, 1, 2)))
    forget_faster(model)
    compile_model(model, TrainingConfig(learning_rate=3e-3))
    best = 0.0
    for step in range(1, 601):
        model.train_on_batch(x, y)
        if step % 25 == 0:
            f1 = metrics.get("f1")
            f1.update_state(y, predict(model, x))
            best = float(f1.result())
            if best >= 0.95:
                break
    assert best >= 0.95
