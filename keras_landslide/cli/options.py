"""Options of the command line, made of the classes that describe them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import Field, fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

import click

from keras_landslide.options import NUMBERS, described, flag_of


class FiniteRange(click.FloatRange):
    """A number in a range; unlike click's own type it refuses nan and inf."""

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """The number.

        Raises:
            click.BadParameter: it is no number, not finite or outside the range.
        """
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number", param, ctx)
        return number


MOST_NUMBER = 1_000_000


class Numbers(click.ParamType):
    """Whole numbers joined by commas."""

    name = "numbers"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, ...]:
        """Parse `1,5,20`, in rising order.

        Raises:
            click.BadParameter: a part is no number, or below 1.
        """
        if isinstance(value, tuple):
            return value
        try:
            numbers = tuple(sorted({int(part) for part in value.split(",") if part.strip()}))
        except ValueError:
            self.fail(f"'{value}' is no list of numbers such as 1,5,20", param, ctx)
        if any(number < 1 for number in numbers):
            self.fail("the numbers start at 1", param, ctx)
        if any(number > MOST_NUMBER for number in numbers):
            self.fail(f"no number may be larger than {MOST_NUMBER:,}", param, ctx)
        return numbers


def in_range(name: str) -> click.ParamType:
    """The type of an option whose range `options.NUMBERS` tells."""
    known = NUMBERS[name]
    if known.above is not None or name.endswith("_gb"):
        low = known.least if known.above is None else known.above
        return FiniteRange(low, known.most, min_open=known.above is not None)
    return click.IntRange(known.least, known.most)  # type: ignore[arg-type]


class GroupedOption(click.Option):
    """An option that the help lists under a title."""

    def __init__(self, *arguments: Any, group: str = "Options", **named: Any):
        super().__init__(*arguments, **named)
        self.group = group


def options_of(*classes: type, leave_out: tuple[str, ...] = ()) -> Callable[[Any], Any]:
    """Decorate a command with the options that classes of options describe.

    Args:
        classes: their fields become options, under the first line of their documentation.
        leave_out: parameters without an option.
    """

    def decorate(command: Any) -> Any:
        for cls in reversed(classes):
            title = (cls.__doc__ or "").partition("\n")[0].partition(":")[0].rstrip(".")
            kinds = get_type_hints(cls)
            for each in reversed(fields(cls)):
                if each.name not in leave_out:
                    command = _option(each, kinds[each.name], title)(command)
        return command

    return decorate


def _option(each: Field[Any], kind: Any, title: str) -> Callable[[Any], Any]:
    known = described(each)
    settings: dict[str, Any] = {"help": known.help, "cls": GroupedOption, "group": title}
    if known.metavar:
        settings["metavar"] = known.metavar
    if known.default_text:
        settings["help"] += f"  [default: {known.default_text}]"
    elif each.default is not None and each.default is not False and each.default != ():
        settings["show_default"] = True
    kinds = {part for part in get_args(kind) if part is not type(None)} or {kind}
    if kind is bool:
        settings["is_flag"] = True
    elif known.choices:
        settings["type"] = click.Choice(known.choices)
    elif kind == tuple[int, ...]:
        settings["type"] = Numbers()
    elif Path in kinds:
        settings["type"] = click.Path(path_type=Path)
    elif float in kinds:
        open_end = known.above is not None
        low = known.above if open_end else known.least
        settings["type"] = FiniteRange(low, known.most, min_open=open_end)
    elif int in kinds:
        settings["type"] = click.IntRange(known.least, known.most)  # type: ignore[arg-type]
    if str(kind).startswith("tuple[str"):
        settings |= {"multiple": True, "type": click.Path(path_type=Path)}
    return click.option(flag_of(each.name, known), each.name, default=each.default, **settings)


def seed_option(purpose: str) -> Callable[[Any], Any]:
    """The option `--seed` of a verb: a whole number from 0 on, 0 by default.

    Args:
        purpose: what it seeds, for the help.
    """
    return click.option("--seed", type=in_range("seed"), default=0, show_default=True, help=purpose)
