"""Contents of files as digests, remembered by size and time so that each is read once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from keras_landslide.errors import InputFileError
from keras_landslide.files import file_sha256, write_json
from keras_landslide.records import load_json
from keras_landslide.runtime.progress import progress


def content_digests(paths: Iterable[Path], memory: Path) -> dict[Path, str]:
    """SHA-256 of each file.

    Args:
        paths: the files.
        memory: JSON file that remembers digests; made and kept up to date.

    Raises:
        InputFileError: a file is missing or cannot be read.
        OutputError: `memory` cannot be written.
    """
    known = _read(memory)
    digests: dict[Path, str] = {}
    fresh = dict(known)
    wanted = list(dict.fromkeys(paths))
    for path in progress(wanted, "looking at the files", unit="file"):
        try:
            stat = path.stat()
            key, state = str(path.resolve()), [stat.st_size, stat.st_mtime_ns]
            kept = known.get(key)
            digest = kept[2] if kept and kept[:2] == state else file_sha256(path)
        except OSError as error:
            raise InputFileError(f"{path}: cannot be read ({error.strerror})") from error
        digests[path] = digest
        fresh[key] = [*state, digest]
    if fresh != known:
        write_json(memory, fresh)
    return digests


def array_digest(values: np.ndarray) -> str:
    """SHA-256 of an array's values, whatever file they came from."""
    return hashlib.sha256(np.ascontiguousarray(values).data).hexdigest()


def _read(memory: Path) -> dict[str, list]:
    try:
        values = load_json(memory)
    except OSError:  # an InputFileError is one
        return {}  # a memory that is gone or damaged costs time alone
    fine = all(
        isinstance(v, list) and len(v) == 3 and isinstance(v[2], str) for v in values.values()
    )
    return values if fine else {}
