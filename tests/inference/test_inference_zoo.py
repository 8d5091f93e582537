"""Every network on the shelf: bounded ones exact, the others without a seam at window borders."""

import json

import numpy as np
import pytest
from inference_toys import contract, predicted, write_stack

from keras_landslide.bundle.write import write_saved_model
from keras_landslide.inference.engines import table as engine
from keras_landslide.models import registry
from keras_landslide.models.analysis.receptive_field import receptive_field
from keras_landslide.rasters.read import read_bands

NAMES = ("red", "slope")
SMALL = {"filters": 4, "pyramid_filters": 4}
QUICK = {"unet_colombia"}


def networks():
    for name in registry.MODELS:
        yield pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)


def build(name):
    import keras

    keras.utils.set_random_seed(1)
    known = registry.options(name)
    chosen = {option: value for option, value in SMALL.items() if option in known}
    model = registry.build(name, (None, None, len(NAMES)), **chosen)
    return model, receptive_field(model)


def scene(folder, shape):
    image = np.random.default_rng(2).normal(size=(*shape, len(NAMES))).astype(np.float32)
    return write_stack(folder / "s.tif", image, bands=NAMES), image


def answer(model, images):
    return np.asarray(model.predict_on_batch(images))[..., 0]


@pytest.mark.parametrize("name", networks())
def test_bounded_network_equals_one_pass(name, tmp_path):
    model, field = build(name)
    if not field.bounded:
        pytest.skip("sees its whole input: blended, not exact")
    halo, stride = field.halo_px, field.stride_px
    shape = (2 * stride + 13, 5 * stride + 17)
    stack, image = scene(tmp_path, shape)
    out = predicted(
        lambda images: answer(model, images), stack, tmp_path / "p.tif",
        halo_px=halo, stride_px=stride, window_px=2 * halo + max(2 * stride, 16),
    )  # fmt: skip
    pad = [(halo, halo + -side % stride) for side in shape]
    padded = np.pad(image, [*pad, (0, 0)], mode="reflect")
    whole = answer(model, padded[None])[0, halo : halo + shape[0], halo : halo + shape[1]]
    found = read_bands(out, ("probability",))[..., 0]
    np.testing.assert_allclose(found, whole, atol=1e-5)
    if whole.std() < 1e-5:
        pytest.skip("agrees, but answers a constant with these weights, which proves little")


@pytest.mark.parametrize("name", networks())
def test_openvino_answers_like_keras(name, tmp_path):
    pytest.importorskip("openvino")
    model, field = build(name)
    side = -(-64 // field.stride_px) * field.stride_px
    images = np.random.default_rng(3).normal(size=(1, side, 2 * side, len(NAMES)))
    images = images.astype(np.float32)
    images[0, 5:9, 7:12, 1] = np.nan
    write_saved_model(model, tmp_path / "saved_model", tmp_path)
    sees = {"stride_px": field.stride_px, "halo_px": field.halo_px, "bounded": field.bounded}
    (tmp_path / "bundle.json").write_text(json.dumps(contract(**sees)))
    found = engine.load(tmp_path, "openvino")(images)
    np.testing.assert_allclose(found, answer(model, images), atol=1e-5)


@pytest.mark.parametrize("name", networks())
def test_blended_windows_leave_no_seam(name, tmp_path):
    """Steps across window borders are no larger than those of one pass in the same place."""
    model, field = build(name)
    if field.bounded and name not in QUICK:
        pytest.skip("is exact")
    window = -(-128 // (2 * field.stride_px)) * 2 * field.stride_px
    stack, image = scene(tmp_path, (3 * window, 2 * window))
    out = predicted(
        lambda images: answer(model, images), stack, tmp_path / "p.tif",
        halo_px=field.halo_px, stride_px=field.stride_px, window_px=window, bounded=False,
    )  # fmt: skip
    whole = answer(model, image[None])[0]
    assert not seams(read_bands(out, ("probability",))[..., 0], whole, window, field.stride_px)
    # The same windows side by side, unblended, have seams, or nothing was shown.
    apart = [
        np.hstack([answer(model, image[None, top:, left:][:, :window, :window])[0]
                   for left in range(0, 2 * window, window)])
        for top in range(0, 3 * window, window)
    ]  # fmt: skip
    if not seams(np.vstack(apart), whole, window, field.stride_px):
        pytest.skip("has no seam, nor have windows side by side with these weights")


def seams(found, whole, window, stride):
    """Whether rows step more at window borders than elsewhere, by three standard errors.

    Windows start and end on multiples of half a window; a network's own grid, whose pixels repeat
    with its stride, is compared with itself, and each row with that of one pass.
    """
    steps, own = (np.abs(np.diff(each, axis=0)).mean(axis=1) for each in (found, whole))
    excess = steps / np.maximum(own, 1e-12)
    rows = np.arange(1, len(steps) + 1)
    border = rows % (window // 2) == 0
    elsewhere = excess[(rows % stride == 0) & ~border]
    limit = elsewhere.mean() + 3 * elsewhere.std() / np.sqrt(border.sum())
    return excess[border].mean() > limit
