"""The pair of basins as files: what they hold, how they differ, that they repeat."""

import subprocess
import sys
import time
import tomllib

import numpy as np
import pytest
import rasterio
import shapely
from rasterio import features
from rasterio.warp import Resampling, reproject, transform_bounds

from keras_landslide.errors import LandslideError, OutputError
from keras_landslide.files import file_sha256
from keras_landslide.simulation import twin_basins

RASTERS = ("optical", "dem", "sar_pre", "sar_post", "cloud")
BASINS = ("argelia", "liboriana")


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    out = tmp_path_factory.mktemp("twins")
    recipes = twin_basins.simulate(out, size=256, seed=0)
    assert [p.relative_to(out).as_posix() for p in recipes] == [
        "argelia/recipe.toml",
        "liboriana/recipe.toml",
    ]
    return out


def label_of(folder):
    """Landslide mask on the optical grid, by OGR's own reading of the inventory."""
    from osgeo import ogr

    ogr.UseExceptions()
    source = ogr.Open(str(folder / "inventory.gpkg"))
    layer = source.GetLayerByName("landslides")
    shapes = [shapely.from_wkb(bytes(f.GetGeometryRef().ExportToWkb())) for f in layer]
    assert all(shape.is_valid for shape in shapes)
    with rasterio.open(folder / "optical.tif") as src:
        return features.rasterize(shapes, src.shape, transform=src.transform), src.read(1) > 0


def on_optical_grid(folder, name, resampling=Resampling.bilinear):
    with rasterio.open(folder / "optical.tif") as like, rasterio.open(folder / name) as src:
        out = np.full(like.shape, np.nan, dtype=np.float32)
        reproject(
            rasterio.band(src, 1),
            out,
            dst_transform=like.transform,
            dst_crs=like.crs,
            dst_nodata=np.nan,
            resampling=resampling,
        )
    return out


def slope_of(folder):
    elevation = on_optical_grid(folder, "dem.tif", Resampling.cubic)
    return np.degrees(np.arctan(np.hypot(*np.gradient(elevation, 12.5))))


@pytest.mark.parametrize("basin", BASINS)
def test_every_file_says_simulated(pair, basin):
    for name in RASTERS:
        with rasterio.open(pair / basin / f"{name}.tif") as src:
            assert src.tags()["SIMULATED"] == "yes"
            assert src.crs is not None and src.nodata is not None
    recipe = tomllib.loads((pair / basin / "recipe.toml").read_text())
    assert recipe["simulated"] is True and recipe["name"] == basin
    assert {s["band"] for s in recipe["sar"]} == {"vv_pre", "vv_post"}


@pytest.mark.parametrize("basin", BASINS)
def test_grids_differ_and_cover_the_basin(pair, basin):
    crs, left = {}, {}
    for name in ("optical", "dem", "sar_pre"):
        with rasterio.open(pair / basin / f"{name}.tif") as src:
            crs[name] = src.crs.to_epsg()
            left[name] = transform_bounds(src.crs, "EPSG:32618", *src.bounds)
    assert len(set(crs.values())) == 3
    assert (4326 in crs.values()) and (3116 in crs.values())
    for name in ("dem", "sar_pre"):
        assert left[name][0] < left["optical"][0] and left[name][2] > left["optical"][2]
        assert left[name][1] < left["optical"][1] and left[name][3] > left["optical"][3]


@pytest.mark.parametrize("basin", BASINS)
def test_nodata_is_real_but_rare(pair, basin):
    with rasterio.open(pair / basin / "optical.tif") as src:
        image = src.read()
    assert 0.01 < np.mean((image == 0).all(axis=0)) < 0.06
    assert ((image == 0).any(axis=0) == (image == 0).all(axis=0)).all()
    for name in ("dem.tif", "sar_pre.tif", "sar_post.tif"):
        values = on_optical_grid(pair / basin, name)
        assert 0 < np.mean(np.isnan(values)) < 0.08


@pytest.mark.parametrize("basin", BASINS)
def test_landslides_are_bare_and_on_steeper_ground(pair, basin):
    label, seen = label_of(pair / basin)
    slope = slope_of(pair / basin)
    known = np.isfinite(slope)
    inside, outside = slope[(label == 1) & known], slope[(label == 0) & known]
    assert np.median(inside) > np.median(outside) + 1.5
    with rasterio.open(pair / basin / "optical.tif") as src:
        image = src.read().astype(float)
    clear = seen & (on_optical_grid(pair / basin, "cloud.tif", Resampling.nearest) == 0)
    ndvi = (image[3] - image[0]) / np.maximum(image[3] + image[0], 1)
    bare, other = ndvi[clear & (label == 1)], ndvi[clear & (label == 0)]
    assert np.median(bare) < np.median(other) - 0.1
    # Not by the eye of one band alone: some slides are green, some fields are bare.
    assert np.percentile(bare, 95) > np.percentile(other, 25)
    assert np.percentile(other, 2) < np.median(bare)


@pytest.mark.parametrize("basin", BASINS)
def test_bright_fields_and_bars_lie_on_gentle_ground(pair, basin):
    label, seen = label_of(pair / basin)
    slope = slope_of(pair / basin)
    with rasterio.open(pair / basin / "optical.tif") as src:
        image = src.read().astype(float)
    clear = seen & (on_optical_grid(pair / basin, "cloud.tif", Resampling.nearest) == 0)
    soil = (image[0] > 1100) & clear & np.isfinite(slope)
    assert np.median(slope[soil & (label == 0)]) < np.median(slope[soil & (label == 1)]) - 4


