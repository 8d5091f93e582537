import numpy as np
import pytest

from keras_landslide.sar.speckle import lee


def speckled(looks=4.4, size=200):
    return np.random.default_rng(1).gamma(looks, 0.1 / looks, (size, size)).astype(np.float32)


def slow_lee(power, window, looks):
    """The same equations pixel by pixel, as an independent check."""
    half, out = window // 2, np.full_like(power, np.nan)
    for r, c in np.ndindex(power.shape):
        box = power[max(r - half, 0) : r + half + 1, max(c - half, 0) : c + half + 1]
        box = box[np.isfinite(box)].astype(float)
        if np.isfinite(power[r, c]):
            mean, var = box.mean(), box.var()
            k = max((var - mean**2 / looks) / (1 + 1 / looks), 0) / var if var > 0 else 0
            out[r, c] = mean + k * (power[r, c] - mean)
    return out


def test_matches_the_equations_pixel_by_pixel():
    power = speckled(size=24)
    power[5:8, 9] = np.nan
    power[:, 15:] *= 6
    np.testing.assert_allclose(lee(power, window=5), slow_lee(power, 5, 4.4), rtol=1e-4)


def test_even_ground_gets_smooth_and_keeps_its_mean():
    power = speckled()
    smooth = lee(power, window=7)
    looks_after = smooth.mean() ** 2 / smooth.var()
    assert looks_after > 20 and smooth.mean() == pytest.approx(power.mean(), rel=0.01)


def test_edges_stay():
    power = speckled(looks=1000)
    power[:, 100:] *= 10
    smooth = lee(power, window=7, looks=1000)
    assert smooth[:, 95:100].mean() < 0.12 and smooth[:, 100:105].mean() > 0.9


def test_nodata_stays_and_does_not_spread():
    power = speckled(size=40)
    power[10:20, 10:20] = np.nan
    np.testing.assert_array_equal(np.isnan(lee(power)), np.isnan(power))


@pytest.mark.parametrize("options", [{"window": 4}, {"window": 1}, {"looks": 0}])
def test_bad_options(options):
    with pytest.raises(ValueError, match="should be"):
        lee(np.ones((5, 5)), **options)
