"""Every score is defined, in the package and in the documentation alike."""

from pathlib import Path

from keras_landslide.counts import NAMES
from keras_landslide.evaluation.definitions import DEFINITIONS

PAGE = Path(__file__).parents[2] / "docs" / "scores.md"


def test_the_page_tells_the_same_as_the_report():
    text = PAGE.read_text(encoding="utf-8")
    assert [key for key, what in DEFINITIONS.items() if f"| `{key}` | {what} |" not in text] == []
    assert set(NAMES) <= set(DEFINITIONS)
