"""What `tune` and `export` print as JSON and as their last line."""

import json

import pytest
from click.testing import CliRunner

from keras_landslide.cli.main import cli


def printed(*arguments):
    done = CliRunner().invoke(cli, [*map(str, arguments), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def space(trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("space")
    config = (trained / "run" / "config.toml").read_text(encoding="utf-8")
    base = "\n".join(
        f"[base.{line[1:]}" if line.startswith("[") else line for line in config.splitlines()
    )
    (folder / "space.toml").write_text(
        f"{base}\n[search]\nepochs = 1\npatience = 1\nrepeats = 0\n[grid]\n"
        "learning_rate = [1e-3, 1e-2]\nbatch_size = [8]\n"
    )
    return folder / "space.toml"


def test_searches(space, tmp_path):
    told = printed("tune", space, "-o", tmp_path / "s")
    assert told["trials"] == 2 and told["failed"] == 0
    assert told["best"]["values"]["learning_rate"] in (1e-3, 1e-2)
    assert str(tmp_path / "s" / "best.toml") in told["files"]
    # The same again: nothing left to do, the same numbers, and in words.
    again = CliRunner().invoke(cli, ["tune", str(space), "-o", str(tmp_path / "s")])
    best = told["best"]
    assert again.stdout.splitlines()[-1] == (
        f"2 trials, 0 failed; the best is {best['trial']} with {told['objective']} "
        f"{best['score']:.4f}"
    )


def test_bundles(trained, tmp_path):
    told = printed("export", trained / "run", "-o", tmp_path / "b")
    contract = json.loads((tmp_path / "b" / "bundle.json").read_text(encoding="utf-8"))
    assert told["threshold"] == contract["threshold"]
    assert told["bands"] == [band["name"] for band in contract["bands"]]
    assert str(tmp_path / "b" / "bundle.json") in told["files"]
