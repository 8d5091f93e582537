"""What the evaluate command says of landslides as objects."""

import csv
import json

import numpy as np
import pytest
import shapely
from evaluated_scene import GRID

from keras_landslide.cli.main import main
from keras_landslide.errors import InputFileError, RecipeError
from keras_landslide.inventory.geopackage import Layer, write_layer
from keras_landslide.patches.table import Patch, write_patches
from keras_landslide.rasters.write import write_raster
from keras_landslide.workflows.evaluate import evaluate

pytestmark = pytest.mark.usefixtures("no_figures")


def test_lines_of_patches_and_objects(scene):
    evaluate(
        scene / "p.tif", scene / "s.tif", scene / "out", inventory=scene / "truth.gpkg", block_px=25
    )  # fmt: skip
    with (scene / "out" / "per_patch.csv").open(newline="") as stream:
        patches = list(csv.DictReader(stream))
    assert [int(p["tp"]) for p in patches] == [20, 0, 0, 0]
    assert patches[3]["f1"] == ""
    with (scene / "out" / "per_object.csv").open(newline="") as stream:
        found, missed, *ours = list(csv.DictReader(stream))
    # 5 x 5 pixels against 5 x 7, of which 5 x 4 are common.
    assert (found["found"], float(found["area_m2"])) == ("True", 2500)
    assert float(found["overlap"]) == pytest.approx(0.8)
    assert float(found["iou"]) == pytest.approx(20 / 35)
    assert float(found["centroid_distance_m"]) == pytest.approx(15)
    assert (missed["found"], missed["centroid_distance_m"]) == ("False", "")
    assert [row["side"] for row in ours] == ["predicted"] * 2


def test_without_an_inventory_landslides_are_traced_from_the_label(scene):
    given = evaluate(
        scene / "p.tif", scene / "s.tif", scene / "a", inventory=scene / "truth.gpkg"
    )["objects"]  # fmt: skip
    traced = evaluate(scene / "p.tif", scene / "s.tif", scene / "b")["objects"]
    assert given.pop("inventory_source") == "truth.gpkg"
    assert traced.pop("inventory_source") == "traced from the label of the stack"
    # Outlines along the edge of the labelled area have other corners.
    distances = [found.pop("median_boundary_distance_m") for found in (given, traced)]
    assert distances[0] == pytest.approx(distances[1], rel=0.05)
    assert traced == given
    # An object in the unlabelled part counts nowhere.
    label = np.zeros(GRID.shape, np.float32)
    label[5:10, 5:10] = 1
    label[:, 28:] = 255
    write_raster(scene / "u.tif", label, GRID, names=["label"])
    found = evaluate(scene / "p.tif", scene / "u.tif", scene / "c")["objects"]
    assert (found["predicted"], found["correct"], found["inventory"]) == (1, 1, 1)


def test_objects_of_other_splits_do_not_count(scene):
    patches = [
        Patch(0, 0, 0, 20, 20, "test", 0, 0, 0.1, 1.0),
        Patch(1, 20, 0, 20, 20, "train", 0, 0, 0.1, 1.0),
    ]
    write_patches(scene / "patches.gpkg", patches, GRID, {})
    found = evaluate(
        scene / "p.tif", scene / "s.tif", scene / "out",
        patches=scene / "patches.gpkg", inventory=scene / "truth.gpkg",
    )["objects"]  # fmt: skip
    assert (found["predicted"], found["inventory"], found["detected"]) == (1, 1, 1)


def test_events_are_told_apart(scene):
    layer = Layer("slides", "Polygon", {"event": "str"})
    boxes = [
        shapely.box(400050, 699900, 400100, 699950),
        shapely.box(400050, 699660, 400100, 699700),
    ]
    rows = [(shapely.to_wkb(b), [e]) for b, e in zip(boxes, ("1990", "2005"), strict=True)]
    write_layer(scene / "events.gpkg", layer, GRID.crs, rows)
    arguments = ["--probability", scene / "p.tif", "--stack", scene / "s.tif", "-o", scene / "out"]
    more = ["--inventory", scene / "events.gpkg", "--group-field", "event"]
    main(["evaluate", *map(str, [*arguments, *more])])
    groups = json.loads((scene / "out" / "metrics.json").read_text())["objects"]["by_group"]
    assert {k: (v["inventory"], v["detected"]) for k, v in groups.items()} == {
        "1990": (1, 1),
        "2005": (1, 0),
    }
    assert groups["2005"]["missed_area_m2"] == 2000 and groups["2005"]["interval"] is None
    with (scene / "out" / "per_object.csv").open(newline="") as stream:
        assert [row["group"] for row in csv.DictReader(stream)] == ["1990", "2005", "", ""]
    with pytest.raises(InputFileError, match="no attribute 'year'; it has event"):
        evaluate(
            scene / "p.tif", scene / "s.tif", scene / "out",
            inventory=scene / "events.gpkg", group_field="year",
        )  # fmt: skip
    with pytest.raises(RecipeError, match="group field 'event': landslides traced from a label"):
        evaluate(scene / "p.tif", scene / "s.tif", scene / "out", group_field="event")


def test_an_inventory_of_another_basin_is_refused(scene):
    away = shapely.box(500050, 799900, 500100, 799950)
    layer = Layer("slides", "Polygon", {})
    write_layer(scene / "other.gpkg", layer, GRID.crs, [(shapely.to_wkb(away), [])])
    with pytest.raises(
        InputFileError, match=r"other\.gpkg: none of its 1 polygons lies on the map"
    ):
        evaluate(
            scene / "p.tif", scene / "s.tif", scene / "out", inventory=scene / "other.gpkg"
        )  # fmt: skip


def test_a_map_of_percent_is_no_map_of_probabilities(scene):
    values = np.full(GRID.shape, 50.0, np.float32)
    write_raster(scene / "percent.tif", values, GRID)
    with pytest.raises(InputFileError, match="values of 50 to 50, which are no probabilities"):
        evaluate(scene / "percent.tif", scene / "s.tif", scene / "out", threshold=0.5)
