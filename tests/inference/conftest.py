import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from inference_toys import BANDS, build_network, contract, write_stack


@pytest.fixture(scope="session")
def network():
    return build_network()


@pytest.fixture(scope="session")
def predict(network):
    def call(images):
        return network.predict_on_batch(images)[..., 0]

    return call


@pytest.fixture
def make_stack(tmp_path):
    def make(shape, *, seed=0, name="stack.tif", **options):
        image = np.random.default_rng(seed).normal(size=(*shape, len(BANDS))).astype(np.float32)
        return write_stack(options.pop("path", tmp_path / name), image, **options), image

    return make


@pytest.fixture(scope="session")
def saved_model(network, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("toy") / "saved_model"
    network.export(folder, verbose=False)
    return folder


@pytest.fixture
def make_bundle(tmp_path, saved_model):
    def make(name="bundle", **changes):
        folder = tmp_path / name
        folder.mkdir()
        shutil.copytree(saved_model, folder / "saved_model")
        (folder / "bundle.json").write_text(json.dumps(contract(**changes)))
        return folder

    return make
