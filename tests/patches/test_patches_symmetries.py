import numpy as np
import pytest

from keras_landslide.patches.symmetries import transform, transform_patch, turn_azimuth


def aspect_of(dem):
    """Downslope direction of a surface, degrees clockwise from north; row 0 is the north edge."""
    south, east = np.gradient(dem)
    return np.degrees(np.arctan2(-east, south)) % 360


def surface(size=33):
    """An analytic surface without symmetry, and the aspect from its own derivatives."""
    x, y = np.meshgrid(np.arange(size) / 8, -np.arange(size) / 8)  # x east, y north
    dem = np.sin(x) + 0.3 * y + 0.1 * x * y
    east, north = np.cos(x) + 0.1 * y, 0.3 + 0.1 * x
    return dem, np.degrees(np.arctan2(-east, -north)) % 360


@pytest.mark.parametrize("code", range(8))
def test_aspect_of_the_turned_surface_is_the_turned_aspect(code):
    dem, aspect = surface()
    image = np.dstack([dem, aspect]).astype(np.float32)
    turned = transform_patch(image, code, ["continuous", "azimuth"])
    np.testing.assert_array_equal(turned[..., 0], transform(image[..., 0], code))
    difference = (turned[..., 1] - aspect_of(turned[..., 0].astype(float)) + 180) % 360 - 180
    # Only the finite differences of the check itself limit the agreement.
    assert np.abs(difference[1:-1, 1:-1]).max() < 0.5
    assert np.abs((aspect - aspect_of(dem) + 180) % 360 - 180)[1:-1, 1:-1].max() < 0.5


def test_a_slope_to_the_north_turned_by_a_quarter_falls_to_the_west():
    assert turn_azimuth(np.float32([0, 90, 350]), 1).tolist() == [270, 0, 260]
    assert turn_azimuth(np.float32([0, 90, 350]), 4).tolist() == [0, 270, 10]


def test_azimuths_stay_in_range_and_nan_stays():
    values = np.float32([0, 1e-12, 359.99997, np.nan])
    for code in range(8):
        out = turn_azimuth(values, code)
        assert out.dtype == np.float32
        assert ((out[:3] >= 0) & (out[:3] < 360)).all()
        assert np.isnan(out[3])


def test_eight_different_symmetries():
    image = np.arange(9).reshape(3, 3)
    assert len({transform(image, code).tobytes() for code in range(8)}) == 8


def test_the_input_is_left_alone():
    image = np.full((4, 4, 1), 10, np.float32)
    transform_patch(image, 1, ["azimuth"])
    assert (image == 10).all()
