"""From TOML tables to the dataclasses of `sections`, with keys, types and choices checked."""

from __future__ import annotations

import types
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from keras_landslide.errors import RecipeError
from keras_landslide.formula import Formula
from keras_landslide.toml_files import check_keys

T = TypeVar("T")


def optional(cls: type[T], raw: dict[str, Any], name: str, path: Path) -> T | None:
    """A section that may be left out."""
    return section(cls, raw[name], f"{path}: [{name}]") if name in raw else None


def sections(cls: type[T], raw: dict[str, Any], name: str, path: Path) -> tuple[T, ...]:
    """A section that may occur repeatedly."""
    tables = raw.get(name, [])
    if not isinstance(tables, list):
        raise RecipeError(f"{path}: write [[{name}]] with two brackets, it may occur repeatedly")
    return tuple(section(cls, table, f"{path}: [[{name}]]") for table in tables)


def section(cls: type[T], values: Any, where: str) -> T:
    """Build a section's dataclass from its table, checking keys and types by its annotations."""
    known = {f.name: f for f in fields(cls)}  # type: ignore[arg-type]
    check_keys(values, known, where)
    hints = get_type_hints(cls)
    for name, entry in known.items():
        no_default = entry.default is MISSING and entry.default_factory is MISSING
        if no_default and name not in values:
            raise RecipeError(f"{where}: lacks the key '{name}'")
    return cls(**{key: typed(v, hints[key], f"{where} {key}") for key, v in values.items()})


def typed(value: Any, hint: Any, where: str) -> Any:
    """A value, checked against an annotation.

    Raises:
        RecipeError: it is of another type.
    """
    if isinstance(hint, types.UnionType):
        hint = next(arg for arg in get_args(hint) if arg is not type(None))
    origin, args = get_origin(hint), get_args(hint)
    if origin is list and isinstance(value, list):
        return [typed(item, args[0], where) for item in value]
    if origin is dict and isinstance(value, dict):
        return {key: typed(item, args[1], where) for key, item in value.items()}
    if hint is float and type(value) is int:
        return float(value)
    if origin or type(value) is not hint:
        wanted = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
        name = wanted.get(hint, f"a {origin.__name__}" if origin else str(hint))
        raise RecipeError(f"{where} = {value!r} should be {name}")
    return value


def formulas(values: Any, where: str) -> dict[str, Formula]:
    """The bands of `[derived]`: `true` is the index of that name, text a formula or an index.

    Raises:
        RecipeError: a value is neither, or no formula.
    """
    if not isinstance(values, dict):
        raise RecipeError(f"{where}: expected a table of keys, found {values!r}")
    made = {}
    for name, value in values.items():
        if value is False:
            continue
        if value is not True and not isinstance(value, str):
            raise RecipeError(f"{where} {name} = {value!r} should be true, an index or a formula")
        try:
            made[name] = Formula(name if value is True else value)
        except RecipeError as error:
            raise RecipeError(f"{where} {name}: {error}") from None
    return made


def choice(value: object, choices: tuple, where: str) -> None:
    """Refuse a value that is none of the choices.

    Raises:
        RecipeError: listing them.
    """
    if value not in choices:
        names = ", ".join(str(choice) for choice in choices if choice is not None)
        raise RecipeError(f"{where} = '{value}' is unknown; choose from: {names}")
