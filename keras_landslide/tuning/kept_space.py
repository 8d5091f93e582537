"""`space.toml`: which search a folder holds, and on which data."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import tomli_w

from keras_landslide.config import RunConfig
from keras_landslide.errors import ClusterError, RecipeError
from keras_landslide.files import write_text
from keras_landslide.toml_files import read_toml
from keras_landslide.tuning.space import SearchSettings, SearchSpace


def keep(space: SearchSpace, folder: Path, learnt_from: Mapping[str, Any]) -> str:
    """Store the space with its first search, and refuse to mix another one into the folder.

    Args:
        space: the search.
        folder: of the search.
        learnt_from: what is kept about the data.

    Returns:
        The id of the folder's search, drawn with its first call.

    Raises:
        RecipeError: the folder holds a search over another space or other data.
    """
    file = folder / "space.toml"
    if not file.exists():
        tables = {**space.to_dict(), "learnt_from": dict(learnt_from)}
        write_text(file, tomli_w.dumps({"id": secrets.token_hex(8), **tables}))
    if changed := _changed(space, learnt_from, old := _kept(file)):
        raise RecipeError(
            f"{folder}: holds another search (it differs in {', '.join(changed)}); "
            "choose another folder, or delete this one to start again"
        )
    return old.get("id", "")


def join(
    space: SearchSpace, folder: Path, learnt_from: Mapping[str, Any], patience_s: float = 600.0
) -> str:
    """Id of the search that a chief keeps in `folder`, for a worker with the same one.

    Args:
        space: the worker's.
        folder: the chief's.
        learnt_from: what the worker sees of the data.
        patience_s: how long the chief may take to begin: it cuts the patches before.

    Raises:
        ClusterError: no chief began a search in the folder.
        RecipeError: the worker's search is another one than the chief's.
    """
    file, deadline = folder / "space.toml", time.monotonic() + patience_s
    if not file.exists():
        print(
            f"{folder}: waiting for its chief, which may still be cutting patches",
            file=sys.stderr,
            flush=True,
        )
    while not file.exists():
        if time.monotonic() > deadline:
            raise ClusterError(
                f"{folder}: no chief began a search there within {patience_s:.0f} s; if it "
                "is still cutting patches, start the worker again later, else give the chief's "
                "own -o, on a file system that both see"
            )
        time.sleep(0.2)
    if changed := _changed(space, learnt_from, old := _kept(file)):
        raise RecipeError(
            f"{folder}: the chief searches something else (it differs in {', '.join(changed)}); "
            "start the worker with the same space, data and options"
        )
    return old.get("id", "")


def _kept(file: Path) -> dict[str, Any]:
    """The `space.toml` of a search."""
    old = read_toml(file, tables=("search", "base", "learnt_from", "grid", "random"))
    base = old.get("base", {})
    for section in RunConfig().to_dict():
        if not isinstance(base.get(section, {}), dict):
            raise RecipeError(f"{file}: 'base.{section}' should be a table; search in a new folder")
    return old


def named(worker: str, search_id: str) -> str:
    """The name by which a worker of this search asks for trials."""
    return f"{worker}@{search_id}"


def search_of(tuner_id: str) -> str:
    """Id of the search that a worker of this name belongs to."""
    return tuner_id.rpartition("@")[2]


def _changed(
    space: SearchSpace, learnt_from: Mapping[str, Any], old: Mapping[str, Any]
) -> list[str]:
    """The entries in which a search differs from the kept one.

    A search of an older version lacks keys that came later, and ran with their defaults.
    """
    new = {**space.to_dict(), "learnt_from": dict(learnt_from)}
    kept = old.get("base", {})
    base = {
        section: {**values, **kept.get(section, {})}
        for section, values in RunConfig().to_dict().items()
    }
    if "source" in kept.get("data", {}):
        del base["data"]["stack"], base["data"]["patches"]
    search = {**asdict(SearchSettings()), **old.get("search", {})}
    old = {**old, "search": search, "base": base}
    return [
        f"{table}.{key}"
        for table in new
        for key in {**old.get(table, {}), **new[table]}
        if old.get(table, {}).get(key) != new[table].get(key)
    ]
