import keras
import numpy as np
import pytest
from affine import Affine

from keras_landslide.errors import BandError, BudgetError, UnknownNameError
from keras_landslide.grid import Grid
from keras_landslide.rasters.read import BandInfo, StackInfo, read_bands, stack_info
from keras_landslide.simulation.mixed_region import simulate_region
from keras_landslide.stacking.build import build_stack
from keras_landslide.susceptibility_study import region
from keras_landslide.susceptibility_study.features import stack_features
from keras_landslide.susceptibility_study.region import heavy_channels, read_features
from keras_landslide.terrain.uphill import uphill_offsets
from keras_landslide.terrain.uphill_ring import ring_offsets


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("region")
    return build_stack(simulate_region(folder, (70, 90), slide_share=0.05), folder / "stack.tif")


def test_six_stored_bands_are_the_channels_of_the_study(stack):
    features = stack_features(stack_info(stack))
    assert features.bands == ("lithology", "land_cover", "family", "age", "slope", "elevation")
    assert len(features.names) == 94 and sum(features.continuous) == 2
    assert features.model().output_shape[-1] == 94
    aligned = features.with_aligned(features.names[:22])
    assert len(aligned.channels) == 160 and len(aligned.stored) == 9


def test_aligned_values_are_those_uphill(stack):
    local = stack_features(stack_info(stack))
    features = local.with_aligned(["elevation", "slope", "family=family 2"])
    values = read_features(stack, features)
    names = features.channels
    z, slope, family, index = np.moveaxis(
        read_bands(stack, ["elevation", "slope", "family", "uphill_100"]), -1, 0
    )
    whole = ~np.isnan(values[..., : len(local.names)]).any(-1)
    assert whole[1:-1, 1:-1].all() and not whole[0].any()  # slope has no value at the edge
    dy, dx = np.moveaxis(uphill_offsets(index.astype(int), ring_offsets(100, 10)), -1, 0)
    y, x = np.argwhere(whole).T
    up = y + dy[y, x], x + dx[y, x]
    for name, expected in (
        ("elevation@100m", z[up] - z[y, x]),
        ("slope@100m", slope[up]),
        ("family=family 2@100m", family[up] == 2),
    ):
        found = values[y, x, names.index(name)]
        np.testing.assert_allclose(found, expected, atol=1e-3, err_msg=name)


def test_raw_heights_as_in_the_study(stack):
    features = stack_features(stack_info(stack)).with_aligned(["elevation"], relative=False)
    values = read_features(stack, features)[10, 10]
    z = read_bands(stack, ["elevation"])[..., 0]
    assert values[features.channels.index("elevation@30m")] in z


def test_heavy_channels(stack):
    features = stack_features(stack_info(stack), ["slope", "elevation", "family"])
    logistic = np.array([0.5, -0.2, 0.1, 0, 0, -0.3, 0.19, 9.0])
    assert heavy_channels(logistic, features, 0.2) == ("slope", "elevation", "family=family 3")
    assert heavy_channels(logistic / 10, features, 0.2) == ("slope",)


def an_info(**band):
    grid = Grid("EPSG:32632", Affine(10, 0, 0, 0, -10, 0), (8, 8))
    given = {"name": "x", "kind": "continuous"} | band
    return StackInfo("s.tif", grid, (BandInfo(**given),), {})


@pytest.mark.parametrize(
    ("info", "chosen", "message"),
    [
        (an_info(), ["y"], "no band 'y'"),
        (an_info(kind="categorical"), None, "no class table"),
        (an_info(kind="azimuth"), None, "northness"),
        (an_info(name="label"), None, "no band to learn from"),
        (an_info(kind="uphill", name="uphill_30"), ["uphill_30"], "no feature by itself"),
    ],
)
def test_bands_that_are_no_features(info, chosen, message):
    with pytest.raises(BandError, match=message) as caught:
        stack_features(info, chosen)
    assert "\n" not in str(caught.value)


def test_alignment_that_cannot_be(stack):
    features = stack_features(an_info(name="slope"))
    with pytest.raises(BandError, match="no uphill bands"):
        features.with_aligned(["slope"])
    with pytest.raises(UnknownNameError, match="choose one of: slope"):
        features.with_aligned(["slop"])


def test_a_region_larger_than_memory(stack, monkeypatch):
    monkeypatch.setattr(region, "MOST_BYTES", 1000)
    with pytest.raises(BudgetError, match="`map_stack`"):
        read_features(stack, stack_features(stack_info(stack)))


def test_features_are_saved_with_the_network(stack, tmp_path):
    features = stack_features(stack_info(stack)).with_aligned(["elevation"])
    model = features.model()
    model.save(tmp_path / "f.keras")
    loaded = keras.models.load_model(tmp_path / "f.keras")
    bands = read_bands(stack, features.stored)[None]
    np.testing.assert_array_equal(loaded.predict_on_batch(bands), model.predict_on_batch(bands))
