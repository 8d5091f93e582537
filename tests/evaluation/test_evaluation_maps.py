import numpy as np
import pytest
from affine import Affine

from keras_landslide.errors import BandError, GridMismatchError, NodataError
from keras_landslide.evaluation.assess import assess
from keras_landslide.evaluation.scores import Scores, confusion
from keras_landslide.grid import Grid, Window
from keras_landslide.rasters.write import write_raster

SHAPE = (700, 40)  # more than one strip


def score_maps(*arguments, **options):
    return {name: each.scores for name, each in assess(*arguments, **options).items()}


def grid(x=400000.0, shape=SHAPE, crs="EPSG:32618"):
    return Grid(crs, Affine(12.5, 0, x, 0, -12.5, 700000), shape)


@pytest.fixture
def maps(tmp_path):
    rng = np.random.default_rng(5)
    label = rng.choice([0, 1, 255], SHAPE, p=[0.7, 0.2, 0.1]).astype(np.float32)
    cloud = rng.choice([0, 1, 2, np.nan], SHAPE, p=[0.6, 0.2, 0.1, 0.1]).astype(np.float32)
    probability = rng.random(SHAPE, dtype=np.float32)
    probability[rng.random(SHAPE) < 0.05] = np.nan
    write_raster(tmp_path / "p.tif", probability, grid(), names=["probability"])
    bands = np.dstack([label, cloud])
    write_raster(tmp_path / "s.tif", bands, grid(), names=["label", "cloud"])
    return tmp_path, probability, label, cloud


def test_streamed_counts_equal_those_of_whole_arrays(maps):
    folder, probability, label, cloud = maps
    scores = score_maps(folder / "p.tif", folder / "s.tif", 0.4)
    assert scores == {
        "all": confusion(probability, label, 0.4),
        "clear": confusion(probability, label, 0.4, cloud == 0),
        "cloud": confusion(probability, label, 0.4, cloud >= 1),
    }
    assert scores["clear"].total + scores["cloud"].total < scores["all"].total


def test_pixels_outside_windows_do_not_count_and_overlaps_count_once(maps):
    folder, probability, label, cloud = maps
    windows = [Window(500, 5, 40, 10), Window(505, 10, 40, 10), Window(-3, 30, 10, 20)]
    inside = np.zeros(SHAPE, bool)
    inside[500:540, 5:15] = inside[505:545, 10:20] = inside[:7, 30:] = True
    scores = score_maps(folder / "p.tif", folder / "s.tif", 0.4, windows=windows)
    assert scores["all"] == confusion(probability, label, 0.4, inside)
    assert scores["cloud"] == confusion(probability, label, 0.4, inside & (cloud >= 1))


def test_stack_without_cloud_or_label(maps):
    folder, _, label, _ = maps
    write_raster(folder / "l.tif", label, grid(), names=["label"])
    assert list(score_maps(folder / "p.tif", folder / "l.tif", 0.5)) == ["all"]
    write_raster(folder / "n.tif", label, grid(), names=["slope"])
    with pytest.raises(BandError, match=r"no band label.*\[inventory\]"):
        score_maps(folder / "p.tif", folder / "n.tif", 0.5)


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (grid(x=400012.5), "transform"),
        (grid(shape=(700, 39)), "size"),
        (grid(crs="EPSG:32617"), "CRS"),
    ],
)
def test_maps_on_another_grid_are_refused(maps, other, what):
    folder = maps[0]
    write_raster(folder / "o.tif", np.zeros(other.shape, np.float32), other, names=["label"])
    with pytest.raises(GridMismatchError, match=f"differ in {what};"):
        score_maps(folder / "p.tif", folder / "o.tif", 0.5)


def test_nothing_to_score(maps):
    folder = maps[0]
    write_raster(folder / "u.tif", np.full(SHAPE, 255, np.float32), grid(), names=["label"])
    with pytest.raises(NodataError, match="no pixel has both"):
        score_maps(folder / "p.tif", folder / "u.tif", 0.5)
    assert Scores().f1 is None
