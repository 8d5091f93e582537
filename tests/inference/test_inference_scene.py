"""Windowed inference against one pass of the same network over the whole reflected scene."""

import time

import numpy as np
import pytest
import rasterio
from inference_toys import HALO, STRIDE, predicted

from keras_landslide.errors import (
    BundleError,
    InputFileError,
    LockedError,
    NodataError,
    OutputError,
)
from keras_landslide.evaluation.answers import Committee, _inverse
from keras_landslide.inference.shards import Shards, open_shards
from keras_landslide.patches.symmetries import SYMMETRIES, transform, transform_patch
from keras_landslide.rasters.read import BandReader


def whole_scene(predict, image, halo=HALO, stride=STRIDE):
    """One pass over the scene continued by NumPy's reflection, cut back to the scene."""
    height, width = image.shape[:2]
    pad = [(halo, halo + -height % stride), (halo, halo + -width % stride), (0, 0)]
    padded = np.pad(image, pad, mode="reflect" if min(height, width) > 1 else "edge")
    out = predict(padded[None])[0]
    out = out[halo : halo + height, halo : halo + width].copy()
    out[np.isnan(image).any(axis=-1)] = np.nan
    return out


def read(path):
    with rasterio.open(path) as src:
        return src.read(1)


run = predicted


@pytest.mark.parametrize(
    ("shape", "batch_size"),
    [((131, 157), 1), ((131, 157), 3), ((64, 32), 2), ((7, 201), 1), ((3, 5), 1)],
)
def test_mosaic_equals_one_pass(predict, make_stack, tmp_path, shape, batch_size):
    stack, image = make_stack(shape)
    out = run(predict, stack, tmp_path / "p.tif", batch_size=batch_size)
    np.testing.assert_allclose(read(out), whole_scene(predict, image), atol=1e-5)


@pytest.mark.parametrize("shape", [(131, 157), (7, 201), (3, 5)])
@pytest.mark.parametrize("rows", [1, 16, 30])
def test_tiles_of_any_height(predict, make_stack, tmp_path, shape, rows, monkeypatch):
    """Mirrored rows and the scene's own from several rows of tiles."""
    stack, image = make_stack(shape)
    opened = BandReader.__init__

    def with_rows(reader, path):
        opened(reader, path)
        reader.tile_rows = rows

    monkeypatch.setattr(BandReader, "__init__", with_rows)
    out = run(predict, stack, tmp_path / "p.tif")
    np.testing.assert_allclose(read(out), whole_scene(predict, image), atol=1e-5)


@pytest.mark.parametrize(("window", "batch_size"), [(64, 1), ((52, 96), 2)])
def test_a_wide_scene_is_cut_in_strips_of_a_part_of_its_width(
    predict, make_stack, tmp_path, window, batch_size, monkeypatch
):
    """The same map."""
    stack, image = make_stack((70, 301))
    monkeypatch.setattr("keras_landslide.inference.windows.STRIP_PX", 32 * 96)
    options = {"window_px": window, "batch_size": batch_size}
    out = run(predict, stack, tmp_path / "p.tif", **options)
    np.testing.assert_allclose(read(out), whole_scene(predict, image), atol=1e-5)
    with pytest.raises(Interrupted):
        run(interrupted(predict, 5), stack, tmp_path / "again.tif", **options)
    strips = [np.load(path).shape for path in tmp_path.glob(".again.tif.work/strip-*.npy")]
    assert max(width for _, width, _ in strips) == 128


def test_a_run_that_goes_on_makes_the_same_batches(make_stack, tmp_path, monkeypatch):
    """By a network whose answer depends on all images of the batch."""

    def predict(images):
        return 1 / (1 + np.exp(images[..., 0] + images.mean()))

    stack, _ = make_stack((70, 301))
    monkeypatch.setattr("keras_landslide.inference.windows.STRIP_PX", 24 * 32 * 3)
    whole = run(predict, stack, tmp_path / "whole.tif", batch_size=3)  # 3 rows of 10 windows
    out = tmp_path / "p.tif"
    with pytest.raises(Interrupted):
        run(interrupted(predict, 5), stack, out, batch_size=3)  # of 12 calls
    strips = sorted(tmp_path.glob(".p.tif.work/strip-*.npy"))
    assert len(strips) == 5
    strips[1].unlink()
    assert run(interrupted(predict, 8), stack, out, batch_size=3) == out
    assert out.read_bytes() == whole.read_bytes()


