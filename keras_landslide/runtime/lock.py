"""One process per folder, by a lock that the kernel releases even after kill -9."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keras_landslide.errors import LandslideError, LockedError
from keras_landslide.files import output_errors


@contextmanager
def folder_lock(folder: str | Path, work: str = "process") -> Iterator[None]:
    """Make `folder` if need be and hold its lock file `.lock` inside the block.

    A new folder in which an error of the input left no file goes again.

    Args:
        folder: where to work.
        work: what is done there, for the message (`search`, `prediction`).

    Raises:
        LockedError: another process holds it; the message has its process id.
        OutputError: the folder cannot be written.
    """
    folder = Path(folder)
    new = not folder.exists()
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(handle, 32).decode(errors="replace").strip() or "unknown"
            raise LockedError(
                f"{folder}: another {work} is running there (process {holder}); "
                "wait for it, or choose another folder"
            ) from error
        os.truncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        yield
    except LandslideError:
        # Wrong input: a folder in which nothing came to be would only puzzle.
        if new and all(p.is_dir() or p.name == ".lock" for p in folder.rglob("*")):
            shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        # The file stays: removing it would let two processes lock two files of the same name.
        os.close(handle)
