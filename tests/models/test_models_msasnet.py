import pytest
from architecture_tests import ArchitectureTests

from keras_landslide import models
from keras_landslide.errors import ModelError
from keras_landslide.models.analysis.receptive_field import receptive_field

A, B = (("reading", "A"),), (("reading", "B"),)


class TestMsASNet(ArchitectureTests):
    name = "msasnet"
    small = {"filters": 4}  # noqa: RUF012
    parameters = {(3, A): 26_756_681, (3, B): 27_644_745, (3, ()): 27_644_745}  # noqa: RUF012


class TestUnetMsASNet(ArchitectureTests):
    name = "unet_msasnet"
    small = {"filters": 4}  # noqa: RUF012
    parameters = {(3, A): 25_270_465, (3, B): 19_505_601}  # noqa: RUF012


class TestUnetCA(ArchitectureTests):
    name = "unet_ca"
    small = {"filters": 4}  # noqa: RUF012
    parameters = {(3, A): 25_346_241, (3, B): 19_549_121}  # noqa: RUF012


class TestUnetCBAM(ArchitectureTests):
    name = "unet_cbam"
    small = {"filters": 4}  # noqa: RUF012
    parameters = {(3, A): 25_346_633, (3, B): 19_549_513}  # noqa: RUF012


class TestUnetPSP(ArchitectureTests):
    name = "unet_psp"
    small = {"filters": 4, "reading": "A"}  # noqa: RUF012
    parameters = {(3, A): 26_582_209, (3, B): 27_502_529}  # noqa: RUF012


@pytest.mark.parametrize(
    ("name", "bounded"),
    [("unet_msasnet", True), ("unet_ca", False), ("unet_psp", False), ("msasnet", False)],
)
@pytest.mark.parametrize("reading", ["A", "B"])
def test_global_context_is_unbounded_with_the_stride_still_known(name, bounded, reading):
    field = receptive_field(models.build(name, (None, None, 1), filters=1, reading=reading))
    assert field.bounded == bounded
    assert field.stride_px == 16


def test_pyramid_gives_twice_the_channels_of_the_bottom():
    for reading, last in (("A", "pyramid_concat"), ("B", "pyramid_fuse")):
        model = models.build("msasnet", (512, 512, 3), filters=2, reading=reading)
        # Shapes of the paper's section 2.2 at 1 / 32 of its width.
        assert model.get_layer(last).output.shape == (None, 32, 32, 1024 // 32)
        assert model.get_layer("bottleneck_conv2").output.shape == (None, 32, 32, 512 // 32)


def test_softmax_and_dropout():
    model = models.build("msasnet", (32, 32, 3), filters=1, activation="softmax", dropout=0.2)
    assert model.get_layer("head").filters == 2
    assert model.get_layer("bottleneck_dropout").rate == 0.2
    assert model.output_shape == (None, 32, 32, 1)


@pytest.mark.parametrize(
    "options", [{"filters": 0}, {"reading": "C"}, {"dropout": 1}, {"activation": "relu"}]
)
@pytest.mark.parametrize("name", ["msasnet", "unet_ca"])
def test_options_out_of_range(name, options):
    with pytest.raises(ModelError, match=next(iter(options))):
        models.build(name, (64, 64, 3), **options)
