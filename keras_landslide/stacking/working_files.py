"""Working files of one stack, kept so that a killed run goes on where it stopped."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from keras_landslide.errors import InputFileError
from keras_landslide.files import file_state, fingerprint, on_disk, output_errors
from keras_landslide.grid import Grid, Window
from keras_landslide.rasters.parts import parts_of
from keras_landslide.rasters.read import BandInfo, BandReader
from keras_landslide.rasters.warp import warp

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def _boot() -> str:
    return BOOT_ID.read_text() if BOOT_ID.exists() else ""


@dataclass(frozen=True)
class Part:
    """Bands of a file whose pixels coincide with the target's, shifted by `offset` (row, col)."""

    path: Path
    indexes: tuple[int, ...]
    offset: tuple[int, int] = (0, 0)
    nodata: float | None = None

    def read(self, readers: dict[Path, BandReader], window: Window) -> np.ndarray:
        """Pixels of a window of the target grid, float32 (height, width, bands)."""
        if self.path not in readers:
            readers[self.path] = BandReader(self.path)
        shifted = window.shift(*self.offset)
        return readers[self.path].read_indexes(self.indexes, shifted, nodata=self.nodata)


@dataclass(frozen=True)
class Layer:
    """Bands of the stack: what they are, where their pixels come from, and the last step.

    Attributes:
        bands: as they will be described in the stack.
        parts: the files; their arrays are the arguments of `finish`.
        finish: gives float32 (height, width, len(bands)).
    """

    bands: tuple[BandInfo, ...]
    parts: tuple[Part, ...]
    finish: Callable[..., np.ndarray]


@dataclass
class WorkingFiles:
    """Where a recipe's working files are made.

    Attributes:
        grid: target grid.
        folder: working folder.
        memory_mb: memory that a step may use.
        boot: of the machine where the stack is written; workers on others use the same.
    """

    grid: Grid
    folder: Path
    memory_mb: int
    boot: str = field(default_factory=_boot)

    def make(
        self,
        name: str,
        source: Path | list[Path],
        settings: dict[str, Any],
        step: Callable[[Path], Any],
    ) -> Path:
        """The working file of a step, made unless an earlier run left it complete.

        It is recognised by its sources' path, size and time, the settings, the target grid, and
        the machine's boot, since working files are not flushed to the disk.
        """
        states = []
        for path in source if isinstance(source, list) else [source]:
            if not on_disk(path).exists():
                raise InputFileError(f"{path}: no such file; check the path")
            states.append([file_state(part) for part in parts_of(path)])
        key = fingerprint([states, settings, repr(self.grid), self.boot])
        path = self.folder / f"{name}-{key}.tif"
        if not path.exists():
            step(path)
        return path

    def warped(
        self,
        name: str,
        source: Path,
        resampling: str,
        indexes: Sequence[int],
        *,
        nodata: float | None = None,
        grid: Grid | None = None,
    ) -> Path:
        """The working file that holds bands of a raster on a grid, the target's if none is given.

        Raises:
            InputFileError: the raster is missing or cut short.
            OutputError: the disk is full.
        """
        wanted = grid or self.grid
        options: dict[str, Any] = {
            "resampling": resampling,
            "indexes": list(indexes),
            "nodata": nodata,
            "memory_mb": self.memory_mb // 2,
        }
        settings = options | {"grid": repr(wanted)}
        return self.make(name, source, settings, lambda out: warp(source, out, wanted, **options))

    def clean(self) -> None:
        """Remove the working files."""
        with output_errors(self.folder):
            shutil.rmtree(self.folder, ignore_errors=True)
