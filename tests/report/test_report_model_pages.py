import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from keras_landslide import models
from keras_landslide.errors import InputFileError
from keras_landslide.models.recorded import recorded, recorded_facts
from keras_landslide.models.stages import stages
from keras_landslide.report.architecture import draw_architecture
from keras_landslide.report.model_pages import model_page, with_tables
from keras_landslide.report.model_tables import overview, overview_cells, percent

DOCS = Path(__file__).resolve().parents[2] / "docs"
REMAKE = "run scripts/models_page.py"


def test_percent_cuts_as_the_papers_do():
    # 46.582337 M is printed as 46.5823, and 22.361089 as 22.3610: cut off, not rounded.
    assert percent(46.582337, "46.5823") == "exact"
    assert percent(22.361089, "22.3610") == "exact"
    assert percent(11.177473, "11.1774") == "exact"
    assert percent(11.1775, "11.1774") != "exact"
    assert percent(7.955637, "7.9369") == "+0.24 %"


def test_drawing_is_small_and_the_same_twice(tmp_path):
    model = models.build("unet_colombia", (None, None, 3), filters=4)
    found = stages(model, (64, 64, 3))
    for name in ("a.svg", "b.svg"):
        draw_architecture(found, tmp_path / name, "unet_colombia")
    drawing = (tmp_path / "a.svg").read_text()
    assert drawing == (tmp_path / "b.svg").read_text()
    assert len(drawing) < 60_000
    texts = {"".join(node.itertext()).strip() for node in ElementTree.fromstring(drawing).iter()}
    assert {stage.name for stage in found} <= texts
    assert {"64 px", "4 px"} <= texts


def test_tables_go_between_their_marks():
    row = recorded("unet_colombia")
    text = "a\n<!-- networks -->\nold\n<!-- /networks -->\nb\n<!-- differences -->\n"
    with pytest.raises(InputFileError, match="<!-- /differences -->"):
        with_tables(text, [row])
    made = with_tables(f"{text}<!-- /differences -->\n", [row])
    assert overview([row]) in made
    assert "old" not in made
    assert with_tables(made, [row]) == made


def test_every_network_has_a_page_and_a_small_drawing():
    table = (DOCS / "models.md").read_text()
    listed = [line.split("`")[1] for line in table.splitlines() if line.startswith("| [`")]
    assert listed == list(models.MODELS), REMAKE
    for name in models.MODELS:
        assert (DOCS / "models" / f"{name}.md").is_file(), REMAKE
        assert (DOCS / "models" / f"{name}.svg").stat().st_size < 60_000


def test_tables_and_pages_are_true():
    """As the recorded facts have them, which `test_models_recorded.py` holds to the networks."""
    rows = list(recorded_facts().values())
    text = (DOCS / "models.md").read_text()
    assert with_tables(text, rows) == text, REMAKE
    for row in rows:
        assert f"| {' | '.join(overview_cells(row))} |" in text
        assert (DOCS / "models" / f"{row.name}.md").read_text() == model_page(row), REMAKE
