"""From rasters of a known basin to a georeferenced landslide inventory of a new one.

    import keras_landslide as kl

    kl.stack("recipe.toml", "stack.tif")
    kl.predict("bundle", "stack.tif", "map", minimum_area_m2=1000)

A function per verb of the command line, imported when it is first asked for. `kl.models` holds the
networks, `kl.models.build(...)` makes one.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from keras_landslide.runtime.keras_objects import register_with_keras
from keras_landslide.version import __version__

if TYPE_CHECKING:
    from keras_landslide import models
    from keras_landslide.workflows.adapt import adapt
    from keras_landslide.workflows.audit import audit
    from keras_landslide.workflows.calibrate import calibrate
    from keras_landslide.workflows.check import check
    from keras_landslide.workflows.evaluate import evaluate
    from keras_landslide.workflows.export import export
    from keras_landslide.workflows.fill import fill
    from keras_landslide.workflows.patches import make_patches
    from keras_landslide.workflows.predict import predict
    from keras_landslide.workflows.reproduce import reproduce
    from keras_landslide.workflows.settings import (
        Answering,
        Blocks,
        Drawing,
        Fitting,
        Judging,
        Polygons,
        Remedies,
        Resources,
        Scored,
        Truth,
    )
    from keras_landslide.workflows.simulate import simulate
    from keras_landslide.workflows.stack import stack
    from keras_landslide.workflows.susceptibility import susceptibility
    from keras_landslide.workflows.train import train
    from keras_landslide.workflows.tune import tune

__all__ = [
    "Answering",
    "Blocks",
    "Drawing",
    "Fitting",
    "Judging",
    "Polygons",
    "Remedies",
    "Resources",
    "Scored",
    "Truth",
    "__version__",
    "adapt",
    "audit",
    "calibrate",
    "check",
    "evaluate",
    "export",
    "fill",
    "make_patches",
    "models",
    "predict",
    "reproduce",
    "simulate",
    "stack",
    "susceptibility",
    "train",
    "tune",
]

_ELSEWHERE = {"make_patches": "patches"} | dict.fromkeys(
    (name for name in __all__ if name[0].isupper()), "settings"
)
"""Names whose file in `workflows` has another name."""

register_with_keras()


def __getattr__(name: str) -> Any:
    """Import what is asked for (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "models":
        return import_module(f"{__name__}.models")
    file = _ELSEWHERE.get(name, name)
    value = getattr(import_module(f"{__name__}.workflows.{file}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """What there is to ask for, imported or not."""
    return sorted({*globals(), *__all__})
