"""A calibrated bundle gives the same numbers to every client."""

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec

import keras
import numpy as np
import pytest

from keras_landslide import models
from keras_landslide.bundle.calibrated import as_graph, calibrate_bundle, calibrated_contract
from keras_landslide.bundle.contract import BandDropout, BundleBand, Contract, contract_schema
from keras_landslide.bundle.read import read_bundle
from keras_landslide.bundle.write import write_bundle
from keras_landslide.errors import BundleError
from keras_landslide.evaluation.calibration import Isotonic, Temperature
from keras_landslide.files import file_sha256
from keras_landslide.inference.engines.table import load

BANDS = (BundleBand("slope", "deg", "continuous"), BundleBand("curvature", "1/m", "continuous"))
CONTRACT = Contract("toy", True, BANDS, 12.5, 32, 4, 24, True, 0.5, "best F1")
STEPS = Isotonic(np.array([0.1, 0.3, 0.5, 0.8, 0.9]), np.array([0.0, 0.0, 0.4, 0.4, 1.0]))
TOLD = dict.fromkeys(("fitted_on", "tested_on", "cross_fitted", "tested", "threshold_rule"), "") | {
    "threshold": 0.25
}
KERAS = """
import sys
import numpy as np
{imports}
model = keras.saving.load_model(sys.argv[1])
np.save(sys.argv[3], model.predict_on_batch(np.load(sys.argv[2])))
"""
PLAIN = """
import sys
for name in ("keras_landslide", "keras", "tf_keras"):
    sys.modules[name] = None  # importing it now raises
import numpy as np
import tensorflow as tf
serve = tf.saved_model.load(sys.argv[1] + "/saved_model").signatures["serve"]
(y,) = serve(tf.constant(np.load(sys.argv[2]))).values()
np.save(sys.argv[3], y)
"""
JAX = """
import sys; import numpy as np
from keras_landslide.inference.engines.jax import JaxBundle
from keras_landslide.bundle.read import read_bundle
known, x = read_bundle(sys.argv[1]), np.load(sys.argv[2])
np.save(sys.argv[3], [JaxBundle(known)(x), JaxBundle(known, "mixed_float16")(x)])
"""


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    keras.utils.set_random_seed(3)
    options = {"filters": 4, "levels": 2, "dropout": 0.3}
    model = models.build("unet", (None, None, 2), **options)
    model.get_layer("normalise").set_statistics([20, 0.01], [10, 0.05])
    head = model.get_layer("head")
    head.kernel.assign(40 * head.kernel)  # probabilities all over [0, 1]
    folder = tmp_path_factory.mktemp("bare") / "bundle"
    contract = CONTRACT.__class__(
        **{**CONTRACT.__dict__, "model": {"name": "unet", "options": options}}
    )
    return write_bundle(contract, model, folder)


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return rng.normal([20, 0.01], [15, 0.08], (1, 48, 64, 2)).astype("float32")


@pytest.fixture(scope="module")
def calibrated(bare, tmp_path_factory):
    folder = tmp_path_factory.mktemp("calibrated") / "bundle"
    shutil.copytree(bare, folder)
    calibrate_bundle(read_bundle(folder), STEPS, TOLD, {"val": {"f1": 0.6}})
    return folder


def run(code, bundle, images, folder):
    np.save(folder / "x.npy", images)
    paths = [bundle, folder / "x.npy", folder / "y.npy"]
    subprocess.run([sys.executable, "-c", code, *map(str, paths)], check=True)
    return np.load(folder / "y.npy")


@pytest.fixture(scope="module")
def expected(bare, images):
    plain = load(bare)(images)
    assert plain.min() < 0.1 and plain.max() > 0.9
    return np.interp(plain, STEPS.x, STEPS.y)


def test_predict_and_a_client_of_the_saved_model(calibrated, bare, images, expected, tmp_path):
    ours = load(calibrated)(images)
    np.testing.assert_allclose(ours, expected, atol=1e-6)
    theirs = run(PLAIN, calibrated, images, tmp_path)[..., 0]
    np.testing.assert_array_equal(theirs, ours)
    # Without it, the network is what it was, to the bit.
    known = read_bundle(calibrated)
    np.testing.assert_array_equal(load(known.uncalibrated())(images), load(bare)(images))
    assert known.threshold == 0.25 and known.contract.metrics == {"val": {"f1": 0.6}}
    assert known.contract.calibration.bare.threshold == 0.5


