"""A real basin, La Arenosa: some blocks to learn from, others to score on."""

import json

import pytest
import shapely

from keras_landslide.config import RunConfig
from keras_landslide.inventory.read import read_polygons
from keras_landslide.patches.plan import PatchSettings, make_patches
from keras_landslide.patches.table import read_patches
from keras_landslide.rasters.read import read_bands, stack_info
from keras_landslide.stacking.build import build_stack
from keras_landslide.workflows.train import train_run


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


@pytest.mark.real_data
def test_kaghan_ends_where_its_inventory_does(real_data, tmp_path, request):
    recipe = request.config.rootpath / "data_prep" / "recipes" / "kaghan_terrain.toml"
    build_stack(recipe, tmp_path / "stack.tif", root=real_data / "kaghan")
    grid = stack_info(tmp_path / "stack.tif").grid
    pixel = grid.resolution[0]
    assert 354500 <= grid.bounds.right < 354500 + pixel
    label = read_bands(tmp_path / "stack.tif", ["label"])[..., 0]
    slides = read_polygons(real_data / "kaghan" / "landslides_west.gpkg")
    inside = shapely.intersection(shapely.union_all(slides), shapely.box(*grid.bounds))
    assert (label == 1).sum() * pixel**2 == pytest.approx(inside.area, rel=0.02)
