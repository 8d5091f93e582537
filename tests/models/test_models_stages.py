import keras
from keras import layers

from keras_landslide import models
from keras_landslide.models.analysis.complexity import complexity
from keras_landslide.models.stages import stage_name, stages


def test_names_of_layers_to_stages():
    assert stage_name("encoder1_conv1") == "encoder1"
    assert stage_name("encoder1_conv2_bn") == "encoder1"
    assert stage_name("decoder4_attention_channel_squeeze") == "decoder4_attention"
    assert stage_name("resnet_stage2_block1_conv3") == "resnet_stage2"
    assert stage_name("bottleneck_conv1") == "bottleneck"


def test_stages_of_the_unet():
    model = models.build("unet_colombia", (None, None, 3), filters=4, levels=2)
    found = stages(model, (64, 64, 3))
    assert [(s.name, s.height, s.channels, s.sources) for s in found] == [
        ("image", 64, 3, []),
        ("encoder1", 64, 4, [0]),
        ("encoder2", 32, 8, [1]),
        ("bottleneck", 16, 16, [2]),
        ("decoder2", 32, 8, [2, 3]),
        ("decoder1", 64, 4, [1, 4]),
        ("head", 64, 1, [5]),
    ]
    total = complexity(model, (64, 64, 3)).multiply_adds
    assert sum(stage.multiply_adds for stage in found) == total


def test_numbered_blocks_of_equal_size_are_one_stage():
    image = keras.Input((None, None, 3), name="image")
    x = image
    for number, stride in enumerate((2, 1, 1, 2, 1), start=1):
        x = layers.Conv2D(4, 3, strides=stride, padding="same", name=f"block_{number}_conv")(x)
    found = stages(keras.Model(image, x), (64, 64, 3))
    assert [(s.name, s.height) for s in found] == [
        ("image", 64),
        ("block_1 to 3", 32),
        ("block_4 to 5", 16),
    ]
    assert [s.sources for s in found] == [[], [0], [1]]
    assert found[1].layers == 3


def test_gates_and_bins_do_not_set_a_stages_size():
    image = keras.Input((None, None, 8), name="image")
    x = layers.Conv2D(8, 3, padding="same", name="gated_conv")(image)
    gate = layers.GlobalAveragePooling2D(keepdims=True, name="gated_mean")(x)
    gate = layers.Dense(8, name="gated_squeeze")(gate)
    model = keras.Model(image, layers.Multiply(name="gated_multiply")([x, gate]))
    assert [(s.name, s.height) for s in stages(model, (32, 32, 8))] == [
        ("image", 32),
        ("gated", 32),
    ]
