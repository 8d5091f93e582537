import os
import subprocess
import sys

import loss_gradients
import numpy as np
import pytest
from loss_gradients import CASES, batches, value_and_gradient

from keras_landslide import losses


@pytest.mark.parametrize(("name", "from_logits"), CASES)
def test_unlabelled_pixels_get_no_gradient(name, from_logits):
    loss = losses.LOSSES[name](from_logits=from_logits)
    y, p = batches(from_logits)[0]
    _, gradient = value_and_gradient(loss)(y, p)
    assert (gradient[y == 255] == 0).all()
    assert (gradient[y != 255] != 0).any()
    # More landslide where there is one, less where there is none, never raises the loss.
    assert (gradient[y == 1] <= 0).all() and (gradient[y == 0] >= 0).all()


@pytest.mark.parametrize(("name", "from_logits"), CASES)
def test_nan_without_a_label_leaves_the_gradient(name, from_logits):
    step = value_and_gradient(losses.LOSSES[name](from_logits=from_logits))
    y, p = batches(from_logits)[0]
    _, expected = step(y, p)
    _, gradient = step(y, np.where(y == 255, np.nan, p).astype(p.dtype))
    np.testing.assert_array_equal(gradient, expected)


@pytest.mark.parametrize(("name", "from_logits"), CASES)
def test_batch_without_labels_costs_nothing(name, from_logits):
    loss = losses.LOSSES[name](from_logits=from_logits)
    value, gradient = value_and_gradient(loss)(*batches(from_logits)[1])
    assert value == pytest.approx(0, abs=1e-6)
    assert (gradient == 0).all()


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize(("name", "from_logits"), CASES)
def test_value_and_gradient_are_finite(name, from_logits, dtype):
    step = value_and_gradient(losses.LOSSES[name](from_logits=from_logits))
    for y, p in batches(from_logits, dtype):
        value, gradient = step(y, p)
        assert value.dtype == np.float32
        assert np.isfinite(value) and value >= 0
        # A gradient with respect to certain half-precision probabilities may overflow float16.
        assert not np.isnan(gradient).any()
        if dtype == "float32" or from_logits:
            assert np.isfinite(gradient).all()


@pytest.mark.parametrize("name", losses.LOSSES)
def test_gradient_equals_finite_differences(name):
    loss = losses.get(name)
    y, p = batches(False)[0]
    _, gradient = value_and_gradient(loss)(y, p)
    step = np.random.default_rng(1).choice([-1e-3, 1e-3], p.shape).astype("float32")
    difference = float(loss(y, p + step)) - float(loss(y, p - step))
    assert (gradient * 2 * step).sum() == pytest.approx(difference, rel=2e-2, abs=2e-6)


def test_same_values_and_gradients_on_jax(tmp_path):
    pytest.importorskip("jax")
    subprocess.run(
        [sys.executable, loss_gradients.__file__, tmp_path / "jax.npz"],
        check=True,
        env={**os.environ, "KERAS_BACKEND": "jax"},
    )
    found = np.load(tmp_path / "jax.npz")
    expected = loss_gradients.results()
    assert set(found.files) == set(expected)
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, rtol=1e-4, atol=1e-6, err_msg=key)
