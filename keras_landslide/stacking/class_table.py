"""Class tables: which value of a source is which class, as a CSV that anyone can edit.

    value,code,name
    111,0,artificial surfaces
    112,0,artificial surfaces
    ,5,unknown

Codes count from 0 without gaps; several values may share a code. A row with an empty value is the
class of pixels without any (no polygon, an empty attribute); without such a row they are nodata.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from keras_landslide.errors import InputFileError, RecipeError

BUILT_IN = ("corine_land_cover", "rock_family", "inspire_lithology")
"""Tables that come with the package; a recipe names them without `.csv`."""
COLUMNS = ("value", "code", "name")


@dataclass(frozen=True)
class ClassTable:
    """Classes of a band.

    Attributes:
        source: file or built-in name, for messages.
        codes: code of each value, values as text (`as_text`).
        names: name of each class; the position is its code.
    """

    source: str
    codes: dict[str, int]
    names: tuple[str, ...]

    @property
    def unknown(self) -> int | None:
        """Code of pixels without a value; None where they are nodata."""
        return self.codes.get("")


def as_text(value: object) -> str:
    """A value of an attribute or raster as a table writes it: 6 and 6.0 are `6`, None is empty."""
    if value is None:
        return ""
    text = str(value).strip()
    try:
        return f"{float(text):.12g}"
    except ValueError:
        return text


def load_class_table(name: str, folder: Path) -> ClassTable:
    """Read a class table: a built-in name, or a CSV whose path counts from `folder`.

    Raises:
        InputFileError: the file is missing or no text.
        RecipeError: a column is missing, a code is no whole number or skipped, a value occurs
            twice, or a code has two names.
    """
    if name in BUILT_IN:
        path = resources.files("keras_landslide.stacking").joinpath("tables", f"{name}.csv")
        return _parse(path.read_text(encoding="utf-8"), f"class table '{name}'")
    file = folder / name
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputFileError(
            f"{file}: is not UTF-8 text; save it as UTF-8 (in Excel: CSV UTF-8)"
        ) from error
    except OSError as error:
        raise InputFileError(
            f"{file}: class table cannot be read; give a CSV with the columns "
            f"{','.join(COLUMNS)}, or one of: {', '.join(BUILT_IN)}"
        ) from error
    return _parse(text, str(file))


def _parse(text: str, source: str) -> ClassTable:
    first = text.split("\n", 1)[0]
    rows = csv.DictReader(io.StringIO(text), delimiter=";" if ";" in first else ",")
    missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
    if missing:
        raise RecipeError(
            f"{source}: has no column '{missing[0]}'; its first line should be {','.join(COLUMNS)}"
        )
    codes: dict[str, int] = {}
    names: dict[int, str] = {}
    for line, row in enumerate(rows, start=2):
        value, name = as_text(row["value"] or None), (row["name"] or "").strip()
        code = (row["code"] or "").strip()
        if not code.isdigit() or not name:
            raise RecipeError(f"{source}: line {line} needs a code from 0 and a name")
        if value in codes:
            raise RecipeError(f"{source}: line {line} gives the value '{value}' a second time")
        if names.setdefault(int(code), name) != name:
            raise RecipeError(f"{source}: line {line} gives code {code} a second name")
        codes[value] = int(code)
    if sorted(names) != list(range(len(names))) or not names:
        raise RecipeError(f"{source}: codes should count from 0 without gaps, not {sorted(names)}")
    return ClassTable(source, codes, tuple(names[code] for code in range(len(names))))
