"""A stack without radar, or under cloud, made fit for a network that learnt to do without.

Where a sensor has no data its bands get the training mean, which the network's normalisation turns
into the very 0 that it turns a missing value into. Other pixels stay as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from keras_landslide.bands import CLOUD, SHADOW
from keras_landslide.bundle.read import Bundle, check_stack
from keras_landslide.errors import BandError, BundleError, UnknownNameError
from keras_landslide.files import keep_inputs
from keras_landslide.rasters.read import BandReader, StackInfo, stack_info
from keras_landslide.rasters.write import BLOCK_PX, RasterWriter

STRIP_ROWS = 2 * BLOCK_PX
OPTICAL = "optical"


def fill_stack(
    bundle: Bundle,
    stack: str | Path,
    out: str | Path,
    *,
    without: Collection[str] = (),
    clouds: bool = False,
) -> dict[str, float]:
    """Write a stack in which missing sensors hold the training means of a bundle.

    A pixel where every sensor is missing stays missing: the network never learnt from terrain
    alone. Bands that no sensor group holds are never filled.

    Args:
        bundle: one trained with band dropout.
        stack: the stack; a sensor's bands may all be absent from it.
        out: the filled stack, with the bundle's bands and, where there are, `cloud` and `label`.
        without: sensors to take as missing everywhere.
        clouds: take the optical bands as missing under cloud and shadow (band `cloud`).

    Returns:
        Share of the filled pixels per sensor.

    Raises:
        BundleError: the network was not trained with band dropout, or what is read of the stack
            breaks its contract (a band it lacks, a unit, the pixel size).
        UnknownNameError: `without` names no sensor of the network.
        BandError: the stack has some but not all bands of a sensor, or no `cloud` to fill under;
            no pixel would be left with a value of any sensor.
        InputFileError: the stack cannot be read.
        OutputError: `out` cannot be written, or is the stack itself.
    """
    groups, means = _groups(bundle), _means(bundle)
    for name in without:
        if name not in groups:
            raise UnknownNameError.among("sensor", name, groups)
    info = stack_info(stack)
    keep_inputs(out, [stack])
    absent = set(without)
    absent |= {name for name in set(groups) - absent if _absent(info, name, groups[name])}
    if len(groups) > 1 and absent == set(groups):
        raise BandError(
            f"{stack}: has nothing to answer from without {' and '.join(sorted(absent))}, and no "
            "network learns from terrain alone; leave one of them"
        )
    hidden = {band for name in absent for band in groups[name]}
    check_stack(bundle, info, unread=hidden)
    extra = [name for name in ("cloud", "label") if name in info.band_names]
    if clouds and "cloud" not in extra:
        raise BandError(f"{stack}: has no band cloud to fill under; leave `clouds` out")
    names = [*bundle.band_names, *extra]
    read = [name for name in names if name not in hidden]
    units = [*(band.unit for band in bundle.bands), *("class" for _ in extra)]
    filled = dict.fromkeys(groups, 0)
    with (
        BandReader(stack) as reader,
        RasterWriter(
            out, info.grid, len(names), names=names, units=units, tags=_tags(info, bundle),
            band_tags=_band_tags(bundle, info, names),
        ) as writer,
    ):  # fmt: skip
        for strip in info.grid.strips(STRIP_ROWS):
            values = np.full((strip.height, strip.width, len(names)), np.nan, np.float32)
            values[..., [names.index(name) for name in read]] = reader.read(read, strip)
            under = values[..., names.index("cloud")] if clouds else None
            for name, count in _fill(values, names, groups, means, under).items():
                filled[name] += count
            writer.write(values, strip)
    return {name: count / (info.grid.height * info.grid.width) for name, count in filled.items()}


def _fill(
    values: np.ndarray,
    names: Sequence[str],
    groups: Mapping[str, Sequence[str]],
    means: Mapping[str, float],
    cloud: np.ndarray | None,
) -> dict[str, int]:
    """Fill an array in place; how many pixels of each sensor were."""
    missing = {}
    for group, bands in groups.items():
        channels = [names.index(band) for band in bands]
        missing[group] = np.isnan(values[..., channels]).any(axis=-1)
        if cloud is not None and group == OPTICAL:
            missing[group] |= (cloud == CLOUD) | (cloud == SHADOW)
    nothing = np.logical_and.reduce(list(missing.values())) & (len(groups) > 1)
    for group, bands in groups.items():
        for band in bands:
            channel = values[..., names.index(band)]
            channel[missing[group]] = np.float32(means[band])
            channel[nothing] = np.nan
    return {group: int((where & ~nothing).sum()) for group, where in missing.items()}


def _groups(bundle: Bundle) -> Mapping[str, Sequence[str]]:
    noted = bundle.contract.band_dropout
    if noted is None:
        raise BundleError(
            f"{bundle.folder}: was not trained to do without a sensor; train with "
            "training.band_dropout = 0.3, say, and export again"
        )
    return noted.groups


def _means(bundle: Bundle) -> dict[str, float]:
    known = bundle.contract.normalization
    if known is None:
        raise BundleError(f"{bundle.folder}: tells no training means; export it again")
    return dict(zip(bundle.band_names, known.mean, strict=True))


def _absent(info: StackInfo, group: str, bands: Sequence[str]) -> bool:
    """Whether the stack has none of a sensor's bands."""
    lacking = [band for band in bands if band not in info.band_names]
    if lacking and len(lacking) < len(bands):
        raise BandError(
            f"{info.path}: has some bands of {group} but not {', '.join(lacking)}; a sensor is "
            "there or missing as a whole: stack it again with them, or take it as missing with "
            f"`without` {group}"
        )
    return bool(lacking)


def _tags(info: StackInfo, bundle: Bundle) -> dict[str, str]:
    kept: dict[str, str] = {k: v for k, v in info.tags.items() if k in ("NAME", "RECIPE")}
    simulated = "yes" if info.simulated or bundle.simulated else "no"
    return {**kept, "SIMULATED": simulated, "FILLED_FOR": bundle.name}


def _band_tags(bundle: Bundle, info: StackInfo, names: Sequence[str]) -> list[dict[str, str]]:
    kinds = {band.name: band.kind for band in bundle.bands}
    known = {band.name: band for band in info.bands}
    grouped = {band for bands in _groups(bundle).values() for band in bands}
    tags = []
    for name in names:
        derivation = known[name].derivation if name in known else ""
        if name in grouped:
            derivation = f"{derivation}; training mean where missing".lstrip("; ")
        tags.append({"kind": kinds.get(name, "categorical"), "derivation": derivation})
    return tags
