"""The bands that the project knows, their units, and the image models made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keras_landslide.errors import BandError, UnknownNameError

UNLABELLED = 255
"""Label value of pixels outside the surveyed area: no loss, no score."""
CLEAR, CLOUD, SHADOW = 0, 1, 2
"""Values of the band `cloud`."""


@dataclass(frozen=True)
class Band:
    """What a band holds.

    Attributes:
        name: the band's name on disk.
        unit: unit of the stored values ("1" where there is none).
        kind: `continuous`, `categorical`, or `azimuth` (degrees clockwise from north, which turn
            with the image when it is rotated or mirrored).
        description: one line for people.
        sensor: whose bands are missing together: `optical`, `sar` or `terrain`; empty for others.
    """

    name: str
    unit: str
    kind: str
    description: str
    sensor: str = ""


BANDS: dict[str, Band] = {
    band.name: band
    for band in (
        Band("red", "reflectance", "continuous", "surface reflectance, red", "optical"),
        Band("green", "reflectance", "continuous", "surface reflectance, green", "optical"),
        Band("blue", "reflectance", "continuous", "surface reflectance, blue", "optical"),
        Band("nir", "reflectance", "continuous", "surface reflectance, near infrared", "optical"),
        Band(
            "coastal",
            "reflectance",
            "continuous",
            "surface reflectance, coastal aerosol",
            "optical",
        ),
        Band("red_edge_1", "reflectance", "continuous", "surface reflectance, 705 nm", "optical"),
        Band("red_edge_2", "reflectance", "continuous", "surface reflectance, 740 nm", "optical"),
        Band("red_edge_3", "reflectance", "continuous", "surface reflectance, 783 nm", "optical"),
        Band(
            "water_vapour",
            "reflectance",
            "continuous",
            "reflectance, water vapour, 945 nm",
            "optical",
        ),
        Band("cirrus", "reflectance", "continuous", "reflectance, cirrus, 1374 nm", "optical"),
        Band("swir_1", "reflectance", "continuous", "surface reflectance, 1610 nm", "optical"),
        Band("swir_2", "reflectance", "continuous", "surface reflectance, 2190 nm", "optical"),
        Band("ndvi", "1", "continuous", "normalised difference vegetation index", "optical"),
        Band("elevation", "m", "continuous", "elevation above the vertical datum", "terrain"),
        Band("slope", "deg", "continuous", "steepest slope angle", "terrain"),
        Band("aspect", "deg", "azimuth", "downslope direction, clockwise from north", "terrain"),
        Band(
            "curvature", "1/m", "continuous", "general curvature, positive where convex", "terrain"
        ),
        Band(
            "profile_curvature",
            "1/m",
            "continuous",
            "curvature along the steepest slope",
            "terrain",
        ),
        Band("plan_curvature", "1/m", "continuous", "curvature along the contour", "terrain"),
        Band("vv_pre", "dB", "continuous", "Sentinel-1 VV backscatter before the event", "sar"),
        Band("vv_post", "dB", "continuous", "Sentinel-1 VV backscatter after the event", "sar"),
        Band("cloud", "class", "categorical", "cloud mask: 0 clear, 1 cloud, 2 cloud shadow"),
        Band("label", "class", "categorical", "0 background, 1 landslide, 255 unlabelled"),
    )
}

IMAGE_MODELS: dict[str, tuple[str, ...]] = {
    "rgb": ("red", "green", "blue"),
    "rgb_terrain": ("red", "green", "blue", "slope", "curvature"),
    "rgb_terrain_sar": ("red", "green", "blue", "slope", "curvature", "vv_pre", "vv_post"),
    "terrain": ("slope", "curvature"),
    "l4s6": ("red", "green", "blue", "ndvi", "slope", "elevation"),
    "l4s14": (
        "coastal",
        "blue",
        "green",
        "red",
        "red_edge_1",
        "red_edge_2",
        "red_edge_3",
        "nir",
        "water_vapour",
        "cirrus",
        "swir_1",
        "swir_2",
        "slope",
        "elevation",
    ),
}


GROUPS = ("optical", "sar")
"""Sensors that a network may have to do without; there is always an elevation model."""


def band_groups(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Which of `names` come from which sensor, in their order; sensors without one are left out."""
    sensors = {name: BANDS[name].sensor for name in names if name in BANDS}
    found = {group: tuple(n for n in names if sensors.get(n) == group) for group in GROUPS}
    return {group: bands for group, bands in found.items() if bands}


def image_model_bands(name: str) -> tuple[str, ...]:
    """The band names of an image model, in channel order.

    `name` is a key of `IMAGE_MODELS`, or band names joined by commas for a model of one's own.

    Raises:
        UnknownNameError: `name` is no image model and no list of known bands, each named once.
    """
    if name in IMAGE_MODELS:
        return IMAGE_MODELS[name]
    names = tuple(part.strip() for part in name.split(","))
    known = all(part in BANDS and part not in ("label", "cloud") for part in names)
    if known and len(set(names)) == len(names):
        return names
    raise UnknownNameError.among("image model", name, IMAGE_MODELS)


def require_bands(needed: tuple[str, ...], present: tuple[str, ...], where: str) -> None:
    """Check that every band of `needed` is among `present`.

    Raises:
        BandError: naming the missing bands, the file (`where`) and the bands it has.
    """
    missing = [name for name in needed if name not in present]
    if missing:
        raise BandError(
            f"{where} has no band {', '.join(missing)}; it has {', '.join(present)}; "
            "add the band to the scene recipe and stack again, or choose another image model"
        )
