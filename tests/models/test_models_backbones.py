import keras
import numpy as np
import pytest
from keras.applications import mobilenet_v2 as mobilenet
from keras.applications import resnet50 as resnet

from keras_landslide import models
from keras_landslide.errors import InputFileError, ModelError
from keras_landslide.models.backbones import mobilenet_v2, resnet50
from keras_landslide.models.pretrained import MEAN, STD

MOBILENET = {"include_top": False, "weights": None, "input_shape": (None, None, 3), "alpha": 0.35}


def with_statistics(model, seed=0):
    """Weights of a trained size, with biases and running statistics that are not trivial."""
    generator = np.random.default_rng(seed)
    for layer in model.layers:
        weights = layer.get_weights()
        if isinstance(layer, keras.layers.BatchNormalization):
            gamma, beta, mean, variance = weights
            weights = [
                gamma,
                generator.normal(0, 0.1, beta.shape),
                generator.normal(0, 0.1, mean.shape),
                generator.uniform(0.5, 1.5, variance.shape),
            ]
        elif len(weights) == 2 and weights[1].ndim == 1:
            weights[1] = generator.normal(0, 0.1, weights[1].shape)
        layer.set_weights(weights)
    return model


@pytest.fixture(scope="module")
def photograph():
    return np.random.default_rng(1).uniform(0, 255, (1, 96, 96, 3)).astype("float32")


@pytest.fixture(scope="module")
def resnet_weights(tmp_path_factory):
    source = with_statistics(
        resnet.ResNet50(include_top=False, weights=None, input_shape=(None, None, 3))
    )
    path = tmp_path_factory.mktemp("weights") / "resnet50.weights.h5"
    source.save_weights(path)
    return source, path


@pytest.fixture(scope="module")
def mobilenet_weights(tmp_path_factory):
    source = with_statistics(mobilenet.MobileNetV2(**MOBILENET))
    path = tmp_path_factory.mktemp("weights") / "mobilenet.weights.h5"
    source.save_weights(path)
    return source, path


def test_resnet_gives_what_keras_applications_gives(resnet_weights, photograph):
    source, path = resnet_weights
    expected = source(resnet.preprocess_input(photograph.copy()), training=False)
    z = ((photograph - MEAN) / STD).astype("float32")
    _, out = resnet50(3, output_stride=32, weights=path)(z, training=False)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(out / scale, expected / scale, atol=1e-4)


def test_mobilenet_gives_what_keras_applications_gives(mobilenet_weights, photograph):
    source, path = mobilenet_weights
    tap = keras.Model(source.inputs, source.get_layer("block_2_add").output)
    expected = np.asarray(tap(mobilenet.preprocess_input(photograph.copy()), training=False))
    z = ((photograph - MEAN) / STD).astype("float32")
    low, _ = mobilenet_v2(3, output_stride=32, alpha=0.35, weights=path)(z, training=False)
    # Padding is grey there and the mean here: the image border differs.
    inside = slice(4, -4)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(
        np.asarray(low)[:, inside, inside] / scale, expected[:, inside, inside] / scale, atol=1e-4
    )


def test_other_bands_get_the_mean_kernel(mobilenet_weights, photograph):
    _, path = mobilenet_weights
    grey = np.repeat(photograph[..., :1] / 128 - 1, 6, axis=-1).astype("float32")
    outputs = [
        mobilenet_v2(n, alpha=0.35, weights=path)(grey[..., :n], training=False)[0]
        for n in (3, 1, 6)
    ]
    # Equal bands: the sum over the kernels is what counts, however many they are.
    scale = np.abs(outputs[0]).max()
    for other in outputs[1:]:
        np.testing.assert_allclose(other / scale, outputs[0] / scale, atol=1e-4)


def test_through_the_registry(mobilenet_weights):
    source, path = mobilenet_weights
    model = models.build(
        "deeplabv3plus_mobilenetv2",
        (32, 32, 5),
        alpha=0.35,
        pyramid_filters=8,
        weights=str(path),
    )
    found = model.get_layer("mobilenetv2").get_layer("block_5_project").get_weights()
    np.testing.assert_array_equal(found, source.get_layer("block_5_project").get_weights())


def test_weights_that_do_not_fit(mobilenet_weights, tmp_path):
    _, path = mobilenet_weights
    with pytest.raises(InputFileError, match="nothing is downloaded"):
        mobilenet_v2(3, weights="imagenet")
    with pytest.raises(InputFileError, match="no weights of mobilenetv2"):
        mobilenet_v2(3, alpha=0.5, weights=path)
    broken = tmp_path / "broken.weights.h5"
    broken.write_bytes(b"no weights")
    with pytest.raises(InputFileError, match=r"broken\.weights\.h5: no weights"):
        mobilenet_v2(3, alpha=0.35, weights=broken)
    with pytest.raises(ModelError, match="filters = 64, not 8"):
        resnet50(3, filters=8, weights=path)


@pytest.mark.parametrize("output_stride", [32, 16, 8])
def test_sizes_and_dilations(output_stride):
    for model, block in (
        (resnet50(4, filters=2, output_stride=output_stride), "conv5_block2_2_conv"),
        (mobilenet_v2(4, alpha=0.05, output_stride=output_stride), "block_14_depthwise"),
    ):
        low, high = model(np.ones((1, 64, 96, 4), "float32"))
        assert low.shape[1:3] == (16, 24)
        assert high.shape[1:3] == (64 // output_stride, 96 // output_stride)
        assert model.get_layer(block).dilation_rate == (32 // output_stride,) * 2
