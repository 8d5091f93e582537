"""`keras-landslide reproduce`: what it lists and refuses before anything heavy starts."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from keras_landslide.cli import reproduce
from keras_landslide.cli.main import main
from keras_landslide.errors import InputFileError, UnknownNameError
from keras_landslide.protocols.protocol import NAMES, PRESETS, load_protocol


def test_lists_protocols():
    run = CliRunner().invoke(reproduce.command, [])
    assert run.exit_code == 0
    for name in (*NAMES, *PRESETS):
        assert f"{name:12} {load_protocol(name).title}" in run.output


def test_wrong_name_and_folder(tmp_path):
    run = CliRunner().invoke(reproduce.command, ["resnet"])
    assert isinstance(run.exception, UnknownNameError)
    arguments = ["scdnn", "--data", str(tmp_path / "none"), "-o", str(tmp_path / "out")]
    run = CliRunner().invoke(reproduce.command, arguments)
    assert isinstance(run.exception, InputFileError) and "is no folder" in str(run.exception)


def test_wrong_row_is_refused_before_anything_is_run(tmp_path, capsys):
    arguments = ["best_l4s", "--data", str(tmp_path), "-o", str(tmp_path / "out"), "--row", "best"]
    with pytest.raises(SystemExit) as stop:
        main(["reproduce", *arguments])
    assert stop.value.code == 2 and "--bundle" in capsys.readouterr().err
    run = CliRunner().invoke(reproduce.command, [*arguments, "--bundle", str(tmp_path / "b")])
    assert isinstance(run.exception, UnknownNameError) and "four sides" in str(run.exception)


def test_listing_needs_no_network():
    code = (
        "import sys; from keras_landslide.cli.main import main\n"
        "try: main(['reproduce'])\n"
        "except SystemExit: pass\n"
        "sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
