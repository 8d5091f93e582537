"""Bundles that answer together: their shared contract, and maps with uncertainty."""

import numpy as np
import pytest
import rasterio

from keras_landslide.bundle.read import read_bundle
from keras_landslide.errors import BundleError
from keras_landslide.inference.network import Network
from keras_landslide.workflows.predict import predict


def test_bundles_together(make_bundle):
    one = read_bundle(make_bundle("one", stride_px=4, halo_px=16, threshold=0.4))
    two = read_bundle(make_bundle("two", stride_px=6, halo_px=18, threshold=0.6))
    network = Network((one, two))
    assert (network.stride_px, network.halo_px, network.threshold) == (12, 24, 0.5)
    assert network.name == "toy + toy" and network.estimates == ("probability", "uncertainty")
    assert Network((one,)).estimates == ("probability",)
    other = read_bundle(make_bundle("other", pixel_size_m=10.0))
    with pytest.raises(BundleError, match="other: takes other bands, units or pixels"):
        Network((one, other))


def test_dropout_left_on(make_stack, tmp_path):
    """Draws differ from each other and scatter about the answer without dropout; they repeat."""
    import json

    from inference_toys import contract

    from keras_landslide import models
    from keras_landslide.bundle.write import write_saved_model
    from keras_landslide.training.compiling import fix_seeds

    fix_seeds(0)
    model = models.build("unet", (None, None, 2), filters=4, levels=2, dropout=0.5)
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    write_saved_model(model, bundle / "saved_model", bundle)
    (bundle / "bundle.json").write_text(json.dumps(contract(stride_px=4, halo_px=24)))
    stack, _ = make_stack((96, 80))
    plain = predict(bundle, stack, tmp_path / "plain", window_px=64)
    options = {"window_px": 64, "dropout_draws": 40}
    drawn = predict(bundle, stack, tmp_path / "drawn", **options)
    again = predict(bundle, stack, tmp_path / "again", **options)
    assert drawn["probability"].read_bytes() == again["probability"].read_bytes()
    with rasterio.open(plain["probability"]) as one, rasterio.open(drawn["probability"]) as many:
        assert many.descriptions == ("probability", "uncertainty")
        still, (mean, spread) = one.read(1), many.read()
    assert (spread > 0).mean() > 0.9  # some pixels have no feature alive to drop
    # The network is not linear, so the mean of draws is only near the answer without dropout.
    assert np.abs(mean - still).mean() < 3 * spread.mean() / np.sqrt(40) + 0.1 * spread.mean()


def test_nothing_to_draw_from(make_bundle, make_stack, tmp_path):
    stack, _ = make_stack((40, 40))
    with pytest.raises(BundleError, match="has no dropout to draw from"):
        predict(make_bundle(), stack, tmp_path / "out", dropout_draws=3)