def test_nothing_reads_on_when_a_run_ends_early(predict, make_stack, tmp_path, monkeypatch):
    """The file is closed only after the thread that reads ahead in it."""
    stack, _ = make_stack((131, 157))
    reading, closed_while = [], []
    read, close = BandReader.read, BandReader.close

    def slow_read(self, *args):
        reading.append(1)
        time.sleep(0.1)
        reading.pop()
        return read(self, *args)

    def watched_close(self):
        closed_while.append(len(reading))
        close(self)

    def full(self, *_):
        raise OutputError("no space left on the disk")

    monkeypatch.setattr(BandReader, "read", slow_read)
    monkeypatch.setattr(BandReader, "close", watched_close)
    monkeypatch.setattr(Shards, "save", full)
    monkeypatch.setattr("keras_landslide.inference.windows.STRIP_PX", 1)
    with pytest.raises(OutputError):
        run(predict, stack, tmp_path / "p.tif")
    assert closed_while == [0]


def test_too_small_a_halo_shows(predict, make_stack, tmp_path):
    """The test above can fail: half the halo is not enough for this network."""
    stack, image = make_stack((131, 157))
    out = run(predict, stack, tmp_path / "p.tif", halo_px=4, window_px=40)
    assert np.abs(read(out) - whole_scene(predict, image)).max() > 1e-4


def test_missing_in_any_band_is_nan_and_empty_windows_cost_no_call(predict, tmp_path):
    from inference_toys import write_stack

    image = np.random.default_rng(1).normal(size=(128, 128, 2)).astype(np.float32)
    image[:40, :, 0] = np.nan
    image[100, 7, 1] = np.inf
    stack = write_stack(tmp_path / "stack.tif", image)
    calls = []

    def counting(images):
        calls.append(len(images))
        return predict(images)

    out = read(run(counting, stack, tmp_path / "p.tif"))
    image[100, 7, 1] = np.nan
    np.testing.assert_allclose(out, whole_scene(predict, image), atol=1e-5)
    assert np.isnan(out[:40]).all() and np.isnan(out[100, 7]) and np.isfinite(out[41:100]).all()
    assert sum(calls) == 12  # 4 x 4 cores of 32 px, of which the first row is all missing


def test_map_describes_itself(predict, make_stack, tmp_path):
    stack, _ = make_stack((600, 520))
    out = run(predict, stack, tmp_path / "p.tif", window_px=1024, tags={"BUNDLE": "toy"})
    with rasterio.open(out) as src, rasterio.open(stack) as of:
        assert src.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert src.overviews(1) == [2]
        assert src.descriptions == ("probability",)
        assert np.isnan(src.nodata) and src.dtypes == ("float32",)
        assert src.tags()["BUNDLE"] == "toy"
        assert (src.crs, src.transform, src.shape) == (of.crs, of.transform, of.shape)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["p.tif", "stack.tif"]


def test_blending_keeps_a_constant_and_the_edges(make_stack, tmp_path):
    """Weights sum to 1 everywhere, corners included, and no pixel is dropped."""
    stack, _ = make_stack((77, 131))
    out = run(
        lambda x: np.full(x.shape[:3], 0.25, np.float32), stack, tmp_path / "p.tif",
        bounded=False, window_px=32,
    )  # fmt: skip
    np.testing.assert_allclose(read(out), 0.25, atol=1e-6)


def test_blending_weighs_by_hann(make_stack, tmp_path):
    """A network that answers its column gives, between two windows, the Hann-weighted mean."""
    stack, _ = make_stack((32, 64))

    def column(images):
        ramp = np.linspace(0, 1, images.shape[2], dtype=np.float32)
        return np.broadcast_to(ramp, images.shape[:3])

    out = read(run(column, stack, tmp_path / "p.tif", bounded=False, window_px=32))
    at = np.arange(16)
    right = np.sin(np.pi * (at + 0.5) / 32) ** 2
    expected = right * at / 31 + (1 - right) * (at + 16) / 31
    np.testing.assert_allclose(out[5], np.tile(expected, 4), atol=1e-6)


def test_second_run_reuses_and_a_changed_input_does_not(predict, make_stack, tmp_path):
    stack, _ = make_stack((70, 70))
    out = run(predict, stack, tmp_path / "p.tif", identity="a")
    first = out.stat().st_mtime_ns
    run(predict, stack, out, identity="a")
    assert out.stat().st_mtime_ns == first
    run(predict, stack, out, identity="b")
    assert out.stat().st_mtime_ns != first
    stack, image = make_stack((70, 70), seed=9)
    run(predict, stack, out, identity="b")
    np.testing.assert_allclose(read(out), whole_scene(predict, image), atol=1e-5)


