import keras
import numpy as np
import pytest
from architecture_tests import ArchitectureTests

from keras_landslide import models
from keras_landslide.errors import ModelError


class TestSegnet(ArchitectureTests):
    name = "segnet"
    small = {"filters": 8, "levels": 2}  # noqa: RUF012
    parameters = {  # noqa: RUF012
        (3, ()): 520_900,
        (3, (("topology", "vgg16"),)): 29_443_585,
        (3, (("topology", "vgg16"), ("share_stage5", True))): 22_361_089,
    }
    operations = {  # noqa: RUF012
        (3, (("topology", "vgg16"),)): 40.1311,
        (3, (("topology", "vgg16"), ("share_stage5", True))): 40.1311,
    }


class TestSegnetVgg16(ArchitectureTests):
    name = "segnet"
    small = {"topology": "vgg16", "filters": 4, "levels": 3}  # noqa: RUF012
    parameters = {(5, (("topology", "vgg16"),)): 29_443_585 + 2 * 9 * 64}  # noqa: RUF012


def test_vgg16_has_26_convolutions_and_shares_three():
    model = models.build("segnet", (None, None, 3), topology="vgg16", filters=1)
    shared = models.build("segnet", (None, None, 3), topology="vgg16", filters=1, share_stage5=True)
    counts = [
        sum(isinstance(layer, keras.layers.Conv2D) for layer in m.layers) for m in (model, shared)
    ]
    assert counts == [26, 23]
    x = np.ones((1, 32, 32, 3), "float32")
    assert np.isfinite(shared(x)).all()


@pytest.mark.parametrize(
    "options",
    [
        {"topology": "vgg19"},
        {"levels": 9},
        {"filters": 0},
        {"dropout": 1},
        {"activation": "relu"},
        {"share_stage5": True},
        {"score_relu": True, "activation": "sigmoid"},
        {"score_relu": True, "topology": "vgg16"},
        {"share_stage5": True, "topology": "vgg16", "levels": 4},
    ],
)
def test_options_out_of_range(options):
    with pytest.raises(ModelError, match=next(iter(options))):
        models.build("segnet", (256, 256, 3), **options)


def test_relu_on_the_scores_ties_where_both_are_negative():
    x = np.random.default_rng(0).normal(0, 1, (1, 32, 32, 3)).astype("float32")
    tied = []
    for relu in (False, True):
        model = models.build("segnet", (32, 32, 3), filters=2, levels=1, score_relu=relu)
        gamma, _, mean, variance = model.get_layer("head_bn").get_weights()
        model.get_layer("head_bn").set_weights([gamma, np.array([-100, -101]), mean, variance])
        tied.append(float(np.mean(np.abs(np.asarray(model(x)) - 0.5) < 1e-6)))
    assert tied == [0, 1]


def test_one_score_in_matlabs_topology_reaches_both_ends():
    model = models.build(
        "segnet", (None, None, 3), filters=2, levels=1, activation="sigmoid", dropout=0.1
    )
    x = np.random.default_rng(0).normal(0, 30, (1, 32, 32, 3)).astype("float32")
    out = np.asarray(model(x))
    assert out.min() < 0.5 < out.max()
