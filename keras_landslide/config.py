"""The run config: read by `train`, written by `tune` as `best.toml`, kept in every run folder."""

from __future__ import annotations

import math
import tomllib
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import tomli_w

from keras_landslide.bands import image_model_bands
from keras_landslide.errors import InputFileError, RecipeError, UnknownNameError, did_you_mean
from keras_landslide.files import write_text

OPTIMIZERS = ("adam", "sgd")
MONITORS = ("val_f1", "val_precision", "val_recall", "val_loss")
"""What may say which epoch of a run is kept; all at a threshold of 0.5."""
LAST = "epoch"
"""As a monitor: the later, the better."""
MOST = {
    "learning_rate": 100,
    "batch_size": 65_536,
    "epochs": 1_000_000,
    "patience": 1_000_000,
    "oversample": 1_000,
}
"""The largest values that any run could mean."""
PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")
"""Keras's names of what a network computes in; its weights are float32 in each."""


@dataclass(frozen=True)
class DataConfig:
    """What to learn from.

    Attributes:
        stack: path of `stack.tif`, relative paths counting from the config file's folder.
        patches: path of `patches.gpkg`.
        image_model: key of `bands.IMAGE_MODELS`, or band names joined by commas.
        oversample: how often a patch with landslide pixels occurs in an epoch (1 = as often as
            the others).
        augment: draw one of the eight symmetries of the square for each patch and epoch.
    """

    stack: str = "stack.tif"
    patches: str = "patches.gpkg"
    image_model: str = "rgb_terrain_sar"
    oversample: int = 1
    augment: bool = True


@dataclass(frozen=True)
class ModelConfig:
    """Which network: its name in `models.MODELS` and the keyword options of its function."""

    name: str = "unet_colombia"
    options: dict[str, Any] = field(default_factory=lambda: {"filters": 32})


@dataclass(frozen=True)
class TrainingConfig:
    """How to learn. Defaults follow Vega and Hidalgo: Adam, Dice loss, 150 epochs.

    Attributes:
        loss: key of `losses.LOSSES`.
        learning_rate: of the first epoch.
        batch_size: patches per step.
        epochs: at most so many.
        patience: epochs without a better `monitor` before the run stops.
        monitor: one of `MONITORS`: the epoch where it is best is kept; or `epoch`: the last one
            is, and nothing stops a run before it.
        seed: of weights, order and augmentation.
        optimizer: one of `OPTIMIZERS`.
        momentum: of `sgd`.
        weight_decay: what is added to the gradient of each kernel, as a multiple of the kernel
            (an L2 penalty of half of it, as in PyTorch's Adam and SGD); 0 for none.
        plateau_patience: epochs without a lower validation loss before the learning rate is
            multiplied by `plateau_factor`; 0 keeps it constant.
        plateau_factor: see there.
        cosine: let the learning rate fall along half a cosine over all `epochs`, to nearly 0 in the
            last one; instead of a plateau.
        band_dropout: share of patches from which the bands of one sensor are hidden, so that the
            network also works where one is missing (see `training.band_dropout`); 0 for none.
        precision: one of `PRECISIONS`; a mixed one is faster on GPUs made for it. The trained
            network is scored and kept in float32.
        jit_compile: compile training steps with XLA; with JAX they always are.
    """

    loss: str = "dice"
    learning_rate: float = 5e-4
    batch_size: int = 16
    epochs: int = 150
    patience: int = 20
    monitor: str = "val_f1"
    seed: int = 0
    optimizer: str = "adam"
    momentum: float = 0.0
    weight_decay: float = 0.0
    plateau_patience: int = 0
    plateau_factor: float = 0.5
    cosine: bool = False
    band_dropout: float = 0.0
    precision: str = "float32"
    jit_compile: bool = False


@dataclass(frozen=True)
class RunConfig:
    """A whole run: data, model, training."""

    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    @property
    def band_names(self) -> tuple[str, ...]:
        """The bands of the image model, in channel order."""
        return image_model_bands(self.data.image_model)

    def to_dict(self) -> dict[str, Any]:
        """Plain nested dictionary, as in the TOML file."""
        return asdict(self)

    def save(self, path: str | Path) -> None:
        """Write the config as TOML, atomically."""
        write_text(path, tomli_w.dumps(self.to_dict()))

    def with_values(self, **sections: dict[str, Any]) -> RunConfig:
        """A copy with some entries replaced: `with_values(training={"epochs": 3})`."""
        changed = {name: replace(getattr(self, name), **new) for name, new in sections.items()}
        return replace(self, **changed)


