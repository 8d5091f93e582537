"""Strips of a scene: reading ahead in a thread, in order and behind the network's own threads."""

import os
import sys

import pytest

from keras_landslide.inference.strips import read_ahead


def test_items_come_in_order_and_errors_in_their_place():
    def load(item):
        return 6 // item

    items = read_ahead([1, 2, 3, 0, 6], load, depth=2)
    assert [next(items) for _ in range(3)] == [6, 3, 2]
    with pytest.raises(ZeroDivisionError):
        next(items)


@pytest.mark.skipif(sys.platform != "linux", reason="niceness of a thread is Linux's alone")
def test_the_reading_thread_alone_steps_back():
    before = os.nice(0)
    assert list(read_ahead([0, 0], os.nice, depth=1)) == [min(before + 10, 19)] * 2
    assert os.nice(0) == before
