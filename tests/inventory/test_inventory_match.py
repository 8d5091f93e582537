import numpy as np
import pytest
import shapely
from shapely import box

from keras_landslide.inventory.clean import polygonal
from keras_landslide.inventory.match import match_objects

PREDICTED = np.array([box(0, 0, 10, 10), box(20, 0, 30, 10), box(100, 100, 110, 110)])
INVENTORY = np.array(
    [box(5, 0, 15, 10), box(20, 0, 22, 10), box(28, 0, 30, 10), box(50, 50, 51, 51)]
)


def test_hand_worked_overlap():
    match = match_objects(PREDICTED, INVENTORY)
    np.testing.assert_allclose(match.predicted_overlap, [0.5, 0.4, 0])
    np.testing.assert_allclose(match.inventory_overlap, [0.5, 1, 1, 0])
    np.testing.assert_allclose(match.predicted_iou, [50 / 150, 20 / 100, 0])
    assert (match.predicted, match.correct, match.inventory, match.detected) == (3, 2, 4, 3)
    assert match.precision == pytest.approx(2 / 3)
    assert match.recall == pytest.approx(3 / 4)
    assert match.f1 == pytest.approx(2 * (2 / 3) * 0.75 / (2 / 3 + 0.75))


def test_threshold_counts_each_side_by_its_own_area():
    match = match_objects(PREDICTED, INVENTORY, minimum_overlap=0.5)
    assert (match.correct, match.detected) == (1, 3)


def test_objects_of_an_inventory_that_overlap_count_once():
    match = match_objects(PREDICTED[:1], np.array([box(0, 0, 5, 10), box(0, 0, 5, 10)]))
    np.testing.assert_allclose(match.predicted_overlap, [0.5])


def test_a_shared_edge_is_no_overlap():
    match = match_objects(np.array([box(0, 0, 1, 1)]), np.array([box(1, 0, 2, 1)]))
    assert (match.correct, match.detected) == (0, 0)
    assert match.f1 == 0


def test_outside_the_surveyed_area_nothing_counts():
    match = match_objects(PREDICTED, INVENTORY, surveyed=np.array([box(0, 0, 10, 60)]))
    assert (match.predicted, match.inventory) == (1, 1)
    # Only the surveyed half of the first landslide counts, and it is covered.
    np.testing.assert_allclose(match.inventory_overlap[0], 1)


def test_empty_sides_give_nan():
    none = np.array([], dtype=object)
    match = match_objects(none, INVENTORY)
    assert np.isnan(match.precision) and match.recall == 0
    match = match_objects(PREDICTED, none)
    assert match.precision == 0 and np.isnan(match.recall)
    assert np.isnan(match_objects(none, none).f1)


def test_repair_keeps_area_and_drops_lines():
    bowtie = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    spike = shapely.Polygon([(0, 0), (1, 0), (1, 1), (1, 3), (1, 1), (0, 1)])
    line = shapely.LineString([(0, 0), (1, 1)])
    fixed = polygonal(np.array([bowtie, spike, line, box(0, 0, 3, 1)]))
    assert shapely.is_valid(fixed).all()
    assert (shapely.get_type_id(fixed) == 6).all()
    np.testing.assert_allclose(shapely.area(fixed), [2, 1, 0, 3])
