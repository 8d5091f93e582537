import os
import resource
import subprocess
import sys

import click
import pytest

from keras_landslide.cli import main as cli_main
from keras_landslide.cli.main import VERBS, cli, main

HEAVY = ("numpy", "rasterio", "osgeo", "keras", "tensorflow", "matplotlib", "scipy", "numba")


def run_main(arguments, capsys) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    out = capsys.readouterr()
    return stop.value.code, out.out, out.err


@pytest.mark.parametrize("verb", [None, *VERBS])
def test_help_imports_nothing_heavy(verb):
    module = "keras_landslide.cli." + (verb or "main")
    code = f"import {module}, sys; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_takes_under_a_second():
    """Of the processor, since other tests may run beside this one."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "keras_landslide", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1.0
    assert all(verb in done.stdout for verb in VERBS)


@pytest.mark.parametrize("arguments", [[], ["data"]])
def test_without_a_verb_the_help_is_shown(arguments, capsys):
    code, _, said = run_main(arguments, capsys)
    assert code == 2 and said.startswith("Usage: ") and len(said.splitlines()) > 5


def test_unknown_verb_and_option_exit_2(capsys):
    for arguments, words in (
        (["audit", "a.toml", "-o", "a", "--seed", "-1"], "-1 is not in the range 0<=x<=4294967295"),
        (["fly"], "No such command 'fly'"),
        (["stack", "--fly"], "No such option '--fly'"),
        (["stack"], "Missing argument 'RECIPE'"),
        (["simulate", "x", "--size", "a"], "'a' is not a valid integer"),
    ):
        code, out, err = run_main(arguments, capsys)
        (line,) = err.splitlines()
        assert code == 2 and out == ""
        assert line.startswith("error: ") and words in line and line.endswith("--help")


@pytest.mark.parametrize("arguments", [["simulate", ""], ["stack", "r.toml", "--out="]])
def test_an_empty_argument_is_no_folder(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, _, err = run_main(arguments, capsys)
    assert code == 2 and err.startswith("error: an argument is empty")
    assert not list(tmp_path.iterdir())


def test_a_backend_that_there_is_not(tmp_path):
    """Said by the verbs that need Keras, and by no other."""
    environment = {**os.environ, "KERAS_BACKEND": "theano"}
    command = [sys.executable, "-m", "keras_landslide"]
    models, stack = (
        subprocess.run([*command, *verb], capture_output=True, text=True, env=environment)
        for verb in (
            ["models", "--size", "64"],
            ["stack", str(tmp_path / "r.toml"), "-o", str(tmp_path / "s.tif")],
        )
    )
    (line,) = models.stderr.splitlines()
    assert models.returncode == 2
    assert "'theano' is unknown; choose one of: tensorflow, jax, torch" in line
    assert "r.toml" in stack.stderr


@pytest.fixture
def broken_verb(monkeypatch):
    """A verb that stumbles over a defect of ours."""

    @click.command()
    def command():
        raise RuntimeError("one\ntwo")

    monkeypatch.setattr(cli_main.LazyGroup, "get_command", lambda *_: command)
    return "stack"


def test_a_defect_is_one_line_without_debug(broken_verb, capsys):
    code, _, err = run_main([broken_verb], capsys)
    assert code == 1
    assert err.strip() == "error: RuntimeError: one two (a defect; --debug shows where)"


def test_debug_shows_the_traceback(broken_verb, capsys):
    code, _, err = run_main([broken_verb, "--debug"], capsys)
    assert code == 1
    assert "Traceback" in err


def test_every_verb_is_a_command():
    context = click.Context(cli)
    for verb in VERBS:
        command = cli.get_command(context, verb)
        assert isinstance(command, click.Command)
        assert command.help
