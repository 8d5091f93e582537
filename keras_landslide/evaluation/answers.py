"""Networks asked about images: in batches, by one loop; several together, or from several sides.

A network is any callable here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

from keras_landslide.errors import BundleError
from keras_landslide.patches.symmetries import SYMMETRIES, transform, transform_patch

Predict = Callable[[np.ndarray], np.ndarray]
"""images float32 (B, h, w, C) in raw units, NaN allowed -> probability float32 (B, h, w), or
several estimates float32 (B, h, w, E) of which the probability is the first."""
Noted = TypeVar("Noted")


def as_predict(model: Any) -> Predict:
    """A Keras network with one probability per pixel, (B, h, w, 1), as a callable."""
    return lambda images: np.asarray(model.predict_on_batch(images))[..., 0]


def answers(
    predict: Predict, batches: Iterable[tuple[np.ndarray, Noted]], estimates: int | None = None
) -> Iterator[tuple[np.ndarray, Noted]]:
    """Run a network over batches, in order.

    Args:
        predict: the network.
        batches: images (B, h, w, C), and whatever belongs to them.
        estimates: values per pixel that are wanted, as the last axis; None takes what comes.

    Yields:
        The answers to a batch, and what belongs to it.

    Raises:
        BundleError: the network answers in another shape than that of the images.
    """
    for images, noted in batches:
        said = np.asarray(predict(images))
        if estimates is not None and said.shape == images.shape[:3]:
            said = said[..., None]
        fits = said.shape[:3] == images.shape[:3]
        if not fits or estimates not in (None, said.shape[-1]):
            wanted = "an answer" if estimates is None else f"{estimates} value(s)"
            raise BundleError(
                f"the network answers {said.shape} to images {images.shape}; {wanted} per pixel "
                "is needed"
            )
        yield said, noted


def chosen_batches(
    images: Any, numbers: Sequence[int] | np.ndarray, size: int
) -> Iterator[tuple[np.ndarray, list[int]]]:
    """Batches of some images, in the order of `numbers`, and their numbers.

    Args:
        images: (N, h, w, C), or anything that gives an image for its number.
        numbers: which.
        size: images in a batch; the last one may have fewer.
    """
    for start in range(0, len(numbers), size):
        part = [int(number) for number in numbers[start : start + size]]
        yield np.stack([images[number] for number in part]), part


class Committee:
    """Mean and spread of the answers of several networks, or of one from several sides.

    Args:
        members: images (B, h, w, C) to probability (B, h, w).
        kinds: kind of each band; azimuths turn with the image.
        symmetries: ask each member eight times, with the image mirrored and turned.
        bundles: the loaded bundles whose networks the members are.
    """

    def __init__(
        self,
        members: Sequence[Predict],
        kinds: Sequence[str],
        *,
        symmetries: bool,
        bundles: Sequence[Any] = (),
    ) -> None:
        self.members = members
        self.bundles = bundles
        self.kinds = kinds
        # First those that keep height and width: an engine may compile for each shape anew.
        self.codes = sorted(range(SYMMETRIES), key=lambda code: code % 2) if symmetries else [0]

    @property
    def most_px(self) -> int | None:
        """The most pixels in a call that all bundles' memory holds; None where it is not known."""
        limits = [bundle.most_px for bundle in self.bundles]
        return min((each for each in limits if each is not None), default=None)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Images float32 (B, h, w, C) to mean and standard deviation float32 (B, h, w, 2).

        One answer is held at a time (Welford 1962, doi:10.1080/00401706.1962.10490022), so their
        number costs no memory here.
        """
        mean = np.zeros(images.shape[:3], np.float32)
        square = np.zeros_like(mean)
        count = 0
        for code in self.codes:
            turned = np.stack([transform_patch(image, code, self.kinds) for image in images])
            for member in self.members:
                answer = np.stack([transform(each, _inverse(code)) for each in member(turned)])
                count += 1
                change = answer - mean
                mean += change / count
                square += change * (answer - mean)
        return np.stack([mean, np.sqrt(square / count)], axis=-1)


def _inverse(code: int) -> int:
    """The symmetry that takes `code` back: mirrored ones are their own inverse."""
    return code if code >= 4 else -code % 4
