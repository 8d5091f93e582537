"""The bands that the project knows, their units and ranges, and the image models made of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from keras_landslide.errors import BandError, UnknownNameError
from keras_landslide.indices import INDICES

UNLABELLED = 255
"""Label value of pixels outside the surveyed area: no loss, no score."""
CLEAR, CLOUD, SHADOW = 0, 1, 2
"""Values of the band `cloud`."""
BAND_NAME = re.compile(r"\w[\w.-]*")
"""Names of bands become names of working files, columns and options."""
DATES = ("pre", "post")
"""Ends of names, after an underscore, of what was seen before the event and after it."""

REFLECTANCE = (-1.0, 6.6)
"""What 16 bits hold at 10 000 steps, with room for noise below 0; clouds and snow exceed 1."""
HEIGHTS_M = (-500.0, 9000.0)
"""The lowest and the highest land, with some room: the Dead Sea's shore and Mount Everest."""
BACKSCATTER_DB = (-60.0, 40.0)
"""Medians of an image: calm water and noise lie around -25, city centres around 10."""


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
        range: least and greatest value that can be, in `unit`; None where there is no bound. Where
            a raster holds others, `stack` refuses it.
    """

    name: str
    unit: str
    kind: str
    description: str
    sensor: str = ""
    range: tuple[float, float] | None = None


def _reflectance(**descriptions: str) -> list[Band]:
    return [
        Band(name, "reflectance", "continuous", text, "optical", REFLECTANCE)
        for name, text in descriptions.items()
    ]


def _terrain(unit: str, least_and_most: tuple | None = None, **descriptions: str) -> list[Band]:
    return [
        Band(name, unit, "continuous", text, "terrain", least_and_most)
        for name, text in descriptions.items()
    ]


BANDS: dict[str, Band] = {
    band.name: band
    for band in (
        *_reflectance(
            red="surface reflectance, red",
            green="surface reflectance, green",
            blue="surface reflectance, blue",
            nir="surface reflectance, near infrared",
            coastal="surface reflectance, coastal aerosol",
            red_edge_1="surface reflectance, 705 nm",
            red_edge_2="surface reflectance, 740 nm",
            red_edge_3="surface reflectance, 783 nm",
            water_vapour="reflectance, water vapour, 945 nm",
            cirrus="reflectance, cirrus, 1374 nm",
            swir_1="surface reflectance, 1610 nm",
            swir_2="surface reflectance, 2190 nm",
        ),
        *(
            Band(index.name, "1", "continuous", index.description, "optical", index.range)
            for index in INDICES.values()
        ),
        *_terrain("m", HEIGHTS_M, elevation="elevation above the vertical datum"),
        *_terrain("deg", (0.0, 90.0), slope="steepest slope angle"),
        Band(
            *("aspect", "deg", "azimuth", "downslope direction, clockwise from north", "terrain"),
            (0.0, 360.0),
        ),
        *_terrain(
            "1/m",
            curvature="general curvature, positive where convex",
            profile_curvature="curvature along the steepest slope",
            plan_curvature="curvature along the contour",
        ),
        *_terrain(
            "1",
            (-1.0, 1.0),
            northness="sine of the slope times cosine of the aspect",
            eastness="sine of the slope times sine of the aspect",
        ),
        *(
            Band(
                *(f"{wave.lower()}_{date}", "dB", "continuous"),
                *(f"Sentinel-1 {wave} backscatter {when} the event", "sar", BACKSCATTER_DB),
            )
            for wave in ("VV", "VH")
            for date, when in (("pre", "before"), ("post", "after"))
        ),
        Band("cloud", "class", "categorical", "cloud mask: 0 clear, 1 cloud, 2 cloud shadow"),
        Band("label", "class", "categorical", "0 background, 1 landslide, 255 unlabelled"),
    )
}


def band_of(name: str) -> Band:
    """The row of a band; `red_pre` and `red_post` are `red` of two dates.

    Names that nobody knows are continuous values without a unit, of no sensor.
    """
    stem, _, date = name.rpartition("_")
    if name not in BANDS and date in DATES and stem in BANDS:
        return replace(BANDS[stem], name=name)
    return BANDS.get(name, Band(name, "1", "continuous", ""))


_SEN12 = (
    *("blue", "green", "red", "red_edge_1", "red_edge_2", "red_edge_3", "nir", "swir_1", "swir_2"),
)
_SEN12_BEFORE = tuple(f"{name}_pre" for name in _SEN12)
_SEN12_RADAR = ("vv_pre", "vv_post", "vh_pre", "vh_post")

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
    "sen12_s2": (*_SEN12, "elevation"),
    "sen12_s2_change": (*_SEN12, *_SEN12_BEFORE, "elevation"),
    "sen12_s1_change": (*_SEN12_RADAR, "elevation"),
    "sen12_all": (*_SEN12, *_SEN12_BEFORE, *_SEN12_RADAR, "elevation"),
}
"""Bands of each image model in channel order. Those without `_pre` or `_post` in their name are of
the time after the event."""


GROUPS = ("optical", "sar")
"""Sensors that a network may have to do without; there is always an elevation model."""


def band_groups(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Which of `names` come from which sensor, in their order; sensors without one are left out."""
    sensors = {name: band_of(name).sensor for name in names}
    found = {group: tuple(n for n in names if sensors.get(n) == group) for group in GROUPS}
    return {group: bands for group, bands in found.items() if bands}


def image_model_bands(name: str) -> tuple[str, ...]:
    """The band names of an image model, in channel order.

    `name` is a key of `IMAGE_MODELS`, or band names joined by commas for a model of one's own;
    bands that a recipe names or derives itself count too. A single name has to be a known band,
    since it could as well be an image model that is spelt wrong.

    Raises:
        UnknownNameError: `name` is no image model and no list of bands, each named once.
    """
    if name in IMAGE_MODELS:
        return IMAGE_MODELS[name]
    names = tuple(part.strip() for part in name.split(","))
    known = len(names) > 1 or band_of(names[0]).description
    fit = all(BAND_NAME.fullmatch(part) and part not in ("label", "cloud") for part in names)
    if known and fit and len(set(names)) == len(names):
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
