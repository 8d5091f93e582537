"""The front door: light, complete, and not moved aside by its own rooms."""

import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import keras_landslide as kl
from keras_landslide import errors

HEAVY = (
    "numpy",
    "click",
    "keras",
    "tensorflow",
    "osgeo",
    "rasterio",
    "scipy",
    "matplotlib",
    "tqdm",
)


def test_import_loads_nothing_heavy():
    command = [sys.executable, "-X", "importtime", "-c", "import keras_landslide"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "keras_landslide" in loaded
    assert not loaded & set(HEAVY)


def test_a_function_per_verb():
    from keras_landslide.cli.main import VERBS

    names = {"patches": "make_patches"}
    here = set(kl.__all__)
    assert {names.get(verb, verb) for verb in VERBS} - here == {"data", "demo"}
    assert set(kl.__all__) <= set(dir(kl))


def test_every_name_is_there():
    for name in kl.__all__:
        assert getattr(kl, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'fly'"):
        kl.fly  # noqa: B018


def test_importing_a_room_changes_no_function():
    """A room of a function's name would take its place once it is imported."""
    rooms = {each.name for each in pkgutil.iter_modules(kl.__path__)}
    assert rooms & set(kl.__all__) == {"models"}, "a room bears the name of a function"
    code = (
        "import keras_landslide as kl\n"
        "before = kl.stack, kl.susceptibility\n"
        "import keras_landslide.stacking.build, keras_landslide.susceptibility_study.study\n"
        "import keras_landslide.workflows.stack\n"
        "assert (kl.stack, kl.susceptibility) == before and callable(kl.stack)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_types_are_known_to_checkers():
    text = Path(kl.__file__).read_text(encoding="utf-8").partition("if TYPE_CHECKING:")[2]
    shown = text.partition("__all__")[0]
    for name in kl.__all__:
        assert name == "__version__" or name in shown.replace(",", " ").split()


def test_options_are_checked_and_documented():
    assert "minimum_area_m2: Minimum mapping unit, m2. (from 0 to 1e+15)" in kl.Polygons.__doc__
    for wrong, words in (
        ({"minimum_area_m2": -1.0}, "`minimum_area_m2` = -1.0 should be from 0 to 1e+15"),
        ({"threshold": 2.0}, "`threshold` = 2.0 should be from 0 to 1"),
        ({"simplify_m": float("nan")}, "`simplify_m` = nan should be a finite number"),
    ):
        with pytest.raises(errors.OptionError) as stop:
            kl.Polygons(**wrong)
        assert words in str(stop.value)
    with pytest.raises(errors.OptionError, match="`engine` = 'warp' should be one of: tensor"):
        kl.Answering(engine="warp")


def test_an_unknown_keyword_is_named(tmp_path):
    with pytest.raises(errors.UnknownNameError, match=r"did you mean 'minimum_area_m2'"):
        kl.predict("bundle", "stack.tif", tmp_path, minimum_area=3)
