"""`evaluate --run`: a finished run is all that it takes."""

import csv
import json

import pytest
import rasterio
from affine import Affine
from leaky_scene import write_scene

from keras_landslide.bundle.export import export_bundle
from keras_landslide.bundle.read import read_bundle
from keras_landslide.cli.main import main
from keras_landslide.evaluation.assess import assess
from keras_landslide.evaluation.definitions import DEFINITIONS
from keras_landslide.rasters.read import stack_info
from keras_landslide.workflows.predict import predict
from keras_landslide.workflows.scored_pixels import patch_windows


def test_test_patches_are_scored_and_all_is_written(trained, tmp_path, capsys):
    out = tmp_path / "out"
    main(["evaluate", "--run", str(trained / "run"), "-o", str(out)])
    names = {p.name for p in out.iterdir()}
    assert names >= {"metrics.json", "per_patch.csv", "per_object.csv", "report.html",
                     "confusion_map.png", "probability_map.png", "curves.png"}  # fmt: skip
    found = json.loads((out / "metrics.json").read_text())
    assert found["split"] == "test" and found["calibration_split"] == "val"
    # The same as by hand: export, predict, score the test patches.
    stack = trained / "stack.tif"
    bundle = export_bundle(trained / "run", tmp_path / "bundle")
    probability = predict(bundle, stack, tmp_path / "map")["probability"]
    numbered = patch_windows(trained / "stack.gpkg", "test", stack_info(stack).grid)
    regions = assess(probability, stack, read_bundle(bundle).threshold,
                     windows=[w for _, w in numbered])  # fmt: skip
    wanted = regions["all"].to_dict()
    assert {k: found["pixels"]["all"][k] for k in ("tp", "fp", "fn", "tn", "roc_auc")} == {
        k: wanted[k] for k in ("tp", "fp", "fn", "tn", "roc_auc")
    }
    with (out / "per_patch.csv").open(newline="") as stream:
        assert len(list(csv.DictReader(stream))) == len(numbered)
    assert found["objects"]["inventory_source"].startswith("traced")
    # Every number has its definition in the same file and on the same page.
    page = (out / "report.html").read_text()
    for part in (found["pixels"]["all"], found["objects"]):
        assert set(part) <= set(found["definitions"]) == set(DEFINITIONS)
        assert all(f">{key}</td>" in page for key in part)
    assert "landslides:" in capsys.readouterr().out


def test_another_scene_is_scored_as_a_whole(trained, tmp_path):
    stack = write_scene(tmp_path, seed=4, cloud=True)
    with rasterio.open(stack, "r+") as src:
        src.transform = Affine.translation(50_000, 0) @ src.transform
    arguments = ["--run", trained / "run", "--stack", stack, "-o", tmp_path / "out"]
    main(["evaluate", *map(str, arguments)])
    found = json.loads((tmp_path / "out" / "metrics.json").read_text())
    pixels = found["pixels"]
    assert found["split"] is None and sum(pixels["all"][k] for k in ("tp", "fp", "fn", "tn")) == (
        128 * 128
    )
    assert set(pixels) == {"all", "clear", "cloud"} and found["by_cloud_cover"]


@pytest.mark.parametrize(
    "given", [[], ["--probability", "p"], ["--probability", "p", "--run", "r"]]
)
def test_what_to_score_has_to_be_said(given, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["evaluate", *given, "-o", str(tmp_path)])
    assert stop.value.code == 2 and capsys.readouterr().err.count("\n") == 1
