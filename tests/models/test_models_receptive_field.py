import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_landslide import models
from keras_landslide.errors import ModelError
from keras_landslide.layers.strided_pointwise import StridedPointwise
from keras_landslide.layers.unpooling import MaxPoolingWithIndices, MaxUnpooling
from keras_landslide.models.analysis.receptive_field import receptive_field
from keras_landslide.models.recorded import ReceptiveField

RECTIFIERS = (layers.ReLU, layers.PReLU)


def spread(layer):
    """The layer made linear with positive weights, so that no path's gradient is cut off."""
    config = layer.get_config()
    if isinstance(layer, layers.MaxPooling2D):
        return layers.AveragePooling2D.from_config(config)
    if isinstance(layer, RECTIFIERS):
        return layers.Identity(name=layer.name)
    if config.get("activation") not in (None, "linear"):
        config["activation"] = "linear"
    for key in ("kernel", "depthwise", "pointwise"):
        if f"{key}_initializer" in config:
            config[f"{key}_initializer"] = keras.initializers.RandomUniform(0.5, 1.0, seed=1)
    return type(layer).from_config(config)


def footprint_radius(model, stride, size):
    """Largest distance at which the gradient of an output pixel is not zero."""
    linear = keras.models.clone_model(model, clone_function=spread)
    centre = size // 2 // stride * stride
    radius = 0
    for offset in range(stride):
        for row, col in ((centre + offset, centre), (centre, centre + offset)):
            seen = footprint(linear, (size, size), row, col)
            rows, cols = np.nonzero(seen)
            assert rows.min() > 0 and rows.max() < size - 1, "image too small for this test"
            radius = max(radius, np.abs(rows - row).max(), np.abs(cols - col).max())
    return radius


def footprint(linear, shape, row, col):
    """Which pixels of an image of that shape change the output at a pixel."""
    import tensorflow as tf

    image = tf.zeros((1, *shape, linear.input_shape[-1]))
    with tf.GradientTape() as tape:
        tape.watch(image)
        value = linear(image, training=False)[0, row, col, 0]
    return tape.gradient(value, image).numpy()[0].any(-1)


def net(*steps):
    image = keras.Input((None, None, 1))
    x = image
    for step in steps:
        x = step(x)
    return keras.Model(image, x)


NETS = {
    "dilated": net(
        layers.Conv2D(1, 3, dilation_rate=4, padding="same"), layers.Conv2D(1, 3, padding="same")
    ),
    "strided": net(layers.Conv2D(1, 3, strides=2, padding="same"), layers.UpSampling2D(2)),
    "strided five": net(
        layers.Conv2D(1, 5, strides=4, padding="same"),
        layers.UpSampling2D(4, interpolation="bilinear"),
    ),
    "bilinear": net(
        layers.AveragePooling2D(2),
        layers.Conv2D(1, 3, padding="same"),
        layers.UpSampling2D(2, interpolation="bilinear"),
    ),
    "transposed": net(
        layers.MaxPooling2D(2),
        layers.Conv2DTranspose(1, 4, strides=2, padding="same"),
    ),
    "transposed eight": net(
        layers.MaxPooling2D(4),
        layers.Conv2DTranspose(1, 8, strides=4, padding="same"),
    ),
    "transposed three": net(
        layers.MaxPooling2D(2),
        layers.Conv2DTranspose(1, 3, strides=2, padding="same"),
    ),
    "separable": net(
        layers.SeparableConv2D(1, 5, padding="same"), layers.DepthwiseConv2D(4, padding="same")
    ),
    "overlapping pool": net(
        layers.MaxPooling2D(3, strides=2, padding="same"), layers.UpSampling2D(2)
    ),
    "padded valid": net(
        layers.ZeroPadding2D(3), layers.Conv2D(1, 7, strides=2), layers.UpSampling2D(2)
    ),
    "strided pointwise": net(
        StridedPointwise(1, 1, strides=2), layers.Conv2DTranspose(1, 4, strides=2, padding="same")
    ),
    "atrous decoder": net(
        layers.MaxPooling2D(4),
        layers.Conv2D(1, 3, dilation_rate=2, padding="same"),
        layers.Conv2DTranspose(1, 8, strides=4, padding="same"),
    ),
    "even kernel": net(
        layers.Conv2D(1, 4, padding="same"), layers.Conv2D(1, (2, 6), padding="same")
    ),
}


@pytest.mark.parametrize("name", NETS)
def test_equals_the_gradient_footprint(name):
    found = receptive_field(NETS[name])
    assert found.bounded
    assert found.radius_px == footprint_radius(NETS[name], found.stride_px, 48)


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_unet_equals_the_gradient_footprint(levels):
    model = models.build("unet_colombia", (None, None, 1), filters=1, levels=levels)
    found = receptive_field(model)
    assert found.stride_px == 2**levels
    assert found.radius_px == footprint_radius(model, found.stride_px, 128)


