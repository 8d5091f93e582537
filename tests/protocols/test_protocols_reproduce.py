"""A tiny protocol from data to table, figures, card and bundle; stopped, it goes on."""

import csv
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec

import keras
import numpy as np
import pytest
from chip_folders import bijie

from keras_landslide.bands import IMAGE_MODELS
from keras_landslide.bundle.read import read_bundle
from keras_landslide.errors import BundleError, RecipeError, SplitError
from keras_landslide.protocols.bundle import export_best
from keras_landslide.protocols.chip_parts import joined
from keras_landslide.protocols.entries import Entry
from keras_landslide.protocols.networks import scaled_network
from keras_landslide.protocols.protocol import load_protocol, read_protocol
from keras_landslide.protocols.reproduce import reproduce
from keras_landslide.protocols.running import run_entry
from keras_landslide.protocols.summary import labels_of, make_rows, pooled_threshold

TINY = {
    "title": "Tiny",
    "folds": 2,
    "data": {
        "kind": "chips",
        "source": "bijie",
        "options": {"size": 32},
        "split": [0.6, 0.2, 0.2],
        "val": "train",
        "threshold": "cross",
        "augment": True,
        "heavy": True,
        "native": 2,
        "batch_momentum": 0.9,
    },
    "training": {"loss": "bce_dice", "learning_rate": 3e-3, "batch_size": 3, "epochs": 2},
    "models": [
        {
            "label": "A",
            "name": "unet",
            "options": {"filters": 2, "levels": 2},
            "scale": 2,
            "centre": True,
        },
        {
            "label": "A mirrored",
            "name": "unet",
            "options": {"filters": 2, "levels": 2},
            "scale": 2,
            "base": "A",
            "centre": True,
            "symmetries": True,
        },
        {"label": "both", "ensemble": ["A mirrored"], "symmetries": True},
    ],
    "tables": [
        {
            "title": "All",
            "source": "",
            "part": "test",
            "columns": [{"key": "f1", "title": "F1"}, {"key": "image_f1", "title": "per chip"}],
        }
    ],
    "figures": {"examples": "Fig. 1", "losses": "Fig. 7", "images": "Fig. 8", "roc": ""},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("tiny")


@pytest.fixture(scope="module")
def done(place):
    bijie(place / "data", 7)
    protocol = read_protocol("tiny", TINY)
    return reproduce(protocol, place / "data", place / "out", quiet=True)


@pytest.fixture(scope="module")
def bundle(done, place):
    return export_best(done, place / "bundle", "both")


def test_every_chip_is_scored_once_and_everything_is_written(done, place):
    for row in done.rows:
        assert sorted(row.parts["test"].numbers) == list(range(7))
        assert row.spread is None and row.seeds == 1
    names = {path.name for path in done.files}
    assert names == {
        "table.md", "table.csv", "examples.png", "worst.png", "best.png", "images.png",
        "losses.png", "roc.png", "card.md",
    }  # fmt: skip
    card = (place / "out" / "card.md").read_text()
    assert "2-fold cross-validation" in card and "chosen on the chips of all other folds" in card
    assert 'base = "A"' in card and "centre = true" in card
    with (place / "out" / "table.csv").open() as stream:
        rows = [r for r in csv.DictReader(stream) if r["score"] == "f1" and r["part"] == "test"]
    for row, found in zip(done.rows, rows, strict=True):
        value = row.values["test"]["f1"]
        assert float(found["value"]) == value if value is not None else found["value"] == ""


def test_second_call_trains_nothing(done, place):
    models = sorted((place / "out" / "runs").rglob("model.keras"))
    assert len(models) == 2, "two folds of the one that is trained"
    before = [path.stat().st_mtime_ns for path in models]
    again = reproduce(done.protocol, place / "data", place / "out", quiet=True)
    assert [path.stat().st_mtime_ns for path in models] == before
    assert [row.values for row in again.rows] == [row.values for row in done.rows]


def test_killed_run_goes_on_to_the_same_weights(done, place):
    run = place / "out" / "runs" / "a" / "fold-0-seed-0"
    kept = keras.models.load_model(run / "model.keras", compile=False).get_weights()
    for name in ("scores.json", "metrics.json", "model.keras"):
        (run / name).unlink()
    reproduce(done.protocol, place / "data", place / "out", quiet=True)
    found = keras.models.load_model(run / "model.keras", compile=False).get_weights()
    for a, b in zip(kept, found, strict=True):
        np.testing.assert_array_equal(a, b)


def test_batch_normalisation_follows_as_told(done):
    model = keras.models.load_model(done.rows[0].runs[0].weights, compile=False)
    (inner,) = (layer for layer in model.layers if isinstance(layer, keras.Model))
    momenta = [x.momentum for x in inner.layers if isinstance(x, keras.layers.BatchNormalization)]
    assert momenta and set(momenta) == {0.9}


def test_row_is_asked_anew_when_only_its_base_is_another(done, place, tmp_path):
    shutil.copytree(place / "out" / "runs", tmp_path / "runs")
    base, mirrored, mean = done.protocol.models
    longer = replace(base, training={**base.training, "epochs": 3})
    other = replace(done.protocol, models=(longer, mirrored, mean))
    folder, division = tmp_path / "runs" / "a-mirrored" / "fold-0-seed-0", done.dataset.rounds[0]
    kept = (folder / "scores.json").read_text()
    run_entry(done.protocol, mirrored, done.dataset, division, 0, folder)
    assert (folder / "scores.json").read_text() == kept
    run_entry(other, mirrored, done.dataset, division, 0, folder)
    assert json.loads((folder / "scores.json").read_text())["key"] != json.loads(kept)["key"]


def test_run_with_other_data_settings_is_refused(done, place):
    other = replace(done.protocol, data={**done.protocol.data, "heavy": False})
    with pytest.raises(RecipeError, match="choose another output folder"):
        reproduce(other, place / "data", place / "out", quiet=True)


def test_threshold_of_a_fold_is_chosen_on_the_other(done):
    row = done.rows[0]
    first, second = row.runs
    expected = pooled_threshold([(second.probabilities("test"), labels_of(done.dataset, second))])
    assert first.threshold == expected


def answer_by_jax(bundle, images, folder):
    """In a process of its own: Keras runs on TensorFlow in this one."""
    code = (
        "import sys; import numpy as np;"
        "from keras_landslide.inference.engines import table as engine;"
        "np.save(sys.argv[3], engine.load(sys.argv[1], 'jax')(np.load(sys.argv[2])))"
    )
    np.save(folder / "images.npy", images)
    command = [sys.executable, "-c", code, bundle, folder / "images.npy", folder / "answer.npy"]
    subprocess.run(command, check=True)
    return np.load(folder / "answer.npy")


def test_bundle_is_the_mean_of_mirrored_members(done, bundle, tmp_path):
    out, bundle = bundle, read_bundle(bundle)
    assert bundle.band_names == ("red", "green", "blue") and bundle.patch_size_px == 64
    assert bundle.contract.model == {
        "name": "unet",
        "options": {"filters": 2, "levels": 2},
        "scale": 4,
        "members": 2,
        "sides": 4,
        "quick": False,
    }
    assert bundle.stride_px == 16
    import tensorflow as tf

    serve = tf.saved_model.load(out / "saved_model").signatures["serve"]
    image = np.random.default_rng(0).uniform(0, 255, (2, 64, 48, 3)).astype(np.float32)
    image[0, :9] = np.nan
    said = next(iter(serve(tf.constant(image)).values())).numpy()
    answers = []
    for run in done.rows[0].runs[0].folder.parent.glob("fold-*"):
        trained = keras.models.load_model(run / "model.keras", compile=False)
        entry = Entry("", "unet", scale=4, centre=True)
        network = scaled_network(entry, (64, 48, 3), {"filters": 2, "levels": 2})
        network.set_weights(trained.get_weights())
        for axes in ((), (1,), (2,), (1, 2)):
            answer = np.asarray(network(np.flip(image, axes)))
            answers.append(np.flip(answer, axes))
    assert len(answers) == 8
    np.testing.assert_allclose(said, np.mean(answers, axis=0), atol=1e-5)
    if find_spec("jax"):
        np.testing.assert_allclose(answer_by_jax(out, image, tmp_path), said[..., 0], atol=1e-5)
    contract = json.loads((out / "bundle.json").read_text())
    assert contract["chips_only"] and not contract["bounded"]
    assert len(contract["normalization"]["mean"]) == 3, "of the bands, not of the place in the chip"
    assert contract["metrics"]["cross_validation"]["chips"] == 7


def test_bundle_of_two_seeds_tells_of_their_mean(done, place, monkeypatch):
    monkeypatch.setattr("keras_landslide.bundle.write.write_network", lambda *_: None)
    runs = done.rows[0].runs
    others, said = [], []
    for run in runs:
        folder = place / "seeds" / "runs" / "a" / f"{run.round}-seed-1"
        shutil.copytree(run.folder, folder)
        other = np.clip(1 - run.probabilities("test"), 0, 1)
        np.save(folder / "test.npy", other)
        others.append(replace(run, folder=folder, seed=1))
        said.append(((run.probabilities("test") + other) / 2, labels_of(done.dataset, run)))
    results = {"A": {0: list(runs), 1: others}}
    alone = replace(done.protocol, models=done.protocol.models[:1])
    rows = make_rows(alone, done.dataset, results)
    two = replace(done, protocol=alone, rows=rows, results=results)
    out = export_best(two, place / "two_seeds", "A")
    contract = json.loads((out / "bundle.json").read_text())
    assert contract["model"]["members"] == 4
    assert (
        contract["threshold"]
        == pooled_threshold(said)
        != pooled_threshold(
            [(run.probabilities("test"), labels_of(done.dataset, run)) for run in runs]
        )
    )
    crossed = [pooled_threshold([pair]) for pair in said[::-1]]
    found = sum(((p >= t) & (y == 1)).sum() for (p, y), t in zip(said, crossed, strict=True))
    assert contract["metrics"]["cross_validation"]["tp"] == found


def test_seeds_are_averaged_and_their_spread_told(done):
    protocol, results = done.protocol, {"A": {0: [], 1: []}}
    for run in done.rows[0].runs:
        part = run.parts["test"]
        more = replace(part, counts=part.counts + np.array([5, 0, 0, 0]))
        results["A"][0].append(run)
        results["A"][1].append(replace(run, seed=1, parts={**run.parts, "test": more}))
    one_model = replace(
        protocol, models=protocol.models[:1], data={**protocol.data, "threshold": ""}
    )
    (row,) = make_rows(one_model, done.dataset, results)
    each = [joined([r.parts["test"] for r in runs]).scores.recall for runs in results["A"].values()]
    assert row.seeds == 2
    assert row.values["test"]["recall"] == pytest.approx(np.mean(each))
    assert row.spread["test"]["recall"] == pytest.approx(np.std(each, ddof=1))


def test_other_protocol_in_the_same_folder_is_refused(done, place):
    with pytest.raises(RecipeError, match="holds tiny"):
        reproduce("msasnet", place / "data", place / "out", quick=True, quiet=True)


def test_published_split_needs_all_three(tmp_path):
    from chip_folders import landslide4sense

    folder = landslide4sense(tmp_path / "l4s", TrainData=2)
    with pytest.raises(SplitError, match=r"no val and no test chips.*`folds`"):
        reproduce("mu_net", folder, tmp_path / "out", quiet=True)
    with pytest.raises(SplitError, match="give its folder by `data`"):
        reproduce("mu_net", None, tmp_path / "out", quiet=True)


def test_bundle_needs_a_known_pixel_size(done, place):
    unknown = replace(done, dataset=replace(done.dataset, pixel_size_m=float("nan")))
    with pytest.raises(BundleError, match="pixel size is unknown"):
        export_best(unknown, place / "other")
    assert not (place / "other").exists()


def test_quick_is_said_in_every_output(place):
    from keras_landslide.protocols.tables import QUICK, title_of

    assert QUICK in title_of(load_protocol("mu_net", quick=True), False)
    assert QUICK not in title_of(load_protocol("mu_net"), False)


def test_chips_are_read_in_the_channels_of_the_bundle(tmp_path):
    """Landslide4Sense has two sets of channels, and the bundle knows which."""
    from chip_folders import landslide4sense

    from keras_landslide.workflows.data import open_for

    folder = landslide4sense(tmp_path / "l4s", TrainData=1)
    for channels in ("l4s6", "l4s14"):
        names = IMAGE_MODELS[channels]
        assert open_for(names, folder, {"channels": None}).band_names == names
    assert len(open_for(names, folder, {"channels": "l4s6"}).bands) == 6, "as was asked for"


def test_bundle_is_scored_on_chips(bundle, place):
    from click.testing import CliRunner

    from keras_landslide.cli import data

    arguments = ["score", str(bundle), str(place / "data"), "-o", str(place / "scored")]
    run = CliRunner().invoke(data.command, [*arguments, "--size", "64"])
    assert run.exit_code == 0, (run.output, run.exception)
    report = json.loads((place / "scored" / "scores.json").read_text())
    assert report["chips"] == 7 and len(report["per_chip"]) == 7
    assert report["threshold"] == read_bundle(bundle).threshold
    pooled = [sum(chip[key] for chip in report["per_chip"].values()) for key in ("tp", "fn")]
    assert report["recall"] == (pooled[0] / sum(pooled) if sum(pooled) else None)
    assert (place / "scored" / "chips.png").stat().st_size > 5000
    run = CliRunner().invoke(data.command, [*arguments, "--size", "40"])
    assert isinstance(run.exception, BundleError) and "--size 64" in str(run.exception)
    run = CliRunner().invoke(data.command, [*arguments, "--layout", "bijie", "--channels", "l4s6"])
    assert "option of 'bijie'" in str(run.exception)
