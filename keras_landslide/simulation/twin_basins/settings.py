"""What makes each simulated basin its own: relief, cover, storm, light, radar geometry, files."""

from __future__ import annotations

from dataclasses import dataclass

from keras_landslide.errors import UnknownNameError

PIXEL_M = 12.5
"""Pixel of the optical image and of the simulated truth, in metres."""

HILLSLOPE_M = 25.0
"""Cell on which water, soil and stability are worked out, in metres."""


@dataclass(frozen=True)
class Relief:
    """Parameters of the terrain (see `relief`)."""

    hurst: float
    fractal_sd_m: float
    base_m: float
    steepness: float
    hillslope_tan: tuple[float, float]
    outlet: str
    diffusion: float = 0.08


@dataclass(frozen=True)
class Cover:
    """Shares of land cover and its look (see `cover`)."""

    forest_share: float
    crop_share: float
    bare_share: float
    towns_per_100km2: float
    pasture_dryness: float


@dataclass(frozen=True)
class Storm:
    """The trigger and its slides (see `stability`, `slides`)."""

    landslide_cover: float
    revegetated: float
    hidden_share: float


@dataclass(frozen=True)
class Light:
    """Sun, air and sky of the optical image (see `optics`)."""

    sun_elevation_deg: float
    sun_azimuth_deg: float
    haze_blue: float
    haze_exponent: float
    diffuse_blue: float
    cloud_cover: float
    cloud_base_m: float
    soil_rgbn: tuple[float, float, float, float]
    swath_corner: str


@dataclass(frozen=True)
class Radar:
    """Geometry and weather of the Sentinel-1 pair (see `radar`)."""

    look_azimuth_deg: float
    incidence_deg: float
    wetness_db: float
    looks: float = 4.4


@dataclass(frozen=True)
class Basin:
    """A simulated basin: its place, its nature, and the grids of its files."""

    name: str
    lon: float
    lat: float
    role: str
    relief: Relief
    cover: Cover
    storm: Storm
    light: Light
    radar: Radar
    optical_crs: str
    dem_crs: str
    dem_resolution: float
    sar_crs: str
    sar_resolution: float


BASINS: dict[str, Basin] = {
    "argelia": Basin(
        name="argelia",
        lon=-75.14,
        lat=6.0,
        role="train",
        relief=Relief(
            hurst=0.85,
            fractal_sd_m=160.0,
            base_m=900.0,
            steepness=42.0,
            hillslope_tan=(0.22, 0.85),
            outlet="south",
        ),
        cover=Cover(
            forest_share=0.42,
            crop_share=0.45,
            bare_share=0.16,
            towns_per_100km2=1.5,
            pasture_dryness=0.34,
        ),
        storm=Storm(landslide_cover=0.038, revegetated=0.33, hidden_share=0.08),
        light=Light(
            sun_elevation_deg=57.0,
            sun_azimuth_deg=62.0,
            haze_blue=0.030,
            haze_exponent=2.0,
            diffuse_blue=0.28,
            cloud_cover=0.006,
            cloud_base_m=900.0,
            soil_rgbn=(0.195, 0.125, 0.080, 0.280),
            swath_corner="north-west",
        ),
        radar=Radar(look_azimuth_deg=79.0, incidence_deg=39.0, wetness_db=1.0),
        optical_crs="EPSG:32618",
        dem_crs="EPSG:4326",
        dem_resolution=0.5 / 3600.0,
        sar_crs="EPSG:3116",
        sar_resolution=10.0,
    ),
    "liboriana": Basin(
        name="liboriana",
        lon=-75.98,
        lat=5.96,
        role="infer",
        relief=Relief(
            hurst=0.75,
            fractal_sd_m=200.0,
            base_m=1250.0,
            steepness=58.0,
            hillslope_tan=(0.30, 0.98),
            outlet="east",
        ),
        cover=Cover(
            forest_share=0.55,
            crop_share=0.35,
            bare_share=0.22,
            towns_per_100km2=1.0,
            pasture_dryness=0.46,
        ),
        storm=Storm(landslide_cover=0.045, revegetated=0.41, hidden_share=0.14),
        light=Light(
            sun_elevation_deg=46.0,
            sun_azimuth_deg=132.0,
            haze_blue=0.042,
            haze_exponent=1.6,
            diffuse_blue=0.33,
            cloud_cover=0.13,
            cloud_base_m=1100.0,
            soil_rgbn=(0.184, 0.128, 0.087, 0.264),
            swath_corner="south-east",
        ),
        radar=Radar(look_azimuth_deg=281.0, incidence_deg=43.0, wetness_db=1.5),
        optical_crs="EPSG:32618",
        dem_crs="EPSG:3116",
        dem_resolution=12.5,
        sar_crs="EPSG:4326",
        sar_resolution=8.983152841195215e-05,
    ),
}


def get(name: str) -> Basin:
    """The settings of the basin `name`.

    Raises:
        UnknownNameError: there is no such basin; the message lists the choices.
    """
    if name not in BASINS:
        raise UnknownNameError.among("simulated basin", name, BASINS)
    return BASINS[name]
