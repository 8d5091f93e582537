import numpy as np
import pytest
from architecture_tests import ArchitectureTests, predict

from keras_landslide import models
from keras_landslide.errors import ModelError
from keras_landslide.models.analysis.receptive_field import receptive_field

SHARED = (("share_residual", True),)
COMPARISONS = ("fcn", "pspnet", "ldlaim", "res_unet_obia", "drs_unet")


class TestFCN(ArchitectureTests):
    name = "fcn"
    small = {"filters": 8}  # noqa: RUF012
    size = 64  # 32 leaves one pixel to the last stage, whose variance is nought in training
    parameters = {(3, ()): 11_177_473}  # noqa: RUF012
    operations = {(3, ()): 3.1366}  # noqa: RUF012


class TestPSPNet(ArchitectureTests):
    name = "pspnet"
    small = {"filters": 8}  # noqa: RUF012
    overfit_steps = 200  # scores of 8 px a side have to draw a box that fits none of them
    parameters = {(3, ()): 46_582_337}  # noqa: RUF012
    operations = {(3, ()): 44.4399}  # noqa: RUF012


class TestLDLAIM(ArchitectureTests):
    name = "ldlaim"
    small = {"filters": 4}  # noqa: RUF012
    # The printed totals and the four slopes of PReLU.
    parameters = {(3, ()): 17_391_585 + 4, (3, SHARED): 17_280_609 + 4}  # noqa: RUF012
    operations = {(3, ()): 48.6439, (3, SHARED): 48.6439}  # noqa: RUF012


class TestResUNetOBIA(ArchitectureTests):
    name = "res_unet_obia"
    small = {"filters": 4}  # noqa: RUF012
    parameters = {(3, ()): 8_220_993}  # noqa: RUF012


class TestDRsUNet(ArchitectureTests):
    name = "drs_unet"
    small = {"filters": 8}  # noqa: RUF012
    parameters = {(3, ()): 7_955_637, (3, (("reduction", 1),)): 8_611_137}  # noqa: RUF012


@pytest.mark.parametrize(
    ("name", "bounded", "stride"),
    [
        ("fcn", True, 32),
        ("pspnet", False, 8),
        ("ldlaim", True, 16),
        ("res_unet_obia", True, 8),
        ("drs_unet", False, 16),
    ],
)
def test_stride_and_bounds(name, bounded, stride):
    field = receptive_field(models.build(name, (None, None, 1), filters=2))
    assert (field.bounded, field.stride_px) == (bounded, stride)


def convolutions(name, **options):
    """3 x 3 and larger convolutions and transposed ones, each as often as it is called."""
    model = models.build(name, (64, 64, 3), filters=2, **options)
    calls = [
        (layer.name, layer.kernel_size)
        for layer in model.layers
        if hasattr(layer, "kernel_size")
        for _ in layer._inbound_nodes
    ]
    return calls


def test_layers_counted_as_in_the_papers_table():
    # Table 1: 61 for PSPNet with two of an auxiliary head, shortcuts included; 23 for LDLAIM;
    # 15 and 18 without the shortcuts' 1 x 1 convolutions, the latter without the head.
    assert len(convolutions("pspnet")) == 59
    assert len(convolutions("ldlaim")) == 23
    assert len(convolutions("ldlaim", share_residual=True)) == 23
    for name, left_out, number in (
        ("res_unet_obia", ("shortcut",), 15),
        ("drs_unet", ("shortcut", "head"), 18),
    ):
        assert len([n for n, _ in convolutions(name) if not n.endswith(left_out)]) == number


def test_a_shared_residual_convolution_is_one_layer_used_four_times():
    model = models.build("ldlaim", (32, 32, 3), filters=4, share_residual=True)
    assert len(model.get_layer("residual")._inbound_nodes) == 4
    x = np.random.default_rng(0).normal(size=(1, 32, 32, 3)).astype("float32")
    before = predict(model, x)
    model.get_layer("residual").set_weights([np.zeros((3, 3, 4, 4), "float32")])
    assert not np.allclose(before, predict(model, x))


@pytest.mark.parametrize("name", COMPARISONS)
def test_softmax_and_dropout(name):
    model = models.build(name, (32, 32, 3), filters=2, activation="softmax", dropout=0.2)
    assert model.get_layer("head").filters == 2
    assert [layer.rate for layer in model.layers if "dropout" in layer.name] == [0.2]
    assert model.output_shape == (None, 32, 32, 1)


@pytest.mark.parametrize("options", [{"filters": 0}, {"dropout": 1}, {"activation": "relu"}])
@pytest.mark.parametrize("name", COMPARISONS)
def test_options_out_of_range(name, options):
    with pytest.raises(ModelError, match=next(iter(options))):
        models.build(name, (64, 64, 3), **options)
