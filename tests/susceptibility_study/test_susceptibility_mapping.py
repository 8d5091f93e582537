import keras
import numpy as np
from affine import Affine

from keras_landslide.grid import Grid
from keras_landslide.models.registry import build
from keras_landslide.rasters.read import BandInfo, StackInfo
from keras_landslide.susceptibility_study.features import stack_features
from keras_landslide.susceptibility_study.mappers import mean_mapper, network_mapper, peer_mapper
from keras_landslide.susceptibility_study.mapping import deploy
from keras_landslide.susceptibility_study.peers import train_peer


def test_networks_and_peers_map_together():
    """Each from its own bands, by the mean of log-odds, NaN where a band is missing."""
    grid = Grid("EPSG:32632", Affine(10, 0, 0, 0, -10, 0), (8, 8))
    bands = (BandInfo("slope", kind="continuous"), BandInfo("x", kind="continuous"))
    info = StackInfo("s.tif", grid, bands, {})
    keras.utils.set_random_seed(0)
    both, one = stack_features(info), stack_features(info, ["x"])
    network = build("cnn", (None, None, 2), filters=2, levels=1)
    rng = np.random.default_rng(0)
    image = rng.normal(size=(8, 8, 2)).astype("float32")
    label = (rng.random((8, 8)) < 0.5).astype("uint8")
    peer = train_peer("random_forest", image[..., 1:], label)
    found = mean_mapper(
        [peer_mapper(peer, one, "forest"), network_mapper(deploy(both, [network]), both)]
    )
    assert found.bands == ("x", "slope") and found.stride_px == 2 and found.halo_px % 2 == 0
    p = network.predict_on_batch(image[None])[0, ..., 0]
    q = peer.predict_proba(image[..., 1:].reshape(-1, 1))[:, 1].reshape(8, 8)
    odds = (np.log(p / (1 - p)) + np.log(q / (1 - q))) / 2
    turned = image[..., ::-1].copy()
    np.testing.assert_allclose(found.predict(turned[None])[0], 1 / (1 + np.exp(-odds)), atol=1e-5)
    turned[3, 4, 0] = np.nan
    assert np.argwhere(np.isnan(found.predict(turned[None])[0])).tolist() == [[3, 4]]


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
