"""What a run learns from: one `[[data.source]]` table for each stack or folder of chips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from keras_landslide.errors import RecipeError
from keras_landslide.toml_files import check_keys, typed

ROLES = ("train", "val", "test")
MOST_WEIGHT = 1000.0


@dataclass(frozen=True)
class Source:
    """A stack with its patches, or a folder of chips.

    Attributes:
        stack: path of a `stack.tif`.
        patches: path of the `patches.gpkg` of that stack.
        chips: folder of image and mask files, instead of the two.
        layout: how that folder is laid out, a key of `datasets.registry.LAYOUTS`; empty: by its
            look.
        options: of the layout, such as `{ positive = [255] }`.
        only: of the chips, those whose names match this shell pattern, such as `e0_*`.
        role: one of `ROLES`: what all of its patches are for. Empty: each patch as the patch table
            or the data set says.
        split: shares of train, val and test, to divide chips at random; empty: as the data set
            says.
        weight: how often each of its training patches occurs in an epoch, on average: 1 once,
            3 three times, 0.5 every other epoch, drawn anew for each.
        group: the basin or event that it belongs to; empty: the name of its folder or stack.
    """

    stack: str = ""
    patches: str = ""
    chips: str = ""
    layout: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    only: str = ""
    role: str = ""
    split: tuple[float, ...] = ()
    weight: float = 1.0
    group: str = ""

    @property
    def place(self) -> str:
        """The stack or the folder, for messages."""
        return self.stack or self.chips

    @property
    def group_name(self) -> str:
        """The basin or event: as given, or by the name of the stack or folder."""
        if self.group:
            return self.group
        path = Path(self.place)
        if self.stack and path.stem == "stack":
            return path.resolve().parent.name
        return self.only.strip("*?_-. ") or path.stem

    def to_dict(self) -> dict[str, Any]:
        """The table as TOML holds it: what is not set is left out."""
        empty = asdict(Source())
        values = {key: value for key, value in asdict(self).items() if value != empty[key]}
        return values | ({"split": list(self.split)} if self.split else {})

    def within(self, folder: Path) -> Source:
        """The same with absolute paths; relative ones count from `folder`."""
        stack, patches, chips = (
            str(folder / path) if path else "" for path in (self.stack, self.patches, self.chips)
        )
        return replace(self, stack=stack, patches=patches, chips=chips)


def parse_sources(raw: Any, where: str) -> tuple[Source, ...]:
    """The sources of a list of tables; `where` names their file.

    Raises:
        RecipeError: a table has an unknown key, a value of a wrong type or range, or says neither
            or both of stack and chips.
    """
    if not isinstance(raw, list):
        raise RecipeError(f"{where}: [[data.source]] should be tables, each with two brackets")
    return tuple(
        _parse(table, f"{where}: [[data.source]] {number}") for number, table in enumerate(raw, 1)
    )


def _parse(table: Any, where: str) -> Source:
    check_keys(table, [f.name for f in fields(Source)], where)
    source = Source(**{key: typed(Source, key, value, where) for key, value in table.items()})
    if bool(source.stack) == bool(source.chips):
        raise RecipeError(f"{where}: give either `stack` with `patches`, or `chips`")
    if source.stack and not source.patches:
        raise RecipeError(f"{where}: `stack` needs `patches`; make them by `patches`")
    if source.stack and (source.layout or source.options or source.only or source.split):
        raise RecipeError(
            f"{where}: layout, options, only and split are for chips; a stack's patches are "
            "divided by their table"
        )
    if source.role and source.role not in ROLES:
        raise RecipeError(f"{where}: role = '{source.role}' should be one of: {', '.join(ROLES)}")
    if source.role and source.split:
        raise RecipeError(f"{where}: give either role or split")
    if source.split and not _shares(source.split):
        raise RecipeError(
            f"{where}: split = {list(source.split)} should be the shares of train, val and test, "
            "three numbers that sum to 1"
        )
    if not 0 < source.weight <= MOST_WEIGHT:
        raise RecipeError(
            f"{where}: weight = {source.weight} should be greater than 0 and at most "
            f"{MOST_WEIGHT:g}"
        )
    return source


def _shares(split: Sequence[Any]) -> bool:
    if len(split) != 3 or not all(type(share) in (int, float) for share in split):
        return False
    return min(split) >= 0 and abs(sum(split) - 1) < 1e-9
