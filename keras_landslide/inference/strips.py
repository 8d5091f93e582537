"""A scene strip by strip: exact for bounded receptive fields, blended for unbounded ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing

import numpy as np

from keras_landslide.grid import Window
from keras_landslide.inference.run import Job, WindowRunner
from keras_landslide.inference.windows import WindowPlan

Store = Callable[[int, np.ndarray], None]
"""Receives a strip's index and its float32 (rows, columns, outputs)."""


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
