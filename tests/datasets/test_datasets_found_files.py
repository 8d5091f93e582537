"""Chips as people have them: what a picture says of itself is used, or refused in one line."""

import warnings

import h5py
import numpy as np
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from keras_landslide.bands import IMAGE_MODELS
from keras_landslide.datasets.check import check
from keras_landslide.datasets.folder import image_folder
from keras_landslide.datasets.reading import read_image, read_mask
from keras_landslide.datasets.sen12landslides import sen12landslides
from keras_landslide.datasets.store import open_chips
from keras_landslide.errors import InputFileError, SplitError, UnknownNameError
from keras_landslide.workflows.data import lines

SIDE = 48


def scene(seed=0):
    """An image (H, W, 3) without 0 and 255, and its mask: 16 of 48 columns are landslide."""
    image = np.random.default_rng(seed).integers(40, 230, (SIDE, SIDE, 3)).astype("uint8")
    mask = np.zeros((SIDE, SIDE), "uint8")
    mask[:, 16:32] = 1
    return image, mask


@pytest.fixture
def folder(tmp_path):
    for name in ("img", "mask"):
        (tmp_path / name).mkdir()
    return tmp_path


def save(path, values, mode=None):
    Image.fromarray(values, mode).save(path)


def palette(numbers, colours):
    picture = Image.fromarray(numbers.astype("uint8"), "P")
    picture.putpalette([part for colour in colours for part in colour])
    return picture


def write_tif(path, bands, **more):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(
            path, "w", driver="GTiff", height=SIDE, width=SIDE, count=len(bands),
            dtype=bands.dtype, **more,
        ) as dst:  # fmt: skip
            dst.write(bands)
    return path


def landslide(found):
    pixels = found.to_dict()["pixels"]
    return pixels["landslide"] / (pixels["landslide"] + pixels["background"])


def test_opacity_is_no_band(folder):
    image, mask = scene()
    opacity = np.full((SIDE, SIDE), 255, "uint8")
    opacity[:12] = 0
    save(folder / "img" / "a.png", np.dstack([image, opacity]), "RGBA")
    save(folder / "mask" / "a.png", np.dstack([mask * 255, np.full_like(mask, 255)]), "LA")
    source = image_folder(folder, positive=(255,))
    assert source.band_names == ("red", "green", "blue")
    assert {band.unit for band in source.bands} == {"DN"}
    seen, label = source.convert(source.stored(source.chips[0]))
    assert np.isnan(seen[:12]).all() and (seen[12:] == image[12:]).all()
    assert (label == mask).all()


def test_pixels_of_a_mask_without_opacity_are_unlabelled(folder):
    _, mask = scene()
    opacity = np.full_like(mask, 255)
    opacity[:, :4] = 0
    save(folder / "mask" / "a.png", np.dstack([mask, opacity]), "LA")
    found = read_mask(folder / "mask" / "a.png")
    assert np.isnan(found[:, :4]).all() and (found[:, 4:] == mask[:, 4:]).all()


@pytest.mark.parametrize(
    ("numbers", "colours", "landslide"),
    [
        (lambda m: m, [(0, 0, 0), (255, 0, 0)], 1),  # numbers are classes
        (lambda m: 1 - m, [(255, 255, 255), (0, 0, 0)], 255),  # white comes first
        (lambda m: m * 255, [(0, 0, 0)] * 255 + [(255, 255, 255)], 255),
    ],
)
def test_masks_with_a_palette(numbers, colours, landslide, folder):
    _, mask = scene()
    palette(numbers(mask), colours).save(folder / "mask" / "a.png")
    assert (read_mask(folder / "mask" / "a.png") == mask * landslide).all()


def test_images_with_a_palette_have_three_bands(folder):
    numbers = np.arange(SIDE * SIDE).reshape(SIDE, SIDE) % 7
    colours = np.random.default_rng(0).integers(0, 255, (7, 3))
    palette(numbers, colours.tolist()).save(folder / "img" / "a.png")
    found = read_image(folder / "img" / "a.png")
    np.testing.assert_array_equal(found, colours[numbers])


