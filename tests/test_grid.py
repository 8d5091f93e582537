import pytest
from affine import Affine

from keras_landslide.errors import GridMismatchError
from keras_landslide.grid import Bounds, Grid, Window


def test_grid_from_bounds_snaps_outwards():
    grid = Grid.from_bounds("EPSG:32618", Bounds(101.0, 205.0, 149.9, 250.0), 12.5)
    assert grid.bounds == Bounds(100.0, 200.0, 150.0, 250.0)
    assert grid.shape == (4, 4)
    assert grid.resolution == (12.5, 12.5)


def test_bounds_on_the_lattice_stay(tmp_path):
    bounds = Bounds(100.0, 200.0, 150.0, 250.0)
    assert Grid.from_bounds("EPSG:32618", bounds, 0.1).bounds == pytest.approx(bounds)


@pytest.mark.parametrize("resolution", [0, -1])
def test_no_grid_without_resolution(resolution):
    with pytest.raises(GridMismatchError):
        Grid.from_bounds("EPSG:32618", Bounds(0, 0, 1, 1), resolution)


def test_crop_keeps_the_place():
    grid = Grid("EPSG:32618", Affine(10, 0, 500, 0, -10, 900), (20, 30))
    part = grid.crop(Window(2, 3, 4, 5))
    assert part.shape == (4, 5)
    assert part.bounds == Bounds(530, 840, 580, 880)


def test_windows_cover_every_pixel_once():
    grid = Grid("EPSG:32618", Affine.identity(), (7, 10))
    seen = [[0] * 10 for _ in range(7)]
    for window in grid.windows(4):
        for row in range(window.row_off, window.row_end):
            for col in range(window.col_off, window.col_end):
                seen[row][col] += 1
    assert all(count == 1 for row in seen for count in row)
    assert [w.height for w in grid.strips(3)] == [3, 3, 1]


def test_window_arithmetic():
    window = Window(-2, 5, 6, 6)
    assert window.clip((10, 8)) == Window(0, 5, 4, 3)
    assert window.expand(1) == Window(-3, 4, 8, 8)
    assert window.shift(2, -5) == Window(window.row_off + 2, window.col_off - 5, 6, 6)
    assert window.intersects(Window(3, 10, 1, 1))
    assert not window.intersects(Window(4, 5, 2, 2))
    assert Window(20, 20, 3, 3).clip((10, 8)).height == 0
