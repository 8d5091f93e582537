import keras
import numpy as np
from affine import Affine

from keras_landslide.grid import Grid
from keras_landslide.models.registry import build
from keras_landslide.rasters.read import BandInfo, StackInfo
from keras_landslide.susceptibility.features import stack_features
from keras_landslide.susceptibility.mapping import deploy


def test_an_ensemble_is_the_mean_of_its_networks(tmp_path):
    grid = Grid("EPSG:32632", Affine(10, 0, 0, 0, -10, 0), (8, 8))
    bands = (BandInfo("slope", kind="continuous"), BandInfo("x", kind="continuous"))
    features = stack_features(StackInfo("s.tif", grid, bands, {}))
    keras.utils.set_random_seed(0)
    networks = [build("nn", (None, None, 2)) for _ in range(3)]
    image = np.random.default_rng(0).normal(size=(1, 6, 7, 2)).astype("float32")
    expected = np.mean([network.predict_on_batch(image) for network in networks], axis=0)
    model = deploy(features, networks)
    np.testing.assert_allclose(model.predict_on_batch(image), expected, atol=1e-6)
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(loaded.predict_on_batch(image), expected, atol=1e-6)
