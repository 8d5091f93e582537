"""`load`: a bundle as a function of arrays."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_landslide.errors import ImageSizeError
from keras_landslide.options import from_keywords
from keras_landslide.workflows.settings import Answering

if TYPE_CHECKING:
    import numpy as np

    from keras_landslide.inference.network import Network


def load(
    bundle: str | Path,
    *,
    answering: Answering = Answering(),  # noqa: B008 (frozen)
    **options: Any,
) -> LoadedNetwork:
    """Load a bundle as a function: an image in, the probability of landslide out.

    The numbers are those of `predict`: calibrated, by the same windows, NaN where a band is
    missing.

    Args:
        bundle: model bundle.
        answering: further bundles, and the engine.
        options: any parameter of `answering` by its name, such as `engine="openvino"`.

    Raises:
        BundleError: the bundle is incomplete, or its graph cannot be loaded.
        EngineError: the engine is not installed, or cannot draw from dropout.
        OptionError: an option is out of range.

    Example:
        >>> network = kl.load("bundle")  # doctest: +SKIP
        >>> network.band_names  # doctest: +SKIP
        ('red', 'green', 'blue')
        >>> slides = network(image) >= network.threshold  # doctest: +SKIP
    """
    from keras_landslide.bundle.read import read_bundle
    from keras_landslide.inference.network import Network
    from keras_landslide.runtime.quiet import quiet_tensorflow

    chosen = from_keywords(options, answering=answering)["answering"]
    folders = dict.fromkeys(Path(each) for each in (bundle, *chosen.ensemble))
    network = Network(
        tuple(read_bundle(folder) for folder in folders),
        chosen.augment,
        chosen.dropout_draws or 0,
        chosen.engine,
    )
    with quiet_tensorflow():
        return LoadedNetwork(network)


class LoadedNetwork:
    """A bundle's network as a function of arrays; made by `load`.

    Attributes:
        name: of the bundle, or of several.
        band_names: of the channels, in order.
        units: of the bands.
        pixel_size_m: side of a pixel in training, m; None where the training data did not tell.
        threshold: probability from which on a pixel counts as landslide.
        threshold_rule: how that was chosen, in words.
        calibration: how the probabilities are calibrated, in words.
        simulated: whether it was trained on simulated data.
    """

    def __init__(self, network: Network) -> None:
        first = network.bundles[0]
        self.name = network.name
        self.band_names = network.band_names
        self.units = tuple(band.unit for band in first.bands)
        self.pixel_size_m = first.pixel_size_m
        self.threshold = network.threshold
        self.threshold_rule = network.threshold_rule
        self.calibration = network.calibration
        self.simulated = network.simulated
        self._network = network
        self._predict = network.load()

    def __call__(self, images: Any) -> np.ndarray:
        """The probability of landslide.

        Args:
            images: (H, W, C) or (N, H, W, C) of any real number type and any size, in the bands'
                units and order; NaN where there are no data.

        Returns:
            float32 (H, W) or (N, H, W) in [0, 1], NaN where a band is missing. Of several
            networks or answers it is the mean.

        Raises:
            ImageSizeError: `images` has another number of axes or bands, or no pixel.
            BundleError: the network does not answer with probabilities.
        """
        import numpy as np

        from keras_landslide.inference.arrays import map_array
        from keras_landslide.inference.windows import Cutting

        array = np.asarray(images)
        count = len(self.band_names)
        if array.ndim not in (3, 4) or array.shape[-1] != count or 0 in array.shape:
            raise ImageSizeError(
                f"the images have the shape {array.shape}; give (height, width, {count}) or "
                f"(images, height, width, {count}), with the bands {', '.join(self.band_names)}"
            )
        if array.dtype.kind not in "fiub":
            raise ImageSizeError(f"the images hold {array.dtype}; give real numbers")
        network = self._network
        cutting = Cutting(network.halo_px, network.stride_px, bounded=network.bounded)
        batch = array.astype(np.float32).reshape(-1, *array.shape[-3:])
        several = len(network.estimates) > 1

        def mean(windows: np.ndarray) -> np.ndarray:
            said = self._predict(windows)
            return said[..., 0] if several else said

        found = [map_array(mean, image, self.band_names, cutting) for image in batch]
        return np.stack(found).reshape(array.shape[:-1])

    def __repr__(self) -> str:
        size = f", {self.pixel_size_m:g} m" if self.pixel_size_m else ""
        said = " (trained on simulated data)" if self.simulated else ""
        bands = ", ".join(self.band_names)
        return f"<network {self.name}: {bands}{size}, threshold {self.threshold:.3g}{said}>"

    def _repr_html_(self) -> str:
        return f"<code>{escape(repr(self))}</code>"
