"""Every layout from generated files: what is listed, and what values come out."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from chip_folders import bijie, l4s_patch, landslide4sense, pairs, rgb_chip, write_h5, write_picture

from keras_landslide.datasets.letterbox import letterbox
from keras_landslide.datasets.registry import LAYOUTS, open_source
from keras_landslide.datasets.store import open_chips
from keras_landslide.errors import BandError, InputFileError, UnknownNameError

DOCS = Path(__file__).parents[2] / "docs" / "data_sets.md"


def test_every_layout_is_in_the_docs():
    for name in LAYOUTS:
        assert f"| `{name}` |" in DOCS.read_text(encoding="utf-8")


def test_landslide4sense_splits_and_units(tmp_path):
    folder = landslide4sense(tmp_path / "l4s", TrainData=3, ValidData=1, TestData=2)
    source = open_source(folder)
    assert source.name == "landslide4sense" and source.has_splits
    assert source.counts() == {"train": 3, "val": 1, "test": 2}
    cache = open_chips(source, tmp_path / "cache")
    assert cache.images.shape == (6, 128, 128, 6) and cache.images.dtype == np.float32
    assert cache.names[:3] == ("train/1", "train/2", "train/3")
    stored, mask = l4s_patch(1)
    whole = np.round(stored * np.array([*_divisors()]))
    red, nir = whole[..., 3] / 10000, whole[..., 7] / 10000
    np.testing.assert_allclose(cache.images[0, ..., 0], red, rtol=1e-6)
    np.testing.assert_allclose(cache.images[0, ..., 3], (nir - red) / (nir + red), atol=1e-6)
    np.testing.assert_array_equal(cache.images[0, ..., 5], whole[..., 13])
    np.testing.assert_array_equal(cache.labels[0], mask)
    assert list(cache.indices("test")) == [4, 5]
    assert cache.names[3:] == ("val/1", "test/1", "test/2")


def _divisors():
    from keras_landslide.datasets.landslide4sense import DIVISORS

    return DIVISORS


def test_landslide4sense_stored_ndvi_and_all_bands(tmp_path):
    folder = landslide4sense(tmp_path / "l4s", TrainData=1)
    stored, _ = l4s_patch(1)
    naive = open_chips(open_source(folder, stored_ndvi=True), tmp_path / "cache")
    expected = (stored[..., 7] - stored[..., 3]) / (stored[..., 7] + stored[..., 3])
    np.testing.assert_allclose(naive.images[0, ..., 3], expected, atol=1e-6)
    honest = open_chips(open_source(folder), tmp_path / "cache")
    assert honest.key != naive.key
    assert np.abs(honest.images[0, ..., 3] - expected).mean() > 0.1
    everything = open_chips(open_source(folder, channels="l4s14"), tmp_path / "cache")
    assert everything.images.shape[-1] == 14 and everything.band_names[-2:] == (
        "slope",
        "elevation",
    )


def test_landslide4sense_hugging_face_layout(tmp_path):
    for split in ("train", "validation", "test"):
        image, mask = l4s_patch(len(split))
        write_h5(tmp_path / "hf" / "images" / split / "image_7.h5", "img", image)
        write_h5(tmp_path / "hf" / "annotations" / split / "mask_7.h5", "mask", mask)
    source = open_source(tmp_path / "hf")
    assert source.name == "landslide4sense"
    assert source.counts() == {"train": 1, "val": 1, "test": 1}


def test_one_split_folder_alone(tmp_path):
    folder = landslide4sense(tmp_path / "l4s", TestData=2)
    assert open_source(folder / "TestData").counts() == {"test": 2}


def test_bijie_letterboxed(tmp_path):
    folder = bijie(tmp_path / "b", 3, negatives=2)
    source = open_source(folder, size=32)
    assert source.name == "bijie" and source.counts() == {"train": 3}
    cache = open_chips(source, tmp_path / "cache")
    # 40 x 30 px become 32 x 24, four columns of nodata on either side.
    assert cache.images.shape == (3, 32, 32, 3)
    nodata = np.isnan(cache.images[0, ..., 0])
    assert nodata[:, :4].all() and nodata[:, 28:].all() and not nodata[:, 4:28].any()
    assert (cache.labels[0][nodata] == 255).all()
    _, mask = rgb_chip(0)
    share = (cache.labels[0] == 1).sum() / (cache.labels[0] != 255).sum()
    assert share == pytest.approx(mask.mean(), abs=0.03)
    with_negatives = open_source(folder, size=32, non_landslide=True)
    cache = open_chips(with_negatives, tmp_path / "cache")
    assert [bool((label == 1).any()) for label in cache.labels] == [True] * 3 + [False] * 2


def test_letterbox_means_and_small_chips():
    rng = np.random.default_rng(0)
    image, label = rng.normal(size=(24, 16, 2)), (rng.random((24, 16)) > 0.6).astype(np.uint8)
    half, truth = letterbox(image, label, 12)
    blocks = image.reshape(12, 2, 8, 2, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(half[:, 2:10], blocks, atol=1e-5)
    votes = label.reshape(12, 2, 8, 2).sum(axis=(1, 3))
    assert (truth[:, 2:10][votes > 2] == 1).all() and (truth[:, 2:10][votes < 2] == 0).all()
    kept, truth = letterbox(image, label, 32)  # smaller chips keep their pixels
    np.testing.assert_array_equal(kept[4:28, 8:24], image.astype(np.float32))
    np.testing.assert_array_equal(truth[4:28, 8:24], label)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".npy", ".h5"])
def test_any_folder(tmp_path, suffix):
    source = open_source(pairs(tmp_path / "any", suffix))
    assert source.name == "folder" and source.band_names == ("red", "green", "blue")
    cache = open_chips(source, tmp_path / "cache")
    for i in range(3):
        image, mask = rgb_chip(i, 32, 32)
        np.testing.assert_array_equal(cache.images[i], image)
        np.testing.assert_array_equal(cache.labels[i], mask)


def test_any_folder_of_a_stack_with_splits(tmp_path):
    rng = np.random.default_rng(1)
    for split in ("train", "valid", "test"):
        values = rng.normal(size=(16, 16, 5)).astype(np.float32)
        write_picture(tmp_path / "s" / split / "images" / "a_img.tif", values)
        write_picture(tmp_path / "s" / split / "labels" / "a_label.tif", np.eye(16, dtype=np.uint8))
    source = open_source(tmp_path / "s", bands=("red", "green", "blue", "slope", "elevation"))
    assert source.counts() == {"train": 1, "val": 1, "test": 1}
    cache = open_chips(source, tmp_path / "cache")
    assert [band.unit for band in cache.bands] == ["reflectance"] * 3 + ["deg", "m"]
    with pytest.raises(BandError, match="has 5 bands, 2 are named"):
        open_source(tmp_path / "s", bands=("red", "green"))


def test_arrays_of_many_chips(tmp_path):
    rng = np.random.default_rng(2)
    for split, count in (("train", 4), ("val", 2), ("test", 3)):
        np.save(tmp_path / f"{split}X.npy", rng.random((count, 24, 24, 4)).astype(np.float32))
        np.save(tmp_path / f"{split}Y.npy", rng.integers(0, 2, (count, 24, 24, 1)).astype("f4"))
    source = open_source(tmp_path)
    assert source.counts() == {"train": 4, "val": 2, "test": 3}
    assert source.band_names == ("red", "green", "blue", "nir")
    cache = open_chips(source, tmp_path / "cache")
    place = cache.names.index("val/1")
    np.testing.assert_array_equal(cache.images[place], np.load(tmp_path / "valX.npy")[1])


def test_cas_areas(tmp_path):
    for area in ("Wenchuan", "Palu"):
        for i in range(2):
            image, mask = rgb_chip(i, 48, 48)
            for role, values in (("img", image), ("mask", mask), ("label", image)):
                write_picture(tmp_path / area / role / f"{area}_{i}.tif", values)
    source = open_source(tmp_path, size=24)
    assert source.name == "cas"
    assert sorted(chip.name for chip in source.chips)[0] == "Palu/Palu_0"
    assert open_chips(source, tmp_path / "cache").images.shape == (4, 24, 24, 3)


def test_sen12landslides_takes_the_date_after_the_event(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "s2" / "italy_s2_12.nc"
    path.parent.mkdir()
    values = {
        name: rng.integers(1, 4000, (15, 128, 128)).astype(np.int16)
        for name in ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12", "DEM")
    }
    values["B04"][8, 0, 0] = -9999
    mask = np.zeros((15, 128, 128), np.uint8)
    mask[:, 30:50, 60:70] = 1
    with h5py.File(path, "w") as file:
        for name, array in values.items():
            file.create_dataset(name, data=array)
        file["B04"].attrs["_FillValue"] = np.int16(-9999)
        file.create_dataset("MASK", data=mask)
        file.attrs["pre_post_dates"] = "{'pre': 7, 'post': 8}"
    source = open_source(tmp_path)
    assert source.name == "sen12landslides"
    cache = open_chips(source, tmp_path / "cache")
    assert cache.band_names[:3] == ("blue", "green", "red")
    np.testing.assert_allclose(cache.images[0, 1:, :, 2], values["B04"][8, 1:] / 10000, rtol=1e-6)
    np.testing.assert_array_equal(cache.images[0, ..., -1], values["DEM"][8])
    assert np.isnan(cache.images[0, 0, 0, 2]) and cache.labels[0, 0, 0] == 255
    other = open_chips(open_source(tmp_path, step=0), tmp_path / "cache")
    np.testing.assert_allclose(other.images[0, ..., 0], values["B02"][0] / 10000, rtol=1e-6)
    with h5py.File(path, "a") as file:
        del file.attrs["pre_post_dates"]
    with pytest.raises(InputFileError, match="`step`"):
        open_chips(open_source(tmp_path), tmp_path / "cache")


def test_wrong_folders_and_options(tmp_path):
    with pytest.raises(InputFileError, match="is no folder"):
        open_source(tmp_path / "nowhere")
    with pytest.raises(InputFileError, match="holds no pair of image and mask"):
        open_source(tmp_path)
    with pytest.raises(UnknownNameError, match="choose one of: bijie, sen12landslides, cas, land"):
        open_source(tmp_path, "kaggle")
    pairs(tmp_path, ".npy")
    with pytest.raises(UnknownNameError, match="option of 'folder' 'channels'"):
        open_source(tmp_path, channels="l4s6")


@pytest.mark.real_data
def test_real_landslide4sense(real_data, tmp_path):
    cache = open_chips(open_source(real_data / "landslide4sense"), tmp_path)
    assert cache.images.shape == (14, 128, 128, 6)
    red, _, _, ndvi, slope, elevation = (cache.images[..., c] for c in range(6))
    assert red.min() > 0 and red.max() < 1
    assert ndvi.min() >= -1 and 0.5 < np.median(ndvi) < 0.9  # forested slopes
    assert slope.min() >= 0 and slope.max() <= 90 and 0 < elevation.min() < 9000
    assert (cache.landslide_fraction() > 0).sum() == 13
    assert cache.landslide_fraction().max() == pytest.approx(0.103, abs=0.001)


@pytest.mark.real_data
def test_real_bijie(real_data, tmp_path):
    cache = open_chips(open_source(real_data / "bijie", size=64), tmp_path)
    assert cache.images.shape == (24, 64, 64, 3)
    fraction = cache.landslide_fraction()
    assert fraction.min() > 0.005 and 0.2 < fraction.max() < 0.3
    assert np.nanmin(cache.images) >= 0 and np.nanmax(cache.images) <= 255
