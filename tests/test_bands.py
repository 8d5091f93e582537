import pytest

from keras_landslide.bands import BANDS, IMAGE_MODELS, band_groups

RGB = ("red", "green", "blue")
GROUPS = {
    "rgb": {"optical": RGB},
    "rgb_terrain": {"optical": RGB},
    "rgb_terrain_sar": {"optical": RGB, "sar": ("vv_pre", "vv_post")},
    "terrain": {},
    "l4s6": {"optical": (*RGB, "ndvi")},
    "l4s14": {"optical": IMAGE_MODELS["l4s14"][:12]},
}


@pytest.mark.parametrize("name", IMAGE_MODELS)
def test_bands_that_are_missing_together(name):
    """All twelve bands of Sentinel-2 are behind the same cloud."""
    assert band_groups(IMAGE_MODELS[name]) == GROUPS[name]


def test_every_band_but_masks_has_a_sensor():
    without = {name for name, band in BANDS.items() if not band.sensor}
    assert without == {"cloud", "label"}
    assert band_groups(("anything", "red")) == {"optical": ("red",)}
