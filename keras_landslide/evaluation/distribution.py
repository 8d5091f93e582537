"""Probabilities of landslide and background pixels, from which every curve and ranking follows."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from keras_landslide.errors import GridMismatchError

MOST_VALUES = 1 << 22
"""Distinct probabilities kept one by one (80 MiB); beyond, they are binned."""
_SHIFT = 8
_LEAST = float(np.finfo(np.float32).eps)
"""As scikit-learn's log_loss for float32: probabilities are kept so far from 0 and 1."""


class Distribution:
    """Counts of landslide and background pixels at each distinct float32 probability.

    Exact: two pixels share an entry only where their probabilities are equal. Beyond
    `most_values` distinct ones the leading 24 bits are kept, which order as the numbers do (a
    relative width of 3e-5), and `exact` is False; NLL and Brier score stay exact.

    Attributes:
        exact: whether no probability was rounded.
        brier_sum: sum of squared errors, float64.
        nll_sum: sum of negative log-likelihoods, nats.
    """

    def __init__(self, most_values: int = MOST_VALUES) -> None:
        self.most_values = most_values
        self.exact = True
        self.brier_sum = self.nll_sum = 0.0
        self._bits = np.empty(0, np.uint32)
        self._counts = np.empty((0, 2), np.int64)

    @classmethod
    def of(cls, probability: np.ndarray, label: np.ndarray) -> Distribution:
        """The distribution of whole arrays; see `add`."""
        made = cls()
        made.add(probability, label)
        return made

    def add(
        self, probability: np.ndarray, label: np.ndarray, mask: np.ndarray | None = None
    ) -> None:
        """Count pixels.

        Args:
            probability: (...) floats in [0, 1]; NaN is not counted, others are clipped.
            label: (...) of 0, 1, 255; anything but 0 and 1 is not counted.
            mask: (...) bool, True where to count; None is everywhere.

        Raises:
            GridMismatchError: the shapes differ.
        """
        shapes = {a.shape for a in (probability, label, mask) if a is not None}
        if len(shapes) > 1:
            raise GridMismatchError(f"probability, label and mask differ in shape: {shapes}")
        counted = ~np.isnan(probability) & ((label == 0) | (label == 1))
        if mask is not None:
            counted &= mask
        # Adding 0 turns -0 into 0, whose bits order before all others.
        p = np.clip(probability[counted].astype(np.float32), 0, 1) + np.float32(0)
        truth = label[counted] == 1
        kept = np.clip(p.astype(np.float64), _LEAST, 1 - _LEAST)
        self.brier_sum += float(np.square(p.astype(np.float64) - truth).sum())
        self.nll_sum -= float(np.log(np.where(truth, kept, 1 - kept)).sum())
        bits = p.view(np.uint32)
        if not self.exact:
            bits = bits >> _SHIFT << _SHIFT
        values, place = np.unique(bits, return_inverse=True)
        counts = np.bincount(2 * place + truth, minlength=2 * len(values)).reshape(-1, 2)
        self._merge(values, counts)
        self._round_if_many()

    def _round_if_many(self) -> None:
        if self.exact and len(self._bits) > self.most_values:
            self.exact = False
            self._merge(np.empty(0, np.uint32), np.empty((0, 2), np.int64))

    def _merge(self, values: np.ndarray, counts: np.ndarray) -> None:
        bits = np.concatenate([self._bits, values])
        if not self.exact:
            bits = bits >> _SHIFT << _SHIFT
        self._bits, place = np.unique(bits, return_inverse=True)
        both = np.concatenate([self._counts, counts])
        self._counts = np.zeros((len(self._bits), 2), np.int64)
        np.add.at(self._counts, place, both)

    @property
    def values(self) -> np.ndarray:
        """Distinct probabilities, ascending, float32 (N,)."""
        return self._bits.view(np.float32)

    @property
    def tops(self) -> np.ndarray:
        """The least probability above each entry, float32 (N,)."""
        return (self._bits + np.uint32(1 if self.exact else 1 << _SHIFT)).view(np.float32)

    @property
    def positive(self) -> np.ndarray:
        """Landslide pixels at each value, int64 (N,)."""
        return self._counts[:, 1]

    @property
    def negative(self) -> np.ndarray:
        """Background pixels at each value, int64 (N,)."""
        return self._counts[:, 0]

    @property
    def positives(self) -> int:
        """Landslide pixels."""
        return int(self.positive.sum())

    @property
    def negatives(self) -> int:
        """Background pixels."""
        return int(self.negative.sum())

    @property
    def total(self) -> int:
        """Pixels counted."""
        return self.positives + self.negatives

    @classmethod
    def joined(cls, parts: Iterable[Distribution]) -> Distribution:
        """The pixels of several distributions as one."""
        found = cls()
        for part in parts:
            found.exact &= part.exact
            found.brier_sum += part.brier_sum
            found.nll_sum += part.nll_sum
            found._merge(part._bits, part._counts)
            found._round_if_many()
        return found

    def mapped(self, values: np.ndarray) -> Distribution:
        """The same pixels with other probabilities, one per entry of `values`; float (N,)."""
        other = Distribution(self.most_values)
        p = np.clip(np.asarray(values, np.float32), 0, 1) + np.float32(0)
        wide = p.astype(np.float64)
        kept = np.clip(wide, _LEAST, 1 - _LEAST)
        other.brier_sum = float(self.positive @ (1 - wide) ** 2 + self.negative @ wide**2)
        other.nll_sum = -float(self.positive @ np.log(kept) + self.negative @ np.log1p(-kept))
        other._merge(p.view(np.uint32), self._counts)
        other.exact = self.exact
        return other
