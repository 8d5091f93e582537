"""The engine runs in processes of its own: Keras runs on TensorFlow in this one."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import rasterio
from inference_toys import contract, write_stack

pytest.importorskip("jax")

from keras_landslide.bundle.read import read_bundle
from keras_landslide.bundle.write import write_network
from keras_landslide.cli.main import main
from keras_landslide.errors import BundleError, EngineError
from keras_landslide.inference.engines import jax as jax_engine
from keras_landslide.inference.engines import table as engine
from keras_landslide.models import registry
from keras_landslide.models.analysis.receptive_field import receptive_field
from keras_landslide.rasters.read import read_bands

QUICK = {"unet_colombia"}
NETWORKS = [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in registry.MODELS]
ANSWER = """
import json, sys
import numpy as np
from keras_landslide.bundle.read import read_bundle
from keras_landslide.inference.engines.jax import JaxBundle
images, bundle = np.load(sys.argv[2]), read_bundle(sys.argv[1])
for name in ("float32", "mixed_float16"):
    call = JaxBundle(bundle, name)
    np.save(f"{sys.argv[3]}/{name}.npy", call(images))
    shape = call(images[:, :images.shape[1] // 2]).shape
print(json.dumps([shape, call.most_px, sorted({"tensorflow", "rasterio"} & set(sys.modules))]))
"""
LIMITS = """
import sys
import jax
import numpy as np
from unittest.mock import patch
from keras_landslide.bundle.read import read_bundle
from keras_landslide.inference.engines.jax import JaxBundle
from keras_landslide.inference.network import Network
device = type(jax.devices()[0])
limit = {"bytes_limit": 3 * 10**8, "bytes_in_use": 10**8}
bundle = read_bundle(sys.argv[1])
with patch.object(device, "memory_stats", lambda self: limit):
    call = JaxBundle(bundle)
    most, half = call.most_px, JaxBundle(bundle, "mixed_float16").most_px
    together = Network((bundle,), symmetries=True, engine="jax").load().most_px
side = int(most**0.5) // 16 * 16
images = jax.ShapeDtypeStruct((1, side, side, 2), np.float32)
taken = call._run.lower(*call._state, images).compile().memory_analysis().temp_size_in_bytes
print(taken / 2e8, half / most, together == most, Network((bundle,), engine="jax").device)
"""
OVERFLOW = """
import sys
import numpy as np
from keras_landslide.bundle.read import read_bundle
from keras_landslide.inference.engines.jax import JaxBundle
call = JaxBundle(read_bundle(sys.argv[1]), "mixed_float16")
call._state[0][0] = call._state[0][0] * 1e6
call(np.ones((1, 64, 64, 2), np.float32))
"""


def make_network(folder, name="unet_colombia"):
    import keras

    keras.utils.set_random_seed(4)
    known = registry.options(name)
    options = {key: 4 for key in ("filters", "pyramid_filters") if key in known}
    model = registry.build(name, (None, None, 2), **options)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.moving_mean.assign(keras.random.normal(layer.moving_mean.shape, stddev=0.1))
    field = receptive_field(model)
    folder.mkdir()
    write_network(model, folder, folder)
    sees = {"stride_px": field.stride_px, "halo_px": field.halo_px, "bounded": field.bounded}
    entry = contract(**sees, model={"name": name, "options": options})
    (folder / "bundle.json").write_text(json.dumps(entry))
    return folder


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return make_network(tmp_path_factory.mktemp("network") / "bundle")


@pytest.mark.parametrize("name", NETWORKS)
def test_answers_like_tensorflow(name, tmp_path):
    folder = make_network(tmp_path / "bundle", name)
    stride = read_bundle(folder).stride_px
    side = -(-64 // stride) * stride
    images = np.random.default_rng(3).normal(size=(2, 2 * side, side, 2)).astype(np.float32)
    images[0, 5:9, 7:12, 1] = np.nan
    np.save(tmp_path / "images.npy", images)
    done = subprocess.run(
        [sys.executable, "-c", ANSWER, folder, tmp_path / "images.npy", tmp_path],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    shape, most_px, modules = json.loads(done.stdout)
    assert shape == [2, side, side] and most_px is None
    if not name.startswith("deeplab"):  # Keras's own backbones ask for TensorFlow where it is there
        assert modules == []
    expected = engine.load(folder)(images)
    full, half = (np.load(tmp_path / f"{each}.npy") for each in ("float32", "mixed_float16"))
    np.testing.assert_allclose(full, expected, atol=1e-5)
    np.testing.assert_allclose(half, expected, atol=0.02)
    assert half.dtype == np.float32
    if name in QUICK:
        assert np.ptp(expected) > 1e-2 and np.abs(half - full).max() > 1e-6  # it is another


def run(code, *arguments):
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )


def test_memory_of_a_gpu(bundle):
    """A window of as many pixels as are allowed takes the share of the memory that it may."""
    done = run(LIMITS, bundle)
    share, half, as_committee, device = done.stdout.split()
    assert 0.5 < float(share) <= 0.8
    assert float(half) > 1 / 2 and as_committee == "True" and device == "cpu"


def test_values_too_large_for_half_precision(bundle):
    last = run(OVERFLOW, bundle).stderr.splitlines()[-1]
    assert "EngineError" in last and "too large for half precision; choose `engine` jax" in last


def predict(bundle, stack, out, *options, variables=None):
    command = [sys.executable, "-m", "keras_landslide", "predict", bundle, stack, "-o", out]
    return subprocess.run(
        [*command, *options], capture_output=True, text=True, env=os.environ | (variables or {})
    )


def read(out, *names):
    with rasterio.open(out / "probability.tif") as src:
        return src.tags(), read_bands(src.name, names)


def test_maps(bundle, tmp_path):
    image = np.random.default_rng(3).normal(size=(161, 193, 2)).astype(np.float32)
    stack = write_stack(tmp_path / "s.tif", image)
    maps = []
    for name, options in {
        "a": ["--window", "160"],
        "b": ["--window", "160", "--engine", "jax"],
        "c": ["--window", "160", "--engine", "jax", "--workers", "1"],
        "d": ["--memory", "2GB", "--engine", "jax", "--augment"],
    }.items():
        done = predict(bundle, stack, tmp_path / name, *options)
        assert done.returncode == 0, done.stderr
        maps.append(read(tmp_path / name, "probability"))
    tags = [tag for tag, _ in maps]
    assert [tag["ENGINE"] for tag in tags] == ["tensorflow", "jax", "jax", "jax"]
    assert "DEVICE" not in tags[0] and tags[1]["DEVICE"] == "cpu"
    expected, here, there, turned = (pixels for _, pixels in maps)
    np.testing.assert_allclose(here, expected, atol=1e-5)
    np.testing.assert_array_equal(here, there)
    assert turned.std() > 1e-3 and np.abs(turned - expected).mean() < 0.1
    assert len({tag["PIXELS"] for tag in tags}) == 3


@pytest.mark.parametrize(
    ("options", "variables", "said"),
    [
        (["--engine", "jax_float16"], {}, "for GPUs and JAX sees none"),
        (["--engine", "jax"], {"JAX_PLATFORMS": "cuda"}, "JAX cannot use its device ("),
    ],
)
def test_no_gpu(bundle, tmp_path, options, variables, said):
    stack = write_stack(tmp_path / "s.tif", np.ones((40, 40, 2), np.float32))
    done = predict(bundle, stack, tmp_path / "out", *options, variables=variables)
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 2 and said in last and "Traceback" not in done.stderr
    assert not list((tmp_path / "out").glob("*.tif"))


def test_windows_keep_to_the_memory_of_a_gpu(bundle, tmp_path, monkeypatch):
    from keras_landslide.inference.engines.tensorflow import TensorFlowBundle
    from keras_landslide.inference.network import Network
    from keras_landslide.inference.scene import Running, map_stack

    image = np.random.default_rng(3).normal(size=(400, 500, 2)).astype(np.float32)
    stack = write_stack(tmp_path / "s.tif", image)
    least = 2 * read_bundle(bundle).halo_px + 100
    for symmetries, most_px, batch_size in [(False, 10**9, 1), (True, 3 * least**2, 2)]:
        monkeypatch.setattr(TensorFlowBundle, "most_px", most_px)
        network = Network((read_bundle(bundle),), symmetries=symmetries)
        path = tmp_path / f"{batch_size}.tif"
        map_stack(network, stack, path, Running(memory="3GB", batch_size=batch_size))
        with rasterio.open(path) as src:
            height, width = map(int, src.tags()["WINDOW_PX"].split("x"))
        assert batch_size * height * width <= most_px
        assert (height * width > 400 * 500) == (batch_size == 1)
    monkeypatch.setattr(TensorFlowBundle, "most_px", 1000)
    with pytest.raises(EngineError, match="memory does not hold a window of"):
        map_stack(Network((read_bundle(bundle),)), stack, tmp_path / "x.tif", Running(memory="3GB"))


def test_not_installed(bundle, tmp_path, monkeypatch, capsys):
    stack = write_stack(tmp_path / "s.tif", np.ones((40, 40, 2), np.float32))
    monkeypatch.setitem(sys.modules, "jax", None)
    arguments = ["predict", bundle, stack, "-o", tmp_path / "out", "--engine", "jax"]
    with pytest.raises(SystemExit) as stop:
        main([str(each) for each in arguments])
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()[-1:]
    assert "pip install keras-landslide[jax]" in line


def test_keras_runs_on_another_backend_already(bundle):
    with pytest.raises(EngineError, match=r"Keras runs on tensorflow .*set KERAS_BACKEND=jax"):
        engine.load(bundle, "jax")
    assert os.environ.get("KERAS_BACKEND") != "jax"


def test_bundles_that_it_cannot_run(tmp_path):
    folder = make_network(tmp_path / "bundle")
    assert jax_engine._network(read_bundle(folder), "mixed_float16").dtype_policy.name == (
        "mixed_float16"
    )
    entry = json.loads((folder / "bundle.json").read_text())
    (folder / "bundle.json").write_text(json.dumps(entry | {"model": {"name": "unet_colombia",
                                                                      "options": {}}}))  # fmt: skip
    with pytest.raises(BundleError, match=r"model.keras: cannot be loaded .*export the run again"):
        jax_engine._network(read_bundle(folder), "mixed_float16")
    for known in (None, entry["model"] | {"members": 5, "sides": 4}):
        (folder / "bundle.json").write_text(json.dumps(entry | {"model": known}))
        with pytest.raises(EngineError, match=r"no single network .*`engine` jax"):
            jax_engine._network(read_bundle(folder), "mixed_float16")
    damaged = bytearray((folder / "model.keras").read_bytes())
    damaged[len(damaged) // 2] ^= 255
    (folder / "model.keras").write_bytes(damaged)
    with pytest.raises(BundleError, match=r"model.keras: cannot be loaded .*export the run again"):
        jax_engine._network(read_bundle(folder), "float32")
    (folder / "model.keras").write_bytes(b"no zip")
    with pytest.raises(BundleError, match=r"model.keras: cannot be loaded .*export the run again"):
        jax_engine._network(read_bundle(folder), "float32")
    (folder / "model.keras").unlink()
    with pytest.raises(EngineError, match=r"holds no model.keras.*export the run again"):
        jax_engine._network(read_bundle(folder), "float32")
