"""The scene that the evaluate command is tried on, and a page without figures."""

import pytest
from evaluated_scene import write_evaluated

from keras_landslide.report.score_page import score_page
from keras_landslide.workflows import map_figures


@pytest.fixture
def scene(tmp_path):
    """Folder with `p.tif`, `s.tif` and `truth.gpkg`."""
    write_evaluated(tmp_path)
    return tmp_path


@pytest.fixture
def no_figures(monkeypatch):
    """Figures are most of an evaluation's time: the page alone is written."""

    def page_alone(metrics, regions, images, probability, pixels, out):
        return [score_page(metrics, [], out / "report.html")]

    monkeypatch.setattr(map_figures, "draw_scores", page_alone)
