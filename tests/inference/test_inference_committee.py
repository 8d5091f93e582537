"""Ensembles and test-time augmentation against what NumPy says of the single answers."""

import numpy as np
import rasterio
from inference_toys import HALO, STRIDE, predicted

from keras_landslide.inference.committee import Committee, _inverse
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
    estimates = ("probability", "uncertainty")
    out = predicted(committee, stack, tmp_path / "p.tif", estimates=estimates)
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