@pytest.mark.parametrize(
    "imports", ["import keras, keras_landslide", "import keras_landslide\nimport keras"]
)
def test_plain_keras(calibrated, images, expected, tmp_path, imports):
    """`import keras_landslide` alone makes its layers known, whichever comes first."""
    code = KERAS.format(imports=imports)
    found = run(code, calibrated / "model.keras", images, tmp_path)[..., 0]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_import_of_the_package_is_light():
    code = (
        "import sys, keras_landslide\n"
        "heavy = {'numpy', 'keras', 'tensorflow', 'rasterio', 'osgeo'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.skipif(find_spec("openvino") is None, reason="needs openvino")
def test_openvino(calibrated, images, expected):
    np.testing.assert_allclose(load(calibrated, "openvino")(images), expected, atol=1e-5)


def test_xla(calibrated, images, expected):
    np.testing.assert_allclose(load(calibrated, "xla")(images), expected, atol=1e-5)


@pytest.mark.skipif(find_spec("jax") is None, reason="needs jax")
def test_jax(calibrated, images, expected, tmp_path):
    full, half = run(JAX, calibrated, images, tmp_path)
    np.testing.assert_allclose(full, expected, atol=1e-4)
    np.testing.assert_allclose(half, expected, atol=0.1)


def test_draws_are_calibrated(calibrated, bare, images):
    (drawn,), (plain,) = load(calibrated).draws(1), load(bare).draws(1)
    np.testing.assert_allclose(drawn(images), np.interp(plain(images), STEPS.x, STEPS.y), atol=1e-6)


def test_a_later_calibration_is_of_the_bare_network(calibrated, bare, images, tmp_path):
    folder = shutil.copytree(calibrated, tmp_path / "bundle")
    (folder / "notes.txt").write_text("kept")
    before = read_bundle(folder)
    calibrate_bundle(before, Temperature(2.0), TOLD, {})
    after = read_bundle(folder)
    np.testing.assert_allclose(load(after)(images), Temperature(2.0)(load(bare)(images)), atol=1e-6)
    assert after.contract.calibration.bare == before.contract.calibration.bare
    assert (folder / "notes.txt").read_text() == "kept"


def test_old_bundles_become_new_ones(bare, images, tmp_path):
    """Format 1, with a calibration of its own that its graph knows nothing of."""
    folder = shutil.copytree(bare, tmp_path / "bundle")
    values = json.loads((folder / "bundle.json").read_text())
    told = {"method": "temperature", "temperature": 3.0, "bare": {"threshold": 0.5}}
    values |= {"format": 1, "calibration": told}
    del values["checksum"]
    (folder / "bundle.json").write_text(json.dumps(values))
    plain = load(bare)(images)
    np.testing.assert_allclose(load(folder)(images), Temperature(3.0)(plain), atol=1e-6)
    calibrate_bundle(read_bundle(folder), STEPS, TOLD, {})
    np.testing.assert_allclose(load(folder)(images), np.interp(plain, STEPS.x, STEPS.y), atol=1e-6)
    assert json.loads((folder / "bundle.json").read_text())["format"] == 2


def test_a_bundle_without_a_keras_model_is_left_alone(bare, tmp_path):
    folder = shutil.copytree(bare, tmp_path / "bundle")
    (folder / "model.keras").unlink()
    digest = file_sha256(folder / "bundle.json")
    with pytest.raises(BundleError, match=r"holds no model\.keras.*export the run again"):
        calibrate_bundle(read_bundle(folder), STEPS, TOLD, {})
    assert file_sha256(folder / "bundle.json") == digest


def test_a_calibration_that_does_not_tell_of_the_bare_network_is_refused(bare, tmp_path):
    folder = shutil.copytree(bare, tmp_path / "bundle")
    values = json.loads((folder / "bundle.json").read_text())
    values["calibration"] = {"method": "temperature", "temperature": 2.0}
    (folder / "bundle.json").write_text(json.dumps(values))
    with pytest.raises(BundleError, match="does not tell what it was fitted to; export"):
        calibrate_bundle(read_bundle(folder), STEPS, TOLD, {})


def test_bundles_keep_to_the_schema(bare, calibrated):
    jsonschema = pytest.importorskip("jsonschema")
    for folder in (bare, calibrated):
        values = json.loads((folder / "bundle.json").read_text())
        jsonschema.validate(values, contract_schema())


@pytest.mark.parametrize("fitted", [STEPS, Temperature(3.0), Temperature(0.2)])
@pytest.mark.parametrize("old", [0.0, 0.02, 0.2, 0.4, 0.6, 0.8, 0.85, 0.95])
def test_no_pixel_becomes_landslide_where_a_sensor_is_missing(fitted, old):
    dropout = BandDropout(0.3, {"sar": ("slope",)}, {"sar": old})
    contract = CONTRACT.__class__(**{**CONTRACT.__dict__, "band_dropout": dropout})
    told = calibrated_contract(contract, fitted, TOLD, {})
    new = told.band_dropout.thresholds["sar"]
    assert told.calibration.bare.band_dropout == dropout and 0 <= new <= 1
    p = np.random.default_rng(0).random(20000, np.float32)
    p = np.sort(np.append(p, [np.float32(old), np.nextafter(np.float32(old), np.float32(0))]))
    before, after = p >= np.float32(old), as_graph(fitted, p) >= np.float32(new)
    if old == 0.95 and fitted is STEPS:
        # Nothing lies above 1: those at it are landslide.
        np.testing.assert_array_equal(after, p >= np.float32(0.9))
        return
    assert not (after & ~before).any()
    lost = as_graph(fitted, p[before & ~after])
    assert not lost.size or (lost == as_graph(fitted, np.float32([old]))).all()
