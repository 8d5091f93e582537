"""What a user may set, described once: default, help and range of each option.

Options that belong together are a class under `options`. Its checks, its Python documentation and
the flags and help of the command line all follow from the fields.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any, TypeVar, dataclass_transform

from keras_landslide.errors import OptionError, UnknownNameError

UNITS = ("_m2", "_px", "_m", "_gb", "_mb")
"""Endings of parameters that their flags leave out."""

T = TypeVar("T")


def in_words(number: float) -> str:
    """A number as people write it: whole ones with all their digits, up to a million million."""
    return f"{number:,.0f}" if number == int(number) and abs(number) < 1e13 else f"{number:g}"


@dataclass(frozen=True)
class Option:
    """What is known of an option beside its name, type and default.

    Attributes:
        help: one or two sentences.
        least: smallest number that is allowed.
        above: instead of `least`, a number that all allowed ones are greater than.
        most: greatest number that is allowed.
        choices: the only values that are allowed.
        flag: without its dashes; None makes one of the name.
        metavar: what the help of the command line calls the value.
        default_text: what the help says instead of the default.
    """

    help: str
    least: float | None = None
    above: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()
    flag: str | None = None
    metavar: str | None = None
    default_text: str | None = None

    @property
    def range(self) -> str:
        """The allowed numbers in words, or nothing."""
        if self.above is not None:
            most = "" if self.most is None else f" and at most {in_words(self.most)}"
            return f"greater than {in_words(self.above)}{most}"
        if self.least is not None and self.most is not None:
            return f"from {in_words(self.least)} to {in_words(self.most)}"
        if self.least is not None:
            return f"{in_words(self.least)} or more"
        return "" if self.most is None else f"{in_words(self.most)} or less"


MOST_PX = 1_000_000
"""No scene is wider."""
MOST_SEED = 2**32 - 1
MOST_WORKERS = 1024
NUMBERS = {
    "seed": Option("", least=0, most=MOST_SEED),
    "seeds": Option("", least=1, most=100),
    "folds": Option("", least=2, most=100),
    "members": Option("", least=1, most=100),
    "draws": Option("", least=1, most=1000),
    "epochs": Option("", least=1, most=1_000_000),
    "steps": Option("", least=1, most=1_000_000),
    "learning_rate": Option("", above=0, most=100),
    "block_px": Option("", least=1, most=MOST_PX),
    "buffer_px": Option("", least=0, most=MOST_PX),
    "patch_px": Option("", least=16, most=65_536),
    "margin_px": Option("", least=0, most=65_536),
    "max_patches": Option("", least=0, most=1_000_000_000),
    "workers": Option("", least=1, most=MOST_WORKERS),
    "threads": Option("", least=0, most=MOST_WORKERS),
    "memory_mb": Option("", least=32, most=1_000_000_000),
    "memory_gb": Option("", least=0, most=1_000_000),
}
"""Ranges of numbers that several verbs take, by parameter: command line and Python check them."""


def option(*, default: Any, help: str, **known: Any) -> Any:
    """A field of a class of options.

    Args:
        default: its default.
        help: one or two sentences that say what it does.
        known: further attributes of `Option`.
    """
    return field(default=default, metadata={"option": Option(help, **known)})


@dataclass_transform(frozen_default=True, field_specifiers=(option,))
def options(cls: type[T]) -> type[T]:
    """Make a frozen dataclass whose values are checked and whose fields are documented.

    Wrong values raise an `OptionError` that names the parameter.
    """
    cls.__post_init__ = _check  # type: ignore[attr-defined]
    made = dataclass(frozen=True)(cls)
    lines = [f"    {each.name}: {_described(each)}" for each in fields(made)]  # type: ignore[arg-type]
    made.__doc__ = f"{cls.__doc__}\n\nAttributes:\n" + "\n".join(lines)
    return made


def described(each: Field[Any]) -> Option:
    """What is known of a field of a class of options."""
    return each.metadata["option"]


def flag_of(name: str, known: Option | None = None) -> str:
    """The flag of a parameter: `minimum_area_m2` is `--minimum-area`."""
    if known is not None and known.flag:
        return f"--{known.flag}"
    for unit in UNITS:
        name = name.removesuffix(unit)
    return "--" + name.replace("_", "-")


def from_keywords(given: Mapping[str, Any], **sets: T) -> dict[str, Any]:
    """Put single keywords into the sets of options that they belong to.

    Args:
        given: parameter -> value.
        sets: objects of classes of options, by name.

    Returns:
        The sets by name, with what was given in its place.

    Raises:
        UnknownNameError: no set has such a parameter.
        OptionError: a value is out of range.
    """
    from dataclasses import replace

    owners = {each.name: name for name, values in sets.items() for each in fields(values)}  # type: ignore[arg-type]
    for name in given:
        if name not in owners:
            raise UnknownNameError.among("parameter", name, owners)
    result: dict[str, Any] = dict(sets)
    for owner in sets:
        own = {name: value for name, value in given.items() if owners[name] == owner}
        if own:
            result[owner] = replace(result[owner], **own)
    return result


def _check(self: Any) -> None:
    for each in fields(self):
        check_value(each.name, getattr(self, each.name), described(each), each.default)


def check_numbers(**given: Any) -> None:
    """Refuse numbers that are out of the ranges of `NUMBERS`; None is not given.

    Raises:
        OptionError: naming the parameter, the value and what it should be.
    """
    for name, value in given.items():
        if value is not None:
            check_value(name, value, NUMBERS[name])


def check_value(name: str, value: Any, known: Option, default: Any = None) -> None:
    """Refuse a value that is out of range.

    Raises:
        OptionError: naming the parameter, the value and what it should be.
    """
    if value is None and default is None:
        return
    if known.choices:
        if value not in known.choices:
            raise OptionError(f"`{name}` = {value!r} should be one of: {', '.join(known.choices)}")
    elif known.range:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value):
            raise OptionError(f"`{name}` = {value!r} should be a finite number, {known.range}")
        low = -math.inf if known.least is None else known.least
        high = math.inf if known.most is None else known.most
        if not low <= value <= high or (known.above is not None and value <= known.above):
            raise OptionError(f"`{name}` = {value!r} should be {known.range}")


def _described(each: Field[Any]) -> str:
    known = described(each)
    allowed = f"One of: {', '.join(known.choices)}." if known.choices else known.range
    extra = f" ({allowed})" if allowed and not known.choices else f" {allowed}" if allowed else ""
    return f"{known.help}{extra}"
