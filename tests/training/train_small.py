"""Train a small network on synthetic squares; run as a script so that a test can kill it."""

import sys
import time

from synthetic_batches import SquareBatches

from keras_landslide import models
from keras_landslide.config import RunConfig
from keras_landslide.training.compiling import fix_seeds
from keras_landslide.training.precision import computing_in
from keras_landslide.training.run import train

CONFIG = RunConfig().with_values(
    model={"options": {"filters": 4, "levels": 2, "dropout": 0.2, "normalisation": "batch"}},
    training={"epochs": 4, "patience": 3, "batch_size": 2, "learning_rate": 3e-3},
)


class SlowBatches(SquareBatches):
    """Waits in the middle of one epoch, so that a kill surely lands there."""

    def __init__(self, slow_epoch, **kwargs):
        super().__init__(**kwargs)
        self.slow_epoch = slow_epoch

    def batch(self, epoch, index):
        if epoch == self.slow_epoch and index == 1:
            print("in the middle", flush=True)
            time.sleep(60)
        return super().batch(epoch, index)


def run(folder, train_batches, config=CONFIG, callbacks=()):
    fix_seeds(config.training.seed, config.training.jit_compile)
    with computing_in(config.training.precision):
        model = models.build(config.model.name, (32, 32, 3), **config.model.options)
    model.get_layer("normalise").set_statistics([100] * 3, [10] * 3)
    val = SquareBatches(seed=1, shuffle=False)
    metrics = train(model, train_batches, val, folder, config, callbacks=callbacks, quiet=True)
    return model, metrics


if __name__ == "__main__":
    slow_epoch = int(sys.argv[2])
    run(sys.argv[1], SlowBatches(slow_epoch) if slow_epoch >= 0 else SquareBatches())
