"""The library's messages name parameters, never flags, and each parameter that they name exists."""

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest

import keras_landslide as kl
from keras_landslide.cli.main import VERBS
from keras_landslide.cli.verb import with_flags
from keras_landslide.datasets.registry import LAYOUTS
from keras_landslide.workflows.load import LoadedNetwork

ROOT = Path(kl.__file__).parent
FLAG = re.compile(r"(?<![\w-])--[a-z]")
OTHERS = ("--xla_gpu_deterministic_ops", "--nthreads")
"""Flags of other programs."""


COMMAND_LINES = Path("workflows/demo.py")
"""Shows and runs commands as one would type them."""


def files():
    return [p for p in sorted(ROOT.rglob("*.py")) if "cli" not in p.relative_to(ROOT).parts]


def texts(tree):
    """String constants that are no documentation."""
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if text and id(node) not in documentation:
            yield node.value


def raised(tree):
    """The texts of errors, f-strings with their holes left out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and node.exc is not None:
            yield "".join(texts(node.exc))


def parameters() -> set[str]:
    """Of everything behind the front door."""
    known = set()
    for name in kl.__all__:
        value = getattr(kl, name)
        if callable(value) and value is not kl.LandslideError:
            known |= set(inspect.signature(value).parameters)
    known |= set(inspect.signature(LoadedNetwork.__call__).parameters)
    for layout in LAYOUTS.values():
        known |= set(inspect.signature(layout.open).parameters)
    for module, cls in (
        ("patches.plan", "PatchSettings"),
        ("susceptibility_study.settings", "StudySettings"),
        ("tuning.search", "Resources"),
        ("sources", "Source"),
    ):
        found = getattr(importlib.import_module(f"keras_landslide.{module}"), cls)
        known |= set(found.__dataclass_fields__)
    for module in ("datasets.letterbox", "workflows.tune"):
        for each in vars(importlib.import_module(f"keras_landslide.{module}")).values():
            if inspect.isfunction(each):
                known |= set(inspect.signature(each).parameters)
    return known


def test_no_message_of_the_library_holds_a_flag():
    found = [
        (str(path.relative_to(ROOT)), text)
        for path in files()
        if path.relative_to(ROOT) != COMMAND_LINES
        for text in texts(ast.parse(path.read_text(encoding="utf-8")))
        if FLAG.search(text) and not any(other in text for other in OTHERS)
    ]
    assert not found


def test_every_parameter_that_an_error_names_exists():
    known = parameters() | {"size", "entries", "worker"}
    named = {
        (str(path.relative_to(ROOT)), name)
        for path in files()
        for text in raised(ast.parse(path.read_text(encoding="utf-8")))
        for name in re.findall(r"`([a-z_0-9]+)`", text)
    }
    assert named, "messages do name parameters"
    assert not {each for each in named if each[1] not in known}


def test_flags_take_the_place_of_parameters():
    predict = importlib.import_module("keras_landslide.cli.predict").command
    text = "`window_px` and `minimum_area_m2` of `stack`, but not `folds` or `a b`"
    assert with_flags(text, predict) == (
        "--window and --minimum-area of STACK, but not `folds` or `a b`"
    )


@pytest.mark.parametrize("verb", sorted(set(VERBS) - {"data", "models"}))
def test_help_has_an_example(verb):
    command = importlib.import_module(f"keras_landslide.cli.{verb}").command
    context = command.make_context(f"keras-landslide {verb}", [], resilient_parsing=True)
    shown = command.get_help(context)
    assert "Example:" in shown and f"keras-landslide {verb} " in shown.split("Example:")[1]
    assert "-h, --help" in shown
