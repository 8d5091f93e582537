"""What a bad input is: a command, how a file is spoilt, and the line that it has to get."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Spoil = Callable[[Path], None]


@dataclass(frozen=True)
class Case:
    """A bad input.

    Attributes:
        name: of the test.
        command: the command line, words apart by spaces; paths count from the world's folder.
        spoil: makes the input bad; gets the folder.
        words: what the line has to hold: the file or the option, and what to do.
    """

    name: str
    command: str
    spoil: Spoil
    words: tuple[str, ...]


def content(name: str, values: str | bytes) -> Spoil:
    """Another content of a file."""

    def spoil(world: Path) -> None:
        data = values.encode() if isinstance(values, str) else values
        (world / name).write_bytes(data)

    return spoil


def cut(name: str, share: float = 0.5) -> Spoil:
    """A file that ends too early."""

    def spoil(world: Path) -> None:
        data = (world / name).read_bytes()
        (world / name).write_bytes(data[: int(len(data) * share)])

    return spoil


MISSING = object()


def entry(name: str, key: str, value: Any) -> Spoil:
    """A JSON file with another value at a key such as `bands.0.unit`, or without the key."""

    def spoil(world: Path) -> None:
        values = json.loads((world / name).read_text())
        inner, *parts = values, *key.split(".")
        for part in parts[:-1]:
            inner = inner[int(part) if isinstance(inner, list) else part]
        last = int(parts[-1]) if isinstance(inner, list) else parts[-1]
        if value is MISSING:
            del inner[last]
        else:
            inner[last] = value
        (world / name).write_text(json.dumps(values))

    return spoil


def swap(name: str, old: str, new: str) -> Spoil:
    """A text file with another word in it."""

    def spoil(world: Path) -> None:
        text = (world / name).read_text()
        assert old in text
        (world / name).write_text(text.replace(old, new))

    return spoil


def both(*spoils: Spoil) -> Spoil:
    """One after another."""

    def spoil(world: Path) -> None:
        for each in spoils:
            each(world)

    return spoil


def nothing(world: Path) -> None:
    """The files are fine; the command line is not."""


def each_damage(name: str) -> Iterable[tuple[str, Spoil]]:
    """A JSON file damaged as a whole."""
    yield "empty", content(name, "")
    yield "truncated", cut(name)
    yield "a_list", content(name, "[]")
    yield "a_number", content(name, "3")
    yield "null", content(name, "null")
    yield "binary", content(name, b"\xff\xfe\x00\x01")
    yield "nested", content(name, "[" * 100_000)
    yield "many_digits", content(name, "9" * 10_000)
