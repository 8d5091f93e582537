"""Every error a user can meet: one base, one-line children.

Each child also inherits the built-in that fits, so `except ValueError` keeps working. A message is
one line that says what was wrong, in which file or band, and what to do. It names a parameter in
backticks, as in "choose a smaller `size`"; the command line puts the flag there.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class LandslideError(Exception):
    """Base of all errors that this package raises on purpose."""


class LandslideWarning(UserWarning):
    """Something that the user should know before trusting a result."""


class InputFileError(LandslideError, OSError):
    """A file is missing, truncated or not what its name promises."""


class OutputError(LandslideError, OSError):
    """A result cannot be written: no permission, no folder, or a full disk."""


class CrsError(LandslideError, ValueError):
    """A raster or vector has no coordinate reference system, or one that cannot be used."""


class GridMismatchError(LandslideError, ValueError):
    """Two rasters that have to share a grid do not, or do not overlap."""


class BandError(LandslideError, ValueError):
    """A band is missing, in another unit, or out of order."""


class NodataError(LandslideError, ValueError):
    """There is no valid pixel to work with."""


class TerrainError(LandslideError, ValueError):
    """A terrain measure cannot be computed with these settings on this grid."""


class RecipeError(LandslideError, ValueError):
    """A scene recipe, run config or search space (TOML) has a wrong or missing entry."""


class SplitError(LandslideError, ValueError):
    """A split cannot be made, or has no landslide pixel to learn from."""


class BundleError(LandslideError, ValueError):
    """A model bundle is incomplete, or a stack breaks its contract."""


class EngineError(LandslideError, RuntimeError):
    """An inference engine is not installed, or cannot do what is asked of it."""


class UnknownNameError(LandslideError, ValueError):
    """A name is not on its shelf; the message lists the choices."""

    @classmethod
    def among(cls, kind: str, name: object, choices: Iterable[object]) -> UnknownNameError:
        """Build the error for `name` that is not one of `choices`."""
        known = [str(choice) for choice in choices]
        return cls(
            f"unknown {kind} '{name}'; choose one of: {', '.join(known)}{did_you_mean(name, known)}"
        )


class ModelError(LandslideError, ValueError):
    """A model cannot be built with these options, or does not take this input."""


class ImageSizeError(ModelError):
    """A model does not take images of this size."""


class LockedError(LandslideError, RuntimeError):
    """Another process is working in the same folder."""


class TrainingError(LandslideError, ArithmeticError):
    """Training cannot go on: the loss is no number, or a checkpoint is damaged."""


class TrialError(LandslideError, RuntimeError):
    """No trial of a search gave a score."""


class ClusterError(LandslideError, ConnectionError):
    """A cluster does not answer, has no worker, or lost too many of them."""


class FetchError(LandslideError, ConnectionError):
    """A download did not come through, or what came is not what was promised."""


class OptionError(LandslideError, ValueError):
    """An option is out of range, or does not go with another."""


class BudgetError(LandslideError, MemoryError):
    """A memory budget cannot be understood, or is too small for the least that work needs."""


def did_you_mean(name: object, choices: Iterable[str]) -> str:
    """` (did you mean 'dice'?)` for a name that is nearly one of the choices, else nothing."""
    near = difflib.get_close_matches(str(name), list(choices), n=1)
    return f" (did you mean '{near[0]}'?)" if near else ""
