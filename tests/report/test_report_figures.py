"""Figures hold what they should: colours counted in the picture, titles in the artists."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread
from report_scene import make_scene

from keras_landslide.errors import BandError, GridMismatchError, InputFileError
from keras_landslide.evaluation.maps import covered
from keras_landslide.evaluation.scores import confusion_classes
from keras_landslide.grid import Grid, Window
from keras_landslide.patches.table import Patch
from keras_landslide.rasters.write import write_raster
from keras_landslide.report import canvas
from keras_landslide.report.figures import (
    ConfusionPanel,
    bands_overview,
    confusion_map,
    learning_curves,
    patches_map,
    probability_map,
    trials_figure,
)
from keras_landslide.report.result_maps import COLOURS
from keras_landslide.report.view import open_view
from keras_landslide.tuning.results import TrialRow, write_trials_csv


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    return make_scene(tmp_path_factory.mktemp("scene"))


def coloured(png, colour):
    """How many pixels of a picture have exactly this colour."""
    image = np.round(imread(png)[..., :3] * 255).astype(int)
    return int((image == np.round(np.array(to_rgb(colour)) * 255)).all(axis=-1).sum())


@pytest.mark.parametrize("panels", [1, 3])
def test_confusion_colours_are_in_proportion_to_the_counts(scene, tmp_path, panels):
    stack, path, probability, label = scene
    out = confusion_map(
        [ConfusionPanel("m", path, 0.5)] * panels, stack, tmp_path / "c.png", title="Map"
    )
    classes = confusion_classes(probability, label, 0.5)
    drawn = {value: coloured(out, colour) for value, (_, colour) in COLOURS.items()}
    counts = {value: int((classes == value).sum()) for value in COLOURS}
    total_drawn, total = sum(drawn.values()), sum(counts.values())
    for value in COLOURS:
        assert drawn[value] / total_drawn == pytest.approx(counts[value] / total, abs=0.06)


def test_confusion_map_needs_a_label_and_the_same_grid(scene, tmp_path):
    stack, path, probability, _ = scene
    with pytest.raises(BandError, match="label"):
        confusion_map([ConfusionPanel("m", path, 0.5)], path, tmp_path / "c.png", title="Map")
    grid = open_view(path).info.grid
    moved = Grid(grid.crs, grid.transform.translation(1, 0) @ grid.transform, grid.shape)
    other = write_raster(tmp_path / "o.tif", probability, moved, names=["probability"])
    with pytest.raises(GridMismatchError):
        confusion_map([ConfusionPanel("m", other, 0.5)], stack, tmp_path / "c.png", title="Map")
    assert not (tmp_path / "c.png").exists()


@pytest.mark.parametrize("max_side_px", [1400, 50])
def test_windows_at_the_size_of_the_view(scene, max_side_px):
    stack, *_ = scene
    view = open_view(stack, max_side_px)
    windows = [Window(0, 0, 20, 30), Window(10, 25, 40, 40), Window(90, 100, 50, 50)]
    whole = covered(windows, view.info.grid.window)
    rows, cols = (
        ((np.arange(n) + 0.5) * side / n).astype(int)
        for n, side in zip(view.shape, whole.shape, strict=True)
    )
    np.testing.assert_array_equal(view.covered(windows), whole[np.ix_(rows, cols)])


def test_same_input_same_bytes_and_no_pyplot(scene, tmp_path):
    import sys

    stack, path, *_ = scene
    for name in ("a.png", "b.png"):
        probability_map(path, stack, tmp_path / name, threshold=0.4, title="Map")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()


def test_simulated_data_are_called_so():
    assert canvas.title_with_source("Bands", True) == "Bands (simulated data)"
    assert canvas.title_with_source("Bands", False) == "Bands"


def test_tag_of_the_stack_reaches_the_picture(tmp_path):
    """The only difference is the tag, and the picture differs only above the panels."""
    pictures = []
    for name, simulated in (("yes", True), ("no", False)):
        folder = tmp_path / name
        folder.mkdir()
        stack, *_ = make_scene(folder, simulated=simulated)
        pictures.append(imread(bands_overview(stack, folder / "b.png")))
    rows = np.flatnonzero((pictures[0] != pictures[1]).any(axis=(1, 2)))
    assert rows.size and rows.max() < 0.1 * pictures[0].shape[0]


def test_relief_is_lit_from_the_north_west(tmp_path):
    """A cone: its north-western flank is brighter than its south-eastern one."""
    from affine import Affine

    y, x = np.mgrid[-30:31, -30:31]
    cone = (1000 - 5 * np.hypot(x, y)).astype(np.float32)
    grid = Grid("EPSG:32618", Affine(12.5, 0, 0, 0, -12.5, 0), cone.shape)
    path = write_raster(tmp_path / "cone.tif", cone, grid, names=["elevation"])
    shade = canvas.relief(open_view(path))
    assert shade[15, 15] > shade[45, 45] + 0.1


def test_large_rasters_are_read_reduced(tmp_path):
    from affine import Affine

    grid = Grid("EPSG:32618", Affine(10, 0, 0, 0, -10, 0), (300, 600))
    values = np.arange(300 * 600, dtype=np.float32).reshape(300, 600)
    path = write_raster(tmp_path / "big.tif", values, grid, names=["elevation"])
    view = open_view(path, max_side_px=60)
    assert view.shape == (30, 60)
    assert view.pixel_size == (100, 100)
    blocks = values.reshape(30, 10, 60, 10).mean(axis=(1, 3))
    np.testing.assert_allclose(view.band("elevation"), blocks, rtol=1e-4)


def test_patches_map_shows_the_splits(scene, tmp_path):
    patches = [
        Patch(i, 0, 32 * i, 32, 32, split, 0, 0, 0.1, 1.0)
        for i, split in enumerate(("train", "val", "test"))
    ]
    out = patches_map(scene[0], patches, tmp_path / "p.png")
    assert imread(out).shape[0] > 300


def write_history(path, epochs):
    names = ["epoch", "loss", "precision", "recall", "f1"]
    names += [f"val_{name}" for name in names[1:]]
    lines = [",".join(names)]
    lines += [",".join([str(e)] + [str(0.1 + 0.8 * e / epochs)] * 8) for e in range(epochs)]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_learning_curves(tmp_path):
    out = learning_curves(write_history(tmp_path / "history.csv", 5), tmp_path / "l.png")
    assert imread(out).ndim == 3
    with pytest.raises(InputFileError, match="no epoch"):
        learning_curves(tmp_path / "none.csv", tmp_path / "l2.png")


@pytest.mark.parametrize(
    "grid", [{"filters": [8, 16], "batch_size": [4]}, {"filters": [8]}, {"a": [1, 2], "b": [3, 4]}]
)
def test_trials_figure_takes_any_grid(tmp_path, grid):
    import itertools

    rows = []
    for number, values in enumerate(itertools.product(*grid.values())):
        failed = number == 1
        rows.append(
            TrialRow(
                trial=number,
                values=dict(zip(grid, values, strict=True)),
                status="failed" if failed else "completed",
                score=None if failed else 0.3 + 0.1 * number,
                best_epoch=1,
                epochs=2,
                seconds=1.0,
                seed=0,
            )
        )
    write_trials_csv(rows, list(grid), tmp_path / "trials.csv")
    out = trials_figure(tmp_path / "trials.csv", tmp_path / "t.png")
    assert imread(out).ndim == 3
