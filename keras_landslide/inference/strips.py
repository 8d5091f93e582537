"""The strips of a scene: what is to be done, and doing it in this process.

Windows are read ahead in one thread, answered by the network in batches, and put together to
strips, exact for bounded receptive fields and blended for unbounded ones; a thread stores each
strip while the next one is made.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np

from keras_landslide.errors import BundleError
from keras_landslide.evaluation.answers import Predict, answers
from keras_landslide.grid import Window
from keras_landslide.inference.reader import Pixels, missing_share, read_reflected
from keras_landslide.inference.windows import WindowPlan
from keras_landslide.rasters.cache import limited_cache
from keras_landslide.rasters.read import BandReader

Item = TypeVar("Item")
Loaded = TypeVar("Loaded")
Store = Callable[[int, np.ndarray], None]
"""Receives a strip's index and its float32 (rows, columns, outputs)."""


@dataclass(frozen=True)
class SceneJob:
    """A stack, how it is cut into windows, and what each pixel is to get.

    Attributes:
        stack: path of the stack, or a name that GDAL opens (`/vsis3/...`).
        bands: bands in channel order.
        plan: windows and strips.
        bounded: exact windows, else blended ones.
        batch_size: windows per call of the network.
        estimates: names of what the network answers per pixel, `probability` first.
        missing: whether the share of missing pixels among those that the network sees for a pixel
            is added as a last output.
    """

    stack: str
    bands: tuple[str, ...]
    plan: WindowPlan
    bounded: bool
    batch_size: int = 1
    estimates: tuple[str, ...] = ("probability",)
    missing: bool = False

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the bands of the map."""
        return (*self.estimates, "missing_context") if self.missing else self.estimates

    def window_count(self, todo: Iterable[int]) -> int:
        """How many windows the strips `todo` take."""
        if self.bounded:
            return sum(len(self.plan.cores(index)) for index in todo)
        # A blended strip needs its own row of windows and the next one.
        rows = {row for index in todo for row in (index, index + 1)}
        return len(rows) * (self.plan.column_count + 1)


StripWorkers = Callable[[SceneJob, list[int], Store], Iterator[None]]
"""Makes the strips of a job, hands each to a store and yields after every window."""


def strips_here(predict: Predict, job: SceneJob, todo: list[int], store: Store) -> Iterator[None]:
    """Make strips in this process; reading, the network and storing overlap.

    Args:
        predict: the network.
        job: the scene.
        todo: indices of the strips, ascending.
        store: receives each strip; called in a thread of its own.

    Raises:
        InputFileError: the stack cannot be read.
        BandError: it lacks a band.
        BundleError: the network's answer has a wrong shape or holds NaN.
    """
    with limited_cache(), BandReader(job.stack) as reader, write_behind(store) as behind:
        runner = WindowRunner(
            predict,
            reader,
            job.bands,
            job.batch_size,
            estimates=len(job.estimates),
            missing_radius_px=job.plan.margin_px if job.missing else None,
        )
        make = exact_strips if job.bounded else blended_strips
        yield from make(job.plan, runner, todo, behind)


def exact_strips(
    plan: WindowPlan, runner: WindowRunner, todo: Iterable[int], store: Store
) -> Iterator[None]:
    """Predict the strips `todo`, handing each to `store`; yields after every window."""
    indices = list(todo)
    # One run for all: the first window of a strip is read while the one before it is finished.
    jobs = (job for index in indices for job in _exact_jobs(plan, index))
    # Closed here, whatever happens: its thread reads from a file that is closed next.
    with closing(runner.run(jobs)) as answers:
        for index in indices:
            where = plan.strip(index)
            strip = np.empty((where.height, where.width, runner.outputs), np.float32)
            for _ in plan.cores(index):
                inside, outputs = next(answers)
                strip[inside.shift(-where.row_off, -where.col_off).slices] = outputs
                yield
            store(index, strip)


def _exact_jobs(plan: WindowPlan, index: int) -> list[Job]:
    jobs = [Job(core, core.expand(plan.margin_px)) for core in plan.cores(index)]
    return [*jobs[:-1], jobs[-1]._replace(ends_batch=True)]


def blended_strips(
    plan: WindowPlan, runner: WindowRunner, todo: Iterable[int], store: Store
) -> Iterator[None]:
    """As `exact_strips`, for windows that overlap by half and are blended smoothly.

    Each pixel is the mean of four windows, weighted by a Hann window of rows times one of
    columns (the weights of the four sum to 1). The outermost windows reach half-way beyond the
    scene, so its edge lies in their middle, where the weight is greatest. Every strip is made
    from the same windows whether or not the one above was made in this run.
    """
    below: tuple[int, np.ndarray] | None = None
    for index in todo:
        where = plan.strip(index)
        if below is None or below[0] != index:
            row = yield from _blended_row(plan, runner, index)
            below = (index, row[plan.core[0] :])
        row = yield from _blended_row(plan, runner, index + 1)
        store(index, (below[1] + row[: plan.core[0]])[: where.height])
        below = (index + 1, row[plan.core[0] :])


def _blended_row(plan: WindowPlan, runner: WindowRunner, row: int):
    """Weighted sum over a row of windows: float32 (2 core heights, scene width, outputs).

    Rows outside the scene stay 0 and are cut by the caller; missing pixels are NaN.
    """
    height, width = plan.core
    total = np.zeros((2 * height, plan.shape[1], runner.outputs), np.float32)
    weight = np.outer(_hann(2 * height), _hann(2 * width)).astype(np.float32)[..., None]
    top = (row - 1) * height
    windows = [
        Window(top, (column - 1) * width, 2 * height, 2 * width)
        for column in range(plan.column_count + 1)
    ]
    jobs = [Job(window, window) for window in windows]
    for window, (inside, outputs) in zip(windows, runner.run(jobs), strict=True):
        here = inside.shift(-window.row_off, -window.col_off)
        rows = slice(inside.row_off - top, inside.row_end - top)
        columns = slice(inside.col_off, inside.col_end)
        total[rows, columns] += outputs * weight[here.slices]
        yield
    return total


def _hann(size: int) -> np.ndarray:
    """A Hann window sampled at pixel centres: never 0, and halves that overlap sum to 1."""
    return np.sin(np.pi * (np.arange(size) + 0.5) / size) ** 2


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
        reader: the open stack, or an array; used by one reading thread only while windows run.
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
        reader: Pixels,
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
        found = iter(self._answers(images) if images else ())
        for piece in batch:
            out = np.empty((*piece.valid.shape, self.outputs), np.float32)
            if piece.image is not None:
                out[..., : self.estimates] = values = next(found)[piece.part]
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
        ((said, _),) = answers(self.predict, [(full, None)], self.estimates)
        return said


def read_ahead(
    items: Iterable[Item], load: Callable[[Item], Loaded], depth: int
) -> Iterator[Loaded]:
    """Yield `load(item)` in order while a thread loads up to `depth` items ahead.

    The reading overlaps with whatever the caller does in between; memory is bounded by `depth`.
    An error of `load` is raised where its item would have been yielded.
    """
    pool = ThreadPoolExecutor(1, thread_name_prefix="read-ahead", initializer=_step_back)
    pending: deque = deque()
    try:
        for item in items:
            pending.append(pool.submit(load, item))
            if len(pending) > depth:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _step_back() -> None:
    """Let other threads go first: reading fits in the gaps in which the network's wait."""
    if sys.platform == "linux":  # elsewhere this is for the whole process
        os.nice(10)


@contextmanager
def write_behind(write: Callable[..., None]) -> Iterator[Callable[..., None]]:
    """Yield a function that hands its arguments to `write` in a thread, one call at a time.

    The next call waits for the one before, so that at most one result is held. What `write`
    raises is raised by the next call or at the end of the block, by which all is written.
    """
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="write-behind")
    last: list[Future] = []

    def behind(*args: Any) -> None:
        if last:
            last.pop().result()
        last.append(pool.submit(write, *args))

    try:
        yield behind
        if last:
            last.pop().result()
    finally:
        pool.shutdown(wait=True)