@pytest.mark.parametrize("kind", ["anti-aliased", "jpeg", "soft", "16 bit"])
def test_masks_of_greys(kind, folder):
    image, mask = scene()
    save(folder / "img" / "a.png", image)
    if kind == "jpeg":
        edges = np.roll(mask, 3, axis=1) * 255  # not on those of JPEG's blocks
        Image.fromarray(edges).save(folder / "mask" / "a.jpg", quality=60)
    elif kind == "soft":
        np.save(folder / "mask" / "a.npy", mask * 0.75 + 0.125)
    elif kind == "16 bit":
        Image.fromarray(mask.astype("uint16") * 60000 + 500).save(folder / "mask" / "a.png")
    else:
        soft = (mask * 200 + 20).astype("uint8")
        save(folder / "mask" / "a.png", soft)
    (problem, *_) = check(image_folder(folder)).problems
    assert problem.grade == "error" and "`mask_threshold`, such as" in problem.text
    advice = float(problem.text.rsplit("such as ", 1)[1].rstrip(")"))
    found = check(image_folder(folder, mask_threshold=advice))
    assert not found.problems and landslide(found) == pytest.approx(1 / 3)


def test_hidden_files_are_passed_over(folder):
    image, mask = scene()
    for name, values in (("img", image), ("mask", mask)):
        save(folder / name / "a.png", values)
        (folder / name / "._a.png").write_bytes(b"\x00\x05\x16\x07" + bytes(300))
    found = check(image_folder(folder))
    assert len(found.usable) == 1 and not found.problems


@pytest.mark.parametrize("side", [32, 64, 128])
@pytest.mark.parametrize("bands", [1, 3, 14])
def test_arrays_with_bands_first_or_last(side, bands, tmp_path):
    image = np.random.default_rng(0).normal(size=(side, side, bands))
    np.save(tmp_path / "last.npy", image)
    np.save(tmp_path / "first.npy", np.moveaxis(image, -1, 0))
    for name in ("last", "first"):
        np.testing.assert_array_equal(read_image(tmp_path / f"{name}.npy"), image)


def test_two_files_for_one_chip(folder):
    image, mask = scene()
    save(folder / "img" / "a.png", image)
    write_tif(folder / "img" / "a.tif", np.moveaxis(image, -1, 0))
    save(folder / "mask" / "a.png", mask)
    (problem,) = [each for each in check(image_folder(folder)).problems if each.grade == "error"]
    assert problem.kind == "two files for a chip" and "a.png stand for the same" in problem.text


def test_a_camera_that_was_turned(folder):
    image, _ = scene()
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    path = folder / "img" / "a.jpg"
    Image.fromarray(image[:, :24]).save(path, quality=100, subsampling=0, exif=exif)
    found = read_image(folder / "img" / "a.jpg")
    assert found.shape == (24, SIDE, 3)
    assert np.abs(found.astype(int) - np.rot90(image[:, :24], -1)).mean() < 20


@pytest.mark.parametrize(
    ("name", "said"),
    [("a.h5", "200000 x 200000"), ("a.tif", "60000 x 60000"), ("a.npy", "-3")],
)
def test_bounds_before_bytes(name, said, tmp_path):
    path = tmp_path / name
    if name == "a.h5":
        with h5py.File(path, "w") as file:
            file.create_dataset("img", (200_000, 200_000), "u1", chunks=(64, 64))
    elif name == "a.tif":
        with rasterio.open(path, "w", driver="GTiff", height=60_000, width=60_000, count=1,
                           dtype="uint8", tiled=True, sparse_ok=True, crs="EPSG:32618",
                           transform=rasterio.Affine(1, 0, 0, 0, -1, 0)):  # fmt: skip
            pass
    else:
        np.save(path, np.zeros((3, 4)))
        path.write_bytes(path.read_bytes().replace(b"(3, 4)", b"(-3,4)"))
    with pytest.raises(InputFileError) as refused:
        read_image(path)
    assert name in str(refused.value) and "\n" not in str(refused.value)
    assert said in str(refused.value) or name == "a.npy"


def test_labels_of_one_class(folder, tmp_path):
    image, mask = scene()
    save(folder / "img" / "a.png", image)
    save(folder / "mask" / "a.png", np.ones_like(mask))
    with pytest.raises(SplitError, match="every labelled pixel is landslide"):
        open_chips(image_folder(folder), tmp_path / "cache")
    told = [p for p in check(image_folder(folder)).problems if p.grade == "error"]
    assert [p.kind for p in told] == ["no background"]


@pytest.mark.parametrize("opaque", ["some", "all"])
def test_opacity_in_an_array_is_no_near_infrared(folder, opaque):
    image, mask = scene()
    fourth = np.full((SIDE, SIDE, 1), 255, "uint8")
    if opaque == "some":
        fourth[:5] = 0
    np.save(folder / "img" / "a.npy", np.concatenate([image, fourth], axis=-1))
    np.save(folder / "mask" / "a.npy", mask)
    found = check(image_folder(folder))
    assert next(p.kind for p in found.problems if p.grade == "error") == "opacity"
    with pytest.raises(InputFileError, match=r"a\.npy: its fourth channel holds 0 and 255 alone"):
        open_chips(image_folder(folder), folder / "cache")


