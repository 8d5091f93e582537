"""One way to learn: chips and stacks through train, evaluate, export, calibrate, adapt, audit."""

import csv
import json

import numpy as np
import pytest
import tomli_w
from leaky_scene import write_run, write_scene
from PIL import Image

from keras_landslide.bundle.read import read_bundle
from keras_landslide.cli.main import main
from keras_landslide.config import load_run_config
from keras_landslide.errors import BundleError, OptionError, RecipeError
from keras_landslide.workflows.adapt import adapt
from keras_landslide.workflows.audit import audit
from keras_landslide.workflows.audit_groups import leaving_out
from keras_landslide.workflows.calibrate import calibrate
from keras_landslide.workflows.evaluate import evaluate
from keras_landslide.workflows.export import export
from keras_landslide.workflows.train import load_data, train
from keras_landslide.workflows.tune import tune

MODEL = {"name": "unet_colombia", "options": {"filters": 2, "levels": 1}}
TRAINING = {"epochs": 2, "batch_size": 4, "learning_rate": 1e-2, "loss": "bce_dice"}


def write_chips(folder, events=("e0", "e1", "e2"), count=6, size=16):
    """Chips whose landslides are bright squares; each event has its own haze."""
    rng = np.random.default_rng(0)
    for role in ("img", "mask"):
        (folder / role).mkdir(parents=True)
    for haze, event in enumerate(events):
        for number in range(count):
            mask = np.zeros((size, size), np.uint8)
            top, left = rng.integers(1, size // 2, 2)
            mask[top : top + 6, left : left + 6] = 1
            image = rng.normal(80 + 20 * haze, 5, (size, size, 3)) + 60 * mask[..., None]
            name = f"{event}_{number}.png"
            Image.fromarray(image.astype(np.uint8)).save(folder / "img" / name)
            Image.fromarray(mask).save(folder / "mask" / name)
    return folder


def write_config(path, sources, **data):
    config = {
        "data": {"image_model": "rgb", "source": sources, **data},
        "model": MODEL,
        "training": TRAINING,
    }
    path.write_text(tomli_w.dumps(config))
    return path


def event(name, **more):
    return {"chips": "hr", "only": f"{name}_*", "split": [0.5, 0.25, 0.25],
            "options": {"pixel_size_m": 3.0}, **more}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("events")
    write_chips(folder / "hr")
    write_config(folder / "run.toml", [event("e0"), event("e1", weight=2), event("e2")])
    train(folder / "run.toml", folder / "run")
    return folder


def test_a_run_of_chips_is_trained_and_tells_of_all_events(home):
    data = json.loads((home / "run" / "data.json").read_text())
    assert data["patches"] == {"train": 12, "val": 3, "test": 3}
    assert data["training_area"] is None and data["pixel_size_m"] == 3.0
    cache = load_data(load_run_config(home / "run.toml")).cache
    reds = cache.images[cache.indices("train")][..., 0]
    assert data["band_ranges"]["red"]["mean"] == pytest.approx(reds.mean(dtype=float))
    assert json.loads((home / "run" / "metrics.json").read_text())["epochs"] == 2
    # Again: nothing is trained anew.
    assert train(home / "run.toml", home / "run")["finished_before"]


def test_it_is_scored_by_event(home, tmp_path, capsys):
    found = evaluate(out=tmp_path / "scores", run=home / "run")
    own = json.loads((home / "run" / "metrics.json").read_text())
    for name in ("tp", "fp", "fn", "tn"):
        assert found["pixels"]["all"][name] == own["test"][name]
        assert sum(group[name] for group in found["groups"].values()) == own["test"][name]
    assert list(found["groups"]) == ["e0", "e1", "e2"]
    with (tmp_path / "scores" / "per_patch.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["group"] for row in rows] == ["e0", "e1", "e2"]
    assert sum(int(row["tp"]) for row in rows) == own["test"]["tp"]
    main(["evaluate", "--run", str(home / "run"), "-o", str(tmp_path / "again")])
    assert "e1" in capsys.readouterr().out


def test_its_bundle_is_exported_calibrated_and_adapted(home, tmp_path):
    main(["export", str(home / "run"), "-o", str(tmp_path / "bundle")])
    bundle = read_bundle(tmp_path / "bundle")
    assert bundle.contract.training_area is None and bundle.contract.pixel_size_m == 3.0
    found = calibrate(tmp_path / "bundle", tmp_path / "calibration", data=home / "run.toml")
    assert found["fitted_on"] == "val"
    assert found["cross_fitted"]["before"]["ece"] >= 0
    with pytest.raises(OptionError, match="give `stack` with `patches`, or `data`"):
        calibrate(tmp_path / "bundle", tmp_path / "calibration")
    place = write_config(home / "place.toml", [event("e2")])
    adapted = adapt(home / "run", tmp_path / "adapted", data=place, labelled=(2,), draws=1, steps=3)
    assert [row["remedy"] for row in adapted["rows"]] == ["before", "normalisation", "fine-tuning"]


def test_chips_of_unknown_pixel_size_make_no_bundle(home, tmp_path):
    config = write_config(home / "unknown.toml", [event("e0", options={})])
    train(config, tmp_path / "run")
    with pytest.raises(BundleError, match=r"options = \{ pixel_size_m = 3\.0 \}"):
        export(tmp_path / "run", tmp_path / "bundle")


def test_each_event_is_left_out_in_turn(home, tmp_path, capsys):
    out = tmp_path / "audit"
    main(["audit", str(home / "run.toml"), "-o", str(out)])
    told = json.loads((out / "audit.json").read_text())
    assert list(told["basins"]) == ["e0", "e1", "e2"]
    for name, group in told["basins"].items():
        gap = group["together"]["f1"] - group["left_out"]["f1"]
        assert group["transfer_gap"]["f1"] == pytest.approx(gap)
        kept = json.loads((out / name / "left_out-0" / "data.json").read_text())
        assert kept["patches"] == {"train": 8, "val": 2, "test": 2 + 6}
        config = leaving_out(load_run_config(home / "run.toml"), name)
        cache = load_data(config).cache
        learnt = {cache.groups[index] for index in cache.indices("train")}
        assert learnt == set(told["basins"]) - {name}
        reds = cache.images[cache.indices("train")][..., 0]
        assert kept["band_ranges"]["red"]["mean"] == pytest.approx(reds.mean(dtype=float))
    assert "price of a new place" in capsys.readouterr().out
    single = write_config(home / "single.toml", [event("e0")])
    with pytest.raises(RecipeError, match="all sources belong to the group e0"):
        audit(single, tmp_path / "none")


def test_two_stacks_are_learnt_together(tmp_path):
    for name, seed in (("one", 0), ("two", 5)):
        (tmp_path / name).mkdir()
        write_run(tmp_path / name)
        if seed:
            write_scene(tmp_path / name, seed=seed)
    sources = [{"stack": f"{n}/stack.tif", "patches": f"{n}/stack.gpkg"} for n in ("one", "two")]
    config = write_config(tmp_path / "both.toml", sources, image_model="terrain", heavy=True)
    metrics = train(config, tmp_path / "run")
    data = json.loads((tmp_path / "run" / "data.json").read_text())
    each = [load_data(load_run_config(tmp_path / n / "run.toml")).cache for n in ("one", "two")]
    assert data["patches"]["train"] == sum(len(cache.indices("train")) for cache in each)
    assert data["training_area"]["type"] in ("Polygon", "MultiPolygon")
    assert 0 <= metrics["threshold"] <= 1
    found = evaluate(out=tmp_path / "scores", run=tmp_path / "run")
    assert list(found["groups"]) == ["one", "two"]


def test_a_search_over_chips(home, tmp_path):
    space = tmp_path / "space.toml"
    space.write_text(
        tomli_w.dumps(
            {
                "search": {"name": "chips", "epochs": 1, "patience": 1, "objective": "val_loss"},
                "base": {
                    "data": {"image_model": "rgb", "source": [{"split": [0.5, 0.25, 0.25]}]},
                    "model": MODEL,
                    "training": {"loss": "bce_dice"},
                },
                "grid": {"learning_rate": [1e-3, 1e-2], "batch_size": [8]},
            }
        )
    )
    with pytest.raises(RecipeError, match="with `chips`"):
        space.with_name("none.toml").write_text(
            space.read_text().replace("[[base.data", "[[base.x")
        )
        tune(space.with_name("none.toml"), tmp_path / "none")
    tune(space, tmp_path / "search", chips=home / "hr")
    best = load_run_config(tmp_path / "search" / "best.toml")
    assert best.data.source[0].chips == str(home / "hr")
    assert len((tmp_path / "search" / "trials.csv").read_text().splitlines()) == 3
