import math

import pytest
from architecture_tests import ArchitectureTests

from keras_landslide import models
from keras_landslide.errors import ModelError
from keras_landslide.models.analysis.receptive_field import receptive_field


class TestUnet(ArchitectureTests):
    name = "unet"
    small = {"filters": 4, "levels": 2}  # noqa: RUF012
    parameters = {(6, ()): 31_386_561, (6, (("filters", 32),)): 7_850_465}  # noqa: RUF012


class TestMuNet(ArchitectureTests):
    name = "mu_net"
    small = {"filters": 4, "levels": 2}  # noqa: RUF012
    parameters = {(6, ()): 33_129_281, (6, (("filters", 32),)): 8_286_625}  # noqa: RUF012


class TestResUnet(ArchitectureTests):
    name = "res_unet"
    small = {"filters": 4, "levels": 2}  # noqa: RUF012
    parameters = {(6, ()): 33_133_633, (6, (("filters", 32),)): 8_288_801}  # noqa: RUF012


class TestResMuNet(ArchitectureTests):
    name = "res_mu_net"
    small = {"filters": 4, "levels": 2, "preact": True, "activation": "softmax"}  # noqa: RUF012
    parameters = {(6, ()): 34_876_353, (6, (("filters", 32),)): 8_724_961}  # noqa: RUF012


def count(model):
    return sum(math.prod(w.shape) for w in model.trainable_weights)


def test_preactivated_blocks_by_hand():
    # Blocks 3 -> 4, 4 -> 8 and 12 -> 4; the head has 4 weights and a bias.
    blocks = [(3, 4), (4, 8), (12, 4)]
    expected = sum(9 * i * o + 9 * o * o + i * o + 2 * (i + o) for i, o in blocks) + 5
    model = models.build("res_unet", (16, 16, 3), filters=4, levels=1, preact=True)
    assert count(model) == expected


def test_multi_scale_connection_costs_five_squares():
    pair = [
        count(models.build(name, (16, 16, 3), filters=8, levels=2)) for name in ("unet", "mu_net")
    ]
    assert pair[1] - pair[0] == sum(5 * c * c + 2 * c for c in (8, 16))


def test_multi_scale_connection_widens_the_view():
    # A dilation of 3 in the deepest skip, at a quarter of the resolution or less, reaches farther
    # than a 3 x 3 block; the bottleneck still reaches farthest.
    plain, wide = (
        receptive_field(models.build(name, (None, None, 1), filters=4))
        for name in ("unet", "mu_net")
    )
    assert plain.stride_px == wide.stride_px == 16
    assert plain.bounded and wide.bounded
    assert plain.radius_px <= wide.radius_px


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("mu_net", {"filters": 6}),
        ("res_mu_net", {"filters": 0}),
        ("unet", {"levels": 9}),
        ("unet", {"activation": "tanh"}),
        ("unet", {"dropout": -0.1}),
        ("res_unet", {"preact": "yes"}),
    ],
)
def test_options_out_of_range(name, options):
    with pytest.raises(ModelError, match=next(iter(options))):
        models.build(name, (64, 64, 3), **options)
