"""Patches cut once from the stack into memory-mapped files, so that training never waits for GDAL.

A folder holds `images.npy` (N, H, W, C) float32, `labels.npy` (N, H, W) uint8 and `cache.json`.
Its name is a digest of what went in; a cache that is there is used again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_landslide.bands import UNLABELLED, band_of, require_bands
from keras_landslide.errors import GridMismatchError, SplitError
from keras_landslide.files import file_state, fingerprint, replacing, write_json
from keras_landslide.grid import Window
from keras_landslide.patches.labels import labelled
from keras_landslide.patches.table import Patch
from keras_landslide.rasters.read import BandReader, StackInfo, stack_info
from keras_landslide.runtime.progress import progress

FORMAT = 2
# Width of one read, at least one patch: neighbours in a row share it, and memory stays flat.
STRIP_PX = 2048


@dataclass(frozen=True)
class PatchCache:
    """Cut patches, memory-mapped.

    Attributes:
        images: (N, H, W, C) float32, raw units, NaN nodata; read-only.
        labels: (N, H, W) uint8 {0, 1, 255}; 255 also wherever a band is NaN; read-only.
        patches: the N rows of the patch table, in the same order.
        band_names: the C bands.
        kinds: kind of each band, as in `bands.Band.kind`.
    """

    images: np.ndarray
    labels: np.ndarray
    patches: tuple[Patch, ...]
    band_names: tuple[str, ...]
    kinds: tuple[str, ...]

    def positive(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """Which of the patches at `indices` hold a landslide pixel, bool (len(indices),)."""
        return np.array([(self.labels[i] == 1).any() for i in indices], bool)

    def holds_background(self, split: str) -> bool:
        """Whether a patch of a split holds a background pixel."""
        return any((self.labels[i] == 0).any() for i in self.indices(split))

    def indices(self, split: str) -> np.ndarray:
        """Positions of the patches of a split, int64, in table order."""
        return np.array([i for i, p in enumerate(self.patches) if p.split == split], np.int64)


def open_cache(
    stack: str | Path, patches: Sequence[Patch], band_names: Sequence[str], folder: str | Path
) -> PatchCache:
    """Open the cache of these patches below `folder`; cut it first where it is not there.

    Patches of split `buffer` and `unused` are left out.

    Args:
        stack: raster with the bands and `label`.
        patches: rows of its patch table, all of one size.
        band_names: bands in channel order.
        folder: where caches are kept.

    Raises:
        BandError: the stack lacks a band.
        GridMismatchError: a patch lies outside the stack: the table belongs to another one.
        SplitError: no patch is left, or they differ in size.
        OutputError: the cache cannot be written.
    """
    used = tuple(p for p in patches if p.split in ("train", "val", "test"))
    info = stack_info(stack)
    _check(info, used, band_names)
    # Only windows count: the same patches under another split or fold share a cache.
    key = fingerprint(
        {
            "format": FORMAT,
            "stack": {**file_state(stack), "path": None, "tag": info.tags.get("FINGERPRINT")},
            "windows": [tuple(p.window) for p in used],
            "bands": list(band_names),
        }
    )
    cache = Path(folder) / f"patches-{key}"
    if (arrays := kept_arrays(cache, "images", "labels")) is None:
        _cut(stack, used, band_names, cache)
        arrays = [np.load(cache / f"{name}.npy", mmap_mode="r") for name in ("images", "labels")]
    described = {band.name: band.kind for band in info.bands}
    kinds = (described[n] or band_of(n).kind for n in band_names)
    return PatchCache(
        arrays[0],
        arrays[1],
        used,
        tuple(band_names),
        tuple(kinds),
    )


def kept_arrays(cache: Path, *names: str) -> list[np.ndarray] | None:
    """The arrays of a finished cache, memory-mapped; None where one is missing or damaged."""
    if not (cache / "cache.json").is_file():
        return None
    try:
        return [np.load(cache / f"{name}.npy", mmap_mode="r") for name in names]
    except (OSError, ValueError, EOFError):
        return None


def _check(info: StackInfo, patches: Sequence[Patch], band_names: Sequence[str]) -> None:
    require_bands((*band_names, "label"), info.band_names, str(info.path))
    if not patches:
        raise SplitError(f"{info.path}: the patch table has no train, val or test patch")
    if len({(p.height, p.width) for p in patches}) > 1:
        raise SplitError(f"{info.path}: the patches differ in size; make one table per size")
    for patch in patches:
        if patch.window.clip(info.grid.shape) != patch.window:
            raise GridMismatchError(
                f"{info.path}: patch {patch.patch_id} lies outside the stack of "
                f"{info.grid.height} x {info.grid.width} px; the patches belong to another stack"
            )


def _cut(
    stack: str | Path, patches: Sequence[Patch], band_names: Sequence[str], cache: Path
) -> None:
    height, width = patches[0].height, patches[0].width
    shape = (len(patches), height, width)
    with replacing(cache) as part, BandReader(stack) as reader:
        part.mkdir()
        with (
            NpyWriter(part / "images.npy", (*shape, len(band_names)), np.float32) as images,
            NpyWriter(part / "labels.npy", shape, np.uint8) as labels,
        ):
            for group in progress(_strips(patches), "cutting patches", unit="strip"):
                first = patches[group[0]].window
                strip = first._replace(width=patches[group[-1]].window.col_end - first.col_off)
                values = reader.read([*band_names, "label"], strip)
                for index in group:
                    image, label = _split_label(values, patches[index].window, strip)
                    images.write(index, image)
                    labels.write(index, label)
        write_json(part / "cache.json", {"format": FORMAT, "bands": list(band_names)})


def _strips(patches: Sequence[Patch]) -> list[list[int]]:
    """Positions of patches that one read serves: same rows, within `STRIP_PX` columns."""
    rows: dict[int, list[int]] = defaultdict(list)
    for index in sorted(range(len(patches)), key=lambda i: patches[i].col_off):
        rows[patches[index].row_off].append(index)
    strips = []
    for _, row in sorted(rows.items()):
        strip: list[int] = []
        for index in row:
            if strip and patches[index].window.col_end - patches[strip[0]].col_off > STRIP_PX:
                strips.append(strip)
                strip = []
            strip.append(index)
        strips.append(strip)
    return strips


def _split_label(
    values: np.ndarray, window: Window, strip: Window
) -> tuple[np.ndarray, np.ndarray]:
    col = window.col_off - strip.col_off
    cut = values[:, col : col + window.width]
    image, label = cut[..., :-1], cut[..., -1]
    finite = np.isfinite(image)
    known = finite.all(axis=-1) & labelled(label)
    # An infinity would spread through the network to pixels that count.
    return np.where(finite, image, np.nan), np.where(known, label, UNLABELLED).astype(np.uint8)


class NpyWriter:
    """A `.npy` file written item by item.

    Plain writes, not a writable memory map: on a full disk a map kills the process (SIGBUS),
    a write raises.
    """

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: type):
        self._shape, self._dtype = shape, np.dtype(dtype)
        self._stream = path.open("wb")
        header = {"descr": self._dtype.str, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._stream, header)
        self._start = self._stream.tell()

    def __enter__(self) -> NpyWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def write(self, index: int, item: np.ndarray) -> None:
        """Write item `index`, of shape `shape[1:]`."""
        data = np.ascontiguousarray(item, self._dtype)
        self._stream.seek(self._start + index * data.nbytes)
        self._stream.write(data.data)
