"""Option types that several verbs share."""

from __future__ import annotations

import math
from typing import Any

import click


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
