"""The contract that travels with the weights: read `bundle.json`, hold a stack against it."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from keras_landslide.errors import BundleError, CrsError
from keras_landslide.evaluation.calibration_entry import read_calibration
from keras_landslide.version import BUNDLE_FORMAT

if TYPE_CHECKING:  # a bundle can be loaded without GDAL
    from keras_landslide.rasters.read import StackInfo

PIXEL_SIZE_TOLERANCE = 0.05
"""Relative difference of pixel sizes that a network is taken to forgive."""


class BundleBand(NamedTuple):
    """A channel of the network."""

    name: str
    unit: str
    kind: str


@dataclass(frozen=True)
class Bundle:
    """What a model bundle promises.

    Attributes:
        folder: where it lies.
        name: name of the model.
        simulated: whether it was trained on simulated data.
        bands: the channels in order.
        pixel_size_m: pixel side of the training stack, metres.
        patch_size_px: side of the training patches.
        stride_px: product of the network's downsampling factors.
        halo_px: receptive-field radius rounded up to a multiple of `stride_px`.
        bounded: whether the receptive field is bounded, so that windows can be exact.
        threshold: probability from which a pixel counts as landslide, chosen on validation.
        contract: all of `bundle.json`.
    """

    folder: Path
    name: str
    simulated: bool
    bands: tuple[BundleBand, ...]
    pixel_size_m: float
    patch_size_px: int
    stride_px: int
    halo_px: int
    bounded: bool
    threshold: float
    contract: Mapping[str, Any]

    @property
    def band_names(self) -> tuple[str, ...]:
        """Band names in channel order."""
        return tuple(band.name for band in self.bands)

    @property
    def saved_model(self) -> Path:
        """Folder of the SavedModel."""
        return self.folder / "saved_model"

    @property
    def keras_model(self) -> Path:
        """The same network for any Keras backend; bundles of before lack it."""
        return self.folder / "model.keras"

    def network_files(self, engine: str) -> list[Path]:
        """The files that an engine reads."""
        if engine.startswith("jax"):
            return [self.keras_model] if self.keras_model.is_file() else []
        return [path for path in sorted(self.saved_model.rglob("*")) if path.is_file()]


def read_bundle(folder: str | Path) -> Bundle:
    """Read and check a bundle's contract.

    Raises:
        BundleError: it is no bundle, an entry is missing or has a wrong type or range, its
            calibration is no rising map, it has another format version, or its SavedModel lies
            outside the folder.
    """
    folder = Path(folder)
    path = folder / "bundle.json"
    try:
        contract = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BundleError(
            f"{folder}: is no model bundle, bundle.json cannot be read ({error.strerror}); "
            "make one with `keras-landslide export`"
        ) from error
    except ValueError as error:
        raise BundleError(f"{path}: is not valid JSON ({error}); export the run again") from error
    if not isinstance(contract, dict):
        raise BundleError(f"{path}: should hold one JSON object; export the run again")
    if contract.get("format") != BUNDLE_FORMAT:
        raise BundleError(
            f"{path}: format {contract.get('format')!r}, this version reads format "
            f"{BUNDLE_FORMAT}; export the run again with this version"
        )
    bundle = Bundle(
        folder=folder,
        name=_entry(contract, "name", str, path),
        simulated=_entry(contract, "simulated", bool, path),
        bands=_bands(contract, path),
        pixel_size_m=_number(contract, "pixel_size_m", float, path, low=0, open_low=True),
        patch_size_px=_number(contract, "patch_size_px", int, path, low=1),
        stride_px=_number(contract, "stride_px", int, path, low=1),
        halo_px=_number(contract, "halo_px", int, path, low=0),
        bounded=_entry(contract, "bounded", bool, path),
        threshold=_number(contract, "threshold", float, path, low=0, high=1),
        contract=contract,
    )
    read_calibration(contract.get("calibration"), path)
    _check_files(bundle)
    return bundle


def check_stack(bundle: Bundle, info: StackInfo, *, unread: Collection[str] = ()) -> None:
    """Refuse a stack that breaks the contract.

    The stack may hold more bands than the network uses, in any order: they are picked by name.

    Args:
        bundle: what the network asks for.
        info: the stack.
        unread: bands of the network that are not read from this stack, so that it may lack them.

    Raises:
        BundleError: a band is missing or in another unit, the pixel size differs by more than
            `PIXEL_SIZE_TOLERANCE`, the stack is not on a metric grid, or it is larger than the
            chips that a bundle is for; the message says which and what to do.
    """
    where = f"{info.path}: does not fit the bundle '{bundle.name}': "
    have = {band.name: band for band in info.bands}
    read = [band for band in bundle.bands if band.name not in unread]
    missing = [band.name for band in read if band.name not in have]
    if missing:
        raise BundleError(
            f"{where}no band {', '.join(missing)} among {', '.join(have)}; add it to the scene "
            "recipe and stack again"
        )
    for band in read:
        unit = have[band.name].unit
        if unit != band.unit:
            raise BundleError(
                f"{where}band {band.name} is in '{unit or 'no unit'}', the network was trained on "
                f"'{band.unit}'; set its unit in the scene recipe and stack again"
            )
    if bundle.contract.get("chips_only") and max(info.grid.shape) > bundle.patch_size_px:
        raise BundleError(
            f"{where}its network asks where in a chip of {bundle.patch_size_px} px a pixel lies, "
            f"which in a scene of {info.grid.shape[0]} x {info.grid.shape[1]} px means nothing; "
            "make a bundle of a row without the middle (`reproduce --row`)"
        )
    try:
        size = info.pixel_size_m
    except CrsError as error:
        raise BundleError(f"the bundle '{bundle.name}' needs a metric grid; {error}") from error
    if abs(size - bundle.pixel_size_m) > PIXEL_SIZE_TOLERANCE * bundle.pixel_size_m:
        raise BundleError(
            f"{where}pixels of {size:.4g} m, the network was trained on {bundle.pixel_size_m:.4g} "
            f"m; set resolution = {bundle.pixel_size_m:.6g} in the recipe's [grid] and stack again"
        )


def _check_files(bundle: Bundle) -> None:
    graph = bundle.saved_model
    if not (graph / "saved_model.pb").is_file():
        raise BundleError(f"{graph}: holds no SavedModel; export the run again")
    root = bundle.folder.resolve()
    for path in (graph, *graph.rglob("*"), bundle.keras_model):
        if not path.resolve().is_relative_to(root):
            raise BundleError(f"{path}: points outside the bundle; refused, export the run again")


def _bands(contract: dict, path: Path) -> tuple[BundleBand, ...]:
    entries = _entry(contract, "bands", list, path)
    bands = []
    for entry in entries:
        if not isinstance(entry, dict):
            raise BundleError(f"{path}: a band should be an object, found {entry!r}")
        bands.append(BundleBand(*(_entry(entry, key, str, path) for key in BundleBand._fields)))
    if not bands or len({band.name for band in bands}) != len(bands):
        raise BundleError(f"{path}: 'bands' is empty or names a band twice; export the run again")
    return tuple(bands)


def _entry(values: dict, key: str, kind: type, path: Path) -> Any:
    if key not in values:
        raise BundleError(f"{path}: entry '{key}' is missing; export the run again")
    if not isinstance(values[key], kind):
        raise BundleError(f"{path}: '{key}' = {values[key]!r} should be of type {kind.__name__}")
    return values[key]


def _number(
    values: dict,
    key: str,
    kind: type,
    path: Path,
    *,
    low: float,
    high: float = math.inf,
    open_low: bool = False,
) -> Any:
    if key not in values:
        raise BundleError(f"{path}: entry '{key}' is missing; export the run again")
    value = values[key]
    number = isinstance(value, int if kind is int else (int, float)) and not isinstance(value, bool)
    if not number or not (low < value <= high if open_low else low <= value <= high):
        raise BundleError(f"{path}: '{key}' = {value!r} is out of range; export the run again")
    return kind(value)
