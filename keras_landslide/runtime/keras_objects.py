"""Our layers, losses and metrics are known to Keras as soon as both packages are imported.

Keras finds what a `model.keras` is made of in a register that classes enter when their module is
imported, and imports no module for it. `import keras_landslide` stays light, so the modules are
imported when Keras is: now if it is there already, else right after it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

ROOMS = ("layers", "losses", "metrics")


def register_with_keras() -> None:
    """Register now if Keras is imported, else once it will be."""
    if "keras" in sys.modules:
        register()
    else:
        sys.meta_path.insert(0, _AfterKeras())


def register() -> None:
    """Import every module of `ROOMS`; whatever is registered there is known to Keras then."""
    import pkgutil

    for room in ROOMS:
        package = import_module(f"keras_landslide.{room}")
        for module in pkgutil.iter_modules(package.__path__):
            import_module(f"keras_landslide.{room}.{module.name}")


class _AfterKeras:
    """A finder of modules that has `register` run after the first import of `keras`."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "keras":
            return None
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        from importlib.util import find_spec

        spec = find_spec(name)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def execute_and_register(module: ModuleType) -> None:
            execute(module)
            register()

        spec.loader.exec_module = execute_and_register  # type: ignore[method-assign]
        return spec
