"""Remedies for a place where the slope sits on another level: which help, and by how much."""

import csv
import json

import numpy as np
import pytest
from leaky_scene import cut, write_scene

from keras_landslide.bundle.export import any_size_model, export_bundle
from keras_landslide.bundle.read import read_bundle
from keras_landslide.cli.main import main
from keras_landslide.config import load_run_config
from keras_landslide.counts import Scores
from keras_landslide.errors import SplitError
from keras_landslide.files import write_json
from keras_landslide.patches.table import read_patches
from keras_landslide.rasters.read import read_bands, stack_info
from keras_landslide.rasters.write import write_raster
from keras_landslide.training import fine_tuning
from keras_landslide.workflows.adapt import adapt
from keras_landslide.workflows.contract import data_contract
from keras_landslide.workflows.train import load_data, new_model


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
    # The bundle that is mapped with is written each time.
    runs = [path.parent for path in out.glob("*/metrics.json")]
    stamps = {run / "model.keras": (run / "model.keras").stat().st_mtime_ns for run in runs}
    (out / "normalisation" / "metrics.json").unlink()
    again = adapt(run, out, **place, labelled=(1, 4), draws=1, steps=15, learning_rate=0.01)
    assert again["rows"] == found["rows"]
    changed = [p.parent.name for p, stamp in stamps.items() if p.stat().st_mtime_ns != stamp]
    assert changed == ["normalisation"]


def with_radar(stack, out):
    """The same scene with its curvature called radar."""
    values = read_bands(stack, ("slope", "curvature", "label"))
    names, units = ("slope", "vv_post", "label"), ("deg", "dB", "class")
    return write_raster(out, values, stack_info(stack).grid, names=names, units=units)


def test_fine_tuning_goes_on_with_band_dropout(trained, place, tmp_path, monkeypatch):
    stack = with_radar(trained / "stack.tif", tmp_path / "stack.tif")
    config = load_run_config(trained / "run" / "config.toml").with_values(
        data={"stack": str(stack), "patches": str(cut(stack)), "image_model": "slope,vv_post"},
        training={"band_dropout": 0.9},
    )
    run, data = tmp_path / "run", load_data(config)
    config.save(run / "config.toml")
    write_json(run / "data.json", data_contract(config, data.sources))
    new_model(config, data).save(run / "model.keras")
    chosen = {"threshold": 0.5, "threshold_rule": "r", "without": {"sar": {"threshold": 0.25}}}
    write_json(run / "metrics.json", {**chosen, "backend": "tensorflow"})

    shown = []
    monkeypatch.setattr(
        fine_tuning, "fine_tune", lambda model, batches, *_, **__: shown.append(batches)
    )
    there = with_radar(place["stack"], tmp_path / "there.tif")
    out = tmp_path / "out"
    table = cut(there)
    adapt(run, out, stack=there, patches=table, labelled=(1,), draws=1)
    images = np.concatenate([shown[0].batch(epoch, 0)[0] for epoch in range(6)])
    assert np.isnan(images[..., 1]).any() and not np.isnan(images[..., 0]).any()

    # A threshold without radar for every remedy: the run's own, or from the labelled patch.
    found = {
        name: json.loads((out / name / "metrics.json").read_text())["without"]["sar"]
        for name in ("normalisation", "fine-tuning-1-0")
    }
    assert found["normalisation"] == {"threshold": 0.25}
    test = Scores(*(found["fine-tuning-1-0"]["test"][k] for k in ("tp", "fp", "fn", "tn")))
    assert test.total == sum(p.split == "test" for p in read_patches(table)) * 16 * 16
    bundle = read_bundle(export_bundle(out / "fine-tuning-1-0", tmp_path / "bundle"))
    kept = bundle.contract.band_dropout.thresholds
    assert kept == {"sar": found["fine-tuning-1-0"]["threshold"]} and kept["sar"] != 0.25


def test_too_few_patches_are_refused(trained, place, tmp_path):
    with pytest.raises(SplitError, match=r"5000 labelled patches are wanted, its train split has"):
        adapt(trained / "run", tmp_path / "out", **place, labelled=(5000,))
    with pytest.raises(SystemExit):
        main(["adapt", "run", "--stack", "s", "--patches", "p", "-o", "o", "--labelled", "x"])
