"""A run's patches for a `fit` of one's own."""

import keras
import numpy as np
import pytest

import keras_landslide as kl
from keras_landslide.config import load_run_config
from keras_landslide.errors import UnknownNameError
from keras_landslide.workflows.train import load_data


@pytest.fixture(scope="module")
def run(trained):
    return trained / "run" / "config.toml"


def test_batches_are_those_that_train_sees_epoch_by_epoch(run):
    config = load_run_config(run)
    batches, own = kl.dataset(config), load_data(config).train
    assert isinstance(batches, keras.utils.PyDataset) and len(batches) == len(own)
    for epoch in range(2):
        images, labels, weights = batches[0]
        expected, told = own.batch(epoch, 0)
        np.testing.assert_array_equal(images, expected)
        np.testing.assert_array_equal(weights, told != 255)
        np.testing.assert_array_equal(labels, np.where(told == 255, 0, told))
        batches.on_epoch_end()


def test_any_fit_takes_them(run):
    train, val = kl.dataset(run), kl.dataset(run, "val")
    channels = train[0][0].shape[-1]
    network = kl.models.build("unet", (None, None, channels), filters=2, levels=1)
    network.compile("adam", "binary_crossentropy")
    seen = network.fit(train, validation_data=val, epochs=2, shuffle=False, verbose=0)
    assert np.isfinite(seen.history["val_loss"]).all()
    assert train.epoch >= 2, "Keras told it of both epochs"


def test_no_such_split(run):
    with pytest.raises(UnknownNameError, match="choose one of: train, val, test"):
        kl.dataset(run, "trian")
