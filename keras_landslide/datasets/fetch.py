"""Download a data set from its record: checksums, resume, and what its licence says.

pooch checks and places the files; it has no resume of its own, so that part is here.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_landslide.errors import FetchError, InputFileError, UnknownNameError
from keras_landslide.files import output_errors
from keras_landslide.runtime.progress import progress

API = "https://zenodo.org/api/records"
TIMEOUT_S = 60
BLOCK = 1 << 16
"""A connection that breaks loses less than a block."""


@dataclass(frozen=True)
class RemoteFile:
    """A file of a record: name, address, `md5:...` or `sha256:...`, and size in bytes."""

    name: str
    url: str
    checksum: str
    size: int


@dataclass(frozen=True)
class Record:
    """What a record tells: its licence and its files."""

    licence: str
    files: tuple[RemoteFile, ...]


def read_record(number: str, api: str = API) -> Record:
    """Ask a record for its licence and files.

    Args:
        number: of the record.
        api: address that record numbers are appended to.

    Raises:
        FetchError: no answer, or one that cannot be understood.
    """
    answer = _get(f"{api}/{number}")
    try:
        described: dict[str, Any] = answer.json()
        licence = described["metadata"].get("license") or {}
        files = tuple(
            RemoteFile(
                Path(file["key"]).name, file["links"]["self"], file["checksum"], int(file["size"])
            )
            for file in described["files"]
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FetchError(f"{api}/{number}: the answer is no record ({error!r})") from error
    name = licence.get("id") if isinstance(licence, dict) else str(licence)
    return Record(name or "not stated", files)


def fetch(
    record: Record, folder: str | Path, names: Sequence[str] = (), *, unpack: bool = True
) -> list[Path]:
    """Download files of a record, going on where an earlier download was cut off.

    Args:
        record: from `read_record`.
        folder: where files go; a file that is there with the right checksum is kept.
        names: which files; none means all.
        unpack: unpack zip archives into `folder`.

    Returns:
        The files.

    Raises:
        UnknownNameError: the record has no such file.
        FetchError: the download broke off, or a checksum is wrong.
        OutputError: the folder cannot be written, or the disk is full.
    """
    known = {file.name: file for file in record.files}
    for name in names:
        if name not in known:
            raise UnknownNameError.among("file", name, known)
    folder = Path(folder)
    done = []
    for file in [known[name] for name in names] or record.files:
        with output_errors(folder / file.name):
            folder.mkdir(parents=True, exist_ok=True)
            done.append(_fetch(file, folder))
        if unpack and file.name.lower().endswith(".zip"):
            _unpack(done[-1], folder)
    return done


def _fetch(file: RemoteFile, folder: Path) -> Path:
    import logging

    try:
        import pooch
    except ImportError as error:
        raise FetchError(
            "downloading needs pooch; install it with: pip install 'keras-landslide[fetch]'"
        ) from error
    pooch.get_logger().setLevel(logging.WARNING)
    part = folder / f"{file.name}.part"

    def download(url: str, output: str, _: Any) -> None:
        _resume(url, part, file)
        shutil.move(part, output)

    try:
        path = pooch.retrieve(
            file.url, file.checksum, fname=file.name, path=folder, downloader=download
        )
    except ValueError as error:
        raise FetchError(
            f"{file.url}: what came has another checksum than {file.checksum}; run again"
        ) from error
    return Path(path)


def _resume(url: str, part: Path, file: RemoteFile) -> None:
    """Fill `part` to the file's size, from where it ends."""
    have = part.stat().st_size if part.exists() else 0
    if have > file.size:
        part.unlink()
        have = 0
    if have == file.size and have:
        return
    answer = _get(url, {"Range": f"bytes={have}-"} if have else {}, stream=True)
    if have and answer.status_code != 206:  # this server starts over
        have = 0
    import requests

    blocks = -(-(file.size - have) // BLOCK)
    try:
        with part.open("ab" if have else "wb") as stream:
            parts = answer.iter_content(BLOCK)
            for block in progress(parts, f"fetching {file.name}", total=blocks, unit="block"):
                stream.write(block)
    except requests.RequestException as error:
        raise FetchError(
            f"{url}: broke off after {part.stat().st_size} of {file.size} bytes; run again to go on"
        ) from error
    size = part.stat().st_size
    if size < file.size:
        raise FetchError(f"{url}: ended after {size} of {file.size} bytes; run again to go on")


def _get(url: str, headers: dict[str, str] | None = None, stream: bool = False):
    import requests

    try:
        answer = requests.get(url, headers=headers, stream=stream, timeout=TIMEOUT_S)
        answer.raise_for_status()
    except requests.RequestException as error:
        raise FetchError(f"{url}: cannot be fetched ({type(error).__name__}: {error})") from error
    return answer


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip; members keep within the folder (zipfile drops `..` and roots)."""
    try:
        with zipfile.ZipFile(archive) as held:
            for member in progress(held.infolist(), f"unpacking {archive.name}", unit="file"):
                held.extract(member, folder)
    except zipfile.BadZipFile as error:
        raise InputFileError(f"{archive}: is no whole zip archive; fetch it again") from error
