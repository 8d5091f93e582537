"""Windows through a network: read ahead, in batches, missing pixels back in their places."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np

from keras_landslide.errors import BundleError
from keras_landslide.grid import Window
from keras_landslide.inference.reader import read_ahead, read_reflected
from keras_landslide.rasters.read import BandReader

Predict = Callable[[np.ndarray], np.ndarray]
"""images float32 (B, h, w, C) in raw units, NaN allowed -> probability float32 (B, h, w)."""


class Job(NamedTuple):
    """A window to feed and the part of it (`core`) whose answer is wanted."""

    core: Window
    window: Window


class _Piece(NamedTuple):
    inside: Window
    part: tuple[slice, slice]
    valid: np.ndarray
    image: np.ndarray


class WindowRunner:
    """Runs a network over windows of a stack.

    Args:
        predict: the network.
        reader: the open stack; used by one reading thread only while windows run.
        band_names: bands in channel order.
        batch_size: windows per call of the network.
    """

    def __init__(
        self,
        predict: Predict,
        reader: BandReader,
        band_names: tuple[str, ...],
        batch_size: int,
    ) -> None:
        self.predict = predict
        self.reader = reader
        self.band_names = band_names
        self.batch_size = batch_size

    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[Window, np.ndarray]]:
        """Predict the cores of `jobs`, in order.

        Yields:
            The part of each core inside the scene, and its probabilities float32 (height, width),
            NaN where any band is missing. A core without a valid pixel costs no call.

        Raises:
            InputFileError: the stack is truncated.
            BundleError: the network's answer has a wrong shape or holds NaN.
        """
        pieces = read_ahead(jobs, self._load, depth=2 * self.batch_size)
        while batch := list(islice(pieces, self.batch_size)):
            yield from self._predict_batch(batch)

    def _load(self, job: Job) -> _Piece:
        image = read_reflected(self.reader, self.band_names, job.window)
        inside = job.core.clip(self.reader.shape)
        row, col = inside.row_off - job.window.row_off, inside.col_off - job.window.col_off
        part = (slice(row, row + inside.height), slice(col, col + inside.width))
        return _Piece(inside, part, ~np.isnan(image[part]).any(axis=-1), image)

    def _predict_batch(self, batch: list[_Piece]) -> Iterator[tuple[Window, np.ndarray]]:
        live = [piece for piece in batch if piece.valid.any()]
        answers = iter(self._answers(np.stack([p.image for p in live])) if live else ())
        for piece in batch:
            out = np.full(piece.valid.shape, np.nan, np.float32)
            if piece.valid.any():
                out[piece.valid] = next(answers)[piece.part][piece.valid]
                if np.isnan(out[piece.valid]).any():
                    raise BundleError("the network answers NaN on valid pixels; train it again")
            yield piece.inside, out

    def _answers(self, images: np.ndarray) -> np.ndarray:
        answers = np.asarray(self.predict(images))
        if answers.shape != images.shape[:3]:
            raise BundleError(
                f"the network answers {answers.shape} to images {images.shape}; a probability "
                "per pixel is needed"
            )
        return answers
