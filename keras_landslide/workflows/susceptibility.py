"""`susceptibility`: models compared on held-out ground, and a region mapped."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_landslide.errors import SplitError, UnknownNameError
from keras_landslide.workflows.results import Result

if TYPE_CHECKING:
    from keras_landslide.susceptibility_study.settings import Held, StudySettings


@dataclass(frozen=True, eq=False)
class Study(Result):
    """A comparison of models, and the map.

    Attributes:
        text: scores and classes as tables.
    """

    text: str = ""


def susceptibility(
    source: str | Path,
    out: str | Path,
    *,
    root: str | Path | None = None,
    map_stack: str | Path | None = None,
    settings: StudySettings | None = None,
    **options: Any,
) -> Study:
    """Compare models on held-out parts of a region, then map all of it with the best.

    Args:
        source: mixed stack with a label, or the recipe (.toml) of one.
        out: folder for tables, figures, the model and the map; a stopped study goes on.
        root: folder that the recipe's paths count from.
        map_stack: map this stack instead of the one learnt from.
        settings: of the study; None takes the defaults.
        options: any parameter of `susceptibility_study.settings.StudySettings` by its name, such as
            `epochs=20`; `held` may be a text such as "rows:5,blocks:5".

    Returns:
        What `scores.json` holds, and the paths `probability`, `classes` and `scores`.

    Raises:
        UnknownNameError: there is no such option.
        LandslideError: the stack, the settings or the folder are at fault.
    """
    from keras_landslide.runtime.quiet import quiet_tensorflow

    with quiet_tensorflow():
        from keras_landslide.susceptibility_study.settings import StudySettings
        from keras_landslide.susceptibility_study.study import run_study, score_text
        from keras_landslide.susceptibility_study.tables import class_table
    # A new network per fold is traced anew each time; TensorFlow warns of that.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    for name in options:
        if name not in StudySettings.__dataclass_fields__:
            raise UnknownNameError.among("parameter", name, StudySettings.__dataclass_fields__)
    if isinstance(options.get("held"), str):
        options["held"] = _held(options["held"])
    settings = replace(settings or StudySettings(), **options)
    settings.check()
    stack, out = Path(source), Path(out)
    if stack.suffix == ".toml":
        from keras_landslide.stacking.build import ensure_stack

        stack = ensure_stack(stack, out / "stack.tif", root=root)
    found = run_study(stack, out, settings, map_stack=map_stack)
    made = found["map"]
    table = class_table(made["classes"])
    text = f"{score_text(found)}\nMap by {made['model']}, {made['method']}:\n\n{table}"
    paths = {
        "probability": out / "probability.tif",
        "classes": out / "classes.tif",
        "scores": out / "scores.md",
    }
    return Study(found, paths, text=text)


def study_settings(**options: Any) -> StudySettings:
    """Settings of a study from texts: names joined by commas, and `held` such as `rows:5`.

    Raises:
        SplitError: `held` is no such text.
    """
    from keras_landslide.susceptibility_study.settings import StudySettings

    lists: dict[str, Any] = {}
    for key in ("models", "bands", "align"):
        text = options.pop(key)
        lists[key] = text and tuple(part.strip() for part in text.split(",") if part.strip())
    held = _held(options.pop("held"))
    for key in ("members", "block_px"):
        options[key] = options[key] or 0
    return StudySettings(held=held, **lists, **options)


def _held(text: str) -> tuple[Held, ...]:
    """Ways of holding out from a text such as "rows:5,blocks:5"."""
    from keras_landslide.susceptibility_study.settings import Held

    held = []
    for part in filter(None, text.split(",")):
        kind, _, folds = part.strip().partition(":")
        if not folds.isdigit():
            raise SplitError(f"`held` '{part}' should be a kind and a number, such as rows:5")
        held.append(Held(kind, int(folds)))
    return tuple(held)
