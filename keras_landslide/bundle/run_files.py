"""What a run tells of itself: `data.json` and `metrics.json`, checked entry by entry on reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from keras_landslide.bundle.contract import LARGEST_PX, BandRange, BundleBand
from keras_landslide.errors import BundleError, LandslideError
from keras_landslide.records import entry, read_json

RUN_FILES = ("config.toml", "data.json", "metrics.json", "model.keras")
AGAIN = "train again, in another folder"
MOST_EPOCHS = 1_000_000


@dataclass(frozen=True)
class RunData:
    """What `data.json` of a run has to tell."""

    simulated: bool = entry("whether a source is simulated")
    bands: tuple[BundleBand, ...] = entry("bands in channel order", least=1)
    pixel_size_m: float | None = entry("pixel side, metres; null where unknown", above=0)
    patch_size_px: int = entry("side of a patch, pixels", low=1, high=LARGEST_PX)
    training_area: Mapping[str, Any] | None = entry("outline of the training patches, GeoJSON")
    band_ranges: Mapping[str, BandRange] = entry("training values of each band")
    fingerprint: str = entry("digest of what the run learnt from", default="")
    patches: Mapping[str, int] = entry("number of patches by split", default={}, low=0)
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SplitScores:
    """Scores of a split at the threshold; null where undefined."""

    precision: float | None = entry(
        "share of mapped pixels that are true", default=None, low=0, high=1
    )
    recall: float | None = entry(
        "share of true pixels that are mapped", default=None, low=0, high=1
    )
    f1: float | None = entry("their harmonic mean", default=None, low=0, high=1)
    iou: float | None = entry("intersection over union", default=None, low=0, high=1)
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class MissingSensor:
    """A network without one of its sensors."""

    threshold: float = entry("decision threshold", low=0, high=1)
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RunMetrics:
    """What `metrics.json` of a run has to tell."""

    threshold: float = entry("decision threshold", low=0, high=1)
    threshold_rule: str = entry("how it was chosen")
    backend: str = entry("of Keras, that trained")
    best_epoch: int | None = entry("epoch that is kept, from 0", default=None, low=0,
                                   high=MOST_EPOCHS)  # fmt: skip
    epochs: int | None = entry("epochs that ran", default=None, low=1, high=MOST_EPOCHS)
    train: SplitScores | None = entry("scores", default=None)
    val: SplitScores | None = entry("scores", default=None)
    test: SplitScores | None = entry("scores", default=None)
    cross_validation: SplitScores | None = entry("scores of all folds", default=None)
    without: Mapping[str, MissingSensor] = entry("by missing sensor", default={})
    extra: Mapping[str, Any] = field(default_factory=dict)


def read_run_data(
    run_folder: str | Path, error: type[LandslideError] = BundleError
) -> tuple[RunData, dict[str, Any]]:
    """What `data.json` of a run tells, checked and as it stands there.

    Raises:
        LandslideError: of the kind `error`: the file is missing or damaged.
    """
    return read_json(RunData, Path(run_folder) / "data.json", error=error, remedy=AGAIN)


def read_run_metrics(
    run_folder: str | Path, error: type[LandslideError] = BundleError
) -> tuple[RunMetrics, dict[str, Any]]:
    """What `metrics.json` of a run tells, checked and as it stands there.

    Raises:
        LandslideError: of the kind `error`: the file is missing or damaged.
    """
    return read_json(RunMetrics, Path(run_folder) / "metrics.json", error=error, remedy=AGAIN)


def require_finished(run_folder: str | Path) -> None:
    """Refuse a folder that is not that of a finished run.

    Raises:
        BundleError: naming what is missing.
    """
    missing = [name for name in RUN_FILES if not (Path(run_folder) / name).is_file()]
    if missing:
        raise BundleError(
            f"{run_folder}: is not a finished run, {', '.join(missing)} is missing; "
            "run `keras-landslide train` to its end first"
        )


def read_run(run_folder: str | Path) -> tuple[RunMetrics, RunData]:
    """What a finished run tells of itself and of its data.

    Raises:
        BundleError: it is not finished, or a file of it is damaged.
    """
    require_finished(run_folder)
    return read_run_metrics(run_folder)[0], read_run_data(run_folder)[0]
