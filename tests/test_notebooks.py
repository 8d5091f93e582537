"""The notebooks use the front door, and nothing behind it."""

import ast
from pathlib import Path

import pytest

import keras_landslide as kl

FOLDER = Path(__file__).parents[1] / "notebooks"
SCRIPTS = sorted(FOLDER.glob("*.py"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_notebooks_import_the_front_door_alone(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert not (node.module or "").startswith("keras_landslide"), ast.unparse(node)
        if isinstance(node, ast.Import):
            for each in node.names:
                inside = each.name.startswith("keras_landslide")
                assert not inside or (each.name, each.asname) == ("keras_landslide", "kl")
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "kl":
            assert node.attr in kl.__all__


def test_there_are_notebooks():
    assert [path.stem for path in SCRIPTS if path.stem[0].isdigit()] == [
        path.stem for path in sorted(FOLDER.glob("*.ipynb"))
    ]
    assert len(SCRIPTS) >= 7
