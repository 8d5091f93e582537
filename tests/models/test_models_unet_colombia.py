import math

import pytest
from architecture_tests import ArchitectureTests

from keras_landslide import models
from keras_landslide.errors import ModelError, UnknownNameError


class TestUnetColombia(ArchitectureTests):
    name = "unet_colombia"
    small = {"filters": 4, "levels": 2}  # noqa: RUF012
    parameters = {  # noqa: RUF012
        (3, (("filters", 16),)): 2_158_705,
        (3, (("filters", 32),)): 8_630_497,
        (3, (("filters", 64),)): 34_513_345,
        (7, (("filters", 64),)): 34_515_649,
    }


def test_batch_normalisation_by_hand():
    model = models.build(
        "unet_colombia", (16, 16, 3), filters=2, levels=1, normalisation="batch", dropout=0.1
    )
    # 9 * in * out weights per convolution without bias, 2 * out per batch normalisation.
    convolutions = [(3, 2), (2, 2), (2, 4), (4, 4), (4, 2), (4, 2), (2, 2)]
    expected = sum(9 * i * o + 2 * o for i, o in convolutions) + 2 + 1
    assert sum(math.prod(w.shape) for w in model.trainable_weights) == expected


def test_softmax_has_two_scores():
    model = models.build("unet_colombia", (16, 16, 3), filters=2, levels=1, activation="softmax")
    assert model.get_layer("head").filters == 2
    assert model.output_shape == (None, 16, 16, 1)


def test_unknown_name_lists_the_choices():
    with pytest.raises(UnknownNameError, match="unet_colombia"):
        models.get("unet_columbia")


@pytest.mark.parametrize(
    "options",
    [
        {"filters": 0},
        {"filters": "8"},
        {"filters": 8.5},
        {"levels": 0},
        {"levels": 2.0},
        {"dropout": 1},
        {"activation": "relu"},
        {"normalisation": "z"},
    ],
)
def test_options_out_of_range(options):
    with pytest.raises(ModelError, match=next(iter(options))):
        models.build("unet_colombia", (64, 64, 3), **options)
