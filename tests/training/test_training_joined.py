"""Batches of several basins as one source."""

import numpy as np
from synthetic_batches import SquareBatches

from keras_landslide.training.joined import JoinedBatches


def test_every_batch_of_every_basin_occurs_once_per_epoch_in_another_order():
    sources = [SquareBatches(seed=1, shuffle=False), SquareBatches(seed=2, shuffle=False)]
    joined = JoinedBatches(sources, seed=3)
    assert len(joined) == sum(len(source) for source in sources)

    def sums(batches, epoch):
        return [float(batches.batch(epoch, i)[0].sum()) for i in range(len(batches))]

    wanted = sorted(sums(sources[0], 0) + sums(sources[1], 0))
    orders = [sums(joined, epoch) for epoch in (0, 1)]
    assert sorted(orders[0]) == wanted == sorted(orders[1])
    assert orders[0] != orders[1] and orders[0] == sums(JoinedBatches(sources, seed=3), 0)
    plain = JoinedBatches(sources, shuffle=False)
    assert sums(plain, 1) == sums(sources[0], 1) + sums(sources[1], 1)
    np.testing.assert_array_equal(plain.batch(0, 0)[1], sources[0].batch(0, 0)[1])
