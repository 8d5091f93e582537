"""Hidden sensors: which, how often, and that a network learns to do without them."""

import keras
import numpy as np
import pytest

from keras_landslide import models
from keras_landslide.bands import IMAGE_MODELS
from keras_landslide.config import RunConfig
from keras_landslide.errors import RecipeError
from keras_landslide.training.band_dropout import BandDropout
from keras_landslide.training.compiling import fix_seeds
from keras_landslide.training.histograms import without_sensors
from keras_landslide.training.run import train

NAMES = IMAGE_MODELS["rgb_terrain_sar"]
OPTICAL, TERRAIN, SAR = [0, 1, 2], [3, 4], [5, 6]


class Plain:
    """Patches of a landslide that every band but terrain shows; batches of eight."""

    def __init__(self, batches=6, size=16, bands=7, seed=0):
        self.batches, self.size, self.bands, self.seed = batches, size, bands, seed

    def __len__(self):
        return self.batches

    def batch(self, epoch, index):
        rng = np.random.default_rng([self.seed, index])
        labels = np.zeros((8, self.size, self.size, 1), np.float32)
        for label in labels:
            row, col = rng.integers(0, self.size - 6, 2)
            label[row : row + 6, col : col + 6] = 1
        images = rng.normal(size=(8, self.size, self.size, self.bands)).astype(np.float32)
        seen = [c for c in range(self.bands) if c not in TERRAIN]
        images[..., seen] += 3 * labels
        return images, labels


def test_one_sensor_is_hidden_as_a_whole_and_seeded():
    source = Plain(batches=40)
    dropped = BandDropout(source, NAMES, 0.4, seed=1)
    assert len(dropped) == 40
    whole = part = none = 0
    for index in range(len(source)):
        images, labels = dropped.batch(3, index)
        plain, truth = source.batch(3, index)
        np.testing.assert_array_equal(labels, truth)
        np.testing.assert_array_equal(images, dropped.batch(3, index)[0])
        np.testing.assert_array_equal(images[~np.isnan(images)], plain[~np.isnan(images)])
        assert not np.isnan(plain).any() and not np.isnan(images[..., TERRAIN]).any()
        for image in images:
            gone = np.isnan(image)
            optical, sar = gone[..., OPTICAL], gone[..., SAR]
            # A sensor's bands go together, and never those of both.
            assert (optical.all(-1) == optical.any(-1)).all() and (sar.all(-1) == sar.any(-1)).all()
            assert not (optical.any() and sar.any())
            share = max(optical.mean(), sar.mean())
            whole, part, none = whole + (share == 1), part + (0 < share < 1), none + (share == 0)
    assert whole + part == pytest.approx(0.4 * 320, abs=30)
    assert whole == pytest.approx(part, abs=40) and none
    assert not np.array_equal(
        np.isnan(dropped.batch(4, 0)[0]), np.isnan(dropped.batch(3, 0)[0])
    )  # fmt: skip


def test_bands_that_hold_no_sensor_or_nothing_else_are_refused():
    with pytest.raises(RecipeError, match="nothing to see"):
        BandDropout(Plain(), ("slope", "curvature"), 0.3)
    with pytest.raises(RecipeError, match="nothing to see"):
        BandDropout(Plain(), ("red", "green", "blue"), 0.3)


def test_a_network_learns_to_do_without_radar(tmp_path):
    """Learnt with all bands, it leans on radar, which shows most; with dropout it need not."""

    class RadarTellsMore(Plain):
        def batch(self, epoch, index):
            images, labels = super().batch(epoch, index)
            images[..., SAR] += 3 * labels
            return images, labels

    f1: dict[float, float] = {}
    found = {}
    for rate in (0.0, 0.5):
        config = RunConfig().with_values(
            data={"image_model": "rgb_terrain_sar"},
            training={
                "epochs": 12, "patience": 12, "learning_rate": 1e-2, "loss": "dice",
                "band_dropout": rate,
            },
        )  # fmt: skip
        fix_seeds(0)
        model = models.build("unet_colombia", (16, 16, 7), filters=4, levels=1)
        found[rate] = train(
            model, RadarTellsMore(), RadarTellsMore(seed=9), tmp_path / f"{rate}", config,
            quiet=True,
        )  # fmt: skip
        images, labels = RadarTellsMore(seed=5).batch(0, 0)
        images[..., SAR] = np.nan
        said = keras.ops.convert_to_numpy(model(images)) >= 0.5
        f1[rate] = 2 * said[labels == 1].sum() / (said.sum() + (labels == 1).sum())
    assert f1[0.5] > 0.9 and f1[0.5] > f1[0.0]
    assert "without" not in found[0.0]
    # Scores and thresholds by band set are those of batches with the sensor left out.
    without = found[0.5]["without"]
    assert list(without) == ["optical", "sar"]
    images, labels = zip(*(RadarTellsMore(seed=9).batch(0, i) for i in range(6)), strict=True)
    images, truth = np.concatenate(images), np.concatenate(labels) == 1
    images[..., SAR] = np.nan
    said = keras.ops.convert_to_numpy(model(images)) >= np.float32(without["sar"]["threshold"])
    val = without["sar"]["val"]
    assert val["tp"] == pytest.approx((said & truth).sum(), abs=2)
    assert val["fp"] == pytest.approx((said & ~truth).sum(), abs=2)


def test_the_split_that_chooses_is_answered_once():
    class Answers:
        asked = 0

        def predict_on_batch(self, images):
            self.asked += 1
            return np.nan_to_num(images[..., :1], nan=0.5).clip(0, 1)

    model, val, test = Answers(), Plain(batches=1), Plain(batches=1, seed=3)
    found = without_sensors(model, val, {"val": val, "test": test}, NAMES)
    assert model.asked == 2 * 2
    # Radar missing: the first optical band alone decides, at the same threshold in both splits.
    for name, source in (("val", val), ("test", test)):
        images, labels = source.batch(0, 0)
        said = images[..., :1].clip(0, 1) >= np.float32(found["sar"]["threshold"])
        assert found["sar"][name]["tp"] == (said & (labels == 1)).sum()
