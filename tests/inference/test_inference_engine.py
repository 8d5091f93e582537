import json
import os
import subprocess
import sys
from configparser import ConfigParser
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import rasterio
from inference_toys import contract, write_stack

from keras_landslide.bundle.read import read_bundle
from keras_landslide.cli.main import main
from keras_landslide.cli.predict import command
from keras_landslide.errors import BundleError, EngineError, UnknownNameError
from keras_landslide.inference.engines import table as engine
from keras_landslide.inference.engines.base import LoadedBundle
from keras_landslide.inference.network import Network
from keras_landslide.rasters.read import read_bands
from keras_landslide.workflows.predict import predict

ROOT = Path(__file__).parents[2]
with_openvino = pytest.mark.skipif(find_spec("openvino") is None, reason="needs openvino")
HERE = ("tensorflow", "xla", "openvino")  # the others need Keras on JAX
names = [pytest.param(n, marks=with_openvino if n == "openvino" else ()) for n in HERE]


@pytest.fixture(params=names)
def load(request):
    return lambda folder: engine.load(folder, request.param)


def test_saved_model_answers_like_the_network(load, make_bundle, predict):
    images = np.random.default_rng(2).normal(size=(2, 24, 40, 2)).astype(np.float32)
    images[0, 3, 4, 1] = np.nan
    call = load(make_bundle())
    first = call(images)
    np.testing.assert_allclose(first, predict(images), atol=1e-6)
    kept = first.copy()
    call(images + 1)
    np.testing.assert_array_equal(first, kept)  # an answer is no window into the engine's memory
    assert call(images[:1, :20, :20]).shape == (1, 20, 20)


@pytest.mark.parametrize("pool", ["", "0"])
def test_tensorflow_keeps_the_memory_of_a_window(pool, make_bundle):
    """Page faults of a further call, from the kernel; hardly any unless it is switched off.

    The least of several calls: a thread that starts late has faults of its own.
    """
    code = (
        "import ctypes, resource, sys, numpy as np\n"
        "ctypes.CDLL(None).prctl(41, 1, 0, 0, 0)\n"  # PR_SET_THP_DISABLE: pages of 4 KiB alone
        "from pathlib import Path\n"
        "from keras_landslide.bundle import read as bundle\n"
        "from keras_landslide.inference.engines import table as engine\n"
        "call = engine.load(bundle.read_bundle(Path(sys.argv[1])), 'tensorflow')\n"
        "images = np.ones((1, 1024, 1024, 2), np.float32)\n"
        "faults = []\n"
        "for _ in range(7):\n"
        "    call(images)\n"
        "    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)\n"
        "print(min(np.diff(faults[1:])))"
    )
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPU_ALLOCATOR_USE_BFC"}
    if pool:
        environment["TF_CPU_ALLOCATOR_USE_BFC"] = pool
    done = subprocess.run(
        [sys.executable, "-c", code, str(make_bundle())],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    pages = 1024**2 * 4 * 4 // os.sysconf("SC_PAGE_SIZE")  # one layer of four channels
    assert (int(done.stdout) > pages) == bool(pool)


def test_engine_is_chosen_by_name(make_bundle):
    (choice,) = [each.type.choices for each in command.params if each.name == "engine"]
    assert tuple(choice) == tuple(engine.ENGINES)
    with pytest.raises(UnknownNameError, match="unknown engine 'onnx'; choose one of: tensorflow"):
        engine.load(make_bundle(), "onnx")


def test_every_engine_is_told_of():
    """In docs, and with the extra that installs it."""
    table = (ROOT / "docs" / "inference.md").read_text(encoding="utf-8")
    extras = ConfigParser()
    extras.read(ROOT / "setup.cfg")
    for name, row in engine.ENGINES.items():
        assert f"\n| `{name}` | " in table
        assert row.extra is None or row.extra in extras["options.extras_require"]
        assert issubclass(engine.engine_class(name), LoadedBundle)


@with_openvino
def test_maps_by_two_engines(make_bundle, tmp_path):
    """They agree, each says which it is by, and none passes for another's."""
    image = np.random.default_rng(3).normal(size=(61, 93, 2)).astype(np.float32)
    bundle, stack = make_bundle(), write_stack(tmp_path / "s.tif", image)
    maps, pixels = [], set()
    for name in HERE:
        path = predict(
            bundle, stack, tmp_path / "out", window_px=64, batch_size=2, augment=True, engine=name
        )["probability"]
        with rasterio.open(path) as src:
            assert src.tags()["ENGINE"] == name
            pixels.add(src.tags()["PIXELS"])
        maps.append(read_bands(path, ("probability", "uncertainty")))
    assert maps[0].std() > 0.01 and len(pixels) == len(maps)
    for other in maps[1:]:
        np.testing.assert_allclose(other, maps[0], atol=2e-6)


@with_openvino
def test_openvino_alone(make_bundle, tmp_path):
    """It does without TensorFlow, and without telling its makers that it was used."""
    code = (
        "import sys; import numpy as np;"
        "from keras_landslide.inference.engines import table as engine;"
        f"p = engine.load({str(make_bundle())!r}, 'openvino')(np.zeros((1, 8, 8, 2), 'f'));"
        "print(p.shape, {'tensorflow', 'keras'} & set(sys.modules),"
        " [m for m in sys.modules if 'telemetry.' in m])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True,
        env={**os.environ, "HOME": str(tmp_path)},
    )  # fmt: skip
    assert (done.stdout, done.returncode, done.stderr) == ("(1, 8, 8) set() []\n", 0, "")
    assert not (tmp_path / "intel").exists()  # where its identity number would lie


def test_openvino_not_installed(make_bundle, tmp_path, monkeypatch, capsys):
    stack = write_stack(tmp_path / "s.tif", np.ones((40, 40, 2), np.float32))
    monkeypatch.setitem(sys.modules, "openvino", None)
    arguments = ["predict", make_bundle(), stack, "-o", tmp_path / "out", "--engine", "openvino"]
    with pytest.raises(SystemExit) as stop:
        main([str(each) for each in arguments])
    assert stop.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    assert "pip install keras-landslide[openvino]" in lines[-1] and "Traceback" not in str(lines)


@pytest.mark.parametrize("name", names[1:])
def test_draws_are_tensorflows(name, make_bundle):
    folder = make_bundle()
    with pytest.raises(EngineError, match="by the engine tensorflow alone"):
        engine.load(folder, name).draws(2)
    with pytest.raises(EngineError, match=f"{name} cannot draw from dropout; leave `engine`"):
        Network((read_bundle(folder),), dropout_draws=2, engine=name)


@with_openvino
def test_openvino_that_cannot_run_a_window_runs_the_next(make_bundle):
    """Odd sides where the graph adds what it pooled: one line, and no half-changed state."""
    call = engine.load(make_bundle(), "openvino")
    images = np.zeros((1, 8, 8, 2), np.float32)
    first = call(images)
    with pytest.raises(EngineError, match=r"saved_model: OpenVINO cannot run it \(.+\); leave"):
        call(np.zeros((1, 7, 8, 2), np.float32))
    np.testing.assert_array_equal(call(images), first)


@pytest.mark.parametrize("options", [(), ("--augment", "--batch-size", "2")])
def test_window_that_the_memory_does_not_hold(options, make_bundle, tmp_path):
    """One line; the pool of TensorFlow stands for the memory of a GPU.

    It holds not even one layer of the window, so that it does not matter what runs side by side.
    """
    stack = write_stack(tmp_path / "s.tif", np.ones((1000, 1000, 2), np.float32))
    command = [sys.executable, "-m", "keras_landslide", "predict", make_bundle(), stack, "-o",
               tmp_path / "out", "--window", "1024", *options]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True,
        env={**os.environ, "TF_CPU_ALLOCATOR_USE_BFC": "1", "TF_CPU_BFC_MEM_LIMIT_IN_MB": "8"},
    )  # fmt: skip
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 2 and "error: the memory does not hold " in last
    assert ("2 windows of 532 x" if options else "a window of 532 x") in last
    assert "--window" in last and "Traceback" not in done.stderr


