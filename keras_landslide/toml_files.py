"""TOML files as people write them: read with one clear line on failure, no key left unread."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from keras_landslide.errors import InputFileError, RecipeError, did_you_mean


def read_toml(path: str | Path, tables: Iterable[str] = ()) -> dict[str, Any]:
    """Read a TOML file.

    Args:
        path: the file.
        tables: entries that have to be tables where they are there.

    Raises:
        InputFileError: it is missing or cannot be read.
        RecipeError: it is not valid TOML, or one of `tables` is no table.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")  # Windows editors write a mark
    except OSError as error:
        raise InputFileError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path}: is not UTF-8 text; save it as UTF-8") from error
    values = parse_toml(text, path)
    for name in tables:
        if not isinstance(values.get(name, {}), dict):
            raise RecipeError(
                f"{path}: '{name}' = {values[name]!r:.60} should be a table, [{name}]"
            )
    return values


def parse_toml(text: str, where: object) -> dict[str, Any]:
    """The tables that a TOML text holds; `where` names it in messages.

    Raises:
        RecipeError: it is not valid TOML, or nested too deep.
    """
    try:
        return tomllib.loads(text)
    # Of a number with more digits than Python takes, tomllib tells by a plain ValueError.
    except (ValueError, RecursionError) as error:
        raise RecipeError(f"{where}: is not valid TOML: {error}") from error


def check_keys(values: Any, known, where: str) -> None:
    """Refuse keys that nobody reads, since a misspelt key would be ignored in silence.

    Raises:
        RecipeError: naming the key, the place and the choices.
    """
    if not isinstance(values, dict):
        raise RecipeError(f"{where}: expected a table of keys, found {values!r}")
    for key in values:
        if key not in known:
            near = did_you_mean(key, known)
            raise RecipeError(
                f"{where}: unknown key '{key}'; choose from: {', '.join(known)}{near}"
            )


def typed(cls: type, key: str, value: Any, where: str) -> Any:
    """The value of a key, of the type that the default of that field of `cls` has.

    Raises:
        RecipeError: it is of another type.
    """
    default = getattr(cls(), key)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(default, tuple) and isinstance(value, list):
        return tuple(value)
    if type(value) is not type(default):
        wanted = "list" if isinstance(default, tuple) else type(default).__name__
        raise RecipeError(f"{where} {key} = {value!r} should be of type {wanted}")
    return value
