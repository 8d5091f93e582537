import pytest

from keras_landslide.bands import BANDS, IMAGE_MODELS, band_groups

RGB = ("red", "green", "blue")
SAR = ("vv_pre", "vv_post", "vh_pre", "vh_post")
GROUPS = {
    "rgb": {"optical": RGB},
    "rgb_terrain": {"optical": RGB},
    "rgb_terrain_sar": {"optical": RGB, "sar": ("vv_pre", "vv_post")},
    "terrain": {},
    "l4s6": {"optical": (*RGB, "ndvi")},
    "l4s14": {"optical": IMAGE_MODELS["l4s14"][:12]},
    "sen12_s2": {"optical": IMAGE_MODELS["sen12_s2"][:9]},
    "sen12_s2_change": {"optical": IMAGE_MODELS["sen12_s2_change"][:18]},
    "sen12_s1_change": {"sar": SAR},
    "sen12_all": {"optical": IMAGE_MODELS["sen12_all"][:18], "sar": SAR},
}


@pytest.mark.parametrize("name", IMAGE_MODELS)
def test_bands_that_are_missing_together(name):
    """All twelve bands of Sentinel-2 are behind the same cloud."""
    assert band_groups(IMAGE_MODELS[name]) == GROUPS[name]


def test_every_band_but_masks_has_a_sensor():
    without = {name for name, band in BANDS.items() if not band.sensor}
    assert without == {"cloud", "label"}
    assert band_groups(("anything", "red")) == {"optical": ("red",)}
