"""The command from a recipe to tables and map, on a small simulated region."""

import csv
import json
from dataclasses import replace

import keras
import numpy as np
import pytest
import rasterio
from affine import Affine

from keras_landslide.cli.main import main
from keras_landslide.errors import BandError, GridMismatchError, SplitError
from keras_landslide.rasters.read import read_bands, stack_info
from keras_landslide.rasters.write import write_raster
from keras_landslide.simulation.mixed_region import simulate_region
from keras_landslide.stacking.build import build_stack
from keras_landslide.susceptibility_study import trainer
from keras_landslide.susceptibility_study.compare import HeldOut
from keras_landslide.susceptibility_study.features import stack_features
from keras_landslide.susceptibility_study.map_stack import check_map_stack
from keras_landslide.susceptibility_study.rates import Trial
from keras_landslide.susceptibility_study.region import read_label
from keras_landslide.susceptibility_study.settings import Held, StudySettings

QUICK = ["--epochs", "1", "--members", "1", "--patch-px", "32", "--margin", "30", "--buffer", "4"]


NAMES = {"naive", "llr", "lacnn", "random_forest", "gradient_boosting", "ensemble"}


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
    names = NAMES
    assert set(held["models"]) == names and held["leader"] in names
    assert found["simulated"] is True
    for entry in held["models"].values():
        aucs = [fold["scores"]["roc_auc"] for fold in entry["folds"]]
        assert len(aucs) == 2
        assert entry["overall"]["roc_auc"]["value"] == pytest.approx(np.mean(aucs))
    assert set(held["gaps"]) == {held["leader"], "lacnn"}
    assert set(held["gaps"]["lacnn"]) == NAMES - {"lacnn"}
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
    assert (study / "classes.qml").exists() and (study / "classes.png").exists()
    assert {path.name for path in (study / "curves").iterdir()} == {
        "rows.png",
        *(f"rows-{name}.png" for name in NAMES),
    }


def test_saved_model_takes_raw_bands_and_gives_the_map(study, stack):
    found = json.loads((study / "scores.json").read_text())["map"]
    model = keras.models.load_model(study / "model.keras")
    bands = read_bands(stack, found["bands"])[None]
    answer = model.predict_on_batch(bands)[0, ..., 0]
    probability = read_bands(study / "probability.tif", ["probability"])[..., 0]
    # Away from the edge, where the map continues the region by reflection.
    np.testing.assert_allclose(answer[36:40, 40:56], probability[36:40, 40:56], atol=1e-5)


