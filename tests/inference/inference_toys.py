"""A tiny real network, stacks to run it over, and bundles that hold it."""

from affine import Affine

from keras_landslide.grid import Grid
from keras_landslide.inference.scene import Marks, Outputs, predict_scene
from keras_landslide.inference.windows import Cutting
from keras_landslide.rasters.write import RasterWriter

BANDS = ("red", "slope")
UNITS = ("reflectance", "deg")
STRIDE, HALO = 4, 16


def build_network(width=4):
    """Two poolings and a skip; receptive-field radius below 16; NaN counts as 0."""
    import keras
    from keras import layers, ops

    keras.utils.set_random_seed(3)
    image = keras.Input((None, None, len(BANDS)))
    x = layers.Lambda(lambda t: ops.where(ops.isnan(t), 0.0, t))(image)
    skip = layers.Conv2D(width, 3, padding="same", activation="relu")(x)
    x = layers.MaxPool2D(2)(skip)
    x = layers.Conv2D(width, 3, padding="same", activation="relu")(x)
    x = layers.MaxPool2D(2)(x)
    x = layers.Conv2D(2 * width, 3, padding="same", activation="relu")(x)
    x = layers.UpSampling2D(2)(x)
    x = layers.Conv2D(width, 3, padding="same", activation="relu")(x)
    x = layers.UpSampling2D(2)(x)
    x = layers.Concatenate()([skip, x])
    x = layers.Conv2D(1, 3, padding="same", activation="sigmoid")(x)
    return keras.Model(image, x)


def write_stack(path, image, *, bands=BANDS, units=UNITS, crs="EPSG:32618", size=12.5, tags=None):
    grid = Grid(crs, Affine(size, 0, 400000, 0, -size, 700000), image.shape[:2])
    tags = {"SIMULATED": "yes", "FINGERPRINT": "abc"} | (tags or {})
    with RasterWriter(path, grid, image.shape[2], names=bands, units=units, tags=tags) as writer:
        writer.write(image)
    return path


def contract(**changes):
    values = {
        "format": 1,
        "name": "toy",
        "simulated": True,
        "bands": [
            {"name": n, "unit": u, "kind": "continuous"} for n, u in zip(BANDS, UNITS, strict=True)
        ],
        "pixel_size_m": 12.5,
        "patch_size_px": 64,
        "stride_px": STRIDE,
        "halo_px": HALO,
        "bounded": True,
        "threshold": 0.5,
        "threshold_rule": "best F1 on validation",
        "calibration": None,
        "fingerprint": "0123",
    }
    return {k: v for k, v in (values | changes).items() if v is not ...}


def predicted(predict, stack, out, bands=BANDS, **options):
    """`predict_scene` with the toy network's windows, and options by their names."""
    own = {"halo_px": HALO, "stride_px": STRIDE, "window_px": 64} | options
    parts = [
        kind(**{key: own.pop(key) for key in kind.__dataclass_fields__ if key in own})
        for kind in (Cutting, Outputs, Marks)
    ]
    return predict_scene(
        predict, stack, bands, out, parts[0], outputs=parts[1], marks=parts[2], **own
    )
