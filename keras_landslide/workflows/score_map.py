"""A map scored: what was found and missed, drawn, and the report."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_landslide.workflows.results import Result, by_name
from keras_landslide.workflows.settings import Judging, Scored, Truth

if TYPE_CHECKING:
    from keras_landslide.rasters.read import StackInfo


def score_map(
    probability: str | Path,
    stack: str | Path,
    out: str | Path,
    *,
    scored: Scored = Scored(),  # noqa: B008 (frozen)
    truth: Truth = Truth(),  # noqa: B008
    judging: Judging = Judging(),  # noqa: B008
) -> Result:
    """Score a probability map, and draw and report what was found and missed.

    Args:
        probability: `probability.tif`.
        stack: stack on the same grid with the band `label` and, if known, `cloud`.
        out: folder for the files.
        scored: which pixels count.
        truth: what the true landslides are.
        judging: threshold, comparison, calibration.

    Returns:
        What `metrics.json` holds: `threshold` and where it comes from, `map_calibration`,
        `simulated`, `model`, `scene`, `split`, `pixels` (of `all`, and of `clear` and `cloud` where
        the stack has a cloud mask), `by_cloud_cover`, `per_image`, `objects`, `compared`,
        `thresholds`, `calibration`, `definitions`; and the paths written.

    Raises:
        BundleError: no threshold is known.
        SplitError: the table has no patch of `split` or of `calibration_split`, the latter is the
            scored one, or there is no table.
        UnknownNameError: there is no such image model.
        BandError, GridMismatchError, NodataError, InputFileError: the map cannot be scored, or
            `audit` is none.
        OutputError: the folder cannot be written.
    """
    from keras_landslide.bands import image_model_bands
    from keras_landslide.evaluation.assess import assess, cloud_table
    from keras_landslide.evaluation.definitions import DEFINITIONS
    from keras_landslide.evaluation.images import image_rows, mean_per_image, score_images
    from keras_landslide.evaluation.object_table import object_lines
    from keras_landslide.evaluation.objects import score_objects
    from keras_landslide.evaluation.scores import warn_of_one_class
    from keras_landslide.evaluation.truth import true_landslides
    from keras_landslide.files import together, write_json
    from keras_landslide.patches.table import read_tags
    from keras_landslide.rasters.read import stack_info
    from keras_landslide.report.tables import write_csv
    from keras_landslide.workflows.map_figures import draw_scores
    from keras_landslide.workflows.scored_pixels import (
        Pixels,
        audited_gaps,
        calibrate,
        compare,
        patch_windows,
    )

    out, probability = Path(out), Path(probability)
    patches, split, block_px = scored.patches, scored.split or "test", scored.block_px
    against, seed = judging.against, scored.seed
    predicted, labelled = stack_info(probability), stack_info(stack)
    threshold, rule = _threshold(predicted, judging.bundle, judging.threshold)
    leakage = None if judging.audit is None else audited_gaps(judging.audit)
    numbered = patch_windows(patches, split, labelled.grid) if patches else None
    pixels = Pixels(
        stack,
        windows=None if numbered is None else [window for _, window in numbered],
        valid_bands=image_model_bands(scored.image_model) if scored.image_model else (),
        others=(probability, against) if against else (),
        block_px=block_px,
    )
    regions = assess(probability, stack, threshold, **pixels.options, block_px=block_px)
    where = f"{stack}: what is scored" if patches is None else f"{patches}: the {split} split"
    warn_of_one_class(regions["all"].scores, where)
    tiles = numbered or list(enumerate(labelled.grid.windows(block_px)))
    images = score_images(
        probability,
        stack,
        threshold,
        tiles,
        valid_bands=pixels.valid_bands,
        others=pixels.others,
    )
    metrics: dict[str, Any] = {
        "threshold": threshold,
        "threshold_from": rule,
        "map_calibration": predicted.tags.get("CALIBRATION", "not noted in the map"),
        "simulated": predicted.simulated or labelled.simulated,
        "model": predicted.tags.get("BUNDLE", probability.stem),
        "scene": judging.scene or labelled.tags.get("NAME") or Path(stack).resolve().parent.name,
        "split": None if patches is None else split,
        "split_kind": None if patches is None else read_tags(patches).get("split_kind"),
        "leakage": leakage,
        "valid_bands": list(pixels.valid_bands),
        "pixels": {region: each.to_dict(seed) for region, each in regions.items()},
        "by_cloud_cover": cloud_table(regions, seed),
        "per_image": mean_per_image(images),
    }
    if against is not None:
        other, _ = _threshold(stack_info(against), None, None)
        metrics["compared"] = compare(regions, against, other, pixels, seed)
    if judging.calibration_split is not None:
        metrics |= calibrate(
            probability, patches, judging.calibration_split, split, regions["all"].seen, pixels
        )
    slides = true_landslides(
        stack,
        out / "metrics.json",
        inventory=truth.inventory,
        surveyed=truth.surveyed,
        windows=pixels.windows,
        group_field=truth.group_field,
    )
    metrics["objects"], rows = score_objects(
        probability,
        slides,
        threshold,
        out / "metrics.json",
        minimum_area_m2=truth.minimum_area_m2,
        block_px=block_px,
        seed=seed,
    )
    with together(out, "metrics.json") as part:
        write_csv(part / "per_patch.csv", image_rows(images))
        write_csv(part / "per_object.csv", object_lines(rows))
        drawn = draw_scores(metrics, regions, images, probability, pixels, part)
        write_json(part / "metrics.json", {**metrics, "definitions": DEFINITIONS})
    names = ["metrics.json", "per_patch.csv", "per_object.csv", *(path.name for path in drawn)]
    return Result(metrics, by_name(*(out / name for name in names)))


def _threshold(
    predicted: StackInfo, bundle: str | Path | None, threshold: float | None
) -> tuple[float, str]:
    """The threshold as given, the bundle's, or the one that the map notes; and its origin."""
    from keras_landslide.bundle.read import read_bundle
    from keras_landslide.errors import BundleError

    if threshold is not None:
        return threshold, "given by hand"
    if bundle is not None:
        known = read_bundle(bundle)
        return known.threshold, known.contract.threshold_rule or "the bundle's"
    if "THRESHOLD" not in predicted.tags:
        raise BundleError(
            f"{predicted.path}: notes no threshold; give `bundle` or `threshold` (0.5 is not "
            "assumed)"
        )
    rule = predicted.tags.get("THRESHOLD_RULE", "noted in the map, which does not tell its rule")
    noted = predicted.tags["THRESHOLD"]
    try:
        own = float(noted)
    except ValueError:
        own = math.nan
    if not 0 <= own <= 1:
        raise BundleError(
            f"{predicted.path}: notes the threshold '{noted:.40}', which is no probability; give "
            "`threshold`, or map again"
        )
    return own, rule
