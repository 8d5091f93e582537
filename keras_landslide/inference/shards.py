"""Finished strips of a scene, kept beside the output so that a killed run goes on from them."""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_landslide.errors import ClusterError, EngineError, LandslideError, OutputError
from keras_landslide.files import fingerprint, replacing, write_json
from keras_landslide.records import entry, remembered
from keras_landslide.runtime.lock import folder_lock


@dataclass(frozen=True)
class Identity:
    """What `identity.json` beside the strips tells."""

    fingerprint: str = entry("digest of all that the strips depend on")


class Shards:
    """A work folder of strips, each written atomically with its checksum in its name.

    Strips made by another model, from another stack or with other windows are never used: the
    folder carries the fingerprint of all that determines its content, and is emptied when that
    changes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def done(self) -> set[int]:
        """Indices of the strips that are here and whole; damaged ones are removed."""
        whole = set()
        for path in self.folder.glob("strip-*.npy"):
            _, index, checksum = path.stem.split("-")
            if _checksum(path.read_bytes()) == checksum:
                whole.add(int(index))
            else:
                path.unlink()
        return whole

    def save(self, index: int, strip: np.ndarray) -> None:
        """Keep a finished strip.

        Raises:
            OutputError: the folder cannot be written, or the disk is full.
        """
        head, npy = io.BytesIO(), np.lib.format
        strip = np.ascontiguousarray(strip)
        npy.write_array_header_1_0(head, npy.header_data_from_array_1_0(strip))
        # Written as bytes: NumPy's own writer reports a full disk without its error number. And
        # from where they are: a strip is too large to hold twice.
        content = head.getbuffer(), strip.data.cast("B")
        path = self.folder / f"strip-{index:06d}-{_checksum(*content)}.npy"
        with replacing(path) as part, part.open("wb") as file:
            for piece in content:
                file.write(piece)

    def load(self, index: int) -> np.ndarray:
        """A finished strip: float32 (rows, columns, outputs)."""
        (path,) = self.folder.glob(f"strip-{index:06d}-*.npy")
        return np.load(path, allow_pickle=False)


@contextmanager
def open_shards(folder: Path, identity: Any) -> Iterator[Shards]:
    """Lock a work folder and yield its shards.

    The folder goes when the block ends well or finds its input wrong; it stays after a kill,
    Ctrl-C or a full disk, so that the next run goes on from it.

    Args:
        folder: made if absent.
        identity: JSON-like description of everything that the strips depend on.

    Raises:
        LockedError: another process works in the folder.
        OutputError: the folder cannot be written.
    """
    with folder_lock(folder, "prediction"):
        _adopt(folder, identity)
        try:
            yield Shards(folder)
        except (OutputError, ClusterError, EngineError):
            # A full disk, lost workers, one without the engine: the strips serve the next attempt.
            raise
        except LandslideError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        shutil.rmtree(folder, ignore_errors=True)


def _adopt(folder: Path, identity: Any) -> None:
    """Empty the folder unless it was started for the same `identity`."""
    note = folder / "identity.json"
    wanted = {"fingerprint": fingerprint(identity)}
    if remembered(Identity, note) != Identity(**wanted):
        for strip in folder.glob("strip-*.npy"):
            strip.unlink()
        write_json(note, wanted)


def _checksum(*content: bytes | memoryview) -> str:
    digest = hashlib.sha256()
    for piece in content:
        digest.update(piece)
    return digest.hexdigest()[:16]
