"""Data that a finished network is asked about: a stack and patches, or the sources of a config."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from keras_landslide.config import RunConfig, load_run_config
from keras_landslide.errors import BundleError, OptionError
from keras_landslide.sources import Source

if TYPE_CHECKING:
    from keras_landslide.bundle.read import Bundle
    from keras_landslide.samples.opened import OpenedSource


def new_place_sources(
    config: RunConfig,
    stack: str | Path | None,
    patches: str | Path | None,
    data: str | Path | None,
) -> RunConfig:
    """A run's config with the sources of other data.

    Args:
        config: of the run, or any with the bands of the network.
        stack: a stack.
        patches: its patch table.
        data: instead of the two, a run config (TOML) that lists sources.

    Raises:
        OptionError: neither or both are given.
        LandslideError: `data` cannot be read.
    """
    if (data is None) == (stack is None) or (stack is None) != (patches is None):
        raise OptionError("give `stack` with `patches`, or `data`")
    if data is not None:
        listed = load_run_config(data).data
        return config.with_values(data={"source": listed.sources, "cache": listed.cache})
    source = Source(
        stack=str(Path(str(stack)).resolve()), patches=str(Path(str(patches)).resolve())
    )
    return config.with_values(data={"source": (source,), "cache": ""})


def check_sources(bundle: Bundle, sources: Sequence[OpenedSource]) -> None:
    """Refuse sources that break the contract of a bundle.

    Raises:
        BundleError: a band is missing or has another unit, or the pixels are of another size.
    """
    from keras_landslide.bundle.read import check_stack
    from keras_landslide.datasets.store import ChipCache

    for source in sources:
        if source.stack is not None:
            check_stack(bundle, source.stack)
        elif isinstance(source.cache, ChipCache):
            have = [(band.name, band.unit) for band in source.cache.bands]
            want = [(band.name, band.unit) for band in bundle.bands]
            if have != want:
                raise BundleError(
                    f"{source.source.place}: has the bands {_named(have)}, the bundle takes "
                    f"{_named(want)}; choose other options of the layout or another bundle"
                )


def _named(bands: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{name} ({unit})" for name, unit in bands)
