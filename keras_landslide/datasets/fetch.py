"""Download a data set from its record: checksums, resume, and what its licence says.

pooch checks and places the files; it has no resume of its own, so that part is here.
"""

from __future__ import annotations

import shutil
import string
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_landslide import records
from keras_landslide.errors import (
    FetchError,
    InputFileError,
    LandslideError,
    OutputError,
    UnknownNameError,
)
from keras_landslide.files import output_errors, replacing
from keras_landslide.records import entry, parse_json
from keras_landslide.runtime.progress import progress

API = "https://zenodo.org/api/records"
TIMEOUT_S = 60
DIGESTS = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128}
"""Digits of the checksums that can be checked."""
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


@dataclass(frozen=True)
class _Links:
    """Addresses of a file."""

    self: str = entry("of its bytes", least=1)


@dataclass(frozen=True)
class _ToldFile:
    """A file, as a record tells of it."""

    key: str = entry("its name", least=1)
    links: _Links = entry("its addresses")
    size: int = entry("bytes", low=0, high=1 << 50)
    checksum: str = entry("algorithm:digest", default="")


@dataclass(frozen=True)
class _Told:
    """The part of a record that is read."""

    metadata: Mapping[str, Any] = entry("what it says of itself")
    files: tuple[_ToldFile, ...] = entry("what it holds")


def read_record(number: str, api: str = API) -> Record:
    """Ask a record for its licence and files.

    Args:
        number: of the record.
        api: address that record numbers are appended to.

    Raises:
        FetchError: no answer, or one that cannot be understood.
    """
    url = f"{api}/{number}"
    remedy = "the answer is no record, so try later or download by hand"
    values = parse_json(_get(url).content, url, error=FetchError, remedy=remedy)
    told = records.read_record(_Told, values, url, error=FetchError, remedy=remedy)
    licence = told.metadata.get("license") or {}
    name = licence.get("id") if isinstance(licence, dict) else licence
    return Record(str(name or "not stated"), tuple(_remote(file, url) for file in told.files))


def _remote(file: _ToldFile, url: str) -> RemoteFile:
    """A file of a record, whose name is one and whose checksum can be checked."""
    name = Path(file.key).name
    if not name or name == "..":
        raise FetchError(f"{url}: '{file.key:.60}' is no name of a file; download it by hand")
    kind, _, digest = file.checksum.partition(":")
    if len(digest) != DIGESTS.get(kind) or not all(c in string.hexdigits for c in digest):
        raise FetchError(
            f"{url}: tells no checksum of {name} that can be checked "
            f"('{file.checksum:.40}'), so a download that was cut or changed would pass for whole; "
            "download it by hand if you trust it"
        )
    return RemoteFile(name, file.links.self, file.checksum, file.size)


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
    """Unpack a zip, each member whole or not at all, and none outside the folder.

    Raises:
        InputFileError: the archive is damaged, encrypted or compressed in a way that is not known,
            or a member would come to lie outside the folder or in the archive's place.
        OutputError: a member cannot be written, or there is no room for all of them.
    """
    by_hand = "look into it, and unpack it by hand (`unpack` false keeps it packed)"
    try:
        with zipfile.ZipFile(archive) as held:
            members = [each for each in held.infolist() if not each.is_dir()]
            needed = sum(each.file_size for each in members)
            if needed > shutil.disk_usage(folder).free:
                raise OutputError(
                    f"{archive}: holds {needed / 1e9:,.1f} GB, more than the disk has free; free "
                    "some space, or keep it packed"
                )
            targets = [_target(archive, each.filename, folder, by_hand) for each in members]
            pairs = list(zip(members, targets, strict=True))
            for member, target in progress(pairs, f"unpacking {archive.name}", unit="file"):
                with (
                    held.open(member) as source,
                    replacing(target, sync=False) as part,
                    part.open("wb") as stream,
                ):
                    shutil.copyfileobj(source, stream)
    except zipfile.BadZipFile as error:
        raise InputFileError(
            f"{archive}: is no whole zip archive ({error}); fetch it again"
        ) from error
    except (RuntimeError, NotImplementedError, ValueError, EOFError, zlib.error) as error:
        if isinstance(error, LandslideError):
            raise
        raise InputFileError(f"{archive}: cannot be unpacked ({error}); {by_hand}") from error


def _target(archive: Path, name: str, folder: Path, by_hand: str) -> Path:
    """Where a member of an archive goes, links in the folder followed."""
    parts = [part for part in Path(name).parts if part not in ("..", "/")]
    target = folder.joinpath(*parts)
    inside = target.resolve().is_relative_to(folder.resolve())
    if not parts or not inside or target.resolve() == archive.resolve():
        raise InputFileError(
            f"{archive}: its member '{name:.60}' would be written outside {folder}, or over the "
            f"archive; {by_hand}"
        )
    return target
