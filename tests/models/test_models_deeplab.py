import numpy as np
import pytest
from architecture_tests import ArchitectureTests

from keras_landslide import models
from keras_landslide.errors import ModelError
from keras_landslide.models.analysis.receptive_field import receptive_field


class TestDeeplabMobilenet(ArchitectureTests):
    name = "deeplabv3plus_mobilenetv2"
    small = {"alpha": 0.1, "pyramid_filters": 16}  # noqa: RUF012
    parameters = {  # noqa: RUF012
        (3, ()): 2_563_922,
        (3, (("separable", False),)): 5_663_202,
    }
    overfit_steps = 300  # the running means of 52 normalisations follow slowly

    @pytest.mark.slow
    def test_overfits_one_patch(self):
        super().test_overfits_one_patch()


class TestDeeplabResnet(ArchitectureTests):
    name = "deeplabv3plus_resnet50"
    small = {"filters": 4, "pyramid_filters": 16}  # noqa: RUF012
    parameters = {(3, ()): 39_756_962}  # noqa: RUF012

    @pytest.mark.slow
    def test_overfits_one_patch(self):
        super().test_overfits_one_patch()


SMALL = {"alpha": 0.05, "pyramid_filters": 4}


@pytest.mark.parametrize("output_stride", [32, 16, 8])
def test_output_stride(output_stride):
    model = models.build(
        "deeplabv3plus_mobilenetv2", (None, None, 2), output_stride=output_stride, **SMALL
    )
    assert receptive_field(model).stride_px == output_stride
    x = np.ones((1, 64, 96, 2), "float32")
    assert model(x).shape == (1, 64, 96, 1)


def test_image_pooling_is_unbounded():
    model = models.build("deeplabv3plus_mobilenetv2", (None, None, 2), image_pooling=True, **SMALL)
    found = receptive_field(model)
    assert not found.bounded
    assert found.stride_px == 16
    assert model(np.ones((2, 32, 48, 2), "float32")).shape == (2, 32, 48, 1)


def test_frozen_upsampling_equals_interpolation_away_from_the_border():
    plain, frozen = (
        models.build("deeplabv3plus_mobilenetv2", (64, 64, 2), upsampling=kind, **SMALL)
        for kind in ("bilinear", "frozen")
    )
    frozen.get_layer("mobilenetv2").set_weights(plain.get_layer("mobilenetv2").get_weights())
    for layer in plain.layers:
        if layer.weights and layer.name != "mobilenetv2":
            frozen.get_layer(layer.name).set_weights(layer.get_weights())
    x = np.random.default_rng(0).normal(size=(1, 64, 64, 2)).astype("float32")
    # Two pixels of the first enlargement, two convolutions, and two pixels of the second.
    inside = slice(4 * 4 + 2, -(4 * 4 + 2))
    a, b = (np.asarray(m(x))[:, inside, inside] for m in (plain, frozen))
    np.testing.assert_allclose(a, b, atol=1e-5)
    assert len(frozen.trainable_weights) == len(plain.trainable_weights)


@pytest.mark.parametrize(
    "options",
    [
        {"output_stride": 4},
        {"pyramid_filters": 0},
        {"upsampling": "nearest"},
        {"dropout": 1},
        {"activation": "relu"},
    ],
)
@pytest.mark.parametrize("name", [TestDeeplabMobilenet.name, TestDeeplabResnet.name])
def test_options_out_of_range(name, options):
    with pytest.raises(ModelError, match=next(iter(options))):
        models.build(name, (64, 64, 3), **options)


def test_widths_out_of_range():
    with pytest.raises(ModelError, match="filters"):
        models.build("deeplabv3plus_resnet50", (64, 64, 3), filters=0)
    with pytest.raises(ModelError, match="alpha"):
        models.build("deeplabv3plus_mobilenetv2", (64, 64, 3), alpha=0)
