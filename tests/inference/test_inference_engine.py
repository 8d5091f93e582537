import subprocess
import sys

import numpy as np
import pytest

from keras_landslide.errors import BundleError
from keras_landslide.inference import engine


def test_saved_model_answers_like_the_network(make_bundle, predict):
    images = np.random.default_rng(2).normal(size=(2, 24, 40, 2)).astype(np.float32)
    images[0, 3, 4, 1] = np.nan
    call = engine.load(make_bundle())
    np.testing.assert_allclose(call(images), predict(images), atol=1e-6)
    assert call(images[:1, :20, :20]).shape == (1, 20, 20)


def test_engine_needs_neither_our_layers_nor_noise(make_bundle):
    code = (
        "import sys; from keras_landslide.inference import engine;"
        "import numpy as np; assert 'tensorflow' not in sys.modules;"
        f"p = engine.load({str(make_bundle())!r})(np.zeros((1, 8, 8, 2), 'float32'));"
        "rooms = [m for m in sys.modules if m.startswith(('keras_landslide.layers',"
        " 'keras_landslide.models', 'keras_landslide.training'))]; print(p.shape, rooms)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.returncode, done.stderr) == ("(1, 8, 8) []\n", 0, "")


def test_graph_that_takes_other_bands(make_bundle):
    band = {"name": "red", "unit": "reflectance", "kind": "continuous"}
    with pytest.raises(BundleError, match="names 1 bands"):
        engine.load(make_bundle(bands=[band]))


def test_damaged_graph(make_bundle):
    folder = make_bundle()
    (folder / "saved_model" / "saved_model.pb").write_bytes(b"no graph")
    with pytest.raises(BundleError, match=r"saved_model: cannot be loaded .*export the run again"):
        engine.load(folder)


def test_weights_that_were_cut_short_on_their_way(make_bundle):
    folder = make_bundle()
    (data,) = (folder / "saved_model" / "variables").glob("variables.data*")
    data.write_bytes(data.read_bytes()[:-40])
    with pytest.raises(BundleError, match=r"saved_model: cannot be loaded .*export the run again"):
        engine.load(folder)
