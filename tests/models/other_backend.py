"""What a network gives on another backend, from one process per backend for all tests."""

import functools
import os
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

OTHER = """
import sys
import keras, numpy as np
from keras_landslide import models
assert keras.backend.backend() == sys.argv[1]
# The weights come from the file: to draw random ones before takes JAX 20 s per network.
keras.initializers.VarianceScaling.__call__ = lambda self, shape, dtype=None: np.zeros(shape, dtype)
for line in sys.stdin:
    model_file, x_file, y_file = line.rstrip("\\n").split("\\t")
    model = keras.models.load_model(model_file, compile=False)
    np.save(y_file, model.predict_on_batch(np.load(x_file)))
    keras.backend.clear_session()
    print("done", flush=True)
"""

QUICKLY = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
"""XLA need not optimise what runs once."""


@functools.cache
def process_on(backend):
    """One process for all networks, since starting it takes longer than a prediction."""
    return subprocess.Popen(
        [sys.executable, "-c", OTHER, backend],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "KERAS_BACKEND": backend, "XLA_FLAGS": QUICKLY},
    )


def predict_on(backend, model, x, folder):
    """What a saved and loaded copy of `model` gives for `x` on `jax` or `torch`."""
    if not find_spec(backend):
        pytest.skip(f"{backend} is not installed")
    files = [folder / "m.keras", folder / "x.npy", folder / "y.npy"]
    model.save(files[0])
    np.save(files[1], x)
    process = process_on(backend)
    if process.poll() is not None:
        process_on.cache_clear()
        process = process_on(backend)
    print(*files, sep="\t", file=process.stdin, flush=True)
    done = process.stdout.readline()
    assert done == "done\n", f"failed on {backend}; the traceback is in stderr"
    return np.load(files[2])
