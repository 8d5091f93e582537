import numpy as np
import pytest

from keras_landslide.errors import UnknownNameError
from keras_landslide.sar.backscatter import from_power, to_power


def test_known_values():
    np.testing.assert_allclose(
        from_power([1, 0.1, 0.01, 2], "db"), [0, -10, -20, 3.0103], atol=1e-4
    )
    np.testing.assert_allclose(to_power([0, -10, -20], "db"), [1, 0.1, 0.01], rtol=1e-6)
    np.testing.assert_allclose(from_power([0.25], "amplitude"), [0.5])
    np.testing.assert_allclose(to_power([0.5], "amplitude"), [0.25])


@pytest.mark.parametrize("scale", ["power", "amplitude", "db"])
def test_there_and_back(scale):
    power = np.random.default_rng(0).gamma(4, 0.02, (20, 30)).astype(np.float32)
    there = from_power(power, scale)
    assert there.dtype == np.float32
    np.testing.assert_allclose(to_power(there, scale), power, rtol=1e-5)


def test_no_signal_is_nodata():
    for scale in ("power", "amplitude"):
        assert np.isnan(to_power([0, -1, np.nan], scale)).all()
    assert np.isnan(from_power([0, -0.1, np.nan], "db")).all()


def test_unknown_scale_lists_the_choices():
    for function in (to_power, from_power):
        with pytest.raises(UnknownNameError, match="power, amplitude, db"):
            function([1.0], "decibel")
