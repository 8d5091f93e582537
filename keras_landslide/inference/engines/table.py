"""The engines by name: what each can do, and the file that holds it.

An engine is a row here and a file beside: a child of `base.LoadedBundle`, imported when it is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from keras_landslide.errors import UnknownNameError

if TYPE_CHECKING:  # the command line reads this table, and loads nothing heavy for it
    from keras_landslide.bundle.read import Bundle
    from keras_landslide.inference.engines.base import LoadedBundle

SAVED_MODEL, KERAS_MODEL = "saved_model", "model.keras"


@dataclass(frozen=True)
class Engine:
    """What an engine can do.

    Attributes:
        made_by: its module beside this one, and the class in it.
        reads: what of the bundle, `SAVED_MODEL` or `KERAS_MODEL`.
        devices: what it computes on.
        precision: of its numbers between the normalisation and the head.
        draws: whether it can leave dropout on.
        extra: of this package, that installs it; None where nothing more is needed.
        use: when one would choose it.
    """

    made_by: tuple[str, str]
    reads: str
    devices: str
    precision: str
    draws: bool
    extra: str | None
    use: str

    def files(self, bundle: Bundle) -> list[Path]:
        """The files of a bundle that it reads."""
        if self.reads == KERAS_MODEL:
            return [bundle.keras_model] if bundle.keras_model.is_file() else []
        return [path for path in sorted(bundle.saved_model.rglob("*")) if path.is_file()]


ENGINES = {
    "tensorflow": Engine(
        ("tensorflow", "TensorFlowBundle"), SAVED_MODEL, "CPU, GPU", "float32", True, None,
        "nothing to install, and the only one that draws from dropout",
    ),
    "xla": Engine(
        ("tensorflow", "XlaBundle"), SAVED_MODEL, "CPU, GPU", "float32", False, None,
        "a graph compiled for the windows' shape, where that pays",
    ),
    "openvino": Engine(
        ("openvino", "OpenVinoBundle"), SAVED_MODEL, "CPU", "float32", False, "openvino",
        "less time and half the memory on CPUs",
    ),
    "jax": Engine(
        ("jax", "JaxBundle"), KERAS_MODEL, "CPU, GPU", "float32", False, "jax",
        "on GPUs, with windows within their memory",
    ),
    "jax_float16": Engine(
        ("jax", "JaxFloat16Bundle"), KERAS_MODEL, "GPU", "float16", False, "jax",
        "half the memory on GPUs, and less time for a wide network",
    ),
}  # fmt: skip
"""Name to engine; the first is the default."""
DEFAULT = next(iter(ENGINES))


def get(name: str) -> Engine:
    """The engine of that name.

    Raises:
        UnknownNameError: listing the choices.
    """
    if name not in ENGINES:
        raise UnknownNameError.among("engine", name, ENGINES)
    return ENGINES[name]


def engine_class(name: str) -> type[LoadedBundle]:
    """The class behind an engine; its module is imported now.

    Raises:
        UnknownNameError: listing the choices.
    """
    module, made_by = get(name).made_by
    return getattr(import_module(f"{__package__}.{module}"), made_by)


def load(bundle: Bundle | str | Path, engine: str = DEFAULT) -> LoadedBundle:
    """Load the network of a bundle.

    Args:
        bundle: the bundle, or its folder.
        engine: one of `ENGINES`; their answers differ by rounding (on CPUs by less than 1e-5; GPUs
            round more).

    Returns:
        A function of images float32 (B, h, w, C), raw units with NaN for missing, that returns
        probabilities float32 (B, h, w), calibrated if the bundle holds a calibration.

    Raises:
        BundleError: the bundle is incomplete, or its graph cannot be loaded or takes other bands.
        EngineError: the engine is not installed, or cannot run the network here.
        UnknownNameError: there is no such engine.
    """
    from keras_landslide.bundle.read import Bundle, read_bundle

    get(engine)
    known = bundle if isinstance(bundle, Bundle) else read_bundle(bundle)
    return engine_class(engine).of(known)
