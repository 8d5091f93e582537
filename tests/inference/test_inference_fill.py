"""Stacks with missing sensors: what is filled, and that the network takes it for missing."""

import json
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from affine import Affine

from keras_landslide import models
from keras_landslide.bands import BANDS, IMAGE_MODELS
from keras_landslide.bundle.contract import BandDropout
from keras_landslide.bundle.read import check_stack, read_bundle
from keras_landslide.cli.export import command as export_command
from keras_landslide.cli.main import main
from keras_landslide.config import RunConfig
from keras_landslide.errors import BandError, BundleError, UnknownNameError
from keras_landslide.files import write_json
from keras_landslide.grid import Grid
from keras_landslide.inference.engines import table as engine
from keras_landslide.inference.fill import fill_stack
from keras_landslide.rasters.read import read_bands, stack_info
from keras_landslide.rasters.write import write_raster

NAMES = IMAGE_MODELS["rgb_terrain_sar"]
SHAPE = (40, 48)
GRID = Grid("EPSG:32618", Affine(12.5, 0, 400000, 0, -12.5, 700000), SHAPE)
MEANS = [0.1, 0.2, 0.3, 20.0, 0.0, -10.0, -11.0]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """A network with random weights, exported from a run with band dropout."""
    folder = tmp_path_factory.mktemp("fill")
    run = folder / "run"
    config = RunConfig().with_values(
        data={"image_model": "rgb_terrain_sar"},
        model={"options": {"filters": 2, "levels": 2}},
        training={"band_dropout": 0.3},
    )
    model = models.build("unet_colombia", (32, 32, 7), **config.model.options)
    model.get_layer("normalise").set_statistics(MEANS, [0.05, 0.05, 0.05, 8, 0.02, 2, 2])
    config.save(run / "config.toml")
    bands = [{"name": n, "unit": BANDS[n].unit, "kind": "continuous"} for n in NAMES]
    data = {
        "simulated": True, "bands": bands, "pixel_size_m": 12.5, "patch_size_px": 32,
        "training_area": {}, "band_ranges": {},
    }  # fmt: skip
    write_json(run / "data.json", data)
    metrics = {"threshold": 0.5, "threshold_rule": "best F1", "backend": "tensorflow"}
    write_json(run / "metrics.json", metrics)
    model.save(run / "model.keras")
    export_command.main([str(run), "-o", str(folder / "bundle")], standalone_mode=False)
    return folder / "bundle"


def write(path, names=(*NAMES, "cloud", "label"), seed=0):
    rng = np.random.default_rng(seed)
    values = dict(zip(NAMES, rng.normal(MEANS, 0.01, (*SHAPE, 7)).transpose(2, 0, 1), strict=True))
    values["vv_post"][:5] = np.nan
    values["slope"][:, :3] = np.nan
    cloud, label = np.zeros((2, *SHAPE))
    cloud[:10, 20:30], cloud[10:20, 20:30] = 1, 2
    label[30:, 30:] = 1
    values |= {"cloud": cloud, "label": label}
    units = [BANDS[n].unit for n in names]
    bands = np.dstack([values[n] for n in names]).astype(np.float32)
    return write_raster(path, bands, GRID, names=names, units=units, tags={"SIMULATED": "yes"})


def test_gaps_and_clouds_are_filled_and_nothing_else(bundle, tmp_path, capsys):
    stack, out = write(tmp_path / "s.tif"), tmp_path / "f.tif"
    main(["fill", str(bundle), str(stack), "--clouds", "-o", str(out)])
    names = (*NAMES, "cloud", "label")
    old, new = read_bands(stack, names), read_bands(out, names)
    under = np.isin(old[..., 7], (1, 2))
    gap = np.isnan(old[..., 6])
    both = under & gap
    assert both.sum() == 50
    wanted = old.copy()
    wanted[under, :3] = np.float32(MEANS[:3])
    wanted[gap, 5:7] = np.float32(MEANS[5:])
    wanted[both, :3] = wanted[both, 5:7] = np.nan
    np.testing.assert_array_equal(new, wanted)
    screen = capsys.readouterr().out
    assert f"optical: missing and filled in {150 / 1920:.1%}" in screen
    check_stack(read_bundle(bundle), stack_info(out))
    assert stack_info(out).tags["FILLED_FOR"].startswith("unet_colombia")


