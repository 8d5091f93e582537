"""The run folder: whose it is, and whether its run has finished. Imports nothing heavy."""

from __future__ import annotations

from pathlib import Path

from keras_landslide.config import RunConfig
from keras_landslide.errors import RecipeError
from keras_landslide.files import output_errors
from keras_landslide.toml_files import read_toml

_DEFAULTS = RunConfig().to_dict()


def claim(run_folder: str | Path, config: RunConfig) -> None:
    """Make the folder and keep the config in it, or check that it is the one kept there.

    Raises:
        RecipeError: the folder holds a run of another config.
        OutputError: the folder cannot be written.
    """
    folder = Path(run_folder)
    check_same(folder, config)
    with output_errors(folder):
        (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    if not (folder / "config.toml").exists():
        config.save(folder / "config.toml")


def is_finished(run_folder: str | Path, config: RunConfig) -> bool:
    """Whether the folder holds the finished run of this config.

    Raises:
        RecipeError: the folder holds a run of another config.
    """
    check_same(run_folder, config)
    return (Path(run_folder) / "metrics.json").exists()


def check_same(run_folder: str | Path, config: RunConfig) -> None:
    """Refuse a folder that holds a run of another config.

    Raises:
        RecipeError: naming the first setting that differs.
    """
    path = Path(run_folder) / "config.toml"
    if not path.exists():
        return
    kept = read_toml(path, tables=config.to_dict())
    for section, values in config.to_dict().items():
        for key, value in values.items():
            # A run of an older version lacks keys that came later, and ran with their defaults.
            old = kept.get(section, {}).get(key, _DEFAULTS[section].get(key))
            if old != value:
                raise RecipeError(
                    f"{run_folder} holds a run with [{section}] {key} = {old!r}, not {value!r}; "
                    "choose another output folder, or remove this one"
                )
