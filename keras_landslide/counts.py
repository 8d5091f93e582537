"""Confusion counts and every score that follows from them: the only place where they are written.

Plain Python, so that training, evaluation and reports share the very same formulas.
"""

from __future__ import annotations

from dataclasses import dataclass

NAMES = (
    "prevalence",
    "precision",
    "recall",
    "f1",
    "iou",
    "mean_iou",
    "accuracy",
    "kappa",
    "specificity",
    "macro_f1",
    "background_f1",
    "background_iou",
    "frequency_weighted_iou",
    "micro_iou",
    "mean_accuracy",
)
"""Scores that follow from the four counts."""
OF_ONE_CLASS = ("prevalence", "recall", "accuracy", "specificity")
"""Those that mean something where the truth is all landslide, or holds none."""


@dataclass(frozen=True)
class Scores:
    """Pixels (or objects) by what was said and what is so; landslide is the positive class.

    Scores whose denominator is 0 are None (`null` in JSON): they are undefined, not 0.
    Kappa: Cohen 1960, doi:10.1177/001316446002000104.
    """

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0

    def __add__(self, other: Scores) -> Scores:
        return Scores(
            self.tp + other.tp, self.fp + other.fp, self.fn + other.fn, self.tn + other.tn
        )

    @property
    def total(self) -> int:
        """Number of scored pixels."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def prevalence(self) -> float | None:
        """Share of landslide pixels in the truth."""
        return _ratio(self.tp + self.fn, self.total)

    @property
    def precision(self) -> float | None:
        """TP / (TP + FP)."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float | None:
        """TP / (TP + FN)."""
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float | None:
        """2 TP / (2 TP + FP + FN)."""
        return _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def iou(self) -> float | None:
        """Landslide intersection over union, TP / (TP + FP + FN)."""
        return _ratio(self.tp, self.tp + self.fp + self.fn)

    @property
    def background_iou(self) -> float | None:
        """Background intersection over union, TN / (TN + FP + FN)."""
        return _ratio(self.tn, self.tn + self.fp + self.fn)

    @property
    def mean_iou(self) -> float | None:
        """Mean of the landslide's and the background's intersection over union."""
        return _mean(self.iou, self.background_iou)

    @property
    def frequency_weighted_iou(self) -> float | None:
        """IoU of the classes weighted by their share of the truth; an absent class weighs 0."""
        if not self.total:
            return None
        # 0 / 0 of an absent class is left out, and not multiplied by its weight 0.
        landslide = (self.iou or 0.0) * (self.tp + self.fn)
        return (landslide + (self.background_iou or 0.0) * (self.fp + self.tn)) / self.total

    @property
    def micro_iou(self) -> float | None:
        """Sums over both classes: (TP + TN) / (TP + TN + 2 FP + 2 FN), eq. 22 of Li et al."""
        return _ratio(self.tp + self.tn, self.tp + self.tn + 2 * (self.fp + self.fn))

    @property
    def specificity(self) -> float | None:
        """TN / (TN + FP)."""
        return _ratio(self.tn, self.tn + self.fp)

    @property
    def mean_accuracy(self) -> float | None:
        """Mean pixel accuracy: the mean of recall and specificity."""
        return _mean(self.recall, self.specificity)

    @property
    def background_f1(self) -> float | None:
        """2 TN / (2 TN + FP + FN)."""
        return _ratio(2 * self.tn, 2 * self.tn + self.fp + self.fn)

    @property
    def macro_f1(self) -> float | None:
        """Mean of the landslide's and the background's F1."""
        return _mean(self.f1, self.background_f1)

    @property
    def normalised(self) -> dict[str, float | None]:
        """The confusion matrix with each row of the truth summing to 1."""
        positives, negatives = self.tp + self.fn, self.fp + self.tn
        return {
            "tp": _ratio(self.tp, positives),
            "fn": _ratio(self.fn, positives),
            "fp": _ratio(self.fp, negatives),
            "tn": _ratio(self.tn, negatives),
        }

    @property
    def accuracy(self) -> float | None:
        """Overall accuracy, (TP + TN) / n."""
        return _ratio(self.tp + self.tn, self.total)

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa, agreement beyond chance."""
        n = self.total
        # Python integers: the products pass 2**53 for scenes of 100 million pixels.
        chance = (self.tp + self.fn) * (self.tp + self.fp) + (self.fp + self.tn) * (
            self.fn + self.tn
        )
        return _ratio(n * (self.tp + self.tn) - chance, n * n - chance)

    @property
    def both_classes(self) -> bool:
        """Whether the truth holds landslide and background."""
        return self.tp + self.fn > 0 and self.fp + self.tn > 0

    def to_dict(self, *, single_image: bool = False) -> dict[str, int | float | None]:
        """Counts and scores, ready for JSON.

        Args:
            single_image: keep the scores of an image without landslide, or of landslide alone. Of
                a whole split or scene, those that weigh one class against the other (all but
                `OF_ONE_CLASS`) would mean nothing there, and are None.
        """
        counts = {"tp": self.tp, "fp": self.fp, "fn": self.fn, "tn": self.tn}
        kept = NAMES if single_image or self.both_classes else OF_ONE_CLASS
        return {**counts, **{name: getattr(self, name) if name in kept else None for name in NAMES}}


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _mean(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else (a + b) / 2
