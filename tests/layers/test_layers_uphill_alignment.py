import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from uphill_reference import random_terrain, reference_aligned, reference_index

from keras_landslide.errors import ModelError
from keras_landslide.layers.uphill_alignment import UphillAlignment
from keras_landslide.models.analysis.receptive_field import receptive_field


def terrain_image(seed):
    """Elevation, two features and the reference's stored indices; expected alignment."""
    elevation, cell, ranges = random_terrain(seed, shape=(37, 45))
    rng = np.random.default_rng(seed + 100)
    features = rng.normal(size=(*elevation.shape, 2)).astype("float32")
    index = [reference_index(elevation, range_m, cell) for range_m in ranges]
    image = np.dstack([elevation, features, *index]).astype("float32")
    return image[None], cell, ranges, reference_aligned(features, elevation, ranges, cell)


def check_twenty_terrains():
    """On the backend in use: computed and stored indices both equal the plain loop, exactly."""
    for seed in range(20):
        image, cell, ranges, expected = terrain_image(seed)
        computed = UphillAlignment(ranges, cell, [1, 2], elevation=0)(image)
        stored = UphillAlignment(ranges, cell, [1, 2], index=[3, 4])(image)
        for found in (computed, stored):
            found = keras.ops.convert_to_numpy(found)[0]
            np.testing.assert_array_equal(found, expected, err_msg=f"seed {seed}")


def test_twenty_terrains():
    check_twenty_terrains()


def test_twenty_terrains_on_jax():
    pytest.importorskip("jax")
    done = subprocess.run(
        [sys.executable, "-c", "import test_layers_uphill_alignment as t; "
         "assert t.keras.backend.backend() == 'jax'; t.check_twenty_terrains(); print('equal')"],
        cwd=Path(__file__).parent, capture_output=True, text=True,
        env=os.environ | {"KERAS_BACKEND": "jax", "PYTHONPATH": str(Path(__file__).parents[1])},
    )  # fmt: skip
    assert done.stdout.strip() == "equal", done.stderr[-2000:]


def test_relative_channels_are_differences():
    image, cell, ranges, _ = terrain_image(1)
    plain = np.asarray(UphillAlignment(ranges, cell, [0, 1], elevation=0)(image))
    relative = np.asarray(UphillAlignment(ranges, cell, [0, 1], elevation=0, relative=[0])(image))
    np.testing.assert_allclose(relative[..., 0], plain[..., 0] - image[..., 0], rtol=1e-6)
    np.testing.assert_array_equal(relative[..., 1], plain[..., 1])


def test_stored_none_and_nan_take_the_pixel_itself():
    image = np.random.default_rng(0).normal(size=(1, 6, 6, 2)).astype("float32")
    image[..., 1] = -1
    image[0, 2, 2, 1] = np.nan
    out = np.asarray(UphillAlignment([30], 10, [0], index=[1])(image))
    np.testing.assert_array_equal(out[..., 0], image[..., 0])


def test_saved_exported_and_seen_by_the_receptive_field(tmp_path):
    import tensorflow as tf

    inputs = keras.Input((None, None, 2))
    layer = UphillAlignment([30, 100], 10, [1], elevation=0, relative=[1])
    model = keras.Model(inputs, layer(inputs))
    assert layer(inputs).shape == (None, None, None, 2)
    assert receptive_field(model).radius_px == 10
    assert receptive_field(model).bounded
    image = terrain_image(1)[0][..., :2]
    expected = model.predict(image, verbose=0)
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(loaded.predict(image, verbose=0), expected)
    model.export(tmp_path / "saved", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "saved")).serve(image)
    np.testing.assert_array_equal(served, expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "one"),
        ({"elevation": 0, "index": [1]}, "one"),
        ({"index": [1, 1]}, "one per range"),
        ({"elevation": 2}, "channel 2 of 2"),
        ({"index": [-1]}, "channel -1 of 2"),
        ({"elevation": 0, "relative": [0]}, "channel 0 relative, which it does not gather"),
    ],
)
def test_wrong_positions(options, message):
    with pytest.raises(ModelError, match=message):
        UphillAlignment([30], 10, [1], **options)(np.zeros((1, 8, 8, 2), "float32"))
