"""What a network gives on JAX, from one process for all tests."""

import functools
import os
import subprocess
import sys

import numpy as np

JAX = """
import sys
import keras, numpy as np
from keras_landslide import models
assert keras.backend.backend() == "jax"
# The weights come from the file: to draw random ones before takes JAX 20 s per network.
keras.initializers.VarianceScaling.__call__ = lambda self, shape, dtype=None: np.zeros(shape, dtype)
for line in sys.stdin:
    model_file, x_file, y_file = line.rstrip("\\n").split("\\t")
    model = keras.models.load_model(model_file, compile=False)
    np.save(y_file, model.predict_on_batch(np.load(x_file)))
    keras.backend.clear_session()
    print("done", flush=True)
"""


@functools.cache
def jax_process():
    """One process on JAX for all networks, since starting it takes longer than a prediction."""
    return subprocess.Popen(
        [sys.executable, "-c", JAX],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "KERAS_BACKEND": "jax"},
    )


def predict_on_jax(model, x, folder):
    """What a saved and loaded copy of `model` gives for `x` on JAX."""
    files = [folder / "m.keras", folder / "x.npy", folder / "y.npy"]
    model.save(files[0])
    np.save(files[1], x)
    process = jax_process()
    if process.poll() is not None:
        jax_process.cache_clear()
        process = jax_process()
    print(*files, sep="\t", file=process.stdin, flush=True)
    assert process.stdout.readline() == "done\n", "failed on JAX; the traceback is in stderr"
    return np.load(files[2])
