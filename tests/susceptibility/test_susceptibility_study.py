"""The command from a recipe to tables and map, on a small simulated region."""

import csv
import json

import keras
import numpy as np
import pytest
import rasterio

from keras_landslide.cli.main import main
from keras_landslide.errors import SplitError
from keras_landslide.rasters.read import read_bands, stack_info
from keras_landslide.rasters.write import write_raster
from keras_landslide.sources.mixed_region import simulate_region
from keras_landslide.stack.build import build_stack
from keras_landslide.susceptibility.region import read_label

QUICK = ["--epochs", "1", "--members", "1", "--patch-px", "32", "--margin", "30"]


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    return simulate_region(tmp_path_factory.mktemp("region"), (72, 96), seed=8, slide_share=0.1)


@pytest.fixture(scope="module")
def stack(recipe):
    return build_stack(recipe, recipe.with_name("stack.tif"))


@pytest.fixture(scope="module")
def study(recipe, tmp_path_factory):
    """Folder of a finished study of three networks and the peers."""
    out = tmp_path_factory.mktemp("study")
    arguments = ["susceptibility", str(recipe), "-o", str(out), "--models", "naive,llr,lacnn"]
    main([*arguments, "--held-out", "rows:2", "--map-model", "lacnn", *QUICK])
    return out


def test_tables_have_every_model_and_fold(study):
    found = json.loads((study / "scores.json").read_text())
    (held,) = found["held_out"].values()
    names = {"naive", "llr", "lacnn", "random_forest", "gradient_boosting"}
    assert set(held["models"]) == names and held["leader"] in names
    assert found["simulated"] is True
    for entry in held["models"].values():
        aucs = [fold["scores"]["roc_auc"] for fold in entry["folds"]]
        assert len(aucs) == 2
        assert entry["overall"]["roc_auc"]["value"] == pytest.approx(np.mean(aucs))
    naive = held["models"]["naive"]["overall"]
    assert naive["roc_auc"]["value"] == 0.5 and naive["nll"]["value"] >= naive["naive_nll"]["value"]
    text = (study / "scores.md").read_text()
    assert all(f"| {name} |" in text for name in names) and "simulated data" in text


def test_map_covers_all_pixels_with_data(study, stack):
    (probability,) = np.moveaxis(read_bands(study / "probability.tif", ["probability"]), -1, 0)
    slope = read_bands(stack, ["slope"])[..., 0]
    assert (np.isnan(probability) == np.isnan(slope)).all()
    with rasterio.open(study / "classes.tif") as src:
        classes = src.read(1)
    assert ((classes == 255) == np.isnan(slope)).all()
    with (study / "classes.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert sum(int(row["pixels"]) for row in rows) == (~np.isnan(slope)).sum()
    area = sum(float(row["area_km2"]) for row in rows)
    assert area == pytest.approx((~np.isnan(slope)).sum() * 1e-4)
    label = read_bands(stack, ["label"])[..., 0]
    assert sum(int(row["slides"]) for row in rows) == (label[~np.isnan(slope)] == 1).sum()
    assert (study / "classes.qml").exists() and (study / "rates.png").exists()


def test_saved_model_takes_raw_bands_and_gives_the_map(study, stack):
    found = json.loads((study / "scores.json").read_text())["map"]
    model = keras.models.load_model(study / "model.keras")
    bands = read_bands(stack, found["bands"])[None]
    answer = model.predict_on_batch(bands)[0, ..., 0]
    probability = read_bands(study / "probability.tif", ["probability"])[..., 0]
    # Away from the edge, where the map continues the region by reflection.
    np.testing.assert_allclose(answer[36:40, 40:56], probability[36:40, 40:56], atol=1e-5)


def test_goes_on_where_it_was(study, recipe):
    held = sorted((study / "held_out").glob("*.npy"))
    before = {path: path.stat().st_mtime_ns for path in held}
    held[0].unlink()
    arguments = ["susceptibility", str(recipe), "-o", str(study), "--models", "naive,llr,lacnn"]
    main([*arguments, "--held-out", "rows:2", "--map-model", "naive", *QUICK])
    after = {path: path.stat().st_mtime_ns for path in held}
    assert [path for path in held if after[path] != before[path]] == [held[0]]


def failed(arguments, capfd):
    with pytest.raises(SystemExit) as stop:
        main(["susceptibility", *map(str, arguments)])
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith("error:")]
    assert stop.value.code == 2 and len(lines) == 1
    return lines[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--models", "resnet"], "unknown susceptibility model 'resnet'"),
        (["--models", "llr", "--map-model", "cnn"], "not among the models llr"),
        (["--held-out", "rows"], "such as rows:5"),
        (["--held-out", "stripes:2"], "unknown folds 'stripes'"),
        (["--held-out", "rows:72"], "has no landslide pixel"),
        (["--bands", "slope,dip"], "has no band 'dip'"),
        (["--models", "lacnn", "--align", "dip"], "unknown feature to align 'dip'"),
        (["--models", "lacnn", "--margin", "29"], "30 pixels, more than the patch margin of 29"),
    ],
)
def test_mistakes_are_one_clear_line(stack, tmp_path, capfd, options, message):
    line = failed([stack, "-o", tmp_path / "out", *QUICK[:-2], *options], capfd)
    assert message in line


def test_a_dem_with_holes_is_mapped_around_them(stack, tmp_path):
    info = stack_info(stack)
    values = read_bands(stack, info.band_names)
    values[20:30, 30:40, info.band_names.index("elevation")] = np.nan
    holed = tmp_path / "holed.tif"
    with rasterio.open(stack) as src:
        profile, tags = src.profile, [src.tags(i) for i in range(1, src.count + 1)]
    with rasterio.open(holed, "w", **profile) as dst:
        dst.write(np.moveaxis(values, -1, 0))
        for number, name in enumerate(info.band_names, start=1):
            dst.set_band_description(number, name)
            dst.update_tags(number, **tags[number - 1])
    out = tmp_path / "out"
    main(["susceptibility", str(holed), "-o", str(out), "--models", "llr", "--no-peers",
          "--held-out", "rows:2", *QUICK])  # fmt: skip
    probability = read_bands(out / "probability.tif", ["probability"])[..., 0]
    assert np.isnan(probability[20:30, 30:40]).all()
    assert np.isfinite(probability[18:20, 30:40]).all()


def test_no_landslide_at_all(stack, tmp_path):
    info = stack_info(stack)
    empty = tmp_path / "empty.tif"
    label = np.zeros(info.grid.shape, "float32")
    write_raster(empty, label, info.grid, names=["label"])
    with pytest.raises(SplitError, match="no landslide pixel"):
        read_label(empty)


def test_the_published_protocol_holds_out_a_tenth_of_the_patches(stack, tmp_path):
    out = tmp_path / "out"
    arguments = ["susceptibility", str(stack), "-o", str(out), "--protocol", "published"]
    main([*arguments, "--models", "naive,llr", "--no-peers", "--patch-px", "16", "--epochs", "1",
          "--margin", "30"])  # fmt: skip
    found = json.loads((out / "scores.json").read_text())
    (held,) = found["held_out"]
    assert held == "blocks:10"
    assert len(found["held_out"][held]["models"]["llr"]["folds"]) == 1
