"""The contract that travels with the weights: every entry of `bundle.json`, and the older formats.

docs/bundle.schema.json is made of these classes (`scripts/bundle_schema.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from keras_landslide.errors import BundleError
from keras_landslide.evaluation.calibration import Isotonic, Temperature
from keras_landslide.files import fingerprint
from keras_landslide.records import entry, json_schema, read_record, to_json
from keras_landslide.version import BUNDLE_FORMAT

LARGEST_PX = 1 << 14
"""No halo, stride or patch is larger: windows of such a side fill the memory of any machine."""
METHODS = ("temperature", "isotonic")
EXPORT_AGAIN = "export the run again"


@dataclass(frozen=True)
class BundleBand:
    """A channel of the network.

    Attributes:
        name: as in the stack.
        unit: as in the stack.
        kind: `continuous`, `categorical`, `azimuth` or another kind of `bands`.
    """

    name: str = entry("name of the band in the stack", least=1)
    unit: str = entry("its unit")
    kind: str = entry("continuous, categorical, azimuth or another kind of band")


@dataclass(frozen=True)
class BandRange:
    """Values that a band took in training, in its unit."""

    min: float = entry("least value")
    max: float = entry("greatest value")
    mean: float = entry("mean")
    std: float = entry("population standard deviation", low=0)
    p01: float = entry("1st percentile")
    p99: float = entry("99th percentile")


@dataclass(frozen=True)
class Normalization:
    """What the graph subtracts from each band, and divides it by."""

    mean: tuple[float, ...] = entry("mean of each band, in its unit", least=1)
    std: tuple[float, ...] = entry("deviation of each band, in its unit", above=0, least=1)


@dataclass(frozen=True)
class BandDropout:
    """What the network learnt to do without."""

    rate: float = entry("share of training images without a sensor", low=0, high=1)
    groups: Mapping[str, tuple[str, ...]] = entry("bands of each sensor")
    thresholds: Mapping[str, float] = entry(
        "threshold where a sensor is missing, by sensor", default={}, low=0, high=1
    )


@dataclass(frozen=True)
class Bare:
    """What the contract says of the network without its calibration."""

    threshold: float = entry("decision threshold", low=0, high=1)
    threshold_rule: str = entry("how it was chosen", default="")
    metrics: Mapping[str, Any] = entry("scores by split at that threshold", default={})
    metrics_from: str = entry("what was counted for them", default="")
    band_dropout: BandDropout | None = entry("as in the contract", default=None)


@dataclass(frozen=True)
class Calibration:
    """A map of the network's probabilities to those that mean what they say."""

    method: str = entry("how probabilities are mapped", choices=METHODS)
    temperature: float | None = entry("log-odds are divided by it", default=None, above=0)
    x: tuple[float, ...] | None = entry(
        "probabilities as predicted, ascending", default=None, low=0, high=1, least=1
    )
    y: tuple[float, ...] | None = entry(
        "calibrated probabilities, not descending", default=None, low=0, high=1, least=1
    )
    in_graph: bool = entry(
        "whether the graphs of this bundle answer calibrated probabilities; false in bundles of "
        "format 1, whose reader applies it",
        default=False,
    )
    fitted_on: str = entry("split whose pixels it was fitted to", default="?")
    tested_on: str = entry("split that it was scored on", default="?")
    cross_fitted: Any = entry("scores before and after, on blocks left out", default=None)
    tested: Any = entry("scores before and after, on the tested split", default=None)
    bare: Bare | None = entry("what the contract said of the bare network", default=None)

    @classmethod
    def of(cls, fitted: Temperature | Isotonic, **told: Any) -> Calibration:
        """The entry of a fitted calibration; `told` are the other fields."""
        if isinstance(fitted, Temperature):
            return cls("temperature", temperature=fitted.value, **told)
        return cls("isotonic", x=tuple(fitted.x.tolist()), y=tuple(fitted.y.tolist()), **told)

    def map(self) -> Temperature | Isotonic:
        """The function of probabilities of any shape; it keeps their order."""
        if self.temperature is not None:
            return Temperature(self.temperature)
        return Isotonic(np.asarray(self.x, np.float64), np.asarray(self.y, np.float64))

    def problem(self) -> str | None:
        """What is wrong between the entries; None if nothing is."""
        if self.method == "temperature":
            return None if self.temperature is not None else "'temperature' is missing"
        if self.x is None or self.y is None:
            return f"'{'x' if self.x is None else 'y'}' is missing"
        x, y = np.asarray(self.x), np.asarray(self.y)
        if x.shape != y.shape or (np.diff(x) <= 0).any() or (np.diff(y) < 0).any():
            return "the isotonic calibration is no rising map of [0, 1]"
        return None


