"""The predict command on real files: its outputs, kills, full disks and bad input."""

import os
import signal
import sqlite3
import subprocess
import sys
import time

import numpy as np
import pytest
import rasterio
from inference_toys import write_stack

from keras_landslide.cli.main import main
from keras_landslide.errors import OutputError
from keras_landslide.inventory.read import read_polygons
from keras_landslide.workflows.predict import predict

WINDOW = {"window_px": 64}


def test_outputs(make_bundle, make_stack, network, tmp_path):
    stack, image = make_stack((90, 110))
    paths = predict(make_bundle(), stack, tmp_path / "out", **WINDOW)
    with rasterio.open(paths["probability"]) as src:
        tags, probability = src.tags(), src.read(1)
    assert (tags["BUNDLE"], tags["THRESHOLD"], tags["SIMULATED"]) == ("toy", "0.5", "yes")
    padded = np.pad(image, [(16, 18), (16, 18), (0, 0)], mode="reflect")
    whole = network.predict_on_batch(padded[None])[0, 16:-18, 16:-18, 0]
    np.testing.assert_allclose(probability, whole, atol=1e-5)
    landslides = read_polygons(paths["inventory"])
    area = sum(polygon.area for polygon in landslides)
    assert area == pytest.approx((probability >= 0.5).sum() * 12.5**2)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "inventory.gpkg",
        "probability.tif",
    ]


def test_minimum_mapping_unit_and_threshold(make_bundle, make_stack, tmp_path):
    stack, _ = make_stack((60, 60))
    with rasterio.open(
        predict(make_bundle(), stack, tmp_path / "a", **WINDOW)["probability"]
    ) as src:
        middle = float(np.median(src.read(1)))
    options = {**WINDOW, "threshold": middle, "minimum_area_m2": 5 * 12.5**2}
    paths = predict(tmp_path / "bundle", stack, tmp_path / "b", **options)
    kept = read_polygons(paths["inventory"])
    assert len(kept) and min(polygon.area for polygon in kept) >= 5 * 12.5**2
    with rasterio.open(paths["probability"]) as src:
        assert float(src.tags()["THRESHOLD"]) == middle


def test_an_inventory_in_another_format(make_bundle, make_stack, tmp_path, capsys):
    stack, _ = make_stack((60, 60))
    arguments = [str(make_bundle()), str(stack), "-o", str(tmp_path / "out"), "--window", "64"]
    main(["predict", *arguments, "--inventory-format", "geojson", "--size-plot"])
    written = [tmp_path / "out" / name for name in ("inventory.geojson", "frequency_area.png")]
    said = capsys.readouterr().out
    assert all(path.is_file() and f"wrote {path}" in said for path in written)
    assert f"{len(read_polygons(written[0]))} landslides" in said
    assert not (tmp_path / "out" / "inventory.gpkg").exists()


@pytest.mark.parametrize("stored", ["probability", "percent"])
def test_another_threshold_does_not_ask_the_network(make_bundle, make_stack, tmp_path, stored):
    stack, _ = make_stack((100, 90))
    options = {**WINDOW, "map_format": stored}
    wanted = predict(make_bundle(), stack, tmp_path / "a", threshold=0.6, **options)
    bundle, out = tmp_path / "bundle", tmp_path / "b"
    predict(bundle, stack, out, **options)
    model = "keras_landslide.inference.network.Network.load"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model, lambda self: lambda images: pytest.fail("the network was asked"))
        again = predict(bundle, stack, out, threshold=0.6, **options)
    for name, path in again.paths.items():
        assert path.read_bytes() == wanted[name].read_bytes()


def start(bundle, stack, out, before="", options=()):
    """Start the command in a process of its own, after some other statements."""
    arguments = ["predict", str(bundle), str(stack), "-o", str(out), "--window", "64", *options]
    code = f"{before}from keras_landslide.cli.main import main; main({arguments!r})"
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)


