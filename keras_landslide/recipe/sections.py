"""What a scene recipe may say: a dataclass per section, field by field as in the file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from keras_landslide.formula import Formula


@dataclass(frozen=True)
class GridSpec:
    """`[grid]`: the target grid; every entry may be left out."""

    crs: str | None = None
    resolution: float | None = None
    bounds: list[float] | None = None
    like: str | None = None


@dataclass(frozen=True)
class RasterSource:
    """`[[raster]]`: bands of one file; stored value * scale + offset = value in `unit`."""

    path: str
    bands: dict[str, int]
    scale: float = 1.0
    offset: float = 0.0
    nodata: float | None = None
    resampling: str | None = None
    unit: str | None = None
    kind: str | None = None
    valid: list[float] | None = None


@dataclass(frozen=True)
class CategorySource:
    """`[[category]]`: classes from polygons (`attribute`) or from a raster, as one integer band.

    `classes` is a class table (`stacking.class_table`); `others` says what becomes of values that
    it lacks: `error`, `unknown` or `nodata`.
    """

    path: str
    band: str
    classes: str
    attribute: str | None = None
    layer: str | None = None
    index: int = 1
    nodata: float | None = None
    others: str = "error"


@dataclass(frozen=True)
class DistanceSource:
    """`[[distance]]`: metres to the nearest line, point or polygon, at most `limit_m`."""

    path: str
    band: str
    layer: str | None = None
    limit_m: float = 20000.0


@dataclass(frozen=True)
class DemSource:
    """`[dem]`: elevation in metres and what to derive from it; `valid` is its least and most."""

    path: str
    derive: list[str] = field(default_factory=lambda: ["elevation", "slope", "curvature"])
    derive_on: str = "dem"
    curvature_factor: float = 1.0
    nodata: float | None = None
    resampling: str | None = None
    valid: list[float] | None = None


@dataclass(frozen=True)
class SarSource:
    """`[[sar]]`: one backscatter image."""

    path: str
    band: str
    index: int = 1
    input: str = "power"
    output: str = "db"
    speckle: str = "none"
    window: int = 5
    looks: float = 4.4
    nodata: float | None = None
    resampling: str | None = None


@dataclass(frozen=True)
class CloudSource:
    """`[cloud]`: 0 clear, 1 cloud, 2 cloud shadow, or what `cloud` and `shadow` name."""

    path: str
    index: int = 1
    nodata: float | None = None
    cloud: list[int] = field(default_factory=list)
    shadow: list[int] = field(default_factory=list)

    @property
    def named(self) -> bool:
        """Whether the file has values of its own, of which the recipe says what they are."""
        return bool(self.cloud or self.shadow)


@dataclass(frozen=True)
class InventorySource:
    """`[inventory]`: landslides as polygons (`path`) or as a raster of classes (`raster`)."""

    path: str | None = None
    layer: str | None = None
    surveyed: str | None = None
    surveyed_layer: str | None = None
    surveyed_bounds: list[float] | None = None
    all_touched: bool = False
    raster: str | None = None
    landslide: list[int] = field(default_factory=lambda: [1])
    nodata: float | None = None


@dataclass(frozen=True)
class Recipe:
    """A whole scene.

    `root` is the folder that relative paths count from. `derived` holds the section `[derived]`:
    formulas of bands and indices by the band they make. `vrt_sources` says where the files may lie
    that a virtual raster (`.vrt`) of the recipe names: below `root`, or `anywhere`.
    """

    path: Path
    root: Path
    text: str
    name: str
    simulated: bool
    grid: GridSpec
    rasters: tuple[RasterSource, ...]
    dem: DemSource | None
    sar: tuple[SarSource, ...]
    cloud: CloudSource | None
    inventory: InventorySource | None
    derived: dict[str, Formula]
    vrt_sources: str = "root"
    categories: tuple[CategorySource, ...] = ()
    distances: tuple[DistanceSource, ...] = ()

    def resolve(self, path: str) -> Path:
        """A path of the recipe as one that GDAL can open, archives too.

        `slides.zip` is the only data set in that archive; `/vsizip/slides.zip/a.shp` a member.
        """
        member = re.fullmatch(
            r"/vsi(zip|tar|gzip)/(.+?\.(?:zip|kmz|tar|tgz|tar\.gz|gz))(/.*)?", path
        )
        if member:
            kind, archive, rest = member.groups()
            return Path(f"/vsi{kind}/{{{self.root / archive}}}{rest or ''}")
        if path.lower().endswith((".zip", ".shz")):
            return Path(f"/vsizip/{{{self.root / path}}}")
        return self.root / path

    @property
    def given_names(self) -> list[str]:
        """Every band name that is the recipe's own to choose."""
        names = [name for raster in self.rasters for name in raster.bands]
        names += [category.band for category in self.categories]
        names += [distance.band for distance in self.distances]
        names += self.derived
        return names + [sar.band for sar in self.sar]

    @property
    def files(self) -> list[Path]:
        """Every file that the recipe names; class tables, which may be built in, last."""
        sections = (self.dem, *self.sar, self.cloud)
        named = [self.grid.like, *(raster.path for raster in self.rasters)]
        named += [category.path for category in self.categories]
        named += [distance.path for distance in self.distances]
        named += [section.path for section in sections if section]
        if self.inventory:
            named += [self.inventory.path, self.inventory.raster, self.inventory.surveyed]
        tables = [self.path.parent / category.classes for category in self.categories]
        return [*(self.resolve(path) for path in named if path), *tables]
