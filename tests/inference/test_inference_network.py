"""Ensembles and test-time augmentation against what NumPy says of the single answers."""

import numpy as np
import pytest
import rasterio
from inference_toys import BANDS, HALO, STRIDE

from keras_landslide.cli.predict import predict_scene_to_folder
from keras_landslide.errors import BundleError
from keras_landslide.inference.bundle import read_bundle
from keras_landslide.inference.network import Committee, Network, _inverse
from keras_landslide.inference.scene import predict_scene
from keras_landslide.patches.symmetries import SYMMETRIES, transform, transform_patch


def test_inverse_symmetries():
    image = np.arange(12).reshape(3, 4)
    for code in range(SYMMETRIES):
        np.testing.assert_array_equal(transform(transform(image, code), _inverse(code)), image)


def test_mean_and_spread_of_members():
    images = np.random.default_rng(0).normal(size=(2, 8, 12, 2)).astype(np.float32)
    members = [lambda x, k=k: (x[..., 0] * k + x[..., 1]).astype(np.float32) for k in range(3)]
    answer = Committee(members, ["continuous"] * 2, symmetries=False)(images)
    single = np.stack([member(images) for member in members])
    np.testing.assert_allclose(answer[..., 0], single.mean(0), atol=1e-6)
    np.testing.assert_allclose(answer[..., 1], single.std(0), atol=1e-6)


def test_sides_see_azimuths_turned():
    """A network that reads the direction against the image's own axes answers alike eight times."""
    rows, cols = np.mgrid[:8, :12].astype(np.float32)
    height = 3 * rows + 4 * cols
    azimuth = np.full((8, 12), np.rad2deg(np.arctan2(-4, 3)) % 360, np.float32)  # downhill

    def downhill(images):
        """Cosine between the azimuth band and the downhill direction of the height band."""
        drow, dcol = np.gradient(images[..., 0], axis=(1, 2))
        angle = np.deg2rad(images[..., 1])
        return (drow * np.cos(angle) - dcol * np.sin(angle)) / np.hypot(drow, dcol)

    images = np.stack([height, azimuth], axis=-1)[None]
    turned = Committee([downhill], ["continuous", "azimuth"], symmetries=True)(images)
    np.testing.assert_allclose(turned[..., 0], downhill(images), atol=1e-5)
    np.testing.assert_allclose(turned[..., 1], 0, atol=1e-3)
    still = Committee([downhill], ["continuous", "continuous"], symmetries=True)(images)
    assert still[..., 1].min() > 0.1


def test_augmented_mosaic_equals_one_pass(predict, make_stack, tmp_path):
    """Turned windows are exact as well: their edges lie on multiples of the stride."""
    stack, image = make_stack((90, 70))
    committee = Committee([predict], ["continuous"] * 2, symmetries=True)
    out = predict_scene(
        committee, stack, BANDS, tmp_path / "p.tif", halo_px=HALO, stride_px=STRIDE,
        window_px=64, estimates=("probability", "uncertainty"),
    )  # fmt: skip
    pad = [(HALO, HALO + -side % STRIDE) for side in image.shape[:2]]
    padded = np.pad(image, [*pad, (0, 0)], mode="reflect")
    sides = []
    for code in range(SYMMETRIES):
        answer = predict(transform_patch(padded, code, ["continuous"] * 2)[None])[0]
        sides.append(transform(answer, _inverse(code))[HALO : HALO + 90, HALO : HALO + 70])
    with rasterio.open(out) as src:
        assert src.descriptions == ("probability", "uncertainty")
        mean, spread = src.read()
    np.testing.assert_allclose(mean, np.mean(sides, axis=0), atol=1e-5)
    np.testing.assert_allclose(spread, np.std(sides, axis=0), atol=1e-5)
    assert spread.max() > 0.001


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
    from keras_landslide.export import write_saved_model
    from keras_landslide.training.compiling import fix_seeds

    fix_seeds(0)
    model = models.build("unet", (None, None, 2), filters=4, levels=2, dropout=0.5)
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    write_saved_model(model, bundle / "saved_model", bundle)
    (bundle / "bundle.json").write_text(json.dumps(contract(stride_px=4, halo_px=24)))
    stack, _ = make_stack((96, 80))
    plain = predict_scene_to_folder(bundle, stack, tmp_path / "plain", window_px=64)
    options = {"window_px": 64, "dropout_draws": 40}
    drawn = predict_scene_to_folder(bundle, stack, tmp_path / "drawn", **options)
    again = predict_scene_to_folder(bundle, stack, tmp_path / "again", **options)
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
        predict_scene_to_folder(make_bundle(), stack, tmp_path / "out", dropout_draws=3)
