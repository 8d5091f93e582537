import json
import os
import resource
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest

from keras_landslide import models
from keras_landslide.bundle.export import any_size_model, export_bundle
from keras_landslide.bundle.read import read_bundle
from keras_landslide.config import RunConfig, load_run_config
from keras_landslide.errors import BundleError, OutputError
from keras_landslide.files import write_json
from keras_landslide.inference.engines.table import load

CONFIG = RunConfig().with_values(
    data={"image_model": "terrain"},
    model={"options": {"filters": 4, "normalisation": "batch", "dropout": 0.1}},
)
DATA = {
    "fingerprint": "0",
    "simulated": True,
    "bands": [
        {"name": "slope", "unit": "deg", "kind": "continuous"},
        {"name": "curvature", "unit": "1/m", "kind": "continuous"},
    ],
    "pixel_size_m": 12.5,
    "patch_size_px": 32,
    "training_area": {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]},
    "band_ranges": {},
}
METRICS = {
    "threshold": 0.25,
    "threshold_rule": "best F1 on validation",
    "backend": "tensorflow",
    "val": {"f1": 0.5},
}


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    keras.utils.set_random_seed(3)
    model = models.build("unet_colombia", (32, 32, 2), **CONFIG.model.options)
    model.get_layer("normalise").set_statistics([20, 0.01], [10, 0.05])
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.moving_mean.assign(keras.random.normal(layer.moving_mean.shape, stddev=0.1))
    CONFIG.save(folder / "config.toml")
    write_json(folder / "data.json", DATA)
    write_json(folder / "metrics.json", METRICS)
    model.save(folder / "model.keras")
    return folder


@pytest.fixture(scope="module")
def bundle(run_folder, tmp_path_factory):
    return export_bundle(run_folder, tmp_path_factory.mktemp("out") / "bundle")


def images():
    rng = np.random.default_rng(0)
    x = rng.normal([20, 0.01], [15, 0.08], (2, 48, 64, 2)).astype("float32")
    x[0, 5:9, 7:30] = np.nan
    x[1, 20, 20, 1] = np.nan
    return x


PLAIN = """
import sys
for name in ("keras_landslide", "keras", "tf_keras"):
    sys.modules[name] = None  # importing it now raises
import numpy as np
import tensorflow as tf
loaded = tf.saved_model.load(sys.argv[1])
x = np.load(sys.argv[2])
y = loaded.signatures["serve"](tf.constant(x))
(y,) = y.values()
np.testing.assert_array_equal(y, loaded.serve(x))
np.save(sys.argv[3], y)
"""


