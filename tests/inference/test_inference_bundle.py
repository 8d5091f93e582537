import json

import numpy as np
import pytest
from inference_toys import BANDS, write_stack

from keras_landslide.bundle.read import check_stack, read_bundle
from keras_landslide.errors import BundleError
from keras_landslide.rasters.read import stack_info
from keras_landslide.workflows.predict import predict


def test_contract_is_read(make_bundle):
    bundle = read_bundle(make_bundle())
    assert bundle.band_names == BANDS
    assert (bundle.stride_px, bundle.halo_px, bundle.threshold) == (4, 16, 0.5)
    assert bundle.contract.threshold_rule == "best F1 on validation"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 3}, "format 3.*install a newer"),
        ({"bands": ...}, "'bands' is missing"),
        ({"bands": []}, "'bands' is empty"),
        ({"bands": [{"name": "red", "unit": "1"}]}, r"'kind' is missing in bands\[0\]"),
        ({"bands": ["red"]}, "should be an object"),
        ({"threshold": ...}, "'threshold' is missing"),
        ({"threshold": 1.5}, "'threshold' = 1.5 is out of range"),
        ({"threshold": float("nan")}, "out of range"),
        ({"stride_px": 0}, "'stride_px' = 0 is out of range"),
        ({"halo_px": 16.5}, "'halo_px' = 16.5 is out of range"),
        ({"pixel_size_m": 0}, "'pixel_size_m' = 0 is out of range"),
        ({"bounded": "yes"}, "should be of type bool"),
    ],
)
def test_broken_contract_is_one_clear_line(make_bundle, changes, message):
    with pytest.raises(BundleError, match=message) as caught:
        read_bundle(make_bundle(**changes))
    assert "\n" not in str(caught.value) and "bundle.json" in str(caught.value)


def test_folder_without_contract_or_graph(make_bundle, tmp_path):
    with pytest.raises(BundleError, match=r"is no model bundle.*export"):
        read_bundle(tmp_path)
    folder = make_bundle()
    (folder / "saved_model" / "saved_model.pb").unlink()
    with pytest.raises(BundleError, match="holds no SavedModel"):
        read_bundle(folder)
    (folder / "bundle.json").write_text("{")
    with pytest.raises(BundleError, match="not valid JSON"):
        read_bundle(folder)
    (folder / "bundle.json").write_text("[1]")
    with pytest.raises(BundleError, match="one JSON object"):
        read_bundle(folder)


def test_graph_outside_the_folder_is_refused(make_bundle, saved_model):
    folder = make_bundle()
    (folder / "saved_model" / "elsewhere").symlink_to(saved_model)
    with pytest.raises(BundleError, match="points outside the bundle"):
        read_bundle(folder)
    (folder / "saved_model" / "elsewhere").unlink()
    (folder / "model.keras").symlink_to(saved_model / "saved_model.pb")
    with pytest.raises(BundleError, match=r"model\.keras: points outside the bundle"):
        read_bundle(folder)


def image():
    return np.zeros((8, 8, 3), np.float32)


ALL = {"bands": ("slope", "extra", "red"), "units": ("deg", "1", "reflectance")}


def test_bands_are_taken_by_name(make_bundle, tmp_path):
    stack = write_stack(tmp_path / "s.tif", image(), **ALL, size=12.9)
    check_stack(read_bundle(make_bundle()), stack_info(stack))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bands": ("slope", "green", "x"), "units": ("deg", "1", "1")}, "no band red among"),
        (ALL | {"units": ("rad", "1", "reflectance")}, "slope is in 'rad'.*trained on 'deg'"),
        (ALL | {"units": ("", "1", "reflectance")}, "slope is in 'no unit'"),
        (ALL | {"size": 10.0}, r"pixels of 10 m.*trained on 12\.5 m.*resolution = 12\.5"),
        (ALL | {"crs": "EPSG:4326", "size": 1e-4}, "grid is in degrees"),
        (ALL | {"crs": "EPSG:2229"}, r"pixels of 3\.81 m"),  # US survey feet
    ],
)
def test_stack_that_breaks_the_contract(make_bundle, tmp_path, options, message):
    stack = write_stack(tmp_path / "s.tif", image(), **options)
    with pytest.raises(BundleError, match=message) as caught:
        check_stack(read_bundle(make_bundle()), stack_info(stack))
    assert "stack again" in str(caught.value) and "'toy'" in str(caught.value)


def test_bundle_for_chips_takes_no_scene(make_bundle, tmp_path):
    stack = stack_info(write_stack(tmp_path / "s.tif", image(), **ALL))
    check_stack(read_bundle(make_bundle(chips_only=True, patch_size_px=8)), stack)
    with pytest.raises(BundleError, match=r"where in a chip of 4 px .* scene of 8 x 8 px"):
        check_stack(read_bundle(make_bundle("small", chips_only=True, patch_size_px=4)), stack)
    with pytest.raises(BundleError, match="in a chip of 4 px"):
        predict(
            make_bundle("any"), tmp_path / "s.tif", tmp_path / "out", ensemble=[tmp_path / "small"]
        )
    assert not (tmp_path / "out").exists()


def test_entries_of_newer_writers_are_kept(make_bundle):
    folder = make_bundle(extra={"a": 1})
    assert read_bundle(folder).contract.extra["extra"] == {"a": 1}
    assert json.loads((folder / "bundle.json").read_text())["extra"] == {"a": 1}


def test_a_stride_that_is_not_the_network_s_is_one_clear_line(make_bundle, make_stack, tmp_path):
    """Of format 1, whose contract has no checksum; the toy pools twice."""
    stack, _ = make_stack((45, 45))
    with pytest.raises(BundleError, match=r"'stride_px' = 1 in bundle\.json is not its network's"):
        predict(make_bundle(stride_px=1, halo_px=17), stack, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
