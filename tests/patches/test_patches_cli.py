import subprocess
import sys

import pytest

from keras_landslide.cli.main import main
from keras_landslide.patches.table import read_patches


def run(capsys, *arguments):
    """Exit status and output of the installed command."""
    status = 0
    try:
        main(list(map(str, arguments)))
    except SystemExit as stop:
        status = stop.code or 0
    return status, *capsys.readouterr()


def test_command_writes_the_table_and_prints_the_splits(stack, tmp_path, capsys):
    out = tmp_path / "p.gpkg"
    status, text, _ = run(capsys, "patches", stack[0], "-o", out, "--size", 32, "--seed", 2)
    assert status == 0
    patches = read_patches(out)
    for split in ("train", "val", "test", "buffer", "unused"):
        (line,) = [line for line in text.splitlines() if line.startswith(split + " ")]
        assert int(line.split()[1]) == sum(p.split == split for p in patches)
    assert str(out) in text


@pytest.mark.parametrize(
    "arguments",
    [
        ("--size", 300),
        ("--size", 128),
        ("--size", 32, "--split", "1,2"),
        ("--size", 32, "--split", "0.6,0.6,0.2"),
        ("--size", 32, "--image-model", "nothing"),
    ],
)
def test_bad_input_is_one_line_and_nothing_written(stack, tmp_path, capsys, arguments):
    status, text, error = run(capsys, "patches", stack[0], "-o", tmp_path / "p.gpkg", *arguments)
    assert status == 2
    assert "Traceback" not in error and text == ""
    assert [p.name for p in tmp_path.iterdir()] == ["stack.tif"]


def test_the_stack_is_not_overwritten(stack, tmp_path, capsys):
    before = stack[0].read_bytes()
    status, text, error = run(capsys, "patches", stack[0], "-o", stack[0], "--size", 32)
    assert status == 2 and "is an input" in error and text == ""
    assert stack[0].read_bytes() == before


def test_help_imports_nothing_heavy():
    code = "import sys, keras_landslide.cli.patches as c; print(sorted(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for heavy in ("'numpy'", "'rasterio'", "'osgeo'", "'tensorflow'"):
        assert heavy not in out.stdout