SMALL = {"filters": 4, "pyramid_filters": 4, "alpha": 0.05}
# Where SegNet puts a value back is no matter of gradients; its rules are tested by hand below.
NETWORKS = [name for name in models.MODELS if name not in ("segnet", "naive")]


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_equals_the_gradient_footprint(name):
    """Along the rows of a strip, for every place of a pixel in the grid of the stride."""
    known = models.registry.options(name)
    chosen = {option: value for option, value in SMALL.items() if option in known}
    model = models.build(name, (None, None, 1), **chosen)
    found = receptive_field(model)
    if not found.bounded:
        pytest.skip("sees its whole input")
    linear = keras.models.clone_model(model, clone_function=spread, recursive=True)
    # Weights that sum to about 1 keep the gradient of fifty layers within float32; a depthwise
    # kernel, whose last side is 1, sums over no channels.
    for weight in linear.trainable_weights:
        if len(weight.shape) == 4:
            weight.assign(weight / (np.prod(weight.shape[:2]) * min(weight.shape[2:])))
    stride = found.stride_px
    centre = -(-found.radius_px // stride) * stride + stride
    shape = (2 * centre + stride, max(2 * stride, 16))
    radius = 0
    for row in range(centre, centre + stride):
        rows = np.flatnonzero(footprint(linear, shape, row, stride // 2).any(axis=1))
        assert rows[0] > 0 and rows[-1] < shape[0] - 1
        radius = max(radius, row - rows[0], rows[-1] - row)
    assert radius == found.radius_px


def test_unet_of_the_study():
    # By hand: two 3 x 3 convolutions per level reach 2 * (1 + 2 + 4 + 8) px down, 2 * 16 at the
    # bottom, 3 * (8 + 4 + 2 + 1) up, plus what pooling and up-sampling add to one side.
    model = models.build("unet_colombia", (128, 128, 3), filters=1)
    found = receptive_field(model)
    assert 30 + 32 + 45 <= found.radius_px <= 30 + 32 + 45 + 2 * 16
    assert found == ReceptiveField(122, 16, True)
    assert found.halo_px == 128


def test_shift_by_the_stride_gives_the_same_output():
    model = models.build("unet_colombia", (None, None, 2), filters=2, levels=2)
    found = receptive_field(model)
    scene = np.random.default_rng(0).normal(size=(1, 128, 128, 2)).astype("float32")
    whole = model.predict_on_batch(scene)
    start, size, halo = 3 * found.stride_px + 24, 16, found.halo_px
    window = scene[:, start - halo : start + size + halo, start - halo : start + size + halo]
    part = model.predict_on_batch(window)[:, halo:-halo, halo:-halo]
    np.testing.assert_allclose(
        part, whole[:, start : start + size, start : start + size], atol=1e-6
    )


def test_global_and_unknown_layers_are_unbounded():
    image = keras.Input((32, 32, 2))
    x = layers.Conv2D(4, 3, padding="same")(image)
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    assert not receptive_field(keras.Model(image, layers.Multiply()([x, gate]))).bounded
    assert not receptive_field(keras.Model(image, ops.fft2((x, x))[0])).bounded
    assert not receptive_field(keras.Model(image, layers.Concatenate(axis=1)([x, x]))).bounded


def test_unpooling_needs_values_and_positions():
    image = keras.Input((None, None, 1))
    best, position = MaxPoolingWithIndices()(image)
    near = MaxUnpooling()([best, position])
    found = receptive_field(keras.Model(image, near))
    assert found == ReceptiveField(1, 2, True)
    # The values come from 2 px farther to each side; the positions alone stay near.
    far = MaxUnpooling()([layers.Conv2D(1, 3, padding="same")(best), position])
    assert receptive_field(keras.Model(image, far)) == ReceptiveField(3, 2, True)
    # A position is used at full resolution below a layer that sees 2 px: 1 px of the pair more.
    wide = layers.Conv2D(1, 5, padding="same")(near)
    assert receptive_field(keras.Model(image, wide)) == ReceptiveField(3, 2, True)


def test_positions_count_where_the_values_see_less():
    # Values and positions leave the pooling in one step and are needed for different pixels.
    image = keras.Input((None, None, 1))
    near = layers.Conv2D(1, 3, padding="same")(image)
    best, position = MaxPoolingWithIndices()(near)
    x = layers.Conv2D(1, 3, padding="same")(best)
    back = layers.Conv2D(1, 9, padding="same")(MaxUnpooling()([x, position]))
    # 4 px, the pair, 1 pooled px of 2 px, and 1 px: at most 4 + 1 + 2 + 1.
    assert receptive_field(keras.Model(image, back)) == ReceptiveField(8, 2, True)


def test_nested_models():
    inner = net(layers.Conv2D(1, 3, padding="same"))
    sequence = keras.Sequential([keras.Input((None, None, 1)), layers.Conv2D(1, 5, padding="same")])
    assert receptive_field(net(inner, sequence)) == ReceptiveField(3, 1, True)


def test_several_outputs_of_an_inner_model():
    image = keras.Input((None, None, 1))
    near = layers.Conv2D(1, 3, padding="same")(image)
    far = layers.MaxPooling2D(2)(layers.Conv2D(1, 9, padding="same")(near))
    outer = keras.Input((None, None, 1))
    a, b = keras.Model(image, [near, far])(outer)
    both = keras.Model(outer, layers.Add()([a, layers.UpSampling2D(2)(b)]))
    assert receptive_field(both) == ReceptiveField(6, 2, True)
    only_near = keras.Model(outer, layers.ReLU()(a))
    assert receptive_field(only_near) == ReceptiveField(1, 1, True)


def test_refuses_what_it_cannot_judge():
    with pytest.raises(ModelError, match="2 times as large"):
        receptive_field(net(layers.MaxPooling2D(2)))
    image = keras.Input((8, 8, 1))
    with pytest.raises(ModelError, match="2 outputs"):
        receptive_field(keras.Model(image, [layers.ReLU()(image), layers.ELU()(image)]))
