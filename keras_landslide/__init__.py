"""From rasters of a known basin to a georeferenced landslide inventory of a new one.

    import keras_landslide as kl

    kl.stack("recipe.toml", "stack.tif")
    kl.predict("bundle", "stack.tif", "map", minimum_area_m2=1000)

A function per verb of the command line, imported when it is first asked for. `kl.load` gives a
bundle as a function of arrays, `kl.open_stack` a raster as an xarray array, `kl.dataset` a run's
patches for a `fit` of one's own. `kl.models` holds the networks, `kl.models.build(...)` makes one;
`kl.figures` draws stacks, runs and maps.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from keras_landslide.runtime.keras_objects import register_with_keras
from keras_landslide.version import __version__

if TYPE_CHECKING:
    from keras_landslide import models
    from keras_landslide.config import RunConfig, load_run_config
    from keras_landslide.errors import LandslideError
    from keras_landslide.protocols.printed import inconsistencies
    from keras_landslide.protocols.protocol import load_protocol
    from keras_landslide.report import figures
    from keras_landslide.report.tables import reported_rows
    from keras_landslide.simulation.mixed_region import simulate_region
    from keras_landslide.susceptibility_study.folds import make_folds
    from keras_landslide.terrain.curvature import curvature
    from keras_landslide.terrain.slope import slope_deg
    from keras_landslide.workflows.adapt import adapt
    from keras_landslide.workflows.audit import audit
    from keras_landslide.workflows.calibrate import calibrate
    from keras_landslide.workflows.check import check
    from keras_landslide.workflows.data import check_data, score_chips
    from keras_landslide.workflows.dataset import dataset
    from keras_landslide.workflows.evaluate import evaluate
    from keras_landslide.workflows.export import export
    from keras_landslide.workflows.fill import fill
    from keras_landslide.workflows.load import load
    from keras_landslide.workflows.open_stack import open_stack
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
    "LandslideError",
    "Polygons",
    "Remedies",
    "Resources",
    "RunConfig",
    "Scored",
    "Truth",
    "__version__",
    "adapt",
    "audit",
    "calibrate",
    "check",
    "check_data",
    "curvature",
    "dataset",
    "evaluate",
    "export",
    "figures",
    "fill",
    "inconsistencies",
    "load",
    "load_protocol",
    "load_run_config",
    "make_folds",
    "make_patches",
    "models",
    "open_stack",
    "predict",
    "reported_rows",
    "reproduce",
    "score_chips",
    "simulate",
    "simulate_region",
    "slope_deg",
    "stack",
    "susceptibility",
    "train",
    "tune",
]

VERBS: dict[str, str] = {
    "simulate": "make a pair of simulated basins to try everything on",
    "stack": "rasters of a scene, by a recipe, onto one grid",
    "patches": "cut a stack into patches with a spatial split",
    "train": "train a network on patches",
    "tune": "grid search over a space of run configs",
    "export": "a trained run as a model bundle (SavedModel, Keras model, contract)",
    "fill": "a stack with missing sensors, for a network that can do without",
    "predict": "a bundle over a stack: probability map and inventory",
    "check": "may this bundle be used on this stack?",
    "calibrate": "make a bundle's probabilities mean what they say",
    "evaluate": "score predictions against labels",
    "adapt": "adapt a network to a new place: remedies, before and after",
    "susceptibility": "models compared on held-out ground, and the susceptibility map",
    "audit": "how much a random split flatters a model",
    "models": "list the networks",
    "data": "data sets of chips: check, fetch, score",
    "reproduce": "run a paper's protocol and put its table beside ours",
    "demo": "the main job on the simulated basins: from simulate to evaluate",
}
"""Verbs of the command line in the order of the work, and what they are for."""

_OPTIONS = (
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
)
_ELSEWHERE = {
    **dict.fromkeys(_OPTIONS, "workflows.settings"),
    **dict.fromkeys(("check_data", "score_chips"), "workflows.data"),
    **dict.fromkeys(("RunConfig", "load_run_config"), "config"),
    "LandslideError": "errors",
    "curvature": "terrain.curvature",
    "inconsistencies": "protocols.printed",
    "load_protocol": "protocols.protocol",
    "make_folds": "susceptibility_study.folds",
    "make_patches": "workflows.patches",
    "reported_rows": "report.tables",
    "simulate_region": "simulation.mixed_region",
    "slope_deg": "terrain.slope",
}
"""Names that are in another file than that of their name in `workflows`."""
_MODULES = {"figures": "report.figures", "models": "models"}
"""Names that are modules."""

register_with_keras()


def __getattr__(name: str) -> Any:
    """Import what is asked for (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _MODULES:
        return import_module(f"{__name__}.{_MODULES[name]}")
    file = _ELSEWHERE.get(name, f"workflows.{name}")
    value = getattr(import_module(f"{__name__}.{file}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """What there is to ask for, imported or not."""
    return sorted({*globals(), *__all__})
