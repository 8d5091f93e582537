"""A model bundle as it lies on the disk: read it, and hold a stack against its contract."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from keras_landslide.bundle.contract import EXPORT_AGAIN, BundleBand, Contract, contract_of
from keras_landslide.errors import BundleError, CrsError
from keras_landslide.records import load_json, to_json

if TYPE_CHECKING:  # a bundle can be loaded without GDAL
    from keras_landslide.rasters.read import StackInfo

PIXEL_SIZE_TOLERANCE = 0.05
"""Relative difference of pixel sizes that a network is taken to forgive."""


@dataclass(frozen=True)
class Bundle:
    """A model bundle.

    Attributes:
        folder: where it lies.
        contract: what it promises, all of `bundle.json`.
        calibrated: whether its calibration, if it has one, is used; see `uncalibrated`.
    """

    folder: Path
    contract: Contract
    calibrated: bool = True

    def uncalibrated(self) -> Bundle:
        """The same bundle, asked without its calibration."""
        return replace(self, calibrated=False)

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.contract.name

    @property
    def simulated(self) -> bool:
        """Whether it was trained on simulated data."""
        return self.contract.simulated

    @property
    def bands(self) -> tuple[BundleBand, ...]:
        """The channels in order."""
        return self.contract.bands

    @property
    def band_names(self) -> tuple[str, ...]:
        """Band names in channel order."""
        return self.contract.band_names

    @property
    def pixel_size_m(self) -> float:
        """Pixel side of the training stack, metres."""
        return self.contract.pixel_size_m

    @property
    def patch_size_px(self) -> int:
        """Side of the training patches."""
        return self.contract.patch_size_px

    @property
    def stride_px(self) -> int:
        """Product of the network's downsampling factors."""
        return self.contract.stride_px

    @property
    def halo_px(self) -> int:
        """Receptive-field radius rounded up to a multiple of `stride_px`."""
        return self.contract.halo_px

    @property
    def bounded(self) -> bool:
        """Whether the receptive field is bounded, so that windows can be exact."""
        return self.contract.bounded

    @property
    def threshold(self) -> float:
        """Probability from which a pixel counts as landslide."""
        return self.contract.threshold

    def ranges(self) -> dict[str, dict[str, float]]:
        """Training values of each band that the contract tells of, in channel order."""
        known = self.contract.band_ranges
        return {name: to_json(known[name]) for name in self.band_names if name in known}

    @property
    def saved_model(self) -> Path:
        """Folder of the SavedModel."""
        return self.folder / "saved_model"

    @property
    def keras_model(self) -> Path:
        """The same network for any Keras backend; bundles of before lack it."""
        return self.folder / "model.keras"


def read_bundle(folder: str | Path) -> Bundle:
    """Read and check a bundle's contract.

    Raises:
        BundleError: it is no bundle, its contract breaks a rule (see `contract_of`), or its
            SavedModel lies outside the folder.
    """
    folder = Path(folder)
    path = folder / "bundle.json"
    try:
        values = load_json(path, BundleError)
    except OSError as error:
        raise BundleError(
            f"{folder}: is no model bundle, bundle.json cannot be read ({error.strerror}); "
            "make one with `keras-landslide export`"
        ) from error
    except BundleError as error:
        raise BundleError(f"{error}; {EXPORT_AGAIN}") from error
    bundle = Bundle(folder, contract_of(values, path))
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
    if bundle.contract.chips_only and max(info.grid.shape) > bundle.patch_size_px:
        raise BundleError(
            f"{where}its network asks where in a chip of {bundle.patch_size_px} px a pixel lies, "
            f"which in a scene of {info.grid.shape[0]} x {info.grid.shape[1]} px means nothing; "
            "make a bundle of a row without the middle (parameter `row` of the verb reproduce)"
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
