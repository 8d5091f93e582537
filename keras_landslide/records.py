"""A JSON file as a frozen dataclass: each entry is described once, checked on reading, and told.

The fields of the class are the file's entries. `entry` gives a field its meaning and its bounds;
`read_record` checks a file against them, `to_json` writes it back, and `json_schema` tells them to
others. Numbers are finite, and text in the place of a number, null, or a list where there should be
one value is one clear error.
"""

from __future__ import annotations

import dataclasses
import json
import math
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from keras_landslide.errors import InputFileError, LandslideError

Record = TypeVar("Record")
LARGEST = 3.4e38
"""No number is larger: it has to fit into float32."""
_SHOWN = 60
_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}


def entry(
    about: str,
    *,
    default: Any = dataclasses.MISSING,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    choices: Sequence[str] = (),
    least: int = 0,
) -> Any:
    """A field of a record.

    Args:
        about: what it holds, one line.
        default: value where the file has no such entry; without one it has to be there.
        low: least number, of each number in a list.
        high: greatest number.
        above: numbers have to be greater than this.
        choices: texts that are allowed; empty for any.
        least: how many items a list, or characters a text, has to have.
    """
    rules = {"about": about, "low": low, "high": high, "above": above, "choices": tuple(choices)}
    if default == {}:
        return dataclasses.field(default_factory=dict, metadata={**rules, "least": least})
    return dataclasses.field(default=default, metadata={**rules, "least": least})


class _Wrong(Exception):
    """An entry that breaks its rule: its place in the file, and what is wrong."""


def parse_json(
    text: str | bytes,
    where: object,
    *,
    error: type[LandslideError] = InputFileError,
    remedy: str = "",
) -> Any:
    """The values that a JSON text holds.

    Args:
        text: the JSON.
        where: its file, for messages.
        error: what is raised.
        remedy: what to do, at the end of a message.

    Raises:
        LandslideError: of the kind `error`: it is no valid JSON, or nested too deep.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as problem:
        reason = str(problem).partition("\n")[0]
        raise error(_with(remedy, f"{where}: is not valid JSON ({reason})")) from problem


def load_json(
    path: str | Path, error: type[LandslideError] = InputFileError, remedy: str = ""
) -> dict[str, Any]:
    """The one JSON object that a file holds.

    Raises:
        LandslideError: of the kind `error`: it holds something else, or is no valid JSON.
        OSError: it cannot be read.
    """
    values = parse_json(Path(path).read_bytes(), path, error=error, remedy=remedy)
    if not isinstance(values, dict):
        raise error(_with(remedy, f"{path}: should hold one JSON object"))
    return values


def read_json(
    kind: type[Record],
    path: str | Path,
    *,
    error: type[LandslideError] = InputFileError,
    remedy: str,
) -> tuple[Record, dict[str, Any]]:
    """What a file tells, as a record and as it stands there.

    Args:
        kind: the dataclass, as in `read_record`.
        path: the file.
        error: what is raised.
        remedy: what to do, at the end of a message.

    Raises:
        LandslideError: of the kind `error`: the file is missing, no JSON object, or an entry is
            wrong.
    """
    try:
        values = load_json(path, error, remedy)
    except LandslideError:
        raise
    except OSError as problem:
        raise error(f"{path}: cannot be read ({problem.strerror}); {remedy}") from problem
    return read_record(kind, values, path, error=error, remedy=remedy), values


def remembered(kind: type[Record], path: str | Path) -> Record | None:
    """What a file tells that is a memory alone: None where it is missing or damaged."""
    try:
        return read_json(kind, path, remedy="it is made again")[0]
    except InputFileError:
        return None


def read_record(
    kind: type[Record],
    values: Any,
    where: object,
    *,
    error: type[LandslideError] = InputFileError,
    remedy: str,
) -> Record:
    """Check what a file holds, and make a record of it.

    A record may have a method `problem()` that returns what is wrong between its entries, or None.
    Entries that the class does not know go to its field `extra`, or are left out.

    Args:
        kind: the dataclass; its fields are made by `entry`.
        values: what the file holds.
        where: the file, for messages.
        error: what is raised.
        remedy: what to do, at the end of a message.

    Raises:
        LandslideError: of the kind `error`: an entry is missing, of another type, out of its
            bounds, or not finite.
    """
    try:
        return _object(kind, values, "")
    except _Wrong as wrong:
        raise error(f"{where}: {wrong}; {remedy}") from None


def to_json(record: Any) -> Any:
    """A record as JSON-like values; `extra` entries are in their old place."""
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        values = {f.name: to_json(getattr(record, f.name)) for f in dataclasses.fields(record)}
        return {**values.pop("extra", {}), **values}
    if isinstance(record, Mapping):
        return {key: to_json(value) for key, value in record.items()}
    if isinstance(record, list | tuple):
        return [to_json(value) for value in record]
    return record


def json_schema(kind: type, title: str) -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of a record.

    Args:
        kind: the dataclass.
        title: of the schema.
    """
    parts: dict[str, Any] = {}
    top = _schema_of_object(kind, parts)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **top,
        "$defs": dict(sorted(parts.items())),
    }


