"""Outputs that are either whole or absent: write beside, fsync, rename."""

from __future__ import annotations

import errno
import glob
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from keras_landslide.errors import LandslideError, OutputError


@contextmanager
def replacing(path: str | Path, *, sync: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it takes `path`'s place, else it goes.

    Works for a file and for a folder that the body creates at the temporary path. A kill at any
    moment leaves the old output or the new one. Where the system cannot exchange two folders in one
    step, the old one lies beside `path` for a moment, and the next attempt puts it back first. The
    temporary name ends like `path`, so that format drivers that look at the suffix still work.

    Args:
        path: the output.
        sync: flush it to the disk before the rename, so that it survives a power cut; working
            files that are cheap to make again do without.

    Raises:
        OutputError: the folder cannot be written, the disk is full, or `path` is a device.
    """
    path = Path(path)
    part = path.with_name(f".part-{os.getpid()}-{path.name}")
    with output_errors(path):
        if path.exists() and not (path.is_file() or path.is_dir()):
            # /dev/null, say: a rename over it would take its place, for everybody.
            raise OutputError(
                f"{path}: a device or pipe, which cannot be replaced; choose another output"
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        if not os.access(path.parent, os.W_OK):
            raise PermissionError(errno.EACCES, "permission denied", str(path.parent))
        _remove_orphans(path)
        try:
            yield part
            if sync:
                _sync(part)
            if part.is_dir() and path.is_dir():
                _replace_folder(part, path)
            else:
                part.replace(path)
            _sync_entry(path.parent)
        finally:
            _remove(part)


@contextmanager
def scratch(path: str | Path) -> Iterator[Path]:
    """Yield an empty folder beside `path` for what its making needs meanwhile; it always goes.

    What a killed process left is removed by the next attempt at the same `path`.

    Raises:
        OutputError: the folder cannot be written, or the disk is full.
    """
    path = Path(path)
    folder = path.with_name(f".part-{os.getpid()}-{path.name}.scratch")
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_orphans(path.with_name(f"{path.name}.scratch"))
        folder.mkdir()
        try:
            yield folder
        finally:
            _remove(folder)


@contextmanager
def together(folder: str | Path, last: str) -> Iterator[Path]:
    """Yield an empty folder for files that belong together; they come to `folder` at the end.

    Whatever stops the block leaves the earlier files as they are. A kill while they are renamed
    can leave some of both, but never a new `last`, which comes when all others are there.

    Args:
        folder: the output, made if absent.
        last: name of the file that tells of the others.

    Raises:
        OutputError: the folder cannot be written, the disk is full, or `path` is a device.
    """
    folder = Path(folder)
    with scratch(folder / last) as part:
        try:
            yield part
        except OutputError as error:  # in the words of the user, who knows no working folder
            raise OutputError(str(error).replace(f"{part.name}{os.sep}", "")) from error
        for path in sorted(part.iterdir(), key=lambda path: (path.name == last, path.name)):
            path.replace(folder / path.name)
        _sync_entry(folder)


@contextmanager
def output_errors(path: str | Path) -> Iterator[None]:
    """Turn a full disk or a refused write inside the block into one clear `OutputError`.

    Raises:
        OutputError: saying which output, why, and what to do.
    """
    try:
        yield
    except LandslideError:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise OutputError(
                f"{path}: no space left on the disk; free some and run again"
            ) from error
        refused = (
            errno.EACCES,
            errno.EPERM,
            errno.EROFS,
            errno.ENOTDIR,
            errno.EISDIR,
            errno.EEXIST,
        )
        # Special file systems such as /proc answer "no such file" to a new file or folder.
        blamed = Path(str(error.filename or "?"))
        beside = blamed.parent == Path(path).parent and blamed.name.startswith(".part-")
        no_folder = error.errno == errno.ENOENT and (beside or Path(path).is_relative_to(blamed))
        if error.errno in refused or no_folder:
            raise OutputError(
                f"{path}: cannot be written ({error.strerror}); choose another output folder"
            ) from error
        raise


def write_text(path: str | Path, text: str) -> None:
    """Write `text` (UTF-8) to `path` atomically."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    """Write `value` as indented JSON atomically; NaN is refused, since JSON has none."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def keep_inputs(path: str | Path, inputs: Iterable[str | Path]) -> None:
    """Refuse an output that would take the place of one of the files it is made from.

    Raises:
        OutputError: `path` is one of `inputs`, by whatever name.
    """
    path = Path(path)
    for source in map(Path, inputs):
        if path.exists() and source.exists() and path.samefile(source):
            raise OutputError(f"{path}: is an input of this command; choose another output")


OWNERS = {"history.csv": "train", "bundle.json": "export", "trials.csv": "tune"}
"""Files that tell which verb made a folder."""


def refuse_folder_of_another(out: str | Path) -> None:
    """Refuse an output folder in which another verb's work would be written over.

    Raises:
        OutputError: it is a run, a bundle or a search.
    """
    for name, verb in OWNERS.items():
        if (Path(out) / name).is_file():
            raise OutputError(
                f"{out}: is a folder of `{verb}` (it holds {name}), some of whose files would be "
                "written over; choose another output folder"
            )


def on_disk(path: str | Path) -> Path:
    """The file that a path leads to: of a member of an archive, the archive.

    GDAL reads members as `/vsizip/{archive}/member`; the braces keep an absolute path whole.
    """
    archive = re.match(r"/vsi(?:zip|tar|gzip)/\{(.+?)\}", str(path))
    return Path(archive[1]) if archive else Path(path)


def file_sha256(path: str | Path) -> str:
    """SHA-256 of a file's bytes, as hex."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fingerprint(value: Any) -> str:
    """A short, stable digest of a JSON-like value: equal settings give equal fingerprints."""
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_state(path: str | Path) -> dict[str, Any]:
    """Name, size and modification time (ns) of a file: a cheap stand-in for its digest."""
    stat = Path(path).stat()
    return {"path": str(Path(path).resolve()), "size": stat.st_size, "mtime_ns": stat.st_mtime_ns}


def _replace_folder(part: Path, path: Path) -> None:
    """Let `part` take the place of the folder `path`, whose content goes."""
    if _exchanged(part, path):
        return  # the caller removes what lies at `part` now
    old = path.with_name(f".old-{os.getpid()}-{path.name}")
    path.rename(old)
    part.rename(path)
    shutil.rmtree(old, ignore_errors=True)


def _exchanged(one: Path, other: Path) -> bool:
    """Let two folders change places in one step; false where the system cannot (Linux can)."""
    import ctypes

    try:
        exchange = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    here, flag = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return exchange(here, os.fsencode(one), here, os.fsencode(other), flag) == 0


def _sync(path: Path) -> None:
    """Flush a file, or a folder and all in it, to the disk."""
    for target in (*path.rglob("*"), path):
        _sync_entry(target)


def _sync_entry(path: Path) -> None:
    """Flush a file, or a folder's entries, so that a rename in it survives a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove_orphans(path: Path) -> None:
    """Remove what killed processes left of earlier attempts at `path`.

    A folder that was moved aside, and whose successor never came, is put back.
    """
    for prefix in (".old-", ".part-"):
        for orphan in path.parent.glob(f"{prefix}*-{glob.escape(path.name)}"):
            pid = orphan.name.removeprefix(prefix).removesuffix(f"-{path.name}")
            if not pid.isdigit() or (int(pid) != os.getpid() and Path(f"/proc/{pid}").exists()):
                continue
            if prefix == ".old-" and not path.exists():
                orphan.rename(path)
            else:
                _remove(orphan)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
