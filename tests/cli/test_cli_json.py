"""`--json`: every verb that prints numbers gives them as JSON, and nothing else, on stdout."""

import json

from click.testing import CliRunner

from keras_landslide import VERBS
from keras_landslide.cli.main import cli
from keras_landslide.models.recorded import recorded_facts


def printed(*arguments):
    done = CliRunner().invoke(cli, [*map(str, arguments), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def test_every_verb_takes_it():
    runner = CliRunner()
    without = [v for v in VERBS if "--json" not in runner.invoke(cli, [v, "--help"]).stdout]
    # `data` has verbs of its own.
    assert without == ["data", "demo"]
    for verb in ("check", "fetch", "score"):
        assert "--json" in runner.invoke(cli, ["data", verb, "--help"]).stdout, verb


def test_models():
    told = printed("models")
    assert list(told) == list(recorded_facts())
    assert told["unet_colombia"]["stride_px"] == 16 and told["unet_colombia"]["reach_px"] == 122
    (one,) = printed("models", "unet_colombia", "--channels", "7").values()
    assert one["trainable_parameters"] == 8_631_649 and one["options"]["filters"] == 32


def test_protocols():
    assert "colombia" in printed("reproduce")


def test_simulated_basins(tmp_path):
    told = printed("simulate", tmp_path / "b", "--size", "256", "--basins", "argelia")
    assert told == {"simulated": True, "files": [str(tmp_path / "b" / "argelia" / "recipe.toml")]}
