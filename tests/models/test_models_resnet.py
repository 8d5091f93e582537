import math

import keras
import pytest

from keras_landslide.errors import ModelError
from keras_landslide.models.resnet import resnet_stages


def network(depth, **options):
    image = keras.Input((64, 96, 3))
    return keras.Model(image, resnet_stages(image, depth=depth, **options))


@pytest.mark.parametrize(("depth", "expected"), [(18, 11_176_512), (50, 23_508_032)])
def test_parameters_without_classifier(depth, expected, weights_of_zeros):
    # The published totals 11,689,512 and 25,557,032 less the classifiers of 1000 classes.
    assert (
        expected
        == {
            18: 11_689_512 - 513 * 1000,
            50: 25_557_032 - 2049 * 1000,
        }[depth]
    )
    assert sum(math.prod(w.shape) for w in network(depth).trainable_weights) == expected


@pytest.mark.parametrize("depth", [18, 50])
@pytest.mark.parametrize(
    ("output_stride", "strides", "dilations"),
    [(32, (4, 8, 16, 32), (1, 1)), (16, (4, 8, 16, 16), (1, 2)), (8, (4, 8, 8, 8), (2, 4))],
)
def test_output_stride(depth, output_stride, strides, dilations):
    model = network(depth, output_stride=output_stride, filters=2)
    width = 1 if depth == 18 else 4
    for stage, (out, stride) in enumerate(zip(model.outputs, strides, strict=True)):
        assert out.shape == (None, 64 // stride, 96 // stride, 2 * 2**stage * width)
    inner = "conv1" if depth == 18 else "conv2"
    found = [
        model.get_layer(f"resnet_stage{stage}_block1_{inner}").dilation_rate[0] for stage in (3, 4)
    ]
    assert tuple(found) == dilations


def test_dilation_leaves_the_weights_as_they_are():
    shapes = [
        [w.shape for w in network(50, output_stride=stride, filters=2).weights]
        for stride in (32, 8)
    ]
    assert shapes[0] == shapes[1]


def test_refuses_other_depths_and_strides():
    with pytest.raises(ModelError, match="depth = 34"):
        network(34)
    with pytest.raises(ModelError, match="output_stride = 4"):
        network(18, output_stride=4)
