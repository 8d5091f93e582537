import subprocess
import sys

import pytest
from click.testing import CliRunner

from keras_landslide.cli.models import command
from keras_landslide.errors import ModelError, UnknownNameError
from keras_landslide.models.recorded import recorded


def run(*arguments):
    return CliRunner().invoke(command, arguments)


def test_card_of_a_network():
    output = run("unet_colombia", "--channels", "7").output
    assert output.startswith("unet_colombia: The U-Net of the Colombian study.")
    assert "Evaluation of U-Net transfer learning model" in output
    assert "at 128 x 128 x 7 (its size is our reading)" in output
    # 8,630,497 with three bands, and 9 * 32 for each further one.
    assert "8,631,649 trainable parameters" in output
    assert "stride 16 px, reach 122 px" in output
    assert "    filters = 32\n" in output


def test_operations_grow_with_the_size():
    # 4.0915 G at 128 px: four times as many at 256.
    assert "4.0915 G multiply-adds" in run("unet_colombia").output
    assert "16.3662 G multiply-adds" in run("unet_colombia", "--size", "256").output


def test_listing_needs_no_keras():
    """The paper's sizes are known: a second suffices, where building takes twenty."""
    script = (
        "import sys; from keras_landslide.cli.models import command\n"
        "command(standalone_mode=False)\n"
        "print(*{'keras', 'tensorflow', 'jax'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == ""
    lines = done.stdout.splitlines()
    assert len(lines) == 27 and lines[0].startswith("network ")
    assert " ".join(lines[1].split()) == (
        "unet_colombia Vega and Hidalgo 128 x 128 x 3 8,630,497 4.092 G 8.4 MB 16 px 122 px"
    )


def test_listing_goes_on_after_a_network_that_does_not_fit(monkeypatch):
    few = {name: recorded(name) for name in ("unet_colombia", "sssn", "llr", "cnn")}
    monkeypatch.setattr("keras_landslide.cli.models.recorded_facts", lambda: few)
    _, first, second, third, fourth = run("--size", "10").output.splitlines()
    assert first.split()[0] == "unet_colombia"
    assert "does not fit this model" in first and "next valid height is 16 px" in first
    assert second.startswith("sssn ") and "next valid height is 12 px" in second
    assert third.startswith("llr ") and "10 x 10 x 94" in third
    assert fourth.startswith("cnn ") and "smallest side is 16 px" in fourth


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["unet_colombo"], UnknownNameError, "choose one of: .*unet_colombia"),
        (["unet_colombia", "--size", "100"], ModelError, "next valid height is 112 px"),
    ],
)
def test_mistakes_are_one_clear_line(arguments, error, message):
    with pytest.raises(error, match=message):
        CliRunner().invoke(command, arguments, catch_exceptions=False)


def test_numbers_have_bounds():
    done = run("unet_colombia", "--channels", "0")
    assert done.exit_code == 2
    assert "'--channels': 0 is not in the range 1<=x" in done.output
