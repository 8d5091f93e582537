import keras
import pytest
from keras import layers, ops

from keras_landslide import models
from keras_landslide.errors import ModelError
from keras_landslide.models.analysis.complexity import complexity


def net(*steps, channels=3):
    image = keras.Input((None, None, channels))
    x = image
    for step in steps:
        x = step(x)
    return keras.Model(image, x)


def counted_by_tensorflow(model, shape):
    """Multiply-adds as TensorFlow's own profiler sees them in the frozen graph.

    It counts a multiplication and an addition as two; biases are left out of the test networks, and
    sides are multiples of the dilation, to which TensorFlow would pad them.
    """
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2 as freeze,
    )

    function = tf.function(lambda x: model(x, training=False))
    frozen = freeze(function.get_concrete_function(tf.TensorSpec((1, *shape))))
    with tf.Graph().as_default() as graph:
        tf.graph_util.import_graph_def(frozen.graph.as_graph_def(), name="")
        profiler = tf.compat.v1.profiler
        options = profiler.ProfileOptionBuilder(profiler.ProfileOptionBuilder.float_operation())
        options = options.with_empty_output().build()
        return profiler.profile(graph, options=options).total_float_ops / 2


PLAIN = {"use_bias": False, "padding": "same"}
NETS = {
    "plain": [layers.Conv2D(5, 3, **PLAIN)],
    "strided": [layers.Conv2D(5, 3, strides=2, **PLAIN)],
    "strided five": [layers.Conv2D(4, 5, strides=4, **PLAIN)],
    "dilated": [layers.Conv2D(4, 3, dilation_rate=4, **PLAIN)],
    "valid": [layers.Conv2D(4, (3, 5), use_bias=False)],
    "valid, dilated": [layers.Conv2D(4, 3, dilation_rate=2, use_bias=False)],
    "depthwise": [layers.DepthwiseConv2D(3, depth_multiplier=2, strides=2, **PLAIN)],
    "separable": [layers.SeparableConv2D(7, 3, depth_multiplier=2, **PLAIN)],
    "separable, strided": [layers.SeparableConv2D(7, 3, strides=2, **PLAIN)],
    "dense": [layers.Dense(6, use_bias=False)],
    "two": [layers.Conv2D(4, 3, **PLAIN), layers.Conv2D(2, 1, **PLAIN)],
}


@pytest.mark.parametrize("name", NETS)
def test_equals_tensorflows_profiler(name):
    model = net(*NETS[name])
    shape = (16, 12, 3)
    assert complexity(model, shape).multiply_adds == counted_by_tensorflow(model, shape)


def test_grouped_convolution_by_hand():
    # 8 * 8 output pixels, 6 filters, each over 9 taps of its own 4 / 2 channels.
    model = net(layers.Conv2D(6, 3, groups=2, padding="same"), channels=4)
    assert complexity(model, (8, 8, 4)).multiply_adds == 8 * 8 * 6 * 9 * 2


def test_transposed_convolution_tap_by_tap():
    # Every input pixel writes k x k outputs for every pair of channels; the profiler instead takes
    # every output pixel to need all k x k taps: stride^2 times as much with "same" padding.
    taps = 0
    for _row in range(6):
        for _col in range(5):
            taps += 4 * 4 * 3 * 2
    found = complexity(net(layers.Conv2DTranspose(2, 4, strides=2, padding="same")), (6, 5, 3))
    assert found.multiply_adds == taps
    assert found.profiler_operations == 4 * taps


def test_profiler_rules_by_hand():
    found = complexity(
        net(
            layers.Conv2D(4, 3, padding="same"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(2),
            layers.UpSampling2D(2, interpolation="bilinear"),
        ),
        (8, 8, 3),
    )
    assert found.multiply_adds == 64 * 4 * 27
    assert found.profiler_operations == 64 * 4 * 27 + 4 * 64 * 4 + 11 * 64 * 4


def test_profiler_does_not_see_functions():
    up = layers.UpSampling2D(2, interpolation="bilinear", name="up")
    model = net(layers.MaxPooling2D(2), up)
    assert complexity(model, (8, 8, 3)).profiler_operations == 11 * 8 * 8 * 3
    assert complexity(model, (8, 8, 3), functional=["up"]).profiler_operations == 0


def test_parameters_count_shared_layers_once():
    shared = layers.Conv2D(3, 3, padding="same")
    model = net(shared, layers.BatchNormalization(), shared)
    found = complexity(model, (4, 4, 3))
    assert found.trainable_parameters == 3 * 3 * 9 + 3 + 2 * 3
    assert found.parameters == found.trainable_parameters + 2 * 3
    assert found.multiply_adds == 2 * 16 * 81


def test_inner_models():
    inner = net(layers.Conv2D(3, 3, padding="same"))
    sequence = keras.Sequential([keras.Input((None, None, 3)), layers.Conv2D(2, 1)])
    assert complexity(net(inner, inner, sequence), (4, 4, 3)).multiply_adds == 16 * (81 + 81 + 6)


def test_memory_of_a_chain_by_hand():
    # 16 pixels: image 3 + 8 channels, then 8 + 8 (image gone), then 8 + 1.
    model = net(layers.Conv2D(8, 3, padding="same"), layers.ReLU(), layers.Conv2D(1, 1))
    assert complexity(model, (4, 4, 3)).activation_bytes == 4 * 16 * 16


def test_memory_of_a_skip_by_hand():
    image = keras.Input((None, None, 1))
    skip = layers.Conv2D(4, 1)(image)  # 64 pixels, 256 values
    x = layers.Conv2D(2, 1)(layers.MaxPooling2D(2)(skip))  # 16 pixels, 32 values
    x = layers.UpSampling2D(2)(x)  # 128 values
    x = layers.Concatenate()([skip, x])  # 384 values; 256 + 128 go in
    model = keras.Model(image, layers.Conv2D(1, 1)(x))
    assert complexity(model, (8, 8, 1)).activation_bytes == 4 * (256 + 128 + 384)


def test_unet_of_the_study_by_hand():
    f, pixels = 2, 32 * 32
    expected = pixels * 9 * (3 * f + f * f)
    for level in range(1, 5):
        c = f * 2**level
        area = pixels // 4**level
        expected += area * 9 * (c // 2 * c + c * c)
        # Back up: 2 x 2 nearest, convolution to half, skip, two more.
        expected += 4 * area * 9 * (c * c // 2 + c * c // 2 + c * c // 4)
    expected += pixels * f
    found = complexity(models.build("unet_colombia", (None, None, 3), filters=f), (32, 32, 3))
    assert found.multiply_adds == expected


def test_four_times_the_pixels_four_times_the_operations():
    model = models.build("unet_colombia", (None, None, 3), filters=4)
    small, large = complexity(model, (32, 32, 3)), complexity(model, (64, 64, 3))
    assert large.multiply_adds == 4 * small.multiply_adds
    assert large.activation_bytes == 4 * small.activation_bytes


@keras.saving.register_keras_serializable("test_complexity")
class Mystery(layers.Layer):
    def build(self, input_shape):
        self.matrix = self.add_weight(shape=(input_shape[-1], 2))

    def call(self, inputs):
        return ops.matmul(inputs, self.matrix)


def test_refuses_what_it_cannot_count():
    with pytest.raises(ModelError, match="no rule says"):
        complexity(net(Mystery(name="mystery")), (8, 8, 3))
    with pytest.raises(ModelError, match="takes 3 bands, not 4"):
        complexity(net(layers.ReLU()), (8, 8, 4))
    with pytest.raises(ModelError, match="in numbers"):
        complexity(net(layers.ReLU()), (None, 8, 3))
