"""The audit at its smallest: a landscape whose landslides only memory can tell."""

import json

import numpy as np
import pytest
import rasterio
from affine import Affine
from leaky_scene import GRID, cut, write_run, write_scene
from shapely.geometry import shape

from keras_landslide.cli.main import main
from keras_landslide.config import load_run_config
from keras_landslide.errors import BundleError, InputFileError, RecipeError
from keras_landslide.patches.table import Patch, read_patches, write_patches
from keras_landslide.samples.opened import open_sources
from keras_landslide.workflows.audit import audit, cut_settings
from keras_landslide.workflows.audit_runs import cut_again
from keras_landslide.workflows.contract import data_contract
from keras_landslide.workflows.train import load_data


def test_both_splits_are_scored_and_the_gap_is_their_difference(tmp_path, capsys):
    run, out = write_run(tmp_path), tmp_path / "out"
    main(["audit", str(run), "-o", str(out), "--block", "16"])
    told = json.loads((out / "audit.json").read_text())
    found = told["basins"][tmp_path.name]
    value = found["random"]["f1"] - found["spatial"]["f1"]
    assert found["gap"]["f1"] == pytest.approx(value, abs=1e-12)
    low, high = found["gap"]["interval"]
    assert low < value < high and told["simulated"] is True and told["seeds"] == 1
    splits = {kind: read_patches(out / tmp_path.name / f"{kind}-0" / "patches.gpkg")
              for kind in ("spatial", "random")}  # fmt: skip
    assert any(p.split == "buffer" for p in splits["spatial"])
    assert not any(p.split == "buffer" for p in splits["random"])
    assert "random - blocked" in capsys.readouterr().out
    # Again: nothing is trained anew, and the numbers are the same.
    assert audit(run, out, block_px=16) == told


def test_a_basin_that_is_given_twice_is_refused(tmp_path):
    run = write_run(tmp_path)
    stack = load_run_config(run).data.stack
    with pytest.raises(RecipeError, match="given twice"):
        audit(run, tmp_path / "out", basins=(stack,))
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_each_basin_is_left_out_in_turn_and_seeds_are_told_apart(tmp_path):
    home, other = tmp_path / "one", tmp_path / "two"
    home.mkdir()
    other.mkdir()
    run, stack = write_run(home), write_scene(other, seed=5)
    out = tmp_path / "out"
    told = audit(run, out, basins=(stack,), seeds=2)
    assert list(told["basins"]) == ["one", "two"] and told["seeds"] == 2
    for name, basin in told["basins"].items():
        for kind in ("spatial", "random", "left_out"):
            assert len(basin[kind]["per_seed"]) == 2
            mean = sum(basin[kind]["per_seed"]) / 2
            assert basin[kind]["f1"] == pytest.approx(mean)
        gaps = [a - b for a, b in zip(*(basin[k]["per_seed"] for k in ("spatial", "left_out")),
                                      strict=True)]  # fmt: skip
        assert basin["transfer_gap"]["per_seed"] == pytest.approx(gaps)
        # What is left out was never learnt from: the training area lies in the other basin, and
        # the statistics are that one's.
        kept = json.loads((out / name / "left_out-0" / "run" / "data.json").read_text())
        there = "two" if name == "one" else "one"
        own = json.loads((out / there / "spatial-0" / "run" / "data.json").read_text())
        assert kept["band_ranges"] == own["band_ranges"]
        ours = json.loads((out / name / "spatial-0" / "run" / "data.json").read_text())
        assert kept["band_ranges"] != ours["band_ranges"]


def test_a_network_of_several_basins_tells_of_all_of_them(tmp_path):
    configs, data = [], []
    for name, seed, slope in (("one", 0, 20), ("two", 1, 35)):
        (tmp_path / name).mkdir()
        config = load_run_config(write_run(tmp_path / name))
        stack = write_scene(tmp_path / name, seed=seed, slope_deg=slope)
        if name == "two":
            with rasterio.open(stack, "r+") as src:
                src.transform = Affine.translation(50_000, 0) @ src.transform
            cut(stack)
        configs.append(config)
        data.append(load_data(config))
    caches = [each.cache for each in data]
    both = configs[0].with_values(
        data={"source": tuple(source for config in configs for source in config.data.sources)}
    )
    told = data_contract(both, load_data(both).sources)
    own = [data_contract(config, each.sources) for config, each in zip(configs, data, strict=True)]
    train = np.concatenate([c.images[c.indices("train")] for c in caches])[..., 0]
    wanted = [train.min(), train.max(), train.mean(dtype=float), train.std(dtype=float)]
    found = [told["band_ranges"]["slope"][key] for key in ("min", "max", "mean", "std")]
    assert found == pytest.approx(wanted, rel=1e-6)
    percentiles = [told["band_ranges"]["slope"][key] for key in ("p01", "p99")]
    assert percentiles == pytest.approx(list(np.percentile(train, [1, 99])), abs=0.01)
    area, *parts = (shape(each["training_area"]) for each in (told, *own))
    assert area.equals(parts[0].union(parts[1])) and parts[0].disjoint(parts[1])
    assert told["patches"]["train"] == sum(each["patches"]["train"] for each in own)
    assert told["fingerprint"] not in {each["fingerprint"] for each in own}
    with rasterio.open(configs[1].data.stack, "r+") as src:
        src.set_band_unit(1, "rad")
    with pytest.raises(BundleError, match=r"two.*rad.*one network cannot learn from both"):
        data_contract(both, open_sources(both))


def test_a_round_of_blocked_k_fold_is_cut_again_as_it_was(tmp_path):
    run = load_run_config(write_run(tmp_path))
    assert cut_settings(run).test_fold is None
    for fold in (0, 2):
        wanted = read_patches(cut(tmp_path / "stack.tif", test_fold=fold))
        settings = cut_settings(run)
        spatial, random = (
            read_patches(cut_again(run, settings, kind, tmp_path / "again.gpkg").data.patches)
            for kind in ("spatial", "random")
        )
        assert spatial == wanted and {p.fold for p in spatial if p.split == "test"} == {fold}
        assert {p.fold for p in random if p.split == "test"} > {fold}


def test_a_table_that_does_not_tell_how_it_was_cut(tmp_path):
    run = write_run(tmp_path)
    write_patches(
        tmp_path / "stack.gpkg", [Patch(0, 0, 0, 16, 16, "train", 0, 0, 0.1, 1.0)], GRID, {}
    )
    with pytest.raises(InputFileError, match="does not note how it was cut"):
        audit(run, tmp_path / "out")
