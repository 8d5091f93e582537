"""What every number in `metrics.json` and in the report means, with its source."""

from __future__ import annotations

DEFINITIONS: dict[str, str] = {
    "threshold": "probability from which a pixel counts as landslide",
    "threshold_from": "the rule and the pixels that chose it, as the map or the bundle notes; "
    "given by hand: scores flatter the model if these pixels were looked at before",
    "map_calibration": "what maps the network's probabilities to those of the map, and the split "
    "it was fitted on",
    "leakage": "per basin of an audit, F1 of a random split less that of a blocked one, with the "
    "interval over seeds and blocks: what neighbouring patches give away",
    "tp": "landslide pixels mapped as landslide; landslide where probability >= threshold",
    "fp": "background pixels mapped as landslide",
    "fn": "landslide pixels mapped as background",
    "tn": "background pixels mapped as background; pixels labelled 255 or without a probability "
    "count nowhere",
    "normalised": "the confusion matrix with each row of the truth summing to 1",
    "prevalence": "(TP + FN) / n: share of landslide in the truth",
    "precision": "TP / (TP + FP), pooled over all pixels; user's accuracy of the landslide class",
    "recall": "TP / (TP + FN), pooled; producer's accuracy of the landslide class",
    "specificity": "TN / (TN + FP)",
    "f1": "2 TP / (2 TP + FP + FN) of the landslide class, pooled: the harmonic mean of precision "
    "and recall",
    "background_f1": "2 TN / (2 TN + FP + FN)",
    "macro_f1": "mean of the F1 of both classes; much higher than f1 where landslides are rare",
    "iou": "landslide IoU, TP / (TP + FP + FN) = F1 / (2 - F1); the table of MU-Net (Nguyen) "
    "prints this under the name mean IoU",
    "background_iou": "TN / (TN + FP + FN)",
    "mean_iou": "mean of the landslide's and the background's IoU, as the formulas of Nguyen and "
    "of Li et al. 2024 say",
    "frequency_weighted_iou": "IoU of both classes weighted by their share of the truth (FWIoU, "
    "Li et al. 2024)",
    "micro_iou": "(TP + TN) / (TP + TN + 2 FP + 2 FN): eq. 22 of Li et al. 2024, named IoU there, "
    "whose Table 3 gives per-class IoUs instead",
    "accuracy": "overall pixel accuracy, (TP + TN) / n (PA, OA)",
    "mean_accuracy": "mean pixel accuracy (MPA): mean of recall and specificity; balanced accuracy",
    "kappa": "(p0 - pe) / (1 - pe): agreement beyond chance (Cohen 1960)",
    "roc_auc": "area under the ROC curve over all scored pixels, ties counted half",
    "average_precision": "sum over thresholds of precision x gain in recall, no interpolation",
    "nll": "mean negative log-likelihood of the truth, nats; probabilities are kept 1.2e-7 off 0 "
    "and 1",
    "naive_nll": "NLL of the best constant map, the prevalence of these pixels: what to beat",
    "brier": "mean squared error of the probability (Brier 1950)",
    "ranking_exact": "whether ROC AUC and average precision are of all distinct probabilities; "
    "false: of 24-bit ones",
    "boundary_precision": "share of predicted boundary pixels within the tolerance of a true one",
    "boundary_recall": "share of true boundary pixels within the tolerance of a predicted one",
    "boundary_f1": "harmonic mean of both (Csurka et al. 2013)",
    "intervals": "percentile interval of a bootstrap that draws spatial blocks, never pixels; "
    "null with fewer than five blocks. Those of ROC AUC and average precision are resampled from "
    "up to 1024 bins (fewer beyond 2048 blocks, at least 128) with about as many landslide and as "
    "many background pixels each; with no more distinct probabilities than bins they are exact",
    "per_image": "mean over patches (or tiles) of each one's own score where it is defined; "
    "'undefined' tells over how many it is not. Small landslides weigh as much as large ones, "
    "and a mean F1 may exceed the mean of precision and recall",
    "objects": "landslides as polygons, matched by any overlap: precision = correct / predicted, "
    "recall = detected / inventory",
    "inventory": "landslides of the inventory within the surveyed area",
    "detected": "those of them that some predicted landslide meets",
    "predicted": "landslides mapped by the model within the surveyed area",
    "correct": "those of them that meet the inventory",
    "by_size_m2": "detection rate of inventory landslides by area",
    "missed_area_m2": "inventory area that no predicted landslide covers",
    "false_area_m2": "predicted area that no inventory landslide covers",
    "over_segmented": "inventory landslides met by more than one predicted one",
    "under_segmented": "predicted landslides that meet more than one of the inventory",
    "median_iou": "over found inventory landslides, IoU with their best match",
    "median_centroid_distance_m": "over found inventory landslides, to the best match",
    "median_boundary_distance_m": "the same, mean distance between the two outlines, both ways",
    "thresholds": "each chosen by its rule on the calibration split alone, scored on the pixels "
    "reported here",
    "risk_control": "conformal risk control (Angelopoulos et al. 2022): the expected found share "
    "of a next patch's landslide area is at least the wished one, if that patch and the "
    "calibration patches are exchangeable. Patches of another basin are not, and neighbouring "
    "patches hardly are: there it is no promise",
    "calibration": "fitted on the calibration split alone, scored on the pixels reported here",
    "ece": "expected calibration error: mean over pixels of |mean probability - landslide share| "
    "in their bin of 15 equal bins (Guo et al. 2017)",
    "by_cloud_cover": "pixels pooled over blocks of like cloud cover (cloud and shadow); none: no "
    "cloud in the block",
    "inventory_source": "where the true landslides come from; traced from the label: connected "
    "landslide pixels, corners included, within the labelled area",
    "object_intervals": "as intervals: blocks are drawn with all landslides whose centroid they "
    "hold",
    "by_group": "detection of the inventory's landslides by one of its attributes, such as event "
    "or basin; a predicted landslide belongs to no group, so there is no precision",
    "compared": "this map less the other one, on the same pixels, each at its own threshold; the "
    "interval draws the same blocks for both",
}
"""Definition of each key."""