def _with(remedy: str, message: str) -> str:
    return f"{message}; {remedy}" if remedy else message


def _object(kind: type[Record], values: Any, place: str) -> Record:
    if not isinstance(values, Mapping):
        raise _Wrong(f"{_named(place, values)} should be an object")
    hints, known = get_type_hints(kind), {}
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        if field.name == "extra":
            continue
        if field.name in values:
            rules = field.metadata
            known[field.name] = _value(
                hints[field.name], values[field.name], _inside(place, field.name), rules
            )
        elif _required(field):
            raise _Wrong(f"'{field.name}' is missing{f' in {place}' if place else ''}")
    if "extra" in hints:
        own = hints.keys() - {"extra"}
        known["extra"] = {key: values[key] for key in values if key not in own}
    made = kind(**known)
    check = getattr(made, "problem", None)
    if check is not None and (problem := check()) is not None:
        raise _Wrong(f"{place}: {problem}" if place else problem)
    return made


def _required(field: dataclasses.Field) -> bool:
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


def _value(hint: Any, value: Any, place: str, rules: Mapping[str, Any]) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        (inner,) = (each for each in get_args(hint) if each is not types.NoneType)
        return None if value is None else _value(inner, value, place, rules)
    if dataclasses.is_dataclass(hint):
        return _object(hint, value, place)  # type: ignore[arg-type]
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise _Wrong(f"{_named(place, value)} should be a list")
        if len(value) < rules.get("least", 0):
            few = "is empty" if not value else f"has {len(value)} item(s)"
            raise _Wrong(f"'{place}' {few}, at least {rules['least']} are needed")
        inner, own = get_args(hint)[0], {**rules, "least": 0}
        return tuple(_value(inner, each, f"{place}[{i}]", own) for i, each in enumerate(value))
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            raise _Wrong(f"{_named(place, value)} should be an object")
        inner = get_args(hint)[1]
        return {key: _value(inner, each, _inside(place, key), rules) for key, each in value.items()}
    if hint is Any:
        _finite(value, place)
        return value
    return _plain(hint, value, place, rules)


def _plain(kind: type, value: Any, place: str, rules: Mapping[str, Any]) -> Any:
    """A number, a text, or true and false."""
    if kind in (int, float):
        number = isinstance(value, int if kind is int else (int, float))
        if not number or isinstance(value, bool) or not _in_bounds(value, kind, rules):
            raise _Wrong(f"{_named(place, value)} is out of range: {_wanted(kind, rules)}")
        return kind(value)
    if not isinstance(value, kind):
        raise _Wrong(f"{_named(place, value)} should be of type {kind.__name__}")
    if choices := rules.get("choices"):
        if value not in choices:
            raise _Wrong(f"{_named(place, value)} is unknown; choose one of: {', '.join(choices)}")
    elif kind is str and len(str(value)) < rules.get("least", 0):
        raise _Wrong(f"'{place}' is empty")
    return value


