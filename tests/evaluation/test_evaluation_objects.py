"""Objects one by one, on boxes whose overlap can be worked out by hand."""

import numpy as np
import pytest
import shapely
from affine import Affine

from keras_landslide.evaluation.object_table import object_rows, object_summary, size_class
from keras_landslide.grid import Grid
from keras_landslide.inventory.measure import measure_on

MEASURE = measure_on(Grid("EPSG:32618", Affine(10, 0, 0, 0, -10, 0), (10, 10)))


def boxes(*corners):
    return np.array([shapely.box(*c) for c in corners], dtype=object)


def test_pieces_distances_and_areas():
    inventory = boxes((0, 0, 200, 100), (1000, 0, 1100, 100), (3000, 0, 3010, 10))
    predicted = boxes(
        (0, 0, 100, 100), (150, 0, 200, 100), (1020, 0, 1120, 100), (5000, 0, 5100, 50)
    )
    rows = object_rows(predicted, inventory, MEASURE, spacing=10)
    theirs, ours = rows[:3], rows[3:]
    first, second, third = theirs
    assert (first.pieces, first.found, first.area_m2) == (2, True, 20_000)
    assert first.overlap == pytest.approx(0.75) and first.iou == pytest.approx(0.5)
    assert first.uncovered == pytest.approx(0.5)
    assert second.centroid_distance_m == pytest.approx(20)
    assert second.iou == pytest.approx(8000 / 12000)
    assert 0 < second.boundary_distance_m < 20
    assert (third.found, third.iou, third.centroid_distance_m) == (False, 0, None)
    assert [row.found for row in ours] == [True, True, True, False]
    summary = object_summary(rows)
    assert summary["missed_area_m2"] == pytest.approx(5000 + 2000 + 100)
    assert summary["false_area_m2"] == pytest.approx(2000 + 5000)
    assert (summary["over_segmented"], summary["under_segmented"]) == (1, 0)
    sizes = summary["by_size_m2"]
    assert sizes["<1000"] == {"inventory": 1, "detected": 0, "rate": 0}
    assert sizes["10000-100000"] == {"inventory": 2, "detected": 2, "rate": 1}
    assert sizes[">=100000"]["rate"] is None


def test_an_outline_over_itself_and_one_shifted():
    square = boxes((0, 0, 100, 100))
    same = object_rows(square, square, MEASURE, spacing=10)[0]
    assert (same.iou, same.boundary_distance_m, same.uncovered) == (1, 0, 0)
    around = boxes((-10, -10, 110, 110))
    grown = object_rows(around, square, MEASURE, spacing=10)[0]
    # Inner outline to the outer one: 10 everywhere; back: 10, and up to 14.1 at four corners.
    assert 10 <= grown.boundary_distance_m < 10.5


def test_one_prediction_over_two_landslides_and_the_surveyed_area():
    inventory = boxes((0, 0, 100, 100), (200, 0, 300, 100))
    rows = object_rows(boxes((0, 0, 300, 100)), inventory, MEASURE, spacing=10)
    assert object_summary(rows)["under_segmented"] == 1
    rows = object_rows(
        boxes((0, 0, 300, 100)), inventory, MEASURE, spacing=10, surveyed=boxes((0, 0, 150, 100))
    )
    assert [(row.side, row.area_m2) for row in rows] == [
        ("inventory", 10_000),
        ("predicted", 15_000),
    ]


def test_nothing_on_one_side_and_degrees():
    none = boxes()
    one = boxes((0, 0, 1e-3, 1e-3))
    assert object_rows(none, none, MEASURE, spacing=10) == []
    summary = object_summary(object_rows(none, boxes((0, 0, 10, 10)), MEASURE, spacing=10))
    assert summary["missed_area_m2"] == 100 and summary["median_iou"] is None
    rows = object_rows(one, one, MEASURE, spacing=1e-4, metric=False)
    assert rows[0].centroid_distance_m is None and rows[0].iou == pytest.approx(1)


def test_size_classes_hold_their_lower_edge():
    assert [size_class(a) for a in (999, 1000, 1e5)] == ["<1000", "1000-10000", ">=100000"]