def test_goes_on_where_it_was(stack, tmp_path):
    names, held = ("naive", "random_forest"), Held("rows", 2)
    settings = StudySettings(models=("naive",), held=(held,), buffer_px=4).resolved()
    info = stack_info(stack)

    def fill():
        of = trainer.Trainer(stack, stack_features(info, ["slope"]), read_label(stack), settings)
        for _ in HeldOut(of, held, tmp_path).fill(names):
            pass
        return {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.npy")}

    before = fill()
    lost = next(path for path in before if "random_forest-1" in path.name)
    values = np.load(lost)
    lost.unlink()
    after = fill()
    assert [path for path in before if after[path] != before[path]] == [lost]
    np.testing.assert_array_equal(np.load(lost), values)


def test_rates_are_searched_without_the_pixels_held_out(stack, tmp_path, monkeypatch):
    seen = []

    def search(name, features, label, fold, *_, **options):
        assert ((fold >= 0) == (label != 255)).all()
        seen.append(label)
        return [Trial("sgd", 0.5, 0.1), Trial("adam", 0.1, float("inf"))]

    monkeypatch.setattr(trainer, "search_rates", search)
    settings = StudySettings(
        models=("llr",), held=(Held("rows", 2),), search_rates=True, epochs=1, buffer_px=3
    ).resolved()
    info = stack_info(stack)
    of = trainer.Trainer(stack, stack_features(info, ["slope"]), read_label(stack), settings)
    study = HeldOut(of, settings.held[0], tmp_path)
    for _ in range(2):  # what was found is not searched again
        assert len(list(study.fill(["llr"]))) == 2 and len(seen) == 2
        study.path("llr", 0).unlink()
    for number, label in enumerate(seen):
        assert (label[study.fold == number] == 255).all()
    known = {"optimizer": "sgd", "learning_rate": 0.5, "nll": 0.1}
    assert study.rates(["llr"]) == {"llr": [[known], [known]]}


def test_a_key_for_all_that_counts(stack):
    """Another setting of a model is another file, and another model's is not."""
    info = stack_info(stack)

    def keys(models=("llr",), **options):
        settings = StudySettings(models, held=(Held("rows", 2),), **options).resolved()
        of = trainer.Trainer(stack, stack_features(info, ["slope"]), read_label(stack), settings)
        return {name: of.key(name, settings.held[0]) for name in ("llr", "random_forest")}

    plain = keys()
    assert keys(models=("llr", "cnn")) == plain
    assert {**plain, **keys(epochs=3)} == {**keys(epochs=3)} != plain
    assert keys(epochs=3)["random_forest"] == plain["random_forest"]
    for options in ({"buffer_px": 9}, {"seed": 1}):
        assert not set(keys(**options).values()) & set(plain.values())


def change(stack, out, name, **tags):
    """A copy of a stack with other metadata of one band."""
    info = stack_info(stack)
    with rasterio.open(stack) as src:
        profile, values = src.profile, src.read()
        known = [src.tags(i) for i in range(1, src.count + 1)]
        units = list(src.units)
    with rasterio.open(out, "w", **profile) as dst:
        dst.write(values)
        for number, band in enumerate(info.band_names, start=1):
            dst.set_band_description(number, band)
            unit = tags.get("unit") if band == name and "unit" in tags else units[number - 1]
            dst.set_band_unit(number, unit or "")
            dst.update_tags(number, **known[number - 1] | (tags if band == name else {}))
    return out


@pytest.mark.parametrize(
    ("name", "tags", "message"),
    [
        ("slope", {"unit": "%"}, "band 'slope' is of unit '%', in the stack learnt from 'deg'"),
        ("age", {"classes": '["new", "old"]'}, "band 'age' has another class table.*new is new"),
        ("age", {"kind": "continuous"}, "band 'age' is of kind 'continuous'"),
    ],
)
def test_a_map_stack_that_means_something_else(stack, tmp_path, name, tags, message):
    other = change(stack, tmp_path / "other.tif", name, **tags)
    names = ("slope", "age", "uphill_30")
    check_map_stack(stack_info(stack), stack_info(stack), names)
    with pytest.raises(BandError, match=message):
        check_map_stack(stack_info(stack), stack_info(other), names)


def test_a_map_stack_of_other_pixels(stack):
    info = stack_info(stack)
    transform = info.grid.transform @ Affine.scale(1.5)
    other = replace(info, grid=replace(info.grid, transform=transform))
    with pytest.raises(GridMismatchError, match="pixels of 15 m, the stack learnt from of 10 m"):
        check_map_stack(info, other, ("slope",))
    nearly = replace(
        info, grid=replace(info.grid, transform=info.grid.transform @ Affine.scale(1.04))
    )
    with pytest.raises(GridMismatchError, match="'uphill_300' counts another ring"):
        check_map_stack(info, nearly, ("slope", "uphill_300"))
    with pytest.raises(BandError, match="dip"):
        check_map_stack(info, info, ("dip",))


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
        (["--models", "llr", "--map-model", "cnn"], "not among the models llr, random"),
        (["--models", "llr", "--map-model", "ensemble"], "or what it is made of, to --models"),
        (["--held-out", "rows"], "such as rows:5"),
        (["--held-out", "rows:2", "--buffer", "72"], "no landslide pixel is left to learn from"),
        (["--protocol", "published", "--held-out", "rows:2"], "leave out --held-out"),
        (["--held-out", "stripes:2"], "unknown folds 'stripes'"),
        (["--held-out", "rows:72"], "has no landslide pixel"),
        (["--bands", "slope,dip"], "has no band 'dip'"),
        (["--models", "llr,cnn,llr"], "a network is named twice"),
        (["--models", ",", "--no-peers"], "no model to compare; name some of naive, llr"),
        (["--models", "lacnn", "--align", "dip"], "unknown feature to align 'dip'"),
        (["--models", "lacnn", "--margin", "29"], "30 pixels, more than the patch margin of 29"),
    ],
)
def test_mistakes_are_one_clear_line(stack, tmp_path, capfd, options, message):
    line = failed([stack, "-o", tmp_path / "out", *QUICK, *options], capfd)
    assert message in line


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "no uphill bands, which lann and lacnn need"),
        (["--align", "dip"], "unknown feature to align 'dip'"),
    ],
)
def test_what_cannot_be_aligned_is_said_before_anything_is_learnt(
    stack, tmp_path, capfd, options, message
):
    info = stack_info(stack)
    names = [band.name for band in info.bands if band.name in ("slope", "label")]
    flat = write_raster(tmp_path / "flat.tif", read_bands(stack, names), info.grid, names=names)
    arguments = [flat, "-o", tmp_path / "out", "--models", "llr,lann", *QUICK, *options]
    assert message in failed(arguments, capfd)
    assert not list((tmp_path / "out").rglob("*.npy*"))


def test_a_dem_with_holes_is_mapped_around_them(stack, tmp_path, capsys):
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
    # The slope has no value along the edge of the region either.
    count = 100 + 2 * (72 + 96) - 4
    assert f"{count} of 6912 pixels (6.2%) lack a value" in capsys.readouterr().out
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
    assert held == "blocks:10" and StudySettings(protocol="published").resolved().members == 1
    assert len(found["held_out"][held]["models"]["llr"]["folds"]) == 1