def test_plain_tensorflow_gives_the_same_probabilities(run_folder, bundle, tmp_path):
    np.save(tmp_path / "x.npy", images())
    subprocess.run(
        [
            sys.executable,
            "-c",
            PLAIN,
            bundle / "saved_model",
            tmp_path / "x.npy",
            tmp_path / "y.npy",
        ],
        check=True,
        cwd=tmp_path,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    there = np.load(tmp_path / "y.npy")
    here = any_size_model(run_folder, CONFIG, 2).predict_on_batch(images())
    assert there.shape == (2, 48, 64, 1)
    assert there.dtype == np.float32
    assert np.ptp(here) > 1e-3
    np.testing.assert_allclose(there, here, atol=1e-5)
    twin = keras.saving.load_model(bundle / "model.keras", compile=False, safe_mode=True)
    np.testing.assert_allclose(twin.predict_on_batch(images()), here, atol=1e-6)
    patch = np.ascontiguousarray(images()[:, :32, :32])
    trained = keras.models.load_model(run_folder / "model.keras", compile=False)
    rebuilt = any_size_model(run_folder, CONFIG, 2)
    np.testing.assert_allclose(
        rebuilt.predict_on_batch(patch), trained.predict_on_batch(patch), atol=1e-6
    )


def test_the_engine_reads_it(bundle):
    predict = load(bundle)
    probability = predict(images())
    assert probability.shape == (2, 48, 64)
    assert np.isfinite(probability).all()


def test_contract(bundle):
    read = read_bundle(bundle)
    contract = json.loads((bundle / "bundle.json").read_text())
    assert (read.stride_px, read.halo_px, read.bounded) == (16, 128, True)
    assert read.simulated
    assert read.band_names == ("slope", "curvature")
    assert contract["threshold"] == 0.25
    np.testing.assert_allclose(contract["normalization"]["std"], [10, 0.05], rtol=1e-6)
    assert contract["metrics"] == {"val": {"f1": 0.5}}
    assert contract["versions"]["keras"] == keras.__version__


def test_exporting_again_replaces_the_bundle(run_folder, bundle):
    before = json.loads((bundle / "bundle.json").read_text())
    export_bundle(run_folder, bundle)
    assert json.loads((bundle / "bundle.json").read_text()) == before
    assert [p.name for p in bundle.parent.iterdir()] == ["bundle"]


def test_unfinished_run(tmp_path, run_folder):
    (tmp_path / "config.toml").write_text((run_folder / "config.toml").read_text())
    with pytest.raises(BundleError, match=r"data\.json, metrics\.json, model\.keras is missing"):
        export_bundle(tmp_path, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_a_run_without_its_threshold(tmp_path, run_folder):
    for name in ("config.toml", "data.json", "model.keras"):
        shutil.copy(run_folder / name, tmp_path / name)
    missing, no_object = "'threshold' is missing; train again", "one JSON object; train again"
    for text, what in (("{}", missing), ("[]", no_object), ("", "not valid JSON .*train again")):
        (tmp_path / "metrics.json").write_text(text)
        with pytest.raises(BundleError, match=rf"metrics\.json: .*{what}"):
            export_bundle(tmp_path, tmp_path / "bundle")


@pytest.mark.parametrize(
    ("name", "changes", "what"),
    [
        ("data.json", {"pixel_size_m": -1}, "'pixel_size_m' = -1 is out of range"),
        ("data.json", {"patch_size_px": [[32]]}, r"'patch_size_px' = \[\[32\]\] is out of range"),
        ("data.json", {"bands": "slope"}, "'bands' = 'slope' should be a list"),
        ("data.json", {"band_ranges": {"slope": 1}}, "'band_ranges.slope' = 1 should be an object"),
        ("metrics.json", {"threshold": "0.5"}, "'threshold' = '0.5' is out of range"),
        ("metrics.json", {"without": {"sar": {}}}, "'threshold' is missing in without.sar"),
    ],
)
def test_a_run_with_a_damaged_file(tmp_path, run_folder, name, changes, what):
    for each in ("config.toml", "data.json", "metrics.json", "model.keras"):
        shutil.copy(run_folder / each, tmp_path / each)
    write_json(tmp_path / name, json.loads((tmp_path / name).read_text()) | changes)
    with pytest.raises(BundleError, match=rf"{name}: {what}.*; train again"):
        export_bundle(tmp_path, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_model_of_another_run(tmp_path, run_folder):
    for name in ("config.toml", "data.json", "metrics.json"):
        (tmp_path / name).write_text((run_folder / name).read_text())
    models.build("unet_colombia", (32, 32, 2), filters=2).save(tmp_path / "model.keras")
    with pytest.raises(BundleError, match="not this run's model"):
        export_bundle(tmp_path, tmp_path / "bundle")
    (tmp_path / "model.keras").write_bytes(b"no zip")
    with pytest.raises(BundleError, match="not this run's model"):
        export_bundle(tmp_path, tmp_path / "bundle")
    assert load_run_config(tmp_path / "config.toml").model == CONFIG.model


def test_output_that_cannot_be_written(run_folder, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError):
        export_bundle(run_folder, tmp_path / "file" / "bundle")


def test_full_disk_is_one_clear_line(run_folder, tmp_path):
    def small_files_only():
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))

    done = subprocess.run(
        [sys.executable, "-m", "keras_landslide", "export", run_folder, "-o", tmp_path / "bundle"],
        preexec_fn=small_files_only,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "cannot be written" in done.stderr or "no space left" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_another_backend_says_what_to_do(run_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(BundleError, match="KERAS_BACKEND=tensorflow"):
        export_bundle(run_folder, tmp_path / "bundle")