def _in_bounds(value: float, kind: type, rules: Mapping[str, Any]) -> bool:
    low, high = _bounds(kind, rules)
    above = rules.get("above")
    return low <= value <= high and (above is None or value > above)


def _bounds(kind: type, rules: Mapping[str, Any]) -> tuple[float, float]:
    low, high = rules.get("low"), rules.get("high")
    most = 2**53 if kind is int else LARGEST
    return -most if low is None else low, most if high is None else high


def _wanted(kind: type, rules: Mapping[str, Any]) -> str:
    """Which numbers an entry takes, in words."""
    what = "a whole number" if kind is int else "a finite number"
    low, high, above = rules.get("low"), rules.get("high"), rules.get("above")
    if above is not None:
        what += f" above {above:g}"
    elif low is not None:
        what += f" from {low:g}"
    if high is not None:
        what += f" to {high:g}" if low is not None or above is not None else f" up to {high:g}"
    return what + " is needed"


def _finite(value: Any, place: str) -> None:
    """Refuse NaN and infinity anywhere in a value without a type."""
    if isinstance(value, float) and not math.isfinite(value):
        raise _Wrong(f"'{place}' holds {value!r}, which is no finite number")
    if isinstance(value, Mapping):
        for key, each in value.items():
            _finite(each, _inside(place, key))
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            _finite(each, f"{place}[{number}]")


def _inside(place: str, name: object) -> str:
    return f"{place}.{name}" if place else str(name)


def _named(place: str, value: Any) -> str:
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer of more digits than Python prints
        text = f"a {type(value).__name__} too long to show"
    if len(text) > _SHOWN:
        text = text[:_SHOWN] + "..."
    return f"'{place}' = {text}" if place else text


def _schema_of_object(kind: type, parts: dict[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    fields = [f for f in dataclasses.fields(kind) if f.name != "extra"]
    properties = {}
    for field in fields:
        own = _schema(hints[field.name], field.metadata, parts)
        if field.default is not dataclasses.MISSING and field.default is not None:
            own["default"] = to_json(field.default)
        properties[field.name] = {"description": field.metadata["about"], **own}
    return {
        "description": (kind.__doc__ or "").partition("\n")[0],
        "type": "object",
        "required": [f.name for f in fields if _required(f)],
        "properties": properties,
    }


def _schema(hint: Any, rules: Mapping[str, Any], parts: dict[str, Any]) -> dict[str, Any]:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        (inner,) = (each for each in get_args(hint) if each is not types.NoneType)
        return {"anyOf": [_schema(inner, rules, parts), {"type": "null"}]}
    if dataclasses.is_dataclass(hint):
        name = hint.__name__  # type: ignore[union-attr]
        if name not in parts:
            parts[name] = {}
            parts[name] = _schema_of_object(hint, parts)  # type: ignore[arg-type]
        return {"$ref": f"#/$defs/{name}"}
    if origin is tuple:
        inner = _schema(get_args(hint)[0], {**rules, "least": 0}, parts)
        least = {"minItems": rules["least"]} if rules.get("least") else {}
        return {"type": "array", "items": inner, **least}
    if origin is not None and issubclass(origin, Mapping):
        inner = _schema(get_args(hint)[1], rules, parts)
        return {"type": "object", "additionalProperties": inner}
    if hint is Any:
        return {}
    return {"type": _TYPES[hint], **_schema_of_bounds(hint, rules)}


def _schema_of_bounds(kind: type, rules: Mapping[str, Any]) -> dict[str, Any]:
    named = {"low": "minimum", "high": "maximum", "above": "exclusiveMinimum"}
    bounds = {}
    if kind in (int, float):
        bounds = {word: rules[key] for key, word in named.items() if rules.get(key) is not None}
    if rules.get("choices"):
        bounds["enum"] = list(rules["choices"])
    elif kind is str and rules.get("least"):
        bounds["minLength"] = rules["least"]
    return bounds