def test_a_mask_of_another_file(folder):
    for seed, name in enumerate("ab"):
        save(folder / "img" / f"{name}.png", scene(seed)[0])
        save(folder / "mask" / f"{name}.png", scene(0)[1])
    told = [p for p in check(image_folder(folder)).problems if p.kind == "mask twice"]
    assert len(told) == 1 and told[0].where.endswith("b.png") and "as that of a" in told[0].text


def test_what_went_in_and_what_came_out(folder):
    for name in "abc":
        image, mask = scene()
        save(folder / "img" / f"{name}.png", image)
        save(folder / "mask" / f"{name}.png", mask + (name == "c") * 7)
    assert "  3 chips went in, 2 can be used, 1 cannot" in list(lines(check(image_folder(folder))))


def write_patch(path, clear, pre=1):
    """15 dates of a Sen12Landslides patch; the red of a date is its number, in percent."""
    path.parent.mkdir(exist_ok=True)
    with h5py.File(path, "w") as file:
        dates = len(clear)
        for name in ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B11", "B12", "DEM"):
            values = np.ones((dates, 128, 128), "int16")
            file[name] = values * (100 * np.arange(dates)[:, None, None])
        classes = np.full((dates, 128, 128), 9, "uint8")
        for date, share in enumerate(clear):
            classes[date, : int(128 * share)] = 4
        file["SCL"] = classes
        file["MASK"] = np.ones((dates, 128, 128), "uint8")
        file.attrs["pre_post_dates"] = f"{{'pre': {pre}, 'post': {pre + 1}}}"


@pytest.mark.parametrize(
    ("clear", "date"),
    [([1, 1, 0, 0.95, 1], 3), ([1, 1, 1, 1, 1], 2), ([1, 1, 0.1, 0.6, 0.5], 3)],
)
def test_the_first_clear_date_after_the_event(clear, date, tmp_path):
    write_patch(tmp_path / "x_s2_1.nc", clear)
    source = sen12landslides(tmp_path)
    image, _ = source.convert(source.stored(source.chips[0]))
    np.testing.assert_allclose(image[..., 2], date / 100)


def test_the_last_clear_date_before_the_event_and_the_radar(tmp_path):
    write_patch(tmp_path / "s2" / "x_s2_1.nc", [0.95, 1, 0.5, 0.2, 1, 1], pre=3)
    radar = tmp_path / "s1dsc" / "x_s1dsc_1.nc"
    radar.parent.mkdir()
    with h5py.File(radar, "w") as file:
        for name, start in (("VV", -10), ("VH", -17)):
            file[name] = np.full((6, 128, 128), start, "float32") - np.arange(6)[:, None, None]
        file.attrs["pre_post_dates"] = "{'pre': 1, 'post': 4}"
    source = sen12landslides(tmp_path, channels="sen12_all", orbit="dsc")
    assert source.band_names == IMAGE_MODELS["sen12_all"]
    raw = source.stored(source.chips[0])
    image, _ = source.convert(raw)
    seen = dict(zip(source.band_names, image[0, 0], strict=True))
    # Before: date 1, since 2 and 3 are under cloud. After: date 4.
    assert (seen["red_pre"], seen["red"]) == pytest.approx((0.01, 0.04)) and not raw.notes
    assert [seen[f"{w}_{d}"] for w in ("vv", "vh") for d in ("pre", "post")] == [-11, -14, -18, -21]
    # The other orbit is not there, which is said of each patch.
    other = sen12landslides(tmp_path, channels="sen12_s1_change")
    assert not other.chips and "no file of Sentinel-1 (asc)" in other.problems[0].text
    with pytest.raises(UnknownNameError, match="choose one of: sen12_s2, sen12_s2_change"):
        sen12landslides(tmp_path, channels="rgb")


def test_the_clearest_date_is_said_where_none_is_clear(tmp_path):
    write_patch(tmp_path / "x_s2_1.nc", [0.2, 0.4, 0.1, 0.6, 0.5])
    found = check(sen12landslides(tmp_path, channels="sen12_s2_change"))
    told = [p.text for p in found.problems if "clear by the scene classification" in p.text]
    assert len(told) == 2
    assert "after the event no date is 90% clear" in told[0] and "date 3" in told[0]
    assert "of which 59% is" in told[0] and "date 1" in told[1]