def test_radar_loses_forest_and_gains_on_pasture(pair):
    label, _ = label_of(pair / "argelia")
    with rasterio.open(pair / "argelia" / "optical.tif") as src:
        image = src.read().astype(float)
    pre, post = (on_optical_grid(pair / "argelia", f"sar_{w}.tif") for w in ("pre", "post"))
    known = np.isfinite(pre) & np.isfinite(post) & (image[0] > 0)
    change = 10 * np.log10(post[known].mean() / pre[known].mean())
    assert 0.1 < change < 1.5  # the soil is wetter after the storm
    # Slides that are bright before (forest) get duller, against the rest of the forest.
    scale = np.nanmedian(pre[known])
    bright = known & (pre > 1.5 * scale)
    slide, rest = bright & (label == 1), bright & (label == 0)
    assert np.median(post[slide] / pre[slide]) < np.median(post[rest] / pre[rest])


def test_the_inference_basin_is_the_cloudy_one(pair):
    share = {}
    for basin in BASINS:
        with rasterio.open(pair / basin / "cloud.tif") as src:
            mask = src.read(1)
        assert set(np.unique(mask)) <= {0, 1, 2, 255}
        share[basin] = [np.mean(mask[mask != 255] == k) for k in (1, 2)]
    assert share["argelia"][0] < 0.03
    assert 0.06 < share["liboriana"][0] < 0.25 and share["liboriana"][1] > 0.02


@pytest.mark.parametrize("size", [256, 384])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_cover_is_between_1_and_8_percent(size, seed):
    from keras_landslide.simulation.twin_basins import cover, relief, settings, slides, stability
    from keras_landslide.simulation.twin_basins.place import place

    for name in BASINS:
        basin = settings.get(name)
        where = place(basin, size)
        ground = relief.build(basin.relief, where.truth.width, seed, name)
        score = cover.forest_score(ground, seed, name)
        forest = score > cover.forest_threshold(score, basin.cover.forest_share)
        storm = stability.storm(ground, forest, basin.storm.landslide_cover, seed, name)
        fallen = slides.trigger(ground, storm, basin.storm, where.inner, seed, name)
        inside = slice(*where.inner)
        assert 0.01 < fallen.label[inside, inside].mean() < 0.08
        assert (storm.safety[storm.safety < 1] > 0).all()


def test_same_seed_same_bytes_and_other_seed_others(pair, tmp_path):
    # In another process, so that nothing left over in memory can help.
    code = (
        "from keras_landslide.simulation import twin_basins; import sys;"
        "twin_basins.simulate(sys.argv[1], 256, 0, ['liboriana'])"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "again")], check=True)
    twin_basins.simulate(tmp_path / "other", 256, 1, ["liboriana"])
    names = [*(f"{name}.tif" for name in RASTERS), "inventory.gpkg", "recipe.toml"]
    for name in names:
        first = file_sha256(pair / "liboriana" / name)
        assert first == file_sha256(tmp_path / "again" / "liboriana" / name), name
        assert first != file_sha256(tmp_path / "other" / "liboriana" / name), name


@pytest.mark.parametrize("arguments", [{"size": 64}, {"size": 50_000}, {"seed": -1}])
def test_bad_numbers_are_refused_before_anything_is_written(tmp_path, arguments):
    with pytest.raises(LandslideError, match="out of range: choose"):
        twin_basins.simulate(tmp_path / "out", **arguments)
    assert not (tmp_path / "out").exists()


def test_a_folder_of_someone_else_is_left_alone(tmp_path):
    kept = tmp_path / "argelia" / "thesis.txt"
    kept.parent.mkdir()
    kept.write_text("years of work")
    with pytest.raises(OutputError, match="no simulated basin"):
        twin_basins.simulate(tmp_path, size=128, basins=["argelia"])
    assert kept.read_text() == "years of work"


def test_output_below_a_file_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written") as caught:
        twin_basins.simulate(tmp_path / "file", size=128, basins=["argelia"])
    assert "\n" not in str(caught.value)


def test_full_disk_leaves_nothing_and_names_the_folder(tmp_path):
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (120_000, 120_000));"
        "from keras_landslide.cli.main import main; main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", code, "simulate", str(tmp_path / "out"), "--size", "192"]
    done = subprocess.run(command, capture_output=True, text=True)
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 2 and "no space left" in last, done.stderr
    assert str(tmp_path / "out" / "argelia") in last
    assert list((tmp_path / "out").iterdir()) == []


def test_killed_run_leaves_no_basin_and_the_next_one_completes(tmp_path):
    command = [sys.executable, "-m", "keras_landslide", "simulate", str(tmp_path)]
    command += ["--size", "1024", "--basins", "argelia"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        while not list(tmp_path.glob(".part-*")):
            assert process.poll() is None
            time.sleep(0.05)
        process.kill()
    assert not (tmp_path / "argelia").exists()
    twin_basins.simulate(tmp_path, size=128, basins=["argelia"])
    assert [p.name for p in tmp_path.iterdir()] == ["argelia"]


def test_naming_no_basin_is_refused(tmp_path):
    with pytest.raises(LandslideError, match="choose from: argelia, liboriana"):
        twin_basins.simulate(tmp_path, size=128, basins=[])


def test_command_line(tmp_path):
    command = [sys.executable, "-m", "keras_landslide", "simulate", str(tmp_path / "twins")]
    good = subprocess.run(
        [*command, "--size", "128", "--seed", "3", "--basins", "argelia"],
        capture_output=True,
        text=True,
    )
    assert good.returncode == 0, good.stderr
    assert "simulated" in good.stdout
    assert [p.name for p in (tmp_path / "twins").iterdir()] == ["argelia"]
    bad = subprocess.run([*command, "--size", "3"], capture_output=True, text=True)
    assert bad.returncode == 2 and bad.stderr.startswith("error: --size 3")
    assert bad.stderr.count("\n") == 1
