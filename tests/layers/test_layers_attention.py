import keras
import numpy as np

from keras_landslide.layers.attention import (
    ChannelStatistics,
    cbam,
    channel_attention,
    spatial_attention,
)

# A 2 x 2 image of two channels: means 2.5 and 0, maxima 4 and 2.
X = np.stack([[[1, 2], [3, 4]], [[0, 2], [-2, 0]]], -1)[None].astype("float32")


def sigmoid(x):
    return 1 / (1 + np.exp(-np.asarray(x, "float64")))


def model_of(function, **options):
    image = keras.Input((None, None, 2))
    return keras.Model(image, function(image, name="a", **options))


def set_channel_weights(model, prefix="a"):
    # One hidden unit, h = relu(c1 - c2); weights of the channels h / 2 and -h / 4.
    model.get_layer(f"{prefix}_squeeze").set_weights([np.array([[1], [-1]], "float32")])
    model.get_layer(f"{prefix}_excite").set_weights([np.array([[0.5, -0.25]], "float32")])


def test_channel_attention_on_2x2_by_hand():
    model = model_of(channel_attention)
    set_channel_weights(model)
    # h is 2.5 for the means and 4 - 2 = 2 for the maxima: 4.5 / 2 and -4.5 / 4 in all.
    expected = X * sigmoid([2.25, -1.125])
    np.testing.assert_allclose(model(X), expected, rtol=1e-6)


def test_the_hidden_layer_is_rectified():
    model = model_of(channel_attention)
    set_channel_weights(model)
    # Channels exchanged, h is relu(-2.5) + relu(-2) = 0: both weights are 1/2.
    np.testing.assert_allclose(model(X[..., ::-1]), X[..., ::-1] / 2, rtol=1e-6)


def test_statistics_of_channels():
    y = np.asarray(ChannelStatistics()(X))
    np.testing.assert_allclose(y[0, ..., 0], [[0.5, 2], [0.5, 2]])
    np.testing.assert_allclose(y[0, ..., 1], [[1, 2], [3, 4]])


def test_spatial_attention_on_2x2_by_hand():
    model = model_of(spatial_attention, kernel=3)
    kernel = np.zeros((3, 3, 2, 1), "float32")
    kernel[1, 1, 0] = 1  # the pixel's own mean
    kernel[1, 2, 1] = -1  # less the maximum of its right neighbour, 0 outside the image
    model.get_layer("a_conv").set_weights([kernel])
    weights = sigmoid([[0.5 - 2, 2], [0.5 - 4, 2]])
    np.testing.assert_allclose(model(X), X * weights[None, ..., None], rtol=1e-6)


def test_cbam_is_the_channel_half_then_the_spatial_half():
    model = model_of(cbam, kernel=1)
    set_channel_weights(model, "a_channel")
    model.get_layer("a_spatial_conv").set_weights([np.array([[[[2], [1]]]], "float32")])
    y = X * sigmoid([2.25, -1.125])
    expected = y * sigmoid(2 * y.mean(-1, keepdims=True) + y.max(-1, keepdims=True))
    np.testing.assert_allclose(model(X), expected, rtol=1e-6)


def test_reduction_sets_the_hidden_width_and_never_to_none():
    image = keras.Input((None, None, 32))
    assert keras.Model(image, channel_attention(image, name="a")).count_params() == 2 * 32 * 2
    assert model_of(channel_attention).count_params() == 2 * 2
