import numpy as np
import pytest

from keras_landslide import models
from keras_landslide.errors import ImageSizeError, ModelError

FLAGS = [
    ("scdnn", "image_pooling"),
    ("scdnn", "relu_after_sum"),
    ("deeplabv3plus_mobilenetv2", "image_pooling"),
    ("deeplabv3plus_mobilenetv2", "separable"),
    ("segnet", "share_stage5"),
    ("segnet", "score_relu"),
    ("res_unet", "preact"),
    ("ldlaim", "share_residual"),
    ("cnn", "pad_odd"),
    ("cnn", "features_to_head"),
]


@pytest.mark.parametrize("value", ["false", 0, 1, None])
@pytest.mark.parametrize(("name", "option"), FLAGS)
def test_flags_are_true_or_false(name, option, value):
    with pytest.raises(ModelError, match=f"{option} = {value!r} .* must be true or false"):
        models.build(name, (64, 64, 3), **{option: value})


def test_every_flag_is_tested():
    found = {
        option
        for name in models.MODELS
        for option, default in models.registry.options(name).items()
        if isinstance(default, bool)
    }
    assert found == {option for _, option in FLAGS}


@pytest.mark.parametrize("value", [16.0, True, "16", 12])
def test_choices_are_of_their_own_type(value):
    with pytest.raises(ModelError, match=r"output_stride = .*choose one of: 32, 16, 8"):
        models.build("deeplabv3plus_mobilenetv2", (64, 64, 3), output_stride=value)


@pytest.mark.parametrize("value", ["32", 32.0, True])
@pytest.mark.parametrize(("place", "side"), [(0, "height"), (1, "width")])
def test_sides_are_whole_numbers(place, side, value):
    shape = [32, 32, 3]
    shape[place] = value
    with pytest.raises(ModelError, match=f"image {side} is a whole number of px.*not {value!r}"):
        models.build("unet_colombia", shape)
    with pytest.raises(ModelError, match="number of channels must be a positive integer"):
        models.build("unet_colombia", (32, 32, value))


def test_sizes_that_do_not_fit_have_their_own_error():
    for name, side in (("unet_colombia", 33), ("cnn", 15)):
        with pytest.raises(ImageSizeError, match="does not fit this model"):
            models.build(name, (side, 64, 3), filters=2)
    assert models.build("llr", (np.int64(5), 7, 3)).input_shape == (None, 5, 7, 3)


def test_network_without_options_says_so():
    with pytest.raises(ModelError, match="model 'llr' has no option 'filters'; it has none"):
        models.build("llr", (8, 8, 3), filters=4)
