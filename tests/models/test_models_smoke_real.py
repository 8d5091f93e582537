"""Every network learns something in a few epochs on real patches, at small width."""

import csv

import h5py
import numpy as np
import pytest

from keras_landslide import models
from keras_landslide.config import ModelConfig, RunConfig, TrainingConfig
from keras_landslide.datasets.landslide4sense import six_channels
from keras_landslide.models.registry import options
from keras_landslide.training.compiling import fix_seeds
from keras_landslide.training.run import train

SMALL = {"filters": 8, "pyramid_filters": 16, "alpha": 0.35}
EPOCHS = 5


class Patches:
    """A batch source of patches in memory, in the same order in each epoch."""

    def __init__(self, images, labels, batch_size=1):
        self.images, self.labels, self.batch_size = images, labels, batch_size

    def __len__(self):
        return len(self.images) // self.batch_size

    def batch(self, epoch, index):
        rows = slice(index * self.batch_size, (index + 1) * self.batch_size)
        return self.images[rows], self.labels[rows]


@pytest.fixture(scope="module")
def patches(real_data):
    """The 14 Landslide4Sense pairs: (14, 128, 128, 6) and (14, 128, 128, 1), most landslides first.

    Every second pixel is kept, for speed: networks learn less from it, but the same way.
    """
    folder = real_data / "landslide4sense" / "TrainData"
    pairs = []
    for path in sorted((folder / "mask").glob("mask_*.h5")):
        with h5py.File(path) as file:
            label = file["mask"][()].astype("float32")
        with h5py.File(folder / "img" / path.name.replace("mask", "image")) as file:
            pairs.append((six_channels(file["img"][()])[::2, ::2], label[::2, ::2, None]))
    assert len(pairs) == 14
    pairs.sort(key=lambda pair: -pair[1].sum())
    return np.stack([image for image, _ in pairs]), np.stack([label for _, label in pairs])


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.parametrize("name", models.MODELS)
def test_learns_from_landslide4sense(name, patches, tmp_path):
    images, labels = patches
    chosen = {key: value for key, value in SMALL.items() if key in options(name)}
    fix_seeds(0)
    model = models.build(name, images.shape[1:], **chosen)
    if not model.trainable_weights:
        pytest.skip("nothing to train")
    model.get_layer("normalise").set_statistics(images.mean((0, 1, 2)), images.std((0, 1, 2)))
    settings = TrainingConfig(loss="bce", epochs=EPOCHS, batch_size=1, learning_rate=5e-4)
    config = RunConfig(model=ModelConfig(name=name), training=settings)
    learn, validate = (Patches(images[i::2], labels[i::2]) for i in (0, 1))
    scores = train(model, learn, validate, tmp_path / "run", config, quiet=True)
    with (tmp_path / "run" / "history.csv").open() as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert len(losses) == EPOCHS
    assert min(losses[1:]) < losses[0]
    assert np.isfinite(losses).all()
    assert 0 < scores["val"]["f1"] <= 1
