"""Parts of `evaluate`: which pixels count, another map on the same ones, calibration apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_landslide.errors import SplitError
from keras_landslide.grid import Grid, Window
from keras_landslide.records import entry, read_json, to_json

if TYPE_CHECKING:
    from keras_landslide.evaluation.assess import Region
    from keras_landslide.evaluation.distribution import Distribution


@dataclass(frozen=True)
class Gap:
    """How much better one way of splitting looks than another."""

    f1: float | None = entry("difference of F1; null where undefined", low=-1, high=1)
    interval: tuple[float, ...] | None = entry("its two ends", default=None, low=-1, high=1)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def problem(self) -> str | None:
        """What is wrong between the entries; None if nothing is."""
        if self.interval is not None and len(self.interval) != 2:
            return f"'interval' holds {len(self.interval)} numbers instead of two"
        return None


@dataclass(frozen=True)
class AuditedBasin:
    """What an audit found in a basin."""

    gap: Gap | None = entry("F1 of the random split less that of the blocked one", default=None)
    left_out: Mapping[str, Any] | None = entry("scores without it in training", default=None)

    def problem(self) -> str | None:
        """What is wrong between the entries; None if nothing is."""
        return "'gap' is missing" if self.gap is None and self.left_out is None else None


@dataclass(frozen=True)
class Audit:
    """What `audit.json` has to tell."""

    basins: Mapping[str, AuditedBasin] = entry("by name")


COMPARED = ("f1", "iou", "precision", "recall", "kappa")


@dataclass(frozen=True)
class Pixels:
    """Which pixels of a stack are scored, and in which blocks; see `evaluation.maps.strips`."""

    stack: str | Path
    windows: Sequence[Window] | None
    valid_bands: Sequence[str]
    others: Sequence[str | Path]
    block_px: int

    @property
    def options(self) -> dict[str, Any]:
        """As keyword arguments of `strips`."""
        return {
            "windows": self.windows,
            "valid_bands": self.valid_bands,
            "others": self.others,
        }


def patch_windows(patches: str | Path, split: str, grid: Grid) -> list[tuple[int, Window]]:
    """Numbers and windows of the patches of a split, made for a stack on `grid`.

    Raises:
        SplitError: the table has no patch of that split.
    """
    from keras_landslide.patches.table import read_patches

    table = read_patches(patches, grid)
    windows = [(patch.patch_id, patch.window) for patch in table if patch.split == split]
    if not windows:
        choices = ", ".join(sorted({patch.split for patch in table}))
        raise SplitError(f"{patches}: has no patch of split '{split}'; it has: {choices}")
    return windows


def audited_gaps(audit: str | Path) -> dict[str, Any]:
    """Per basin of an `audit.json`, F1 of the random split less that of the blocked one.

    Raises:
        InputFileError: it is missing, no audit, or an entry of it is wrong.
    """
    told, _ = read_json(Audit, audit, remedy="`keras-landslide audit` writes one")
    return {name: to_json(each.gap) for name, each in told.basins.items() if each.gap is not None}


def refuse_random(patches: str | Path) -> None:
    """Refuse to choose anything on a random split, whose patches show what was learnt from.

    Raises:
        SplitError: the table's split is random.
    """
    from keras_landslide.patches.table import read_tags

    if read_tags(patches).get("split_kind", "").startswith("random"):
        raise SplitError(
            f"{patches}: the split is random: its validation patches share pixels with those "
            "learnt from, and what is fitted on them is too sure of itself; cut with `split_kind` "
            "spatial and train again"
        )


def compare(
    ours: Mapping[str, Region], against: str | Path, threshold: float, pixels: Pixels, seed: int
) -> dict[str, Any]:
    """Paired differences to another map on the same pixels and blocks, region by region."""
    from keras_landslide.evaluation.assess import assess
    from keras_landslide.evaluation.intervals import LEVEL, Difference, paired_difference
    from keras_landslide.rasters.read import stack_info

    def described(each: Difference) -> dict[str, Any]:
        return {
            "difference": each.value,
            "interval": [each.interval.low, each.interval.high],
            "blocks": each.interval.blocks,
            "share_above": each.share_above,
        }

    other = assess(against, pixels.stack, threshold, **pixels.options, block_px=pixels.block_px)
    return {
        "model": stack_info(against).tags.get("BUNDLE", Path(against).stem),
        "threshold": threshold,
        "level": LEVEL,
        "by_region": {
            region: {
                name: each and described(each)
                for name, each in paired_difference(
                    own.blocks, other[region].blocks, COMPARED, seed=seed
                ).items()
            }
            for region, own in ours.items()
        },
    }


def calibrate(
    probability: str | Path,
    patches: str | Path | None,
    calibration_split: str,
    split: str,
    scored: Distribution,
    pixels: Pixels,
) -> dict[str, Any]:
    """Thresholds and calibration from one split, scored on the pixels of another.

    Raises:
        SplitError: there is no patch table, or the split to choose on is the one that is scored.
        NodataError: the split to choose on lacks a class.
    """
    from keras_landslide.evaluation.images import score_images
    from keras_landslide.evaluation.selection import calibration_table, threshold_table, verdict
    from keras_landslide.rasters.read import stack_info

    if patches is None or calibration_split == split:
        raise SplitError(
            "`calibration_split` needs `patches` and another split than the one that is scored: "
            "what is chosen on the scored pixels flatters them"
        )
    numbered = patch_windows(patches, calibration_split, stack_info(pixels.stack).grid)
    bands, others = pixels.valid_bands, pixels.others
    images = score_images(
        probability, pixels.stack, 0.5, numbered, valid_bands=bands, others=others
    )
    windows = [window for _, window in numbered]
    validation = validation_pixels(
        probability, pixels.stack, windows, valid_bands=bands, others=others
    )
    table = calibration_table(validation, scored)
    return {
        "calibration_split": calibration_split,
        "thresholds": threshold_table(validation, [image.seen for image in images], scored),
        "calibration": table,
        "calibration_verdict": verdict(table),
    }


def validation_pixels(
    probability: str | Path, stack: str | Path, windows: Sequence[Window], **options: Any
) -> Distribution:
    """The probabilities of the pixels of some windows, each once; options as `maps.strips`."""
    from keras_landslide.evaluation.distribution import Distribution
    from keras_landslide.evaluation.maps import strips

    found = Distribution()
    for strip in strips(probability, stack, windows=windows, **options):
        found.add(strip.probability, strip.label)
    return found
