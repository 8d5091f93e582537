"""A run that several verbs are tried on, trained once."""

import pytest
from leaky_scene import write_run

from keras_landslide.config import load_run_config
from keras_landslide.workflows.train import train_run


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """Folder with `stack.tif`, `stack.gpkg` and a finished `run`."""
    folder = tmp_path_factory.mktemp("trained")
    train_run(load_run_config(write_run(folder, epochs=25)), folder / "run", quiet=True)
    return folder
