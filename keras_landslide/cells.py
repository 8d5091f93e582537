"""Cells of CSV files that no spreadsheet takes for a formula."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
"""How a text begins that a spreadsheet runs, or whose apostrophe it takes away."""


def as_cells(values: Iterable[Any]) -> list[Any]:
    """Values of a line; a text that would be a formula gets an apostrophe before it.

    Numbers stay, negative ones too: only texts, such as names that people give, are looked at.
    See OWASP, CSV injection.

    >>> as_cells(["=1+1", -0.5, "e0"])
    ["'=1+1", -0.5, 'e0']
    """
    return [
        f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
        for value in values
    ]


def from_cell(text: str) -> str:
    """The text that `as_cells` wrote."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text
