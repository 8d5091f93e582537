import pytest

from keras_landslide.errors import ModelError, UnknownNameError
from keras_landslide.models.analysis.facts import documentation, facts, title
from keras_landslide.models.catalogue import catalogue, entry
from keras_landslide.models.checks import check_image_shape
from keras_landslide.models.registry import MODELS, options


@pytest.mark.parametrize("name", MODELS)
def test_every_network_has_an_entry(name):
    known = entry(name)
    assert set(known.options) <= set(options(name))
    assert known.what and known.use and known.reading and known.paper.citation
    assert bool(known.parameters_millions) == bool(known.operations_billions)
    assert not known.parameters_millions or known.paper.counts
    check_image_shape(known.image_shape, stride=1)
    assert documentation(name).splitlines()[0].endswith(".")


def test_entries_are_those_of_the_registry():
    assert set(catalogue()) == set(MODELS)


def test_unknown_names_list_the_choices():
    with pytest.raises(UnknownNameError, match="unet_colombia"):
        entry("unet_colombo")


def test_every_network_has_its_own_title():
    titles = {name: title(name) for name in MODELS}
    assert len(set(titles.values())) == len(MODELS)
    assert titles["deeplabv3plus_resnet50"] == "DeepLab v3+ with ResNet-50."
    assert titles["scdnn"].startswith("SCDnn, Skip Connection DeepLab")
    assert not [line for line in titles.values() if line.startswith("Build")]


def test_facts_at_another_size():
    small = facts("unet_colombia", size=32, channels=5)
    assert small.image_shape == (32, 32, 5)
    assert small.entry is catalogue()["unet_colombia"]
    assert small.complexity.trainable_parameters == 8_630_497 + 2 * 9 * 32
    assert small.field.stride_px == 16
    with pytest.raises(ModelError, match="next valid height is 48 px"):
        facts("unet_colombia", size=33)