def direction_of(metric: str) -> str:
    """`min` for losses, `max` for all other metrics."""
    return "min" if metric.endswith("loss") else "max"


def read_toml(path: str | Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        InputFileError: it is missing or cannot be read.
        RecipeError: it is not valid TOML.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")  # Windows editors write a mark
    except OSError as error:
        raise InputFileError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path}: is not UTF-8 text; save it as UTF-8") from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{path}: is not valid TOML: {error}") from error


def load_run_config(path: str | Path) -> RunConfig:
    """Read a run config; paths in it are made absolute from the file's folder.

    Raises:
        InputFileError: the file cannot be read.
        RecipeError: a section or key is unknown, or a value has the wrong type or range.
        UnknownNameError: the image model is unknown.
    """
    return run_config(read_toml(path), path, Path(path).resolve().parent)


def run_config(raw: dict[str, Any], where: str | Path, folder: Path) -> RunConfig:
    """Check the tables of a run config and build it; `where` names their file in messages.

    Relative paths in `raw` count from `folder`. Raises as `load_run_config`.
    """
    sections = {"data": DataConfig, "model": ModelConfig, "training": TrainingConfig}
    check_keys(raw, sections, f"{where}")
    parts: dict[str, Any] = {}
    for name, cls in sections.items():
        values = raw.get(name, {})
        check_keys(values, [f.name for f in fields(cls)], f"{where}: [{name}]")
        parts[name] = cls(**{key: _typed(cls, key, v, where, name) for key, v in values.items()})
    config = RunConfig(**parts)
    config = config.with_values(
        data={
            "stack": str(folder / config.data.stack),
            "patches": str(folder / config.data.patches),
        }
    )
    _check_ranges(config, where)
    try:
        image_model_bands(config.data.image_model)
    except UnknownNameError as error:
        raise UnknownNameError(f"{where}: [data] {error}, or known bands, each once") from error
    return config


def check_keys(values: Any, known, where: str) -> None:
    """Refuse keys that nobody reads, since a misspelt key would be ignored in silence.

    Raises:
        RecipeError: naming the key, the place and the choices.
    """
    if not isinstance(values, dict):
        raise RecipeError(f"{where}: expected a table of keys, found {values!r}")
    for key in values:
        if key not in known:
            near = did_you_mean(key, known)
            raise RecipeError(
                f"{where}: unknown key '{key}'; choose from: {', '.join(known)}{near}"
            )


def _typed(cls: type, key: str, value: Any, path: str | Path, section: str) -> Any:
    default = getattr(cls(), key)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(default):
        wanted = type(default).__name__
        raise RecipeError(f"{path}: [{section}] {key} = {value!r} should be of type {wanted}")
    return value


def _check_ranges(config: RunConfig, path: str | Path) -> None:
    t, d = config.training, config.data
    positive = {
        "training.learning_rate": t.learning_rate,
        "training.batch_size": t.batch_size,
        "training.epochs": t.epochs,
        "training.patience": t.patience,
        "data.oversample": d.oversample,
    }
    for key, value in positive.items():
        most = MOST[key.partition(".")[2]]
        if not 0 < value <= most:
            raise RecipeError(
                f"{path}: {key} = {value} should be finite, greater than 0 and at most {most:g}"
            )
    ranges = {
        "optimizer": (t.optimizer in OPTIMIZERS, f"one of: {', '.join(OPTIMIZERS)}"),
        "monitor": (t.monitor in (*MONITORS, LAST), f"one of: {', '.join((*MONITORS, LAST))}"),
        "precision": (t.precision in PRECISIONS, f"one of: {', '.join(PRECISIONS)}"),
        "momentum": (0 <= t.momentum < 1, "from 0 to less than 1"),
        "weight_decay": (0 <= t.weight_decay < math.inf, "0 or a finite positive number"),
        "plateau_patience": (t.plateau_patience >= 0, "0 or more"),
        "plateau_factor": (0 < t.plateau_factor < 1, "greater than 0 and less than 1"),
        "cosine": (not (t.cosine and t.plateau_patience), "false where plateau_patience is set"),
        "band_dropout": (0 <= t.band_dropout < 1, "from 0 to less than 1"),
    }
    for key, (fine, wanted) in ranges.items():
        if not fine:
            raise RecipeError(f"{path}: training.{key} = {getattr(t, key)!r} should be {wanted}")
    if not 0 <= t.seed < 2**32:
        raise RecipeError(f"{path}: training.seed = {t.seed} should be from 0 to 2^32 - 1")
