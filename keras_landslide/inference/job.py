"""What is to be done with a scene, as plain values that also travel to other machines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from keras_landslide.inference.engines.base import Predict
from keras_landslide.inference.overlap import write_behind
from keras_landslide.inference.run import WindowRunner
from keras_landslide.inference.strips import Store, blended_strips, exact_strips
from keras_landslide.inference.windows import WindowPlan
from keras_landslide.rasters.cache import limited_cache
from keras_landslide.rasters.read import BandReader


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
