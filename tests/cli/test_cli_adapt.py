"""Remedies for a place where the slope sits on another level: which help, and by how much."""

import csv
import json

import numpy as np
import pytest
from leaky_scene import cut, write_scene

from keras_landslide.cli.adaptation import adapt
from keras_landslide.cli.main import main
from keras_landslide.config import load_run_config
from keras_landslide.errors import SplitError
from keras_landslide.export import any_size_model, export_bundle
from keras_landslide.inference.bundle import read_bundle


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Steeper by 12 degrees all over: there the network calls everything a landslide."""
    folder = tmp_path_factory.mktemp("steep")
    stack = write_scene(folder, seed=3, slope_deg=32, cloud=True)
    return {"stack": stack, "patches": cut(stack)}


def test_remedies_are_scored_on_the_same_patches(trained, place, tmp_path, capsys):
    out, run = tmp_path / "out", trained / "run"
    options = [f"--{name}={path}" for name, path in place.items()]
    more = ["--labelled", "4,1", "--draws", "1", "--steps", "15", "--learning-rate", "0.01"]
    main(["adapt", str(run), *options, *more, "-o", str(out)])
    found = json.loads((out / "adapt.json").read_text())
    rows = {(r["remedy"], r["patches"], r["draw"]): r for r in found["rows"]}
    tuned = [("fine-tuning", n, d) for n in (1, 4) for d in (0,)]
    assert list(rows) == [("before", 0, 0), ("normalisation", 0, 0), *tuned]
    before, normalised = (rows[name, 0, 0] for name in ("before", "normalisation"))
    assert normalised["f1"] > before["f1"] + 0.05 and normalised["gain_interval"][0] > 0
    assert normalised["gain"] == pytest.approx(normalised["f1"] - before["f1"])
    assert before["gain"] is None and found["simulated"] is True
    assert "normalisation" in capsys.readouterr().out
    with (out / "adapt.csv").open(newline="") as stream:
        assert [float(r["f1"]) for r in csv.DictReader(stream)] == [r["f1"] for r in found["rows"]]
    assert (out / "adapt.png").stat().st_size > 5000

    # The network knows the new place's mean, and each remedy is a run that becomes a bundle.
    config = load_run_config(run / "config.toml")
    means = [
        np.array(any_size_model(home, config, 2).get_layer("normalise").mean)
        for home in (run, out / "normalisation", out / "fine-tuning-4-0")
    ]
    assert means[1][0] - means[0][0] == pytest.approx(12, abs=1.5)
    np.testing.assert_array_equal(means[2], means[0])
    bundle = read_bundle(export_bundle(out / "fine-tuning-4-0", tmp_path / "bundle"))
    assert bundle.threshold == rows["fine-tuning", 4, 0]["threshold"]

    # Again: nothing is trained anew. Stopped, it goes on: one remedy is lost and made again.
    stamps = {p: p.stat().st_mtime_ns for p in out.glob("*/model.keras")}
    (out / "normalisation" / "metrics.json").unlink()
    again = adapt(run, out, **place, labelled=(1, 4), draws=1, steps=15, learning_rate=0.01)
    assert again["rows"] == found["rows"]
    changed = [p.parent.name for p, stamp in stamps.items() if p.stat().st_mtime_ns != stamp]
    assert changed == ["normalisation"]


def test_too_few_patches_are_refused(trained, place, tmp_path):
    with pytest.raises(SplitError, match=r"5000 labelled patches are wanted, its train split has"):
        adapt(trained / "run", tmp_path / "out", **place, labelled=(5000,))
    with pytest.raises(SystemExit):
        main(["adapt", "run", "--stack", "s", "--patches", "p", "-o", "o", "--labelled", "x"])
