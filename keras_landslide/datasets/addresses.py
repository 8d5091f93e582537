"""Data sets with a lasting address."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from keras_landslide.errors import UnknownNameError


@dataclass(frozen=True)
class Address:
    """A data set's record.

    Attributes:
        name: key.
        title: its name for people.
        record: number of the record.
        layout: key of `registry.LAYOUTS`.
        cite: what to cite.
    """

    name: str
    title: str
    record: str
    layout: str
    cite: str


@cache
def addresses() -> dict[str, Address]:
    """Data sets with a lasting address, from `addresses.toml`."""
    text = resources.files(__package__).joinpath("addresses.toml").read_text(encoding="utf-8")
    return {name: Address(name, **entry) for name, entry in tomllib.loads(text).items()}


def address(name: str) -> Address:
    """The address of a data set.

    Raises:
        UnknownNameError: listing the choices.
    """
    if name not in addresses():
        raise UnknownNameError.among("data set", name, addresses())
    return addresses()[name]