def test_calibration_is_applied_by_every_engine(load, make_bundle):
    images = np.random.default_rng(4).normal(size=(1, 16, 16, 2)).astype(np.float32)
    folder = make_bundle()
    plain = load(folder)(images)
    calibration = {"method": "temperature", "temperature": 2.0}
    (folder / "bundle.json").write_text(json.dumps(contract(calibration=calibration)))
    logit = np.log(plain / (1 - plain))
    np.testing.assert_allclose(load(folder)(images), 1 / (1 + np.exp(-logit / 2)), atol=1e-5)


def test_engine_needs_neither_our_layers_nor_noise(make_bundle):
    code = (
        "import sys; from keras_landslide.inference.engines import table as engine;"
        "import numpy as np; assert 'tensorflow' not in sys.modules;"
        f"p = engine.load({str(make_bundle())!r})(np.zeros((1, 8, 8, 2), 'float32'));"
        "rooms = [m for m in sys.modules if m.startswith(('keras_landslide.layers', 'osgeo',"
        " 'rasterio', 'keras_landslide.models', 'keras_landslide.training'))];"
        "print(p.shape, rooms)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.returncode, done.stderr) == ("(1, 8, 8) []\n", 0, "")


def test_graph_that_takes_other_bands(load, make_bundle):
    band = {"name": "red", "unit": "reflectance", "kind": "continuous"}
    with pytest.raises(BundleError, match="names 1 bands"):
        load(make_bundle(bands=[band]))


def test_damaged_graph(load, make_bundle):
    folder = make_bundle()
    (folder / "saved_model" / "saved_model.pb").write_bytes(b"no graph")
    with pytest.raises(BundleError, match=r"saved_model: cannot be loaded .*export the run again"):
        load(folder)


def test_weights_that_were_cut_short_on_their_way(load, make_bundle):
    folder = make_bundle()
    (data,) = (folder / "saved_model" / "variables").glob("variables.data*")
    data.write_bytes(data.read_bytes()[:-40])
    with pytest.raises(BundleError, match=r"saved_model: cannot be loaded .*export the run again"):
        load(folder)
