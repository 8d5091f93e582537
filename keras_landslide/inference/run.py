"""Windows through a network: read ahead, in batches, missing pixels back in their places."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from keras_landslide.errors import BundleError
from keras_landslide.grid import Window
from keras_landslide.inference.engines.base import Predict
from keras_landslide.inference.overlap import read_ahead
from keras_landslide.inference.reader import missing_share, read_reflected
from keras_landslide.rasters.read import BandReader


class Job(NamedTuple):
    """A window to feed and the part of it (`core`) whose answer is wanted.

    Attributes:
        core: within `window`, in pixels of the stack.
        window: may stick out of the stack.
        ends_batch: whether the batch ends here, full or not: what a strip holds is the same
            whichever strips are made with it.
    """

    core: Window
    window: Window
    ends_batch: bool = False


class _Piece(NamedTuple):
    inside: Window
    part: tuple[slice, slice]
    valid: np.ndarray
    image: np.ndarray | None  # None where no pixel of the core is valid
    missing: np.ndarray | None
    ends_batch: bool


class WindowRunner:
    """Runs a network over windows of a stack.

    Args:
        predict: the network.
        reader: the open stack; used by one reading thread only while windows run.
        band_names: bands in channel order.
        batch_size: windows per call of the network. Every call has the same shape: the last
            batch is filled up, so that a compiled network is compiled once.
        estimates: how many values the network answers per pixel.
        missing_radius_px: adds the share of missing pixels within this radius (0: in the window)
            as a last output; None does not.
    """

    def __init__(
        self,
        predict: Predict,
        reader: BandReader,
        band_names: tuple[str, ...],
        batch_size: int = 1,
        *,
        estimates: int = 1,
        missing_radius_px: int | None = None,
    ) -> None:
        self.predict = predict
        self.reader = reader
        self.band_names = band_names
        self.batch_size = batch_size
        self.estimates = estimates
        self.missing_radius_px = missing_radius_px

    @property
    def outputs(self) -> int:
        """Values per pixel of what `run` yields."""
        return self.estimates + (self.missing_radius_px is not None)

    def run(self, jobs: Iterable[Job]) -> Generator[tuple[Window, np.ndarray], None, None]:
        """Predict the cores of `jobs`, in order.

        Yields:
            The part of each core inside the scene, and its outputs float32 (height, width,
            outputs), NaN where any band is missing. A core without a valid pixel costs no call.

        Raises:
            InputFileError: the stack is truncated.
            BundleError: the network's answer has a wrong shape or holds NaN.
        """
        waiting: list[_Piece] = []
        live = 0
        for piece in read_ahead(jobs, self._load, depth=self.batch_size):
            waiting.append(piece)
            live += piece.image is not None
            if live == self.batch_size or piece.ends_batch:
                yield from self._predict_batch(waiting)
                waiting, live = [], 0
        yield from self._predict_batch(waiting)

    def _load(self, job: Job) -> _Piece:
        image, missing = read_reflected(self.reader, self.band_names, job.window)
        inside = job.core.clip(self.reader.shape)
        row, col = inside.row_off - job.window.row_off, inside.col_off - job.window.col_off
        part = (slice(row, row + inside.height), slice(col, col + inside.width))
        valid = ~missing[part]
        if not valid.any():
            return _Piece(inside, part, valid, None, None, job.ends_batch)
        share = None
        if (radius := self.missing_radius_px) is not None:
            # The share of a window's pixel starts `radius` pixels into the window.
            share = missing_share(missing, radius)[
                row - radius : row - radius + inside.height,
                col - radius : col - radius + inside.width,
            ]
        return _Piece(inside, part, valid, image, share, job.ends_batch)

    def _predict_batch(self, batch: list[_Piece]) -> Iterator[tuple[Window, np.ndarray]]:
        images = [piece.image for piece in batch if piece.image is not None]
        answers = iter(self._answers(images) if images else ())
        for piece in batch:
            out = np.empty((*piece.valid.shape, self.outputs), np.float32)
            if piece.image is not None:
                out[..., : self.estimates] = values = next(answers)[piece.part]
                if (np.isnan(values).any(axis=-1) & piece.valid).any():
                    raise BundleError("the network answers NaN on valid pixels; train it again")
                if piece.missing is not None:
                    out[..., -1] = piece.missing
            out[~piece.valid] = np.nan
            yield piece.inside, out

    def _answers(self, images: list[np.ndarray]) -> np.ndarray:
        """Answers float32 (B, h, w, estimates) to a batch, filled up with its first image."""
        if self.batch_size == 1:
            full = images[0][None]
        else:
            full = np.stack(images + images[:1] * (self.batch_size - len(images)))
        answers = np.asarray(self.predict(full))
        if answers.shape == full.shape[:3]:
            answers = answers[..., None]
        if answers.shape != (*full.shape[:3], self.estimates):
            raise BundleError(
                f"the network answers {answers.shape} to images {full.shape}; "
                f"{self.estimates} value(s) per pixel are needed"
            )
        return answers
