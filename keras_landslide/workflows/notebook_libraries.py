"""Libraries of the extra `notebook`, imported when a result is asked for as their object."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from keras_landslide.errors import OptionError


def library(name: str) -> Any:
    """Import a library of the extra `notebook`.

    Raises:
        OptionError: it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise OptionError(
            f"{name} is not installed; install it with `pip install 'keras-landslide[notebook]'`"
        ) from error
