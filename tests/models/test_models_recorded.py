"""The file of facts, held against the networks: the one place where all of them are built."""

import pytest

from keras_landslide.errors import UnknownNameError
from keras_landslide.models.analysis.facts import facts
from keras_landslide.models.recorded import FILE, Facts, recorded, recorded_facts, write_facts
from keras_landslide.models.registry import MODELS


@pytest.mark.parametrize("name", MODELS)
def test_recorded_facts_are_those_of_the_network(name, weights_of_zeros):
    assert recorded(name) == facts(name), "run scripts/models_page.py"


def test_file_lists_the_registry_in_its_order():
    assert list(recorded_facts()) == list(MODELS), "run scripts/models_page.py"


def test_what_is_written_is_read_again(tmp_path, monkeypatch):
    rows = recorded_facts()
    assert isinstance(rows["scdnn"], Facts) and rows["scdnn"].options["blocks"] == (3, 3, 3, 3)
    path = write_facts(rows.values(), tmp_path / FILE)
    monkeypatch.setattr("keras_landslide.models.recorded.resources.files", lambda _: tmp_path)
    assert recorded_facts() == rows and recorded_facts() is not rows
    recorded_facts.cache_clear()
    assert path.read_text().count("\n") < 1000


def test_unknown_names_list_the_choices():
    with pytest.raises(UnknownNameError, match=r"choose one of: .*unet_colombia"):
        recorded("unet_colombo")
