import sqlite3
from dataclasses import replace

import numpy as np
import pytest
from patch_scenes import make_stack

from keras_landslide.errors import (
    BandError,
    GridMismatchError,
    InputFileError,
    NodataError,
    SplitError,
)
from keras_landslide.grid import Window
from keras_landslide.patches.folds import fold_split
from keras_landslide.patches.plan import PatchSettings, make_patches, plan_patches
from keras_landslide.patches.table import read_patches, read_tags
from keras_landslide.rasters.read import stack_info
from keras_landslide.rasters.write import write_raster

SMALL = PatchSettings(size=32)


def gap(a, b):
    """Pixels between two windows along the axis where that is more; negative if they overlap."""
    rows = max(b.row_off - a.row_end, a.row_off - b.row_end)
    cols = max(b.col_off - a.col_end, a.col_off - b.col_end)
    return max(rows, cols)


def of(patches, *splits):
    return [p for p in patches if p.split in splits]


def test_fractions_by_hand(stack, patches):
    values = stack[1]
    known = np.isfinite(values[..., :3]).all(-1) & (values[..., -1] != 255)
    for patch in patches:
        inside = known[patch.window.slices]
        slide = (values[..., -1] == 1)[patch.window.slices] & inside
        assert patch.valid_fraction == inside.mean()
        assert patch.landslide_fraction == (slide.sum() / inside.sum() if inside.any() else 0)
        assert (patch.split == "unused") == (inside.mean() < 0.5)


