"""The pixels that a calibration is fitted on and judged by: of a map, or of a run's sources."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from keras_landslide.errors import SplitError

if TYPE_CHECKING:
    import numpy as np

    from keras_landslide.bundle.read import Bundle
    from keras_landslide.evaluation.calibration_check import BlockPixels, PatchPixels
    from keras_landslide.evaluation.distribution import Distribution


class MapPixels:
    """A stack mapped by the network without any calibration; each pixel counts once.

    Args:
        bundle: the bundle.
        stack: the stack that it was trained on.
        patches: its patch table.
        out: folder for `uncalibrated.tif`.
        block_px: edge of a block, pixels.

    Raises:
        SplitError: the table's split is random.
        LandslideError: a file cannot be read or written.
    """

    def __init__(
        self, bundle: Bundle, stack: str | Path, patches: str | Path, out: Path, block_px: int
    ) -> None:
        from keras_landslide.patches.table import read_patches
        from keras_landslide.rasters.read import stack_info
        from keras_landslide.workflows.scored_pixels import patch_windows, refuse_random

        refuse_random(patches)
        self.bundle, self.stack, self.out, self.block_px = bundle, stack, out, block_px
        self.patches, info = patches, stack_info(stack)
        self.grid, self.simulated = info.grid, info.simulated
        self.splits = sorted({patch.split for patch in read_patches(patches, info.grid)})
        self._windows = {
            name: [window for _, window in patch_windows(patches, name, info.grid)]
            for name in self.splits
        }
        self._map: Path | None = None

    def require(self, *splits: str) -> None:
        """Refuse a split that has no patch.

        Raises:
            SplitError: naming it.
        """
        from keras_landslide.workflows.scored_pixels import patch_windows

        for split in splits:
            patch_windows(self.patches, split, self.grid)

    def blocks(self, split: str) -> BlockPixels:
        """The pixels of a split in spatial blocks."""
        from keras_landslide.evaluation.calibration_check import BlockPixels

        return BlockPixels(self._mapped(), self.stack, self._windows[split], self.block_px)

    def distribution(self, split: str) -> Distribution:
        """The probabilities of the pixels of a split."""
        from keras_landslide.workflows.scored_pixels import validation_pixels

        return validation_pixels(self._mapped(), self.stack, self._windows[split])

    def _mapped(self) -> Path:
        from keras_landslide.bundle.read import check_stack
        from keras_landslide.inference.network import Network
        from keras_landslide.inference.scene import Running, map_stack
        from keras_landslide.rasters.read import stack_info

        if self._map is None:
            info = stack_info(self.stack)
            check_stack(self.bundle, info)
            simulated = "yes" if self.bundle.simulated or info.simulated else "no"
            tags = {"BUNDLE": self.bundle.name, "SIMULATED": simulated}
            network = Network((self.bundle.uncalibrated(),))
            path = self.out / "uncalibrated.tif"
            self._map = map_stack(network, self.stack, path, Running(), tags=tags)
        return self._map


class SourcePixels:
    """Patches and chips of a run that lists its sources; each chip is a block.

    A pixel counts once for each patch that shows it.

    Args:
        bundle: the bundle.
        data: the run config that it was trained by.

    Raises:
        BundleError: the sources break the bundle's contract.
        SplitError: a patch table's split is random.
        LandslideError: a source cannot be read.
    """

    def __init__(self, bundle: Bundle, data: str | Path) -> None:
        from keras_landslide.config import load_run_config
        from keras_landslide.samples.opened import join, open_sources
        from keras_landslide.workflows.other_data import check_sources
        from keras_landslide.workflows.scored_pixels import refuse_random

        config = load_run_config(data)
        for source in config.data.sources:
            if source.patches:
                refuse_random(source.patches)
        sources = open_sources(config)
        check_sources(bundle, sources)
        self.bundle, self.data, self.cache = bundle, data, join(sources)
        self.simulated = any(source.simulated for source in sources)
        self.splits = sorted({patch.split for patch in self.cache.patches})
        self._answers: dict[str, np.ndarray] = {}

    def require(self, *splits: str) -> None:
        """Refuse a split that has no patch.

        Raises:
            SplitError: naming it.
        """
        for split in splits:
            if split not in self.splits:
                raise SplitError(
                    f"{self.data}: its sources have no {split} patch; they have: "
                    f"{', '.join(self.splits)}"
                )

    def blocks(self, split: str) -> PatchPixels:
        """The pixels of a split, chip by chip."""
        import numpy as np

        from keras_landslide.evaluation.calibration_check import PatchPixels

        chosen = self.cache.indices(split)
        numbers = np.array([self.cache.patches[index].block for index in chosen])
        label = self.cache.labels[chosen]
        return PatchPixels(self._answered(split), label, numbers, f"{self.data}: {split}")

    def distribution(self, split: str) -> Distribution:
        """The probabilities of the pixels of a split."""
        from keras_landslide.evaluation.distribution import Distribution

        return Distribution.of(self._answered(split), self.cache.labels[self.cache.indices(split)])

    def _answered(self, split: str) -> np.ndarray:
        import numpy as np

        from keras_landslide.evaluation.answers import answers, chosen_batches
        from keras_landslide.inference.engines import table as engine

        if split not in self._answers:
            network = engine.load(self.bundle.uncalibrated())
            batches = chosen_batches(self.cache.images, self.cache.indices(split), 1)
            parts = [said for said, _ in answers(network, batches)]
            self._answers[split] = np.concatenate(parts)
        return self._answers[split]
