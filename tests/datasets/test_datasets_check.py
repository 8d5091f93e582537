"""Every fault that a downloaded data set may have: found, named, and refused when loading."""

import json
import shutil

import numpy as np
import pytest
from chip_folders import l4s_patch, landslide4sense, pairs, rgb_chip, write_h5, write_picture
from click.testing import CliRunner

from keras_landslide.cli import data
from keras_landslide.datasets.check import check
from keras_landslide.datasets.registry import open_source
from keras_landslide.datasets.store import open_chips
from keras_landslide.errors import InputFileError, SplitError


def _kinds(found):
    return {(problem.grade, problem.kind) for problem in found.problems} - {("warning", "count")}


def _cut(path):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def _wrong_key(train):
    write_h5(train / "img" / "image_2.h5", "image_data", l4s_patch(2)[0])


def _nan(train):
    image = l4s_patch(2)[0]
    image[3:5, 7:9, 2] = np.nan
    image[10, 10, 3] = np.inf
    write_h5(train / "img" / "image_2.h5", "img", image)


def _mask(values):
    def change(train):
        mask = l4s_patch(2)[1]
        for old, new in values.items():
            mask[l4s_patch(2)[1] == old] = new
        write_h5(train / "mask" / "mask_2.h5", "mask", mask)

    return change


def _partly_unlabelled(train):
    mask = l4s_patch(2)[1]
    mask[:4] = 255
    write_h5(train / "mask" / "mask_2.h5", "mask", mask)