@pytest.mark.parametrize(
    "settings",
    [
        SMALL,
        PatchSettings(size=32, buffer=16, block=48, seed=3),
        PatchSettings(size=32, overlap=0.3, buffer=0, block=64, split=(0.5, 0.25, 0.25)),
    ],
)
def test_splits_lie_apart_and_in_their_blocks(stack, settings):
    path, values = stack
    patches = plan_patches(path, settings)
    block, buffer = settings.resolved(values.shape[:2])
    owner = {}
    for a in of(patches, "train", "val", "test"):
        for b in of(patches, "train", "val", "test"):
            if a.split != b.split:
                assert gap(a.window, b.window) >= buffer
        w = a.window
        for row in range(w.row_off // block, (w.row_end - 1) // block + 1):
            for col in range(w.col_off // block, (w.col_end - 1) // block + 1):
                assert owner.setdefault((row, col), a.split) == a.split
    assert all(of(patches, split) for split in ("train", "val", "test"))


def test_buffer_takes_no_more_than_it_must(patches):
    lost = len(of(patches, "buffer")) / len(of(patches, "train", "val", "test", "buffer"))
    assert lost < 0.5
    train, val, test = (of(patches, split) for split in ("train", "val", "test"))
    assert len(train) > len(val) and len(train) > len(test)
    fractions = [np.mean([p.landslide_fraction for p in s]) for s in (train, val, test)]
    assert max(fractions) < 1.5 * min(fractions)


@pytest.mark.parametrize(("scene", "size"), [(256, 64), (512, 64), (512, 128)])
def test_defaults_work_for_small_scenes(tmp_path, scene, size):
    make_stack(tmp_path / "s.tif", scene)
    patches = plan_patches(tmp_path / "s.tif", PatchSettings(size=size))
    for split in ("train", "val", "test"):
        assert any(p.landslide_fraction > 0 for p in of(patches, split))


def test_no_room_says_what_to_change(stack):
    with pytest.raises(SplitError, match=r"no room for train \+ val \+ test .* smaller `size`"):
        plan_patches(stack[0], PatchSettings(size=128))


def test_one_split_alone_and_two(stack):
    patches = plan_patches(stack[0], replace(SMALL, split=(0, 0, 1)))
    assert {p.split for p in patches} == {"test", "unused"}
    patches = plan_patches(stack[0], replace(SMALL, split=(0.8, 0.2, 0)))
    assert {p.split for p in patches} >= {"train", "val"}
    assert not of(patches, "test")


def test_random_split_uses_every_window_and_says_so(stack, tmp_path):
    out = tmp_path / "p.gpkg"
    patches = make_patches(stack[0], out, replace(SMALL, split_kind="random"))
    assert not of(patches, "buffer")
    used = len(of(patches, "train", "val", "test"))
    assert len(of(patches, "train")) == round(0.6 * used)
    assert "optimistic" in read_tags(out)["split_kind"]


def test_without_landslides_one_clear_line(tmp_path):
    make_stack(tmp_path / "s.tif", landslide=False)
    with pytest.raises(SplitError, match="no landslide pixel to learn from"):
        plan_patches(tmp_path / "s.tif", SMALL)
    # Nothing to learn, but enough to test on.
    plan_patches(tmp_path / "s.tif", replace(SMALL, split=(0, 0, 1)))


def test_no_landslide_in_train_is_refused(stack, tmp_path):
    path, values = stack
    values = values.copy()
    values[..., -1] = 0
    values[100:104, 100:104, -1] = 1
    grid = stack_info(path).grid
    write_raster(tmp_path / "one.tif", values, grid, names=["red", "slope", "aspect", "label"])
    # A random split of few windows: some seed leaves train without the only landslide.
    settings = PatchSettings(size=32, overlap=0, split=(0.1, 0.1, 0.8), split_kind="random")
    with pytest.raises(SplitError, match="falls in the train split"):
        for seed in range(20):
            plan_patches(tmp_path / "one.tif", replace(settings, seed=seed))


def test_bad_stacks_are_one_clear_line(stack, tmp_path):
    path, values = stack
    grid = stack_info(path).grid
    with pytest.raises(BandError, match="has no band green, blue"):
        plan_patches(path, replace(SMALL, image_model="rgb"))
    write_raster(tmp_path / "nolabel.tif", values[..., :1], grid, names=["red"])
    with pytest.raises(BandError, match="has no band label"):
        plan_patches(tmp_path / "nolabel.tif", SMALL)
    nothing = np.full((*grid.shape, 2), np.nan, np.float32)
    write_raster(tmp_path / "nodata.tif", nothing, grid, names=["red", "label"])
    with pytest.raises(NodataError, match="no patch of 32 px is labelled and valid in red"):
        plan_patches(tmp_path / "nodata.tif", SMALL)


@pytest.mark.parametrize(
    "wrong",
    [
        {"split": (0.5, 0.2, 0.2)},
        {"split_kind": "odd"},
        {"block": 0},
        {"buffer": -1},
        {"size": 0},
        {"seed": -1},
    ],
)
def test_bad_settings_are_refused(stack, wrong):
    with pytest.raises(SplitError):
        plan_patches(stack[0], replace(SMALL, **wrong))


def test_table_round_trip_tags_style_and_bytes(stack, tmp_path):
    path, _ = stack
    patches = make_patches(path, tmp_path / "a.gpkg", SMALL)
    make_patches(path, tmp_path / "b.gpkg", SMALL)
    assert (tmp_path / "a.gpkg").read_bytes() == (tmp_path / "b.gpkg").read_bytes()
    grid = stack_info(path).grid
    assert read_patches(tmp_path / "a.gpkg", grid) == read_patches(tmp_path / "a.gpkg") == patches
    elsewhere = grid.crop(Window(0, 64, *grid.shape))  # as large, but another place
    with pytest.raises(GridMismatchError, match="belongs to another stack, its stack_transform"):
        read_patches(tmp_path / "a.gpkg", elsewhere)
    tags = read_tags(tmp_path / "a.gpkg")
    assert tags["stack"] == "stack.tif"
    assert tags["stack_fingerprint"] == "0-256"
    assert (tags["patch_size_px"], tags["buffer_px"], tags["simulated"]) == ("32", "32", "yes")
    with sqlite3.connect(tmp_path / "a.gpkg") as db:
        assert db.execute("select f_table_name from layer_styles").fetchone() == ("patches",)
        box = db.execute("select min_x, min_y, max_x, max_y from gpkg_contents").fetchone()
    assert box == stack_info(path).grid.bounds
    other = plan_patches(path, replace(SMALL, seed=1))
    assert [p.split for p in other] != [p.split for p in patches]


def test_reading_what_is_no_table(stack, tmp_path):
    with pytest.raises(InputFileError, match="no such file"):
        read_patches(tmp_path / "absent.gpkg")
    (tmp_path / "x.gpkg").write_text("text")
    with pytest.raises(InputFileError, match="cannot be read"):
        read_patches(tmp_path / "x.gpkg")


def test_folds_are_blocked_and_balanced(stack, tmp_path):
    patches = plan_patches(stack[0], replace(SMALL, folds=4))
    folds = {p.fold for p in patches}
    assert folds == {-1, 0, 1, 2, 3}
    for k in range(4):
        rounds = fold_split(patches, k, 32)
        test, val, train = (of(rounds, split) for split in ("test", "val", "train"))
        assert test and val and train
        assert {p.fold for p in test} == {k}
        assert min(gap(a.window, b.window) for a in test for b in train + val) >= 32
        assert min(gap(a.window, b.window) for a in val for b in train) >= 32
    with pytest.raises(SplitError, match="no fold 9"):
        plan_patches(stack[0], replace(SMALL, test_fold=9))
    for wrong in ({"split_kind": "random"}, {"folds": 2}):
        with pytest.raises(SplitError, match="`test_fold` needs a spatial split and at least 3"):
            plan_patches(stack[0], replace(SMALL, test_fold=0, **wrong))
    made = make_patches(stack[0], tmp_path / "k.gpkg", replace(SMALL, folds=4, test_fold=1))
    assert made == fold_split(patches, 1, 32)
    assert read_tags(tmp_path / "k.gpkg")["split_kind"] == "spatial (fold 1 of 4 is test)"


def test_landslides_are_not_dumped_in_the_buffer(tmp_path):
    # Landslides crowd in one quarter: equal fractions alone could be had by giving them up.
    values = make_stack(tmp_path / "s.tif", 512)
    values[256:, :, -1] = np.minimum(values[256:, :, -1], 0)
    values[:, 256:, -1] = np.minimum(values[:, 256:, -1], 0)
    grid = stack_info(tmp_path / "s.tif").grid
    write_raster(tmp_path / "q.tif", values, grid, names=["red", "slope", "aspect", "label"])
    patches = plan_patches(tmp_path / "q.tif", PatchSettings(size=32))
    total = sum(p.landslide_fraction for p in patches)
    lost = sum(p.landslide_fraction for p in of(patches, "buffer"))
    assert lost / total < 0.4
    for split in ("train", "val", "test"):
        assert any(p.landslide_fraction > 0 for p in of(patches, split))
