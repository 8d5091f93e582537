"""The scene recipe: a TOML file that names the rasters of a scene, their units and roles.

`docs/formats.md` describes every key. Parsing checks keys, types and choices, not the files.
"""

from __future__ import annotations

import math
import types
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from keras_landslide.config import check_keys, read_toml
from keras_landslide.errors import RecipeError

TERRAIN_BANDS = (
    "elevation",
    "slope",
    "aspect",
    "curvature",
    "profile_curvature",
    "plan_curvature",
)
RESAMPLINGS = ("nearest", "bilinear", "cubic", "cubicspline", "lanczos", "average", "mode")
KINDS = ("continuous", "categorical", "azimuth")


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


@dataclass(frozen=True)
class DemSource:
    """`[dem]`: elevation in metres and what to derive from it."""

    path: str
    derive: list[str] = field(default_factory=lambda: ["elevation", "slope", "curvature"])
    derive_on: str = "dem"
    curvature_factor: float = 1.0
    nodata: float | None = None
    resampling: str | None = None


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
    """`[cloud]`: 0 clear, 1 cloud, 2 cloud shadow."""

    path: str
    index: int = 1
    nodata: float | None = None


@dataclass(frozen=True)
class InventorySource:
    """`[inventory]`: landslides as polygons (`path`) or as a raster of classes (`raster`)."""

    path: str | None = None
    layer: str | None = None
    surveyed: str | None = None
    surveyed_layer: str | None = None
    all_touched: bool = False
    raster: str | None = None
    landslide: list[int] = field(default_factory=lambda: [1])
    nodata: float | None = None


@dataclass(frozen=True)
class DerivedSpec:
    """`[derived]`: bands computed from bands of the stack."""

    ndvi: bool = False


@dataclass(frozen=True)
class Recipe:
    """A whole scene; `root` is the folder that relative paths count from."""

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
    derived: DerivedSpec

    def resolve(self, path: str) -> Path:
        """A path of the recipe as one that can be opened."""
        return self.root / path

    @property
    def files(self) -> list[Path]:
        """Every file that the recipe names, in recipe order."""
        sections = (self.dem, *self.sar, self.cloud)
        named = [self.grid.like, *(raster.path for raster in self.rasters)]
        named += [section.path for section in sections if section]
        if self.inventory:
            named += [self.inventory.path, self.inventory.raster, self.inventory.surveyed]
        return [self.resolve(path) for path in named if path]


def load_recipe(path: str | Path, *, root: str | Path | None = None) -> Recipe:
    """Read a scene recipe.

    Args:
        path: the TOML file.
        root: folder that relative paths count from; default: the recipe's key `root`, itself
            relative to the recipe, or else the recipe's folder.

    Raises:
        InputFileError: the recipe cannot be read.
        RecipeError: a key is unknown or missing, or a value has the wrong type or is no choice.
    """
    path = Path(path)
    raw = read_toml(path)
    sections = ("grid", "raster", "dem", "sar", "cloud", "inventory", "derived")
    check_keys(raw, ("name", "simulated", "root", *sections), str(path))
    own = _typed(raw.get("root", ""), str, f"{path}: root")
    folder = Path(root) if root is not None else path.parent / own
    recipe = Recipe(
        path=path,
        root=folder,
        text=path.read_text(encoding="utf-8-sig"),
        name=_typed(raw.get("name", path.stem), str, f"{path}: name"),
        simulated=_typed(raw.get("simulated", False), bool, f"{path}: simulated"),
        grid=_section(GridSpec, raw.get("grid", {}), f"{path}: [grid]"),
        rasters=_sections(RasterSource, raw, "raster", path),
        dem=_optional(DemSource, raw, "dem", path),
        sar=_sections(SarSource, raw, "sar", path),
        cloud=_optional(CloudSource, raw, "cloud", path),
        inventory=_optional(InventorySource, raw, "inventory", path),
        derived=_section(DerivedSpec, raw.get("derived", {}), f"{path}: [derived]"),
    )
    _check(recipe)
    return recipe


