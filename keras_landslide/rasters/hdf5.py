"""HDF5 files whose data lie in the file itself, and not in others that it names."""

from __future__ import annotations

from pathlib import Path

import h5py

from keras_landslide.errors import InputFileError


def refuse_other_files(group: h5py.Group, path: str | Path) -> None:
    """Refuse a file with a link to another file, or a data set that is stored in one.

    Args:
        group: the open file.
        path: its name, for the message.

    Raises:
        InputFileError: external link, external storage, or a virtual data set.
    """
    seen: set[object] = set()
    waiting = [group]
    while waiting:
        here = waiting.pop()
        if here.id.__hash__() in seen:
            continue
        seen.add(here.id.__hash__())
        for key in here:
            link = here.get(key, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                raise InputFileError(
                    f"{path}: '{key}' is a link to another file, {link.filename}; copy the data "
                    "into this one"
                )
            if isinstance(link, h5py.SoftLink):
                continue  # what it leads to has a name of its own
            member = here[key]
            if isinstance(member, h5py.Group):
                waiting.append(member)
            elif isinstance(member, h5py.Dataset) and (member.external or member.is_virtual):
                raise InputFileError(
                    f"{path}: the data of '{key}' lie in another file; copy them into this one"
                )
