"""Batches; ensembles and test-time augmentation against what NumPy says of the single answers."""

import numpy as np
import pytest

from keras_landslide.errors import BundleError
from keras_landslide.evaluation.answers import Committee, _inverse, answers, chosen_batches
from keras_landslide.patches.symmetries import SYMMETRIES, transform


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


def test_batches_in_order():
    images = np.arange(5 * 2 * 3 * 1, dtype=np.float32).reshape(5, 2, 3, 1)
    shapes = []

    def predict(batch):
        shapes.append(batch.shape)
        return batch[..., 0] * 2

    found = list(answers(predict, chosen_batches(images, [4, 0, 2], 2)))
    assert shapes == [(2, 2, 3, 1), (1, 2, 3, 1)]
    assert [part for _, part in found] == [[4, 0], [2]]
    np.testing.assert_array_equal(
        np.concatenate([a for a, _ in found]), 2 * images[[4, 0, 2], ..., 0]
    )


@pytest.mark.parametrize(
    ("estimates", "shape", "fits"),
    [
        (1, (1, 4, 4), True),
        (1, (1, 4, 4, 1), True),
        (2, (1, 4, 4, 2), True),
        (None, (1, 4, 4, 7), True),
        (2, (1, 4, 4), False),
        (1, (1, 4, 4, 3), False),
        (None, (1, 2, 2), False),
    ],
)
def test_answers_of_another_shape_are_refused(estimates, shape, fits):
    batches = [(np.zeros((1, 4, 4, 3), np.float32), "noted")]
    found = answers(lambda _: np.zeros(shape), batches, estimates)
    if fits:
        ((said, noted),) = found
        assert noted == "noted" and (estimates is None or said.shape == (1, 4, 4, estimates))
        return
    with pytest.raises(BundleError, match=r"the network answers \(1.* per pixel is needed"):
        list(found)
