import pytest
from architecture_tests import ArchitectureTests

from keras_landslide import models
from keras_landslide.errors import ModelError


class TestScdnn(ArchitectureTests):
    name = "scdnn"
    small = {"filters": 4, "blocks": (1, 1, 1, 2)}  # noqa: RUF012
    parameters = {  # noqa: RUF012
        (3, ()): 26_867_108,
        (3, (("blocks", (2, 2, 2, 2)),)): 20_596_388,
    }


class TestSssn(ArchitectureTests):
    name = "sssn"
    small = {"filters": 8}  # noqa: RUF012
    # 9 * 3 * 32 + 32, 9 * 32 * 32 + 32, twice 16 * 32 * 32 + 32, and 2 * 32 + 2.
    parameters = {(3, ()): 896 + 9248 + 2 * 16416 + 66}  # noqa: RUF012


def test_documented_count_of_sssn():
    assert TestSssn.parameters == {(3, ()): 43_042}


def test_main_path_of_scdnn_has_25_convolutions():
    model = models.build("scdnn", (None, None, 3), filters=1)
    main = [
        layer
        for layer in model.layers
        if layer.name == "stem" or layer.name.endswith(("conv1", "conv2"))
        if not layer.name.startswith("decoder")
    ]
    assert len(main) == 25


def test_relu_and_image_pooling_of_scdnn():
    small = {"filters": 2, "blocks": (1, 1, 1, 1)}
    plain = models.build("scdnn", (32, 32, 3), **small)
    options = models.build(
        "scdnn", (32, 32, 3), relu_after_sum=True, image_pooling=True, dropout=0.1, **small
    )
    # The image-level branch: 16 -> 8 with batch normalisation, and 8 more inputs of the projection.
    added = 16 * 8 + 2 * 8 + 8 * 8
    assert options.count_params() - plain.count_params() == added + 2 * 8
    assert options.get_layer("group4_block1_relu")
    assert options.get_layer("decoder_dropout").rate == 0.1


@pytest.mark.parametrize(
    "options",
    [
        {"filters": 0},
        {"blocks": 3},
        {"blocks": (1, 1, 1)},
        {"blocks": (1, 1, 1, 0)},
        {"dropout": 1},
        {"activation": "relu"},
    ],
)
def test_options_of_scdnn_out_of_range(options):
    with pytest.raises(ModelError, match=next(iter(options))):
        models.build("scdnn", (64, 64, 3), **options)


def test_options_of_sssn():
    assert models.build("sssn", (8, 8, 3), filters=64, levels=1, activation="sigmoid", dropout=0.2)
    with pytest.raises(ModelError, match="levels"):
        models.build("sssn", (8, 8, 3), levels=0)
