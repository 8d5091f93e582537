"""The run config: read by `train`, written by `tune` as `best.toml`, kept in every run folder."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import tomli_w

from keras_landslide.bands import image_model_bands
from keras_landslide.errors import RecipeError, UnknownNameError
from keras_landslide.files import write_text
from keras_landslide.sources import Source, parse_sources
from keras_landslide.toml_files import check_keys, read_toml, typed

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
    "weight_decay": 1_000,
    "folds": 100,
    "seeds": 100,
}
"""The largest values that any run could mean."""
PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")
"""Keras's names of what a network computes in; its weights are float32 in each."""


@dataclass(frozen=True)
class DataConfig:
    """What to learn from: a stack and its patches, or any number of sources.

    Relative paths count from the config file's folder.

    Attributes:
        stack: path of `stack.tif`.
        patches: path of `patches.gpkg`.
        source: instead of these two, stacks and folders of chips (`[[data.source]]`), all with the
            bands of the image model and patches of one size.
        image_model: key of `bands.IMAGE_MODELS`, or band names joined by commas.
        oversample: how often a patch with landslide pixels occurs in an epoch (1 = as often as
            the others).
        augment: draw one of the eight symmetries of the square for each patch and epoch.
        heavy: also turn patches by any angle, scale, shift and shade them, and cut them together
            (see `samples.augmentation`): for few patches.
        folds: rounds of a cross-validation, 0 for none: chips are dealt to folds by their share of
            landslide, the patches of a stack have the folds of their table.
        fold: the round, from 0: the fold that is the test split. -1 trains all of them, and the
            run's network is the mean of theirs.
        cache: folder for cut patches and decoded chips; empty: beside the patch table, and beside
            the folder of chips.
    """

    stack: str = "stack.tif"
    patches: str = "patches.gpkg"
    image_model: str = "rgb_terrain_sar"
    oversample: int = 1
    augment: bool = True
    heavy: bool = False
    folds: int = 0
    fold: int = -1
    cache: str = ""
    source: tuple[Source, ...] = ()

    @property
    def sources(self) -> tuple[Source, ...]:
        """What is learnt from, also where a stack and its patches are given alone."""
        return self.source or (Source(stack=self.stack, patches=self.patches),)

    @property
    def groups(self) -> tuple[str, ...]:
        """The basins or events, each once, in the order of the sources."""
        return tuple(dict.fromkeys(source.group_name for source in self.sources))


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
class EnsembleConfig:
    """Several networks as one, their answers averaged.

    Attributes:
        seeds: networks with the seed of the training and those that follow it.
        mirrored: ask each network four times, with the image mirrored.
    """

    seeds: int = 1
    mirrored: bool = False


@dataclass(frozen=True)
class RunConfig:
    """A whole run: data, model, training, and whether it is one of several networks."""

    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    ensemble: EnsembleConfig = field(default_factory=EnsembleConfig)

    @property
    def is_ensemble(self) -> bool:
        """Whether the run's network is the mean of several answers."""
        return self.data.fold < 0 < self.data.folds or self.ensemble != EnsembleConfig()

    @property
    def band_names(self) -> tuple[str, ...]:
        """The bands of the image model, in channel order."""
        return image_model_bands(self.data.image_model)

    def to_dict(self) -> dict[str, Any]:
        """Plain nested dictionary, as in the TOML file."""
        tables = asdict(self)
        data = tables["data"]
        if self.data.source:
            # What the sources name is named once.
            del data["stack"], data["patches"]
            data["source"] = [source.to_dict() for source in self.data.source]
        else:
            del data["source"]
        if not self.data.cache:
            del data["cache"]
        return tables

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
    sections = {
        "data": DataConfig,
        "model": ModelConfig,
        "training": TrainingConfig,
        "ensemble": EnsembleConfig,
    }
    check_keys(raw, sections, f"{where}")
    parts: dict[str, Any] = {}
    for name, cls in sections.items():
        values = dict(raw.get(name, {})) if isinstance(raw.get(name, {}), dict) else raw[name]
        check_keys(values, [f.name for f in fields(cls)], f"{where}: [{name}]")
        sources = values.pop("source", None) if name == "data" else None
        parts[name] = cls(**{k: typed(cls, k, v, f"{where}: [{name}]") for k, v in values.items()})
        if sources is not None:
            parts[name] = _with_sources(parts[name], values, sources, where, folder)
    config = RunConfig(**parts)
    paths = {key: getattr(config.data, key) for key in ("stack", "patches", "cache")}
    config = config.with_values(data={k: str(folder / path) for k, path in paths.items() if path})
    _check_ranges(config, where)
    try:
        image_model_bands(config.data.image_model)
    except UnknownNameError as error:
        raise UnknownNameError(f"{where}: [data] {error}, or known bands, each once") from error
    return config


def _with_sources(
    data: DataConfig, given: dict[str, Any], raw: Any, where: str | Path, folder: Path
) -> DataConfig:
    """The data section with its sources, which say what stack and patches alone say otherwise."""
    sources = parse_sources(raw, f"{where}")
    if sources and ("stack" in given or "patches" in given):
        raise RecipeError(
            f"{where}: [data] names a stack or patches and has [[data.source]] as well; write them "
            "as a source of their own"
        )
    return replace(data, source=tuple(source.within(folder) for source in sources))


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
        "weight_decay": (
            0 <= t.weight_decay <= MOST["weight_decay"],
            f"from 0 to {MOST['weight_decay']:g}",
        ),
        "plateau_patience": (
            0 <= t.plateau_patience <= MOST["patience"],
            f"from 0 to {MOST['patience']:g}",
        ),
        "plateau_factor": (0 < t.plateau_factor < 1, "greater than 0 and less than 1"),
        "cosine": (not (t.cosine and t.plateau_patience), "false where plateau_patience is set"),
        "band_dropout": (0 <= t.band_dropout < 1, "from 0 to less than 1"),
    }
    for key, (fine, wanted) in ranges.items():
        if not fine:
            raise RecipeError(f"{path}: training.{key} = {getattr(t, key)!r} should be {wanted}")
    if d.folds not in (0, *range(2, MOST["folds"] + 1)):
        raise RecipeError(f"{path}: data.folds = {d.folds} should be 0, or 2 to {MOST['folds']}")
    if not -1 <= d.fold < max(d.folds, 1):
        raise RecipeError(
            f"{path}: data.fold = {d.fold} should be -1 for all folds, or 0 to data.folds - 1"
        )
    if not 1 <= config.ensemble.seeds <= MOST["seeds"]:
        raise RecipeError(
            f"{path}: ensemble.seeds = {config.ensemble.seeds} should be 1 to {MOST['seeds']}"
        )
    if not 0 <= t.seed < 2**32:
        raise RecipeError(f"{path}: training.seed = {t.seed} should be from 0 to 2^32 - 1")
