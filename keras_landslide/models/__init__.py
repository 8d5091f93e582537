"""Image segmentation networks: raw bands in, landslide probability out; one shelf, `MODELS`.

Keras is imported with the shelf, when somebody asks for it: the catalogue and the recorded facts
do without.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras_landslide.models.registry import MODELS, build, get

__all__ = ["MODELS", "build", "get"]


def __getattr__(name: str) -> Any:
    """What the registry holds, imported when it is first asked for."""
    if name not in (*__all__, "registry"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    registry = import_module(f"{__name__}.registry")
    return registry if name == "registry" else getattr(registry, name)