@dataclass(frozen=True)
class Contract:
    """All that `bundle.json` tells of a network, so that it is used as it was trained."""

    name: str = entry("name of the model", least=1)
    simulated: bool = entry("whether it was trained on simulated data")
    bands: tuple[BundleBand, ...] = entry("the network's channels in order", least=1)
    pixel_size_m: float = entry("pixel side of the training stack, metres", above=0)
    patch_size_px: int = entry("side of the training patches, pixels", low=1, high=LARGEST_PX)
    stride_px: int = entry(
        "product of the network's downsampling factors, pixels", low=1, high=LARGEST_PX
    )
    halo_px: int = entry(
        "how far the network sees, rounded up to a multiple of stride_px, pixels",
        low=0, high=LARGEST_PX,
    )  # fmt: skip
    bounded: bool = entry("whether it sees no farther, so that windows are exact")
    threshold: float = entry("probability from which a pixel is landslide", low=0, high=1)
    threshold_rule: str = entry("how the threshold was chosen", default="")
    chips_only: bool = entry(
        "whether the network asks where in a chip a pixel lies, so that it maps no scene",
        default=False,
    )
    calibration: Calibration | None = entry("of the probabilities; null for none", default=None)
    band_dropout: BandDropout | None = entry("sensors that it can do without", default=None)
    training_area: Mapping[str, Any] | None = entry(
        "outline of the training patches: a GeoJSON geometry, longitude and latitude", default=None
    )
    band_ranges: Mapping[str, BandRange] = entry("training values of each band", default={})
    normalization: Normalization | None = entry("of the bands, within the graph", default=None)
    metrics: Mapping[str, Any] = entry("scores by split at the threshold", default={})
    metrics_from: str = entry("what was counted for them", default="")
    model: Mapping[str, Any] | None = entry("`name` of the network and its `options`", default=None)
    versions: Mapping[str, str] = entry("of the software that wrote the bundle", default={})
    fingerprint: str = entry("digest of the run that was exported", default="")
    checksum: str | None = entry(
        "digest of the entries that follow from the network and its training: bands, sizes, reach, "
        "normalization",
        default=None,
    )
    format: int = entry("version of this file's format", default=BUNDLE_FORMAT, low=1)
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def band_names(self) -> tuple[str, ...]:
        """Band names in channel order."""
        return tuple(band.name for band in self.bands)

    def sealed(self) -> Contract:
        """The same with the right `checksum`."""
        return replace(self, checksum=self._digest())

    def to_dict(self) -> dict[str, Any]:
        """What `bundle.json` holds: `format` first, and the entries of newer writers as well."""
        values = to_json(self.sealed())
        return {"format": values.pop("format"), **values}

    def problem(self) -> str | None:
        """What is wrong between the entries; None if nothing is."""
        if len(set(self.band_names)) < len(self.bands):
            return "'bands' names a band twice"
        if self.halo_px % self.stride_px:
            return f"'halo_px' = {self.halo_px} is no multiple of 'stride_px' = {self.stride_px}"
        known = self.normalization
        if known is not None and not len(known.mean) == len(known.std) == len(self.bands):
            return f"'normalization' does not tell of {len(self.bands)} bands"
        if self.checksum not in (None, self._digest()):
            return (
                "its bands, sizes or reach were changed by hand, or it is damaged: they do not "
                "belong to this network"
            )
        return None

    def _digest(self) -> str:
        names = ("bands", "pixel_size_m", "patch_size_px", "stride_px", "halo_px", "bounded",
                 "chips_only", "normalization")  # fmt: skip
        return fingerprint({name: to_json(getattr(self, name)) for name in names})


def contract_of(values: Mapping[str, Any], where: object) -> Contract:
    """The contract that `bundle.json` holds, whatever format it was written in.

    Args:
        values: what the file holds.
        where: the file, for messages.

    Raises:
        BundleError: an entry is missing, of another type, out of its bounds or not finite, two of
            them contradict each other, or the format is newer than this version.
    """
    number = values.get("format")
    known = isinstance(number, int) and not isinstance(number, bool) and number >= 1
    if not known or number > BUNDLE_FORMAT:  # type: ignore[operator]
        remedy = "install a newer keras-landslide" if known else EXPORT_AGAIN
        shown = f"{number!r:.20}"
        raise BundleError(
            f"{where}: format {shown}, this version reads formats 1 to {BUNDLE_FORMAT}; {remedy}"
        )
    if number == BUNDLE_FORMAT and values.get("checksum") is None:
        raise BundleError(f"{where}: 'checksum' is missing; {EXPORT_AGAIN}")
    for older in range(number, BUNDLE_FORMAT):  # type: ignore[arg-type]
        values = _NEXT[older](values)
    read = read_record(Contract, values, where, error=BundleError, remedy=EXPORT_AGAIN)
    return read.sealed()


def _from_1(values: Mapping[str, Any]) -> dict[str, Any]:
    """Format 1 had no checksum, and its calibration is applied by whoever reads the bundle."""
    values = {**values, "format": 2, "checksum": None}
    if isinstance(known := values.get("calibration"), Mapping):
        values["calibration"] = {**known, "in_graph": False}
    return values


_NEXT: dict[int, Callable[[Mapping[str, Any]], dict[str, Any]]] = {1: _from_1}
"""From a format to the one after it."""


def contract_schema() -> dict[str, Any]:
    """The JSON schema of `bundle.json`, as docs/bundle.schema.json has it."""
    schema = json_schema(Contract, f"bundle.json, format {BUNDLE_FORMAT}")
    # Older formats have no checksum, or another number.
    schema["required"] = ["format", *schema["required"], "checksum"]
    schema["properties"]["format"]["const"] = BUNDLE_FORMAT
    return schema
