"""Reading a search space (TOML): every entry checked before the first trial."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from keras_landslide.config import MONITORS, run_config
from keras_landslide.errors import RecipeError
from keras_landslide.options import MOST_SEED
from keras_landslide.toml_files import check_keys, read_toml
from keras_landslide.tuning.space import KINDS, SearchSettings, SearchSpace

SHORT_NAMES: dict[str, str] = {
    "filters": "model.options.filters",
    "levels": "model.options.levels",
    "dropout": "model.options.dropout",
    "model": "model.name",
    "loss": "training.loss",
    "learning_rate": "training.learning_rate",
    "batch_size": "training.batch_size",
    "precision": "training.precision",
    "jit_compile": "training.jit_compile",
    "image_model": "data.image_model",
    "oversample": "data.oversample",
    "augment": "data.augment",
    "heavy": "data.heavy",
}
"""What may vary in a search, and where it goes in the run config."""

OBJECTIVES = ("val_best_f1", *MONITORS)
"""What the training of a trial measures; `val_best_f1` is the F1 at the best threshold."""


def load_space(path: str | Path, overrides: Mapping[str, Any] | None = None) -> SearchSpace:
    """Read a space (TOML); relative paths in it count from the file's folder.

    Args:
        path: file with the tables `[search]`, `[base.data]`, `[base.model]`, `[base.training]`
            (as in a run config) and `[grid]` (a list of values per parameter).
        overrides: dotted entries that replace the file's, such as `search.epochs` or
            `base.data.stack`; entries that are None are left out.

    Raises:
        InputFileError: the file cannot be read.
        RecipeError: an entry is missing, unknown, of the wrong type or out of range.
        UnknownNameError: the image model is unknown.
    """
    raw = read_toml(path)
    for key, value in (overrides or {}).items():
        if value is not None:
            _set(raw, key, value)
    check_keys(raw, ("search", "base", "grid"), f"{path}")
    search = dict(raw.get("search", {}))
    search.setdefault("name", Path(path).stem)
    settings = _settings(search, path)
    base = dict(raw.get("base", {}))
    data = base["data"] = _chips_named(base.get("data", {}), path)
    for entry in ("stack", "patches"):
        if entry not in data and not data.get("source"):
            raise RecipeError(
                f"{path}: no {entry} to search on; name it with `{entry}`, or a folder of chips "
                "with `chips`"
            )
    # Unless the template says otherwise, the best values are trained as long as they were tried.
    base["training"] = {
        "epochs": settings.epochs,
        "patience": settings.patience,
        **({"monitor": settings.objective} if settings.objective in MONITORS else {}),
        **base.get("training", {}),
    }
    folder = Path(path).resolve().parent
    template = run_config(base, path, folder)
    if settings.objective in MONITORS and template.training.monitor != settings.objective:
        raise RecipeError(
            f"{path}: [base.training] monitor = '{template.training.monitor}' would keep other "
            f"weights than those that the objective {settings.objective} ranks; leave it out"
        )
    if settings.kind in ("halving", "hyperband") and template.training.cosine:
        raise RecipeError(
            f"{path}: [base.training] cosine follows the number of epochs, which grows from round "
            f"to round of {settings.kind}; leave it out, or search by another kind"
        )
    grid = _flatten(raw.get("grid", {}))
    if not grid:
        raise RecipeError(f"{path}: [grid] is empty; give at least one parameter with its values")
    keys = {name: _key(name, path) for name in grid}
    if len(set(keys.values())) < len(keys):
        raise RecipeError(f"{path}: [grid] names one parameter twice: {', '.join(grid)}")
    values = {name: _values(name, keys[name], grid[name], base, path, folder) for name in grid}
    return SearchSpace(settings, template, values, keys)


def _chips_named(data: Any, path: str | Path) -> dict[str, Any]:
    """The data table with the folder of `base.data.chips` put into its one source of chips."""
    data = dict(data) if isinstance(data, dict) else data
    if not isinstance(data, dict) or "chips" not in data:
        return data
    chips, sources = data.pop("chips"), data.get("source", [{}])
    if not isinstance(sources, list) or len(sources) != 1 or "stack" in sources[0]:
        raise RecipeError(
            f"{path}: `chips` names the folder of one source of chips; this space lists "
            f"{len(sources)} sources, so write the folders there"
        )
    return {**data, "source": [{**sources[0], "chips": chips}]}


LIMITS = {
    "epochs": (1, 1_000_000),
    "patience": (1, 1_000_000),
    "executions_per_trial": (1, 100),
    "seed": (0, MOST_SEED),
    "max_patches": (0, 1_000_000_000),
    "max_trials": (0, 1_000_000),
    "finalists": (0, 1000),
    "repeats": (0, 100),
    "factor": (2, 100),
}
"""What the numbers of `[search]` may be."""


def _settings(values: dict[str, Any], path: str | Path) -> SearchSettings:
    known = asdict(SearchSettings())
    check_keys(values, known, f"{path}: [search]")
    for key, value in values.items():
        if type(value) is not type(known[key]):
            wanted = type(known[key]).__name__
            raise RecipeError(f"{path}: [search] {key} = {value!r} should be of type {wanted}")
    settings = SearchSettings(**values)
    if settings.kind not in KINDS:
        raise RecipeError(
            f"{path}: [search] kind = '{settings.kind}' is unknown; choose from: {', '.join(KINDS)}"
        )
    if settings.objective not in OBJECTIVES:
        raise RecipeError(
            f"{path}: [search] objective = '{settings.objective}' is not measured; choose from: "
            + ", ".join(OBJECTIVES)
        )
    for key, (least, most) in LIMITS.items():
        if not least <= getattr(settings, key) <= most:
            raise RecipeError(f"{path}: [search] {key} should be from {least} to {most:,}")
    if bool(settings.finalists) != bool(settings.repeats):
        raise RecipeError(f"{path}: [search] finalists and repeats go together; give both")
    return settings


def _key(name: str, path: str | Path) -> str:
    key = SHORT_NAMES.get(name, name)
    option = key.startswith("model.options.") and key.count(".") == 2
    if key not in SHORT_NAMES.values() and not option:
        raise RecipeError(
            f"{path}: [grid] unknown parameter '{name}'; choose from: {', '.join(SHORT_NAMES)}, "
            "their run config entries such as training.batch_size, or model.options.NAME"
        )
    return key


def _values(
    name: str, key: str, values: Any, base: dict[str, Any], path: str | Path, folder: Path
) -> tuple[Any, ...]:
    """The values of a parameter, each checked where it will go in the run config."""
    where = f"{path}: [grid] {name}"
    if not isinstance(values, list) or not values:
        raise RecipeError(f"{where} = {values!r} should be a list with at least one value")
    for value in values:
        if not isinstance(value, bool | int | float | str) or value != value:
            raise RecipeError(f"{where}: {value!r} should be a number, a text or true/false")
        changed: dict[str, Any] = {}
        _set(changed, key, value)
        tables = {section: {**base.get(section, {}), **new} for section, new in changed.items()}
        run_config({**base, **tables}, where, folder)
    kinds = {type(value) for value in values}
    if kinds == {int, float} or key == "training.learning_rate":
        values, kinds = [float(value) for value in values], {float}
    if len(kinds) > 1:
        raise RecipeError(f"{where} mixes types; all values should be of one type")
    if len(set(values)) < len(values):
        raise RecipeError(f"{where} has a value twice; give each value once")
    if any(isinstance(value, float) and not math.isfinite(value) for value in values):
        raise RecipeError(f"{where} has an infinite value; give finite numbers")
    return tuple(values)


def _flatten(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """TOML reads the bare key `training.batch_size` as nested tables: back to dotted names."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        nested = isinstance(value, dict)
        flat |= _flatten(value, f"{prefix}{key}.") if nested else {f"{prefix}{key}": value}
    return flat


def _set(table: dict[str, Any], key: str, value: Any) -> None:
    *parents, last = key.split(".")
    for parent in parents:
        table = table.setdefault(parent, {})
    table[last] = value