def test_low_probability_of_cloud_is_not_clear(tmp_path):
    path = tmp_path / "x_s2_1.nc"
    write_patch(path, [1, 1, 1, 1])
    with h5py.File(path, "a") as file:
        file["SCL"][2] = 7
    source = sen12landslides(tmp_path)
    image, _ = source.convert(source.stored(source.chips[0]))
    np.testing.assert_allclose(image[..., 2], 0.03)


def test_the_real_patch_before_and_after(real_data):
    """Dates 7 and 8 lie under cloud; 6 and 9 are clear, as the files tell."""
    folder = real_data / "sen12landslides"
    source = sen12landslides(folder, channels="sen12_all")
    raw = source.stored(source.chips[0])
    seen = dict(zip(source.band_names, np.moveaxis(raw.image, -1, 0), strict=True))
    with h5py.File(folder / "italy_s2_4120.nc") as file:
        np.testing.assert_array_equal(seen["red_pre"], file["B04"][6])
        np.testing.assert_array_equal(seen["red"], file["B04"][9])
    with h5py.File(folder / "italy_s1asc_4120.nc") as file:
        np.testing.assert_array_equal(seen["vv_pre"], file["VV"][9])
        np.testing.assert_array_equal(seen["vh_post"], file["VH"][10])
    assert not raw.notes and -25 < np.nanmedian(seen["vv_pre"]) < 0


def test_the_real_patch_is_read_after_the_clouds(real_data):
    source = sen12landslides(real_data / "sen12landslides")
    image, _ = source.convert(source.stored(source.chips[0]))
    assert np.nanmean(image[..., 2]) < 0.1  # 16 May is under cloud (0.9), 23 May is clear


LAYOUTS = st.fixed_dictionaries(
    {
        "image": st.sampled_from(["png", "rgba", "tif nodata", "tif mask", "npy", "npy first"]),
        "mask": st.sampled_from(["1", "255", "rgb", "la", "palette", "npy"]),
        "holes": st.booleans(),
        "seed": st.integers(0, 99),
    }
)


def same_meaning(layout, folder):
    """Files of any of these kinds give the same image and label."""
    image, mask = scene(layout["seed"])
    holes = np.zeros((SIDE, SIDE), bool)
    if layout["holes"] and layout["image"] in ("rgba", "tif nodata", "tif mask"):
        holes[5:9] = True
    for place in (folder / "img", folder / "mask"):
        place.mkdir(exist_ok=True)
        for old in place.iterdir():
            old.unlink()
    bands, path = np.moveaxis(image, -1, 0), folder / "img" / "a"
    if layout["image"] == "png":
        save(path.with_suffix(".png"), image)
    elif layout["image"] == "rgba":
        opacity = np.where(holes, 0, 255).astype("uint8")
        save(path.with_suffix(".png"), np.dstack([image, opacity]), "RGBA")
    elif layout["image"] == "tif nodata":
        write_tif(path.with_suffix(".tif"), np.where(holes, 0, bands).astype("uint16"), nodata=0)
    elif layout["image"] == "tif mask":
        write_tif(path.with_suffix(".tif"), bands, photometric="RGB")
        with (
            warnings.catch_warnings(),
            rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        ):
            warnings.simplefilter("ignore")
            with rasterio.open(path.with_suffix(".tif"), "r+") as dst:
                dst.write_mask(~holes)
    else:
        np.save(path.with_suffix(".npy"), bands if "first" in layout["image"] else image)
    there, positive = folder / "mask" / "a.png", 1
    if layout["mask"] == "npy":
        np.save(there.with_suffix(".npy"), mask.astype("float64"))
    elif layout["mask"] == "palette":
        palette(mask, [(0, 0, 0), (9, 200, 9)]).save(there)
    elif layout["mask"] == "1":
        save(there, mask)
    else:
        positive, white = 255, mask * 255
        opaque = np.full_like(mask, 255)
        shapes = {"255": white, "rgb": np.dstack([white] * 3), "la": np.dstack([white, opaque])}
        save(there, shapes[layout["mask"]], "LA" if layout["mask"] == "la" else None)
    source = image_folder(folder, positive=(positive,))
    found, label = source.convert(source.stored(source.chips[0]))
    expected = np.where(holes[..., None], np.nan, image.astype("float32"))
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(label, mask)


@settings(max_examples=25, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(layout=LAYOUTS)
def test_chips_that_mean_the_same(layout, tmp_path):
    same_meaning(layout, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(0)
@settings(max_examples=10_000, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(layout=LAYOUTS)
def test_ten_thousand_chips_that_mean_the_same(layout, tmp_path):
    same_meaning(layout, tmp_path)
