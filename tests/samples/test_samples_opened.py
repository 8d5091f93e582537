"""Stacks and folders of chips as what one run learns from."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from keras_landslide.config import DataConfig, RunConfig, load_run_config, run_config
from keras_landslide.errors import BandError, RecipeError, SplitError
from keras_landslide.patches.cache import PatchCache
from keras_landslide.patches.table import Patch
from keras_landslide.samples.batches import PatchBatches
from keras_landslide.samples.joined import JoinedArrays, joined
from keras_landslide.samples.opened import groups_of, join, open_sources, source_states
from keras_landslide.sources import Source


def cache(count, size=4, first=0.0, split="train", kinds=("continuous",)):
    images = np.full((count, size, size, 1), first, np.float32)
    images += np.arange(count, dtype=np.float32)[:, None, None, None]
    labels = np.zeros((count, size, size), np.uint8)
    patches = tuple(Patch(i, 0, 0, size, size, split, -1, i, 0.0, 1.0) for i in range(count))
    return PatchCache(images, labels, patches, ("red",), kinds)


def chips(folder, names, size=16, seed=0):
    """RGB images and masks with a square landslide each."""
    rng = np.random.default_rng(seed)
    for number, name in enumerate(names):
        for role in ("img", "mask"):
            (folder / role).mkdir(parents=True, exist_ok=True)
        image = rng.integers(0, 255, (size, size, 3), np.uint8)
        mask = np.zeros((size, size), np.uint8)
        mask[2 : 6 + number % 4, 3:9] = 1
        Image.fromarray(image).save(folder / "img" / f"{name}.png")
        Image.fromarray(mask).save(folder / "mask" / f"{name}.png")
    return folder


def chip_run(folder, *tables, **data):
    raw = {"data": {"image_model": "rgb", "source": list(tables), **data}}
    return run_config(raw, "run.toml", folder)


def test_joined_arrays_read_like_one():
    parts = [np.arange(6).reshape(3, 2), np.arange(6, 10).reshape(2, 2)]
    whole, found = np.concatenate(parts), JoinedArrays(parts)
    assert found.shape == whole.shape and len(found) == 5 and found.ndim == 2
    for number in (0, 2, 3, 4, -1):
        np.testing.assert_array_equal(found[number], whole[number])
    for key in (
        [4, 0, 3],
        np.array([True, False, True, True, False]),
        slice(1, 4),
        np.array([], int),
    ):
        np.testing.assert_array_equal(found[key], whole[key])
    np.testing.assert_array_equal(np.asarray(found), whole)
    with pytest.raises(IndexError):
        found[5]


def test_patches_and_blocks_are_numbered_on():
    both = joined([cache(3), cache(2, first=10)], weights=[1, 2], groups=["a", "b"])
    assert [patch.patch_id for patch in both.patches] == [0, 1, 2, 3, 4]
    assert len({patch.block for patch in both.patches}) == 5
    assert both.groups == ("a", "a", "a", "b", "b")
    np.testing.assert_array_equal(np.asarray(both.images)[:, 0, 0, 0], [0, 1, 2, 10, 11])


def test_weights_say_how_often_patches_occur_in_an_epoch():
    caches = [cache(4), cache(10, first=100), cache(6, first=200)]
    both = joined(caches, weights=[3, 0.5, 1], groups=["a", "b", "c"])
    batches = PatchBatches(both, range(20), batch_size=4, seed=1)
    seen = []
    for epoch in range(40):
        order, _ = batches.order(epoch)
        assert len(order) == 4 * 3 + 5 + 6
        assert len(batches) == -(-len(order) // 4)
        times = np.bincount(order, minlength=20)
        assert (times[:4] == 3).all() and (times[14:] == 1).all() and times[4:14].sum() == 5
        seen.append(times[4:14])
    assert (np.sum(seen, axis=0) > 5).all()
    np.testing.assert_array_equal(
        batches.order(7)[0], PatchBatches(both, range(20), batch_size=4, seed=1).order(7)[0]
    )
    # What is scored is scored once.
    plain = PatchBatches(both, range(20), batch_size=4, shuffle=False)
    np.testing.assert_array_equal(plain.order(0)[0], np.arange(20))


def test_bands_of_another_kind_are_refused():
    with pytest.raises(BandError, match="red is of kind continuous in one"):
        joined([cache(1), cache(1, kinds=("azimuth",))], weights=[1, 1], groups=["a", "b"])


def test_chips_are_chosen_by_name_divided_and_given_roles(tmp_path):
    folder = chips(tmp_path / "hr", [f"e{i % 2}_{i:02}" for i in range(10)])
    config = chip_run(
        tmp_path,
        {"chips": "hr", "only": "e0_*", "split": [0.6, 0.2, 0.2], "weight": 2},
        {"chips": "hr", "only": "e1_*", "role": "test"},
    )
    assert config.data.groups == ("e0", "e1")
    whole = join(open_sources(config))
    assert len(whole.patches) == 10
    splits = np.array([patch.split for patch in whole.patches])
    groups = groups_of(whole, config)
    assert (splits[groups == "e1"] == "test").all()
    assert {s: int((splits[groups == "e0"] == s).sum()) for s in ("train", "val", "test")} == {
        "train": 3, "val": 1, "test": 1
    }  # fmt: skip
    image = np.asarray(Image.open(folder / "img" / "e1_01.png"))
    np.testing.assert_array_equal(whole.images[5], image.astype(np.float32))
    digest, simulated = source_states(config)
    assert not simulated
    assert source_states(config)[0] == digest
    Image.fromarray(image + 1).save(folder / "img" / "e1_01.png")
    assert source_states(config)[0] != digest
    assert (tmp_path / "hr.cache").is_dir()


def test_the_config_comes_back_as_it_was_written(tmp_path):
    chips(tmp_path / "hr", ["a", "b"])
    config = chip_run(tmp_path, {"chips": "hr", "split": [0.5, 0.5, 0.0], "group": "japan"})
    config.save(tmp_path / "kept.toml")
    again = load_run_config(tmp_path / "kept.toml")
    assert again == config and again.to_dict() == config.to_dict()
    assert "stack" not in again.to_dict()["data"]
    plain = RunConfig(DataConfig(stack="s.tif", patches="p.gpkg"))
    assert plain.data.sources == (Source(stack="s.tif", patches="p.gpkg"),)
    assert "source" not in plain.to_dict()["data"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, "either `stack` with `patches`, or `chips`"),
        ({"stack": "a.tif"}, "`stack` needs `patches`"),
        ({"chips": "hr", "rolle": "train"}, "unknown key 'rolle'.*role"),
        ({"chips": "hr", "role": "learn"}, "should be one of: train, val, test"),
        ({"chips": "hr", "role": "train", "split": [1, 0, 0]}, "either role or split"),
        ({"chips": "hr", "split": [0.5, 0.6, 0]}, "sum to 1"),
        ({"chips": "hr", "split": ["a", 1, 0]}, "sum to 1"),
        ({"chips": "hr", "weight": 0}, "weight = 0.0 should be greater than 0"),
        ({"chips": "hr", "weight": "much"}, "should be of type float"),
        ({"stack": "a.tif", "patches": "p.gpkg", "only": "x*"}, "are for chips"),
        ("hr", "expected a table"),
    ],
)
def test_a_wrong_table_is_one_clear_line(tmp_path, table, message):
    with pytest.raises(RecipeError, match=message) as caught:
        chip_run(tmp_path, table)
    assert "run.toml: [[data.source]] 1" in str(caught.value)


def test_a_stack_beside_sources_is_refused(tmp_path):
    with pytest.raises(RecipeError, match="names a stack or patches and has"):
        chip_run(tmp_path, {"chips": "hr", "role": "train"}, stack="stack.tif")


def test_chips_that_nobody_divides_or_that_have_other_bands_are_refused(tmp_path):
    chips(tmp_path / "hr", ["a", "b"])
    with pytest.raises(SplitError, match="give the source a `role`, or a `split`"):
        open_sources(chip_run(tmp_path, {"chips": "hr"}))
    with pytest.raises(SplitError, match="no chip is called like only = 'x\\*'"):
        open_sources(chip_run(tmp_path, {"chips": "hr", "only": "x*", "role": "train"}))
    config = chip_run(tmp_path, {"chips": "hr", "role": "train", "options": {"bands": "rgb"}})
    table = replace(config.data.source[0], options={"bands": ["red", "green", "nir"]})
    with pytest.raises(BandError, match="the image model wants red, green, blue"):
        open_sources(config.with_values(data={"source": (table,)}))


def test_patches_of_two_sizes_are_refused(tmp_path):
    chips(tmp_path / "one", ["a", "b"], size=16)
    chips(tmp_path / "two", ["a", "b"], size=24)
    tables = ({"chips": name, "role": "train"} for name in ("one", "two"))
    with pytest.raises(SplitError, match=r"two: patches of 24 x 24 px, but those of .*16 x 16"):
        join(open_sources(chip_run(tmp_path, *tables)))