def _check(recipe: Recipe) -> None:
    where = recipe.path
    if not (recipe.rasters or recipe.dem or recipe.sar):
        raise RecipeError(f"{where}: names no raster; add a [[raster]], [dem] or [[sar]] section")
    for raster in recipe.rasters:
        _choice(raster.kind, (None, *KINDS), f"{where}: [[raster]] kind")
        _choice(raster.resampling, (None, *RESAMPLINGS), f"{where}: [[raster]] resampling")
        if not raster.bands or not all(name.strip() for name in raster.bands):
            raise RecipeError(f"{where}: [[raster]] {raster.path} names no band")
        if raster.scale == 0 or not math.isfinite(raster.scale + raster.offset):
            raise RecipeError(
                f"{where}: [[raster]] scale should be finite and not 0, offset finite"
            )
    for sar in recipe.sar:
        _choice(sar.input, ("power", "db", "amplitude"), f"{where}: [[sar]] input")
        _choice(sar.output, ("db", "amplitude", "power"), f"{where}: [[sar]] output")
        _choice(sar.speckle, ("none", "lee"), f"{where}: [[sar]] speckle")
        _choice(sar.resampling, (None, *RESAMPLINGS), f"{where}: [[sar]] resampling")
        if not sar.band.strip():
            raise RecipeError(f"{where}: [[sar]] {sar.path} names no band")
        if sar.window < 3 or sar.window % 2 == 0 or not 0 < sar.looks < math.inf:
            raise RecipeError(f"{where}: [[sar]] window should be odd and at least 3, looks > 0")
    if recipe.dem:
        for band in recipe.dem.derive:
            _choice(band, TERRAIN_BANDS, f"{where}: [dem] derive")
        if not recipe.dem.derive:
            raise RecipeError(f"{where}: [dem] derive names no band; leave [dem] out")
        if recipe.dem.curvature_factor == 0 or not math.isfinite(recipe.dem.curvature_factor):
            raise RecipeError(f"{where}: [dem] curvature_factor should be finite and not 0")
        _choice(recipe.dem.derive_on, ("dem", "grid"), f"{where}: [dem] derive_on")
        _choice(recipe.dem.resampling, (None, *RESAMPLINGS), f"{where}: [dem] resampling")
    if recipe.inventory and bool(recipe.inventory.path) == bool(recipe.inventory.raster):
        raise RecipeError(f"{where}: [inventory] needs path (polygons) or raster, one of the two")
    if recipe.inventory and recipe.inventory.raster:
        for key in ("layer", "surveyed", "surveyed_layer", "all_touched"):
            if getattr(recipe.inventory, key):
                raise RecipeError(
                    f"{where}: [inventory] {key} goes with polygons; with raster, nodata is what "
                    "nobody looked at"
                )
    _check_grid(recipe.grid, where)


def _check_grid(grid: GridSpec, where: Path) -> None:
    if grid.like and (grid.crs or grid.resolution or grid.bounds):
        raise RecipeError(f"{where}: [grid] like takes the whole grid; leave the other keys out")
    if grid.bounds is not None:
        if len(grid.bounds) != 4:
            raise RecipeError(f"{where}: [grid] bounds should be [left, bottom, right, top]")
        left, bottom, right, top = grid.bounds
        if not (-math.inf < left < right < math.inf and -math.inf < bottom < top < math.inf):
            raise RecipeError(
                f"{where}: [grid] bounds = {grid.bounds} should be [left, bottom, right, top] "
                "with left < right and bottom < top"
            )
    if grid.resolution is not None and not 0 < grid.resolution < math.inf:
        raise RecipeError(f"{where}: [grid] resolution should be finite and greater than 0")


def _choice(value: object, choices: tuple, where: str) -> None:
    if value not in choices:
        names = ", ".join(str(choice) for choice in choices if choice is not None)
        raise RecipeError(f"{where} = '{value}' is unknown; choose from: {names}")


T = TypeVar("T")


def _optional(cls: type[T], raw: dict[str, Any], name: str, path: Path) -> T | None:
    return _section(cls, raw[name], f"{path}: [{name}]") if name in raw else None


def _sections(cls: type[T], raw: dict[str, Any], name: str, path: Path) -> tuple[T, ...]:
    tables = raw.get(name, [])
    if not isinstance(tables, list):
        raise RecipeError(f"{path}: write [[{name}]] with two brackets, it may occur repeatedly")
    return tuple(_section(cls, table, f"{path}: [[{name}]]") for table in tables)


def _section(cls: type[T], values: Any, where: str) -> T:
    """Build a section's dataclass from its table, checking keys and types by its annotations."""
    known = {f.name: f for f in fields(cls)}  # type: ignore[arg-type]
    check_keys(values, known, where)
    hints = get_type_hints(cls)
    for name, entry in known.items():
        no_default = entry.default is MISSING and entry.default_factory is MISSING
        if no_default and name not in values:
            raise RecipeError(f"{where}: lacks the key '{name}'")
    return cls(**{key: _typed(v, hints[key], f"{where} {key}") for key, v in values.items()})


def _typed(value: Any, hint: Any, where: str) -> Any:
    if isinstance(hint, types.UnionType):
        hint = next(arg for arg in get_args(hint) if arg is not type(None))
    origin, args = get_origin(hint), get_args(hint)
    if origin is list and isinstance(value, list):
        return [_typed(item, args[0], where) for item in value]
    if origin is dict and isinstance(value, dict):
        return {key: _typed(item, args[1], where) for key, item in value.items()}
    if hint is float and type(value) is int:
        return float(value)
    if origin or type(value) is not hint:
        wanted = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
        name = wanted.get(hint, f"a {origin.__name__}" if origin else str(hint))
        raise RecipeError(f"{where} = {value!r} should be {name}")
    return value
