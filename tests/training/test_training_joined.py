"""Batches of several basins as one source."""

import numpy as np
from synthetic_batches import SquareBatches

from keras_landslide.training.joined import JoinedBatches


def test_every_batch_of_every_basin_occurs_once_per_epoch_in_another_order():
    sources = [SquareBatches(seed=1, shuffle=False), SquareBatches(seed=2, shuffle=False)]
    joined = JoinedBatches(sources, seed=3)
    assert len(joined) == sum(len(source) for source in sources)

    def sums(batches, epoch):
        return [float(np.nansum(batches.batch(epoch, i)[0])) for i in range(len(batches))]

    plain = JoinedBatches(sources, shuffle=False)
    orders = []
    for epoch in (0, 1):
        wanted = sums(sources[0], epoch) + sums(sources[1], epoch)
        assert sums(plain, epoch) == wanted
        found = sums(joined, epoch)
        assert sorted(found) == sorted(wanted) and found != wanted
        assert found == sums(JoinedBatches(sources, seed=3), epoch)
        orders.append([wanted.index(value) for value in found])
    assert orders[0] != orders[1]
    np.testing.assert_array_equal(plain.batch(0, 0)[1], sources[0].batch(0, 0)[1])
