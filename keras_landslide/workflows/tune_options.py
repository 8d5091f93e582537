"""What the options of `keras-landslide tune` mean: space, data, backend, threads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_landslide.runtime.environment import check_backend

if TYPE_CHECKING:
    from keras_landslide.tuning.space import SearchSpace
    from keras_landslide.workflows.patch_trainer import PatchTrainer


def load(space: Path, overrides: dict[str, Any]) -> SearchSpace:
    """The space of a file with what the options put in the place of its entries.

    Raises:
        RecipeError, InputFileError, UnknownNameError: from `tuning.space_file.load_space`.
    """
    from keras_landslide.tuning.space_file import load_space

    for key in ("stack", "patches", "chips"):
        if overrides.get(key):
            overrides[key] = str(Path(overrides[key]).resolve())
    entries = dict(map(_entry, overrides.pop("entries", ())))
    tables = dict.fromkeys(("stack", "patches", "chips", "image_model"), "base.data")
    tables |= dict.fromkeys(("precision", "jit_compile"), "base.training")
    named = {f"{tables.get(key, 'search')}.{key}": value for key, value in overrides.items()}
    return load_space(space, {**entries, **named})


def _entry(text: str) -> tuple[str, Any]:
    """`search.repeats=0` as its key and its value, which is written as in TOML."""
    from keras_landslide.errors import RecipeError
    from keras_landslide.toml_files import parse_toml

    key, _, value = text.partition("=")
    try:
        return key.strip(), parse_toml(f"value = {value}", key)["value"]
    except RecipeError as error:
        raise RecipeError(
            f"`entries` {text}: expected an entry such as search.repeats=0 or "
            f"base.training.loss='dice', written as in TOML ({error})"
        ) from error


def check_address(address: str) -> None:
    """Refuse an address to listen at that is no host and port; empty is none.

    Raises:
        OptionError: it has no host, or no port from 0 to 65535.
    """
    from keras_landslide.errors import OptionError

    host, _, port = address.rpartition(":")
    if address and not (host and port.isdecimal() and int(port[:6]) <= 65_535):
        raise OptionError(f"`listen` = {address:.60} should be host:port, such as 0.0.0.0:8787")


def about_data(space: SearchSpace, backend: str) -> dict[str, Any]:
    """What a search keeps about its data beside the space; it goes on only with the same.

    Raises:
        LandslideError: what is learnt from cannot be read.
    """
    from keras_landslide.samples.opened import source_states

    digest, simulated = source_states(space.base)
    return {"fingerprint": digest, "simulated": simulated, "backend": backend}


def check_choices(space: SearchSpace) -> None:
    """Refuse a network, an option of one or a loss that there is not. Imports Keras.

    Raises:
        UnknownNameError: a network or a loss is unknown.
        ModelError: an option that its network does not have.
    """
    from keras_landslide import losses
    from keras_landslide.models.registry import check_options

    for values in space.combinations:
        config = space.trial_config(values, seed=0)
        check_options(config.model.name, config.model.options)
        losses.get(config.training.loss)


def prepare(space: SearchSpace) -> None:
    """Check stack and patches, and cut the patches, once for all processes."""
    from keras_landslide.workflows.train import load_data

    seen = set()
    for values in space.combinations:
        config = space.trial_config(values, seed=0)
        if config.band_names not in seen:
            seen.add(config.band_names)
            load_data(config)


def make_trainer(space: SearchSpace) -> PatchTrainer:
    """What trains the trials of `space`; `partial(make_trainer, space)` can be pickled."""
    from keras_landslide.workflows.patch_trainer import PatchTrainer

    return PatchTrainer(space)


def backend_name(name: str | None) -> str:
    """The backend's name, which has to be installed: asked for, or as Keras would choose it."""
    chosen = name or os.environ.get("KERAS_BACKEND")
    if chosen is None:
        from keras_landslide.runtime.quiet import quiet_tensorflow

        with quiet_tensorflow():
            import keras
        return keras.backend.backend()
    check_backend(chosen)
    return chosen


def threads_each(workers: int) -> int:
    """Threads per trial when several share the cores; 0 for a single one, which has them all."""
    return max(len(os.sched_getaffinity(0)) // workers, 1) if workers > 1 else 0