def test_killed_run_goes_on_to_the_same_bytes(make_bundle, make_stack, tmp_path):
    bundle = make_bundle()
    stack, _ = make_stack((800, 128))  # 25 strips of 4 windows
    whole = predict(bundle, stack, tmp_path / "whole", **WINDOW)
    out = tmp_path / "killed"
    work = out / ".probability.tif.work"
    process = start(bundle, stack, out)
    while len(list(work.glob("strip-*.npy"))) < 3 and process.poll() is None:
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert 3 <= len(list(work.glob("strip-*.npy"))) < 25
    assert not (out / "probability.tif").exists()
    resumed = predict(bundle, stack, out, **WINDOW)
    for name, path in resumed.paths.items():
        assert path.read_bytes() == whole[name].read_bytes()
    assert sorted(p.name for p in out.iterdir()) == ["inventory.gpkg", "probability.tif"]


def test_inventory_keeps_its_spatial_index_beside_tensorflow(make_bundle, make_stack, tmp_path):
    """TensorFlow's SQLite has no R-tree; a GeoPackage written after it still needs one."""
    stack, _ = make_stack((40, 40))
    process = start(make_bundle(), stack, tmp_path / "out", "import tensorflow, keras; ")
    _, noise = process.communicate()
    assert process.returncode == 0 and "rtree" not in noise, noise
    with sqlite3.connect(tmp_path / "out" / "inventory.gpkg") as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master")]
    assert "rtree_landslides_geom" in tables


def refused(capsys, *arguments):
    """Run the command line, which has to end with status 2 and one line; returns that line."""
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    lines = [line for line in capsys.readouterr().err.splitlines() if "error:" in line]
    assert stop.value.code == 2 and len(lines) == 1, lines
    return lines[0]


def test_bad_bundles_and_stacks(make_bundle, make_stack, tmp_path, capsys):
    stack, image = make_stack((40, 40))
    out = tmp_path / "out"
    bundle = make_bundle()

    def line(bundle=bundle, stack=stack):
        return refused(capsys, "predict", bundle, stack, "-o", out)

    assert "is no model bundle" in line(bundle=tmp_path)
    assert "no such file" in line(stack=tmp_path / "none.tif")
    other = write_stack(tmp_path / "o.tif", image, bands=("red", "aspect"))
    assert "no band slope" in line(stack=other)
    other = write_stack(tmp_path / "u.tif", image, units=("reflectance", "rad"))
    assert "'rad'" in line(stack=other)
    other = write_stack(tmp_path / "p.tif", image, size=10)
    assert "pixels of 10 m" in line(stack=other)
    other = write_stack(tmp_path / "d.tif", image, crs="EPSG:4326", size=1e-4)
    assert "in degrees" in line(stack=other)
    assert not out.exists()
    content = stack.read_bytes()
    stack.write_bytes(content[: len(content) * 2 // 3])
    assert "truncated" in line()
    assert list(out.iterdir()) == []


def test_folder_that_cannot_be_written(make_bundle, make_stack, tmp_path, capsys):
    stack, _ = make_stack((40, 40))
    (tmp_path / "file").write_text("in the way")
    message = refused(capsys, "predict", make_bundle(), stack, "-o", tmp_path / "file" / "out")
    assert "cannot be written" in message and "choose another output folder" in message


@pytest.fixture
def small_disk(tmp_path):
    """A mounted disk of 256 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if done.returncode:
        pytest.skip("a small disk can be mounted by root alone")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_full_disk_and_then_space(
    make_bundle, make_stack, small_disk, tmp_path, capsys, monkeypatch
):
    """The disk fills in mid-run; with space made, the run goes on from what it had."""
    bundle = make_bundle()
    stack, _ = make_stack((320, 320))  # 400 KiB of probabilities
    with pytest.raises(OutputError, match="no space left on the disk; free some and run again"):
        predict(bundle, stack, small_disk, window_px=96)
    assert [p.name for p in small_disk.iterdir()] == [".probability.tif.work"]
    strips = list((small_disk / ".probability.tif.work").glob("strip-*.npy"))
    assert 0 < len(strips) < 5
    subprocess.run(["mount", "-o", "remount,size=16m", str(small_disk)], check=True)
    capsys.readouterr()
    monkeypatch.setattr("keras_landslide.runtime.progress.LOG_INTERVAL_S", 0)
    paths = predict(bundle, stack, small_disk, window_px=96)
    assert f"0/{5 * (5 - len(strips))} " in capsys.readouterr().err
    whole = predict(bundle, stack, tmp_path / "whole", window_px=96)
    assert paths["probability"].read_bytes() == whole["probability"].read_bytes()
