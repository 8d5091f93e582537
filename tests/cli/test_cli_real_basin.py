"""A real basin, La Arenosa: some blocks to learn from, others to score on."""

import json

import pytest

from keras_landslide.cli.train import train_run
from keras_landslide.config import RunConfig
from keras_landslide.patches.plan import PatchSettings, make_patches
from keras_landslide.patches.table import read_patches
from keras_landslide.stack.build import build_stack


@pytest.mark.real_data
def test_learns_on_some_blocks_and_scores_on_others(real_data, tmp_path, request):
    stack, table = tmp_path / "stack.tif", tmp_path / "patches.gpkg"
    recipe = request.config.rootpath / "data_prep" / "recipes" / "la_arenosa.toml"
    build_stack(recipe, stack, root=real_data / "la_arenosa")
    make_patches(stack, table, PatchSettings(size=32, image_model="terrain"))
    patches = read_patches(table)
    train = [p.window for p in patches if p.split == "train"]
    test = [p.window for p in patches if p.split == "test"]
    assert train
    assert test
    # The default buffer is one patch.
    assert not any(a.expand(32).intersects(b) for a in train for b in test)
    config = RunConfig().with_values(
        data={
            "stack": str(stack),
            "patches": str(table),
            "image_model": "terrain",
            "oversample": 2,
        },
        model={"options": {"filters": 4}},
        training={"epochs": 6, "batch_size": 16, "learning_rate": 2e-3},
    )
    metrics = json.loads(
        (train_run(config, tmp_path / "run", quiet=True) / "metrics.json").read_text()
    )
    # Source areas cover about 3 %: a map that calls everything a landslide has an F1 of 0.06.
    assert metrics["test"]["f1"] > 0.06
