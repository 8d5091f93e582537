import itertools
from xml.etree import ElementTree

import numpy as np
import pytest

from keras_landslide.errors import NodataError, UnknownNameError
from keras_landslide.susceptibility_study.classes import Histogram, class_limits, classify
from keras_landslide.susceptibility_study.mapping import legend


def of(probability):
    made = Histogram()
    for part in np.array_split(probability, 3):  # fed tile by tile
        made.add(part)
    return made


def skewed(size=100_000):
    return np.random.default_rng(0).beta(1, 30, size).astype("float32")


def test_equal_area_is_a_fifth_each():
    p = skewed()
    classes = classify(p, class_limits(of(p), "equal_area"))
    np.testing.assert_allclose(np.bincount(classes) / p.size, 0.2, atol=0.002)


def test_quantiles_leave_small_upper_classes():
    p = skewed()
    classes = classify(p, class_limits(of(p), "quantiles"))
    expected = [0.5, 0.25, 0.15, 0.05, 0.05]
    np.testing.assert_allclose(np.bincount(classes) / p.size, expected, atol=0.002)


def log_odds(p):
    return np.log(p) - np.log1p(-p)


def spread(values, cuts):
    parts = np.split(values, cuts)
    return sum(((part - part.mean()) ** 2).sum() for part in parts)


def test_natural_breaks_are_the_best_of_all_groupings():
    rng = np.random.default_rng(1)
    x = np.sort(np.concatenate([rng.normal(m, 0.3, 5) for m in (-6, -4.5, -3, -1.5, -0.5)]))
    limits = log_odds(class_limits(of(1 / (1 + np.exp(-x))), "natural_breaks"))
    found = spread(x, np.searchsorted(x, limits))
    best = min(spread(x, cuts) for cuts in itertools.combinations(range(1, x.size), 4))
    assert found == pytest.approx(best, rel=0.02)  # bins are 0.06 wide


def test_few_values_and_missing_ones():
    p = np.array([0.1] * 5 + [0.3] * 5 + [np.nan], "float32")
    classes = classify(p, class_limits(of(p), "natural_breaks"))
    assert classes[:5].max() < classes[5:10].min() and classes[10] == 255


def test_refusals():
    with pytest.raises(NodataError, match="no pixel"):
        class_limits(of(np.full(3, np.nan)), "equal_area")
    with pytest.raises(UnknownNameError, match="natural_breaks"):
        class_limits(of(skewed(10)), "jenks")


def test_legend_is_a_qgis_style_of_five_classes():
    root = ElementTree.fromstring(legend(np.array([0.01, 0.02, 0.05, 0.1])))
    entries = root.findall(".//paletteEntry")
    assert [entry.get("value") for entry in entries] == list("01234")
    assert entries[0].get("label") == "very low (0 to 0.01)"
    assert root.find(".//rasterrenderer").get("type") == "paletted"
