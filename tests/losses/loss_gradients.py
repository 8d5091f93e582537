"""Value and gradient of every loss on fixed batches, on the backend in use: OUT.npz."""

import sys

import keras
import numpy as np

from keras_landslide import losses

CASES = [(name, from_logits) for name in losses.LOSSES for from_logits in (False, True)]


def batches(from_logits, dtype="float32"):
    """Labels and predictions: mixed, all unlabelled, no landslide, all right, all wrong."""
    rng = np.random.default_rng(0)
    truth = rng.choice([0, 1, 255], (2, 5, 4, 1), p=[0.5, 0.3, 0.2]).astype("float32")
    probability = rng.uniform(0.05, 0.95, truth.shape)
    unlabelled = np.full_like(truth, 255)
    none = np.where(truth == 1, 0, truth)
    right = (truth == 1).astype(float)
    cases = [
        (truth, probability),
        (unlabelled, probability),
        (none, probability),
        (truth, right),
        (truth, 1 - right),
    ]
    if from_logits:
        cases = [(y, 40 * (p - 0.5)) for y, p in cases]
    return [(y, p.astype(dtype)) for y, p in cases]


def value_and_gradient(loss):
    """A function of labels and predictions, compiled as in training."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(jax.value_and_grad(loss, argnums=1))
    import tensorflow as tf

    @tf.function
    def step(y, p):
        with tf.GradientTape() as tape:
            tape.watch(p)
            value = loss(y, p)
        return value, tape.gradient(value, p)

    return lambda y, p: [x.numpy() for x in step(tf.constant(y), tf.constant(p))]


def results():
    found = {}
    for name, from_logits in CASES:
        step = value_and_gradient(losses.LOSSES[name](from_logits=from_logits))
        for index, (y, p) in enumerate(batches(from_logits)):
            value, gradient = step(y, p)
            found[f"{name}-{from_logits}-{index}-value"] = value
            found[f"{name}-{from_logits}-{index}-gradient"] = gradient
    return found


if __name__ == "__main__":
    assert keras.backend.backend() == "jax"
    np.savez(sys.argv[1], **results())
