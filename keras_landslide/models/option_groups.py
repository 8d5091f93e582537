"""Options that several networks share, as a dataclass; each network still takes them one by one."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import keras


def takes(group: type) -> Callable[[Callable[..., keras.Model]], Callable[..., keras.Model]]:
    """Let callers of a builder give the fields of `group` as keyword options.

    The builder has a keyword parameter `options` of that class; its signature, which the shelf of
    networks reads, has the fields in that place.
    """

    def decorate(build: Callable[..., keras.Model]) -> Callable[..., keras.Model]:
        names = [each.name for each in fields(group)]

        @functools.wraps(build)
        def builder(*arguments: Any, **chosen: Any) -> keras.Model:
            given = {name: chosen.pop(name) for name in names if name in chosen}
            return build(*arguments, options=group(**given), **chosen)

        builder.__signature__ = _signature(build, group)  # type: ignore[attr-defined]
        return builder

    return decorate


def _signature(build: Callable[..., keras.Model], group: type) -> inspect.Signature:
    own = inspect.signature(build)
    parameters: list[inspect.Parameter] = []
    for parameter in own.parameters.values():
        if parameter.name == "options":
            parameters += [
                inspect.Parameter(
                    each.name, parameter.KEYWORD_ONLY, default=each.default, annotation=each.type
                )
                for each in fields(group)
            ]
        else:
            parameters.append(parameter)
    return own.replace(parameters=parameters)