FAULTS = {
    "wrong key": (_wrong_key, "error", "cannot be read", "has no key 'img'; it holds image_data"),
    "NaN": (_nan, "warning", "NaN or infinite", "lack a band"),
    "missing mask": (
        lambda t: (t / "mask" / "mask_2.h5").unlink(),
        "error",
        "mask missing",
        "has no mask",
    ),
    "missing image": (
        lambda t: (t / "img" / "image_2.h5").unlink(),
        "error",
        "image missing",
        "has no image",
    ),
    "mask with 255": (_partly_unlabelled, "warning", "mask with 255", "count as unlabelled"),
    "mask values": (_mask({1: 2}), "error", "mask values", "holds 2 beside 0 and 1"),
    "one class": (_mask({1: 0}), "warning", "one class", "no landslide pixel"),
    "nothing but landslide": (_mask({0: 1}), "warning", "one class", "nothing but landslide"),
    "other size": (
        lambda t: write_h5(t / "img" / "image_2.h5", "img", l4s_patch(2)[0][:64]),
        "error",
        "other size",
        "has shape 64 x 128 x 14, the others 128 x 128 x 14",
    ),
    "other mask size": (
        lambda t: write_h5(t / "mask" / "mask_2.h5", "mask", l4s_patch(2)[1][:, :100]),
        "error",
        "mask of another size",
        "is 128 x 100 px, its image 128 x 128 px",
    ),
    "truncated": (
        lambda t: _cut(t / "img" / "image_2.h5"),
        "error",
        "cannot be read",
        "truncated or no HDF5",
    ),
    "blank": (
        lambda t: write_h5(t / "img" / "image_2.h5", "img", np.zeros((128, 128, 14))),
        "warning",
        "blank",
        "holds 0 everywhere",
    ),
    "normalised": (
        lambda t: write_h5(t / "img" / "image_2.h5", "img", l4s_patch(2)[0] * 1.234),
        "warning",
        "not the published scaling",
        "normalised or resampled",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_found_and_errors_refuse_to_load(tmp_path, fault):
    change, grade, kind, text = FAULTS[fault]
    folder = landslide4sense(tmp_path / "l4s", TrainData=3)
    assert _kinds(check(open_source(folder))) == set()
    change(folder / "TrainData")
    found = check(open_source(folder))
    assert _kinds(found) == {(grade, kind)}
    problem = next(p for p in found.problems if p.kind == kind)
    assert text in problem.text
    if grade == "error":
        assert len(found.usable) == 2
        with pytest.raises(InputFileError, match="data check"):
            open_chips(open_source(folder), tmp_path / "cache")
        assert not list(tmp_path.glob("cache/chips-*")), "nothing half-made is left"
    else:
        cache = open_chips(open_source(folder), tmp_path / "cache")
        assert len(cache.images) == len(found.usable) == 3


def test_nan_pixels_lose_their_label(tmp_path):
    folder = landslide4sense(tmp_path / "l4s", TrainData=2)
    _nan(folder / "TrainData")
    cache = open_chips(open_source(folder), tmp_path / "cache")
    assert (cache.labels[1, 3:5, 7:9] == 255).all() and cache.labels[1, 10, 10] == 255
    assert np.isnan(cache.images[1, 10, 10, 0]), "an infinity becomes nodata"


def test_masks_of_0_and_255_have_to_be_explained(tmp_path):
    folder = pairs(tmp_path / "p", ".png", positive=255)
    found = check(open_source(folder))
    assert ("error", "no landslide") in _kinds(found)
    with pytest.raises(SplitError, match="`positive`"):
        open_chips(open_source(folder), tmp_path / "cache")
    cache = open_chips(open_source(folder, positive=(255,)), tmp_path / "cache")
    np.testing.assert_array_equal(cache.labels[1], rgb_chip(1, 32, 32)[1])


@pytest.mark.parametrize("which", ["c0", "c1"])
def test_truncated_picture_and_array(tmp_path, which):
    for suffix in (".png", ".npy", ".tif"):
        folder = pairs(tmp_path / suffix[1:], suffix)
        _cut(folder / "img" / f"{which}{suffix}")
        found = check(open_source(folder))
        assert ("error", "cannot be read") in _kinds(found), suffix
        assert len(found.usable) == 2


def test_same_image_in_two_splits(tmp_path):
    folder = landslide4sense(tmp_path / "l4s", TrainData=2, TestData=1)
    shutil.copy(folder / "TrainData/img/image_2.h5", folder / "TestData/img/image_1.h5")
    assert ("warning", "image twice, in two splits") in _kinds(check(open_source(folder)))


def test_counts_against_the_published_ones(tmp_path):
    found = check(open_source(landslide4sense(tmp_path / "l4s", TrainData=2)))
    texts = [problem.text for problem in found.problems]
    assert "2 chips, the published set has 3799" in texts
    assert "0 chips, the published set has 800" in texts


def test_command_reports_and_fails_on_errors(tmp_path):
    folder = landslide4sense(tmp_path / "l4s", TrainData=3)
    run = CliRunner().invoke(data.command, ["check", str(folder), "-o", str(tmp_path / "out")])
    assert run.exit_code == 0, run.output
    assert "train 3 chips of 3799 published" in run.output
    assert (tmp_path / "out" / "preview.png").stat().st_size > 10_000
    _cut(folder / "TrainData" / "img" / "image_2.h5")
    run = CliRunner().invoke(data.command, ["check", str(folder), "-o", str(tmp_path / "out")])
    assert isinstance(run.exception, InputFileError)
    assert "1 errors; 2 of 3 listed chips" in str(run.exception)
    report = json.loads((tmp_path / "out" / "check.json").read_text())
    assert report["usable"] == 2 and report["bands"]["elevation"]["unit"] == "m"


def test_two_thousand_files(tmp_path):
    rng = np.random.default_rng(0)
    for role in ("img", "mask"):
        (tmp_path / "many" / role).mkdir(parents=True)
    for i in range(1000):
        np.save(tmp_path / "many" / "img" / f"{i}.npy", rng.random((8, 8, 3), np.float32))
        np.save(tmp_path / "many" / "mask" / f"{i}.npy", rng.integers(0, 2, (8, 8), np.uint8))
    source = open_source(tmp_path / "many")
    assert len(source.chips) == 1000 and source.chips[10].name == "10", "natural order"
    assert check(source).problems == []
    cache = open_chips(source, tmp_path / "cache")
    np.testing.assert_array_equal(cache.images[999], np.load(tmp_path / "many/img/999.npy"))


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "chips"), [("landslide4sense", 14), ("bijie", 24)])
def test_real_data_have_no_error(real_data, name, chips):
    found = check(open_source(real_data / name))
    assert len(found.usable) == chips and found.errors == 0


def test_picture_with_opacity(tmp_path):
    image, mask = rgb_chip(0, 32, 32)
    opaque = np.full((32, 32, 1), 255, np.uint8)
    write_picture(tmp_path / "landslide/image/1.png", np.concatenate([image, opaque], -1))
    write_picture(tmp_path / "landslide/mask/1.png", mask * 255)
    cache = open_chips(open_source(tmp_path, size=32), tmp_path / "cache")
    np.testing.assert_array_equal(cache.images[0], image)