class Interrupted(Exception):
    pass


def interrupted(predict, after):
    calls = []

    def call(images):
        calls.append(1)
        if len(calls) > after:
            raise Interrupted
        return predict(images)

    return call


def test_finished_strips_are_used_again_unless_damaged_or_foreign(predict, make_stack, tmp_path):
    stack, image = make_stack((128, 64))  # 4 strips of 2 windows
    out, work = tmp_path / "p.tif", tmp_path / ".p.tif.work"
    with pytest.raises(Interrupted):
        run(interrupted(predict, 5), stack, out)
    strips = sorted(work.glob("strip-*.npy"))
    assert len(strips) == 2 and not out.exists()
    damaged = bytearray(strips[0].read_bytes())
    damaged[-1] ^= 1
    strips[0].write_bytes(bytes(damaged))
    with pytest.raises(Interrupted):
        run(interrupted(predict, 1), stack, out)  # redoes strip 0, keeps strip 1
    assert [p.name for p in work.glob("strip-*.npy")] == [strips[1].name]
    run(interrupted(predict, 6), stack, out)
    np.testing.assert_allclose(read(out), whole_scene(predict, image), atol=1e-5)
    assert not work.exists()
    out.unlink()
    with pytest.raises(Interrupted):
        run(interrupted(predict, 5), stack, out, identity="old")
    with pytest.raises(Interrupted):
        run(interrupted(predict, 7), stack, out, identity="new")  # 8 windows again


def test_resumed_blending_gives_the_same_bytes(predict, make_stack, tmp_path):
    stack, _ = make_stack((128, 64))
    settings = {"bounded": False, "window_px": 64}
    whole = run(predict, stack, tmp_path / "whole.tif", **settings)
    with pytest.raises(Interrupted):
        run(interrupted(predict, 10), stack, tmp_path / "p.tif", **settings)
    resumed = run(predict, stack, tmp_path / "p.tif", **settings)
    assert resumed.read_bytes() == whole.read_bytes()


def test_two_runs_in_one_folder(predict, make_stack, tmp_path):
    stack, _ = make_stack((16, 16))
    with open_shards(tmp_path / ".p.tif.work", "x"), pytest.raises(LockedError, match="another"):
        run(predict, stack, tmp_path / "p.tif")


def test_truncated_stack_leaves_nothing(predict, make_stack, tmp_path):
    stack, _ = make_stack((600, 300))
    content = stack.read_bytes()
    stack.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputFileError, match=r"stack\.tif"):
        run(predict, stack, tmp_path / "p.tif")
    assert [p.name for p in tmp_path.iterdir()] == ["stack.tif"]


def test_scene_without_a_valid_pixel(predict, tmp_path):
    from inference_toys import write_stack

    image = np.full((40, 40, 2), np.nan, np.float32)
    stack = write_stack(tmp_path / "stack.tif", image)
    with pytest.raises(NodataError, match="red, slope"):
        run(predict, stack, tmp_path / "p.tif")
    assert [p.name for p in tmp_path.iterdir()] == ["stack.tif"]


@pytest.mark.parametrize("answer", [lambda x: x[..., 0] * np.nan, lambda x: x])
def test_wrong_answers_are_refused(make_stack, tmp_path, answer):
    stack, _ = make_stack((40, 40))
    with pytest.raises(BundleError, match="network answers"):
        run(answer, stack, tmp_path / "p.tif")


def test_augmented_mosaic_equals_one_pass(predict, make_stack, tmp_path):
    """Turned windows are exact as well: their edges lie on multiples of the stride."""
    stack, image = make_stack((90, 70))
    committee = Committee([predict], ["continuous"] * 2, symmetries=True)
    estimates = ("probability", "uncertainty")
    out = predicted(committee, stack, tmp_path / "p.tif", estimates=estimates)
    pad = [(HALO, HALO + -side % STRIDE) for side in image.shape[:2]]
    padded = np.pad(image, [*pad, (0, 0)], mode="reflect")
    sides = []
    for code in range(SYMMETRIES):
        answer = predict(transform_patch(padded, code, ["continuous"] * 2)[None])[0]
        sides.append(transform(answer, _inverse(code))[HALO : HALO + 90, HALO : HALO + 70])
    with rasterio.open(out) as src:
        assert src.descriptions == ("probability", "uncertainty")
        mean, spread = src.read()
    np.testing.assert_allclose(mean, np.mean(sides, axis=0), atol=1e-5)
    np.testing.assert_allclose(spread, np.std(sides, axis=0), atol=1e-5)
    assert spread.max() > 0.001
