"""`dataset`: the patches of a run, for people who train with a `fit` of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from keras_landslide.config import RunConfig, load_run_config
from keras_landslide.errors import UnknownNameError
from keras_landslide.workflows.train import SPLITS

if TYPE_CHECKING:
    from keras_landslide.training.batches import WeightedBatches


def dataset(config: RunConfig | str | Path, split: str = "train") -> WeightedBatches:
    """The patches of one split of a run, as batches that Keras takes.

    Those of `train` are shuffled, oversampled and augmented as the config says, anew each epoch;
    the others come as they are. Keras tells the end of each epoch, so that nothing else is to be
    done than `model.fit(kl.dataset("run.toml"))`.

    Args:
        config: a run config, or the path of one (TOML).
        split: `train`, `val` or `test`.

    Returns:
        A `keras.utils.PyDataset` of images float32 (B, H, W, C) in raw units with NaN where there
        are no data, labels float32 (B, H, W, 1) of 0 and 1, and weights float32 (B, H, W, 1), 0
        where the label is not known and 1 elsewhere, which any loss of Keras takes.

    Raises:
        UnknownNameError: there is no such split.
        SplitError: it has no patch, or `train` or `val` no landslide pixel.
        LandslideError: see `train.load_data`.

    Example:
        >>> network = kl.models.build("unet", (None, None, 5))  # doctest: +SKIP
        >>> network.compile("adam", "binary_crossentropy")  # doctest: +SKIP
        >>> network.fit(kl.dataset("run.toml"), epochs=10)  # doctest: +SKIP
    """
    from keras_landslide.errors import SplitError
    from keras_landslide.runtime.quiet import quiet_tensorflow
    from keras_landslide.workflows.train import load_data

    if split not in SPLITS:
        raise UnknownNameError.among("split", split, SPLITS)
    settings = config if isinstance(config, RunConfig) else load_run_config(config)
    with quiet_tensorflow():
        from keras_landslide.training.batches import WeightedBatches
    data = load_data(settings)
    if split == "train":
        return WeightedBatches(data.train)
    source = data.val if split == "val" else data.scored.get(split)
    if source is None:
        raise SplitError(f"the split {split} has no patch; make the patches with another `split`")
    return WeightedBatches(source)