def test_the_network_takes_what_is_filled_for_missing(bundle, tmp_path):
    absent = [n for n in NAMES if not n.startswith("vv")]
    stack = write(tmp_path / "s.tif", (*absent, "label"))
    shares = fill_stack(read_bundle(bundle), stack, tmp_path / "f.tif")
    assert shares == {"optical": 0, "sar": 1}
    image = read_bands(tmp_path / "f.tif", NAMES)
    missing = image.copy()
    missing[..., 5:] = np.nan
    predict = engine.load(bundle)
    np.testing.assert_array_equal(predict(image[None]), predict(missing[None]))
    # The same as leaving a sensor out on purpose.
    fill_stack(read_bundle(bundle), write(tmp_path / "a.tif"), tmp_path / "b.tif", without=["sar"])
    np.testing.assert_array_equal(read_bands(tmp_path / "b.tif", NAMES), image)


def test_the_only_sensor_can_be_missing_too(bundle, tmp_path):
    """Trained with terrain beside one sensor, a network has learnt from terrain alone."""
    known = read_bundle(bundle)
    dropout = BandDropout(0.3, {"optical": NAMES[:3]})
    known = replace(known, contract=replace(known.contract, band_dropout=dropout))
    stack = write(tmp_path / "s.tif")
    assert fill_stack(known, stack, tmp_path / "f.tif", clouds=True) == {"optical": 200 / 1920}
    cloud = read_bands(stack, ["cloud"])[..., 0] > 0
    filled = read_bands(tmp_path / "f.tif", NAMES[:3])
    np.testing.assert_array_equal(filled[cloud], np.tile(np.float32(MEANS[:3]), (200, 1)))


def test_values_that_the_network_does_not_know_are_not_given_its_units(bundle, tmp_path):
    """The filled stack takes its units from the bundle, so the stack's have to be the same."""
    known, stack = read_bundle(bundle), write(tmp_path / "s.tif")
    with rasterio.open(stack, "r+") as raster:
        raster.units = [u if u != "dB" else "power" for u in raster.units]
    with pytest.raises(BundleError, match=r"vv_pre is in 'power', the network was trained on 'dB'"):
        fill_stack(known, stack, tmp_path / "f.tif")
    fill_stack(known, stack, tmp_path / "f.tif", without=["sar"])
    assert stack_info(tmp_path / "f.tif").band_names[5:7] == ("vv_pre", "vv_post")


def test_what_cannot_be_filled(bundle, tmp_path):
    known = read_bundle(bundle)
    one = write(tmp_path / "one.tif", tuple(n for n in NAMES if n != "vv_post"))
    with pytest.raises(BandError, match="some bands of sar but not vv_post"):
        fill_stack(known, one, tmp_path / "f.tif")
    with pytest.raises(BandError, match="no band cloud"):
        fill_stack(known, write(tmp_path / "c.tif", NAMES), tmp_path / "f.tif", clouds=True)
    with pytest.raises(UnknownNameError, match="unknown sensor 'lidar'; choose one of: optical"):
        fill_stack(known, one, tmp_path / "f.tif", without=["lidar"])
    with pytest.raises(BandError, match="nothing to answer from without optical and sar"):
        fill_stack(known, one, tmp_path / "f.tif", without=["optical", "sar"])
    bare = write(tmp_path / "bare.tif", tuple(n for n in NAMES if n != "curvature"))
    with pytest.raises(BundleError, match="no band curvature"):
        fill_stack(known, bare, tmp_path / "f.tif")
    with pytest.raises(BundleError, match="no band red, green, blue"):
        check_stack(known, stack_info(write(tmp_path / "sar.tif", NAMES[3:])), unread=["vv_pre"])
    plain = tmp_path / "plain"
    (plain / "saved_model").mkdir(parents=True)
    (plain / "saved_model" / "saved_model.pb").write_bytes(b"")
    contract = json.loads((bundle / "bundle.json").read_text()) | {"band_dropout": None}
    (plain / "bundle.json").write_text(json.dumps(contract))
    with pytest.raises(BundleError, match=r"not trained to do without.*band_dropout = 0\.3"):
        fill_stack(read_bundle(plain), one, tmp_path / "f.tif")
    assert not (tmp_path / "f.tif").exists()
