"""Option types that several verbs share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import click
from click.core import ParameterSource


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


def given(context: click.Context, name: str) -> bool:
    """Whether an option stands on the command line, and is no default."""
    return context.get_parameter_source(name) is ParameterSource.COMMANDLINE


def seed_option(purpose: str) -> Callable[[Any], Any]:
    """The option `--seed` of a verb: a whole number from 0 on, 0 by default.

    Args:
        purpose: what it seeds, for the help.
    """
    kind = click.IntRange(min=0)
    return click.option("--seed", type=kind, default=0, show_default=True, help=purpose)
