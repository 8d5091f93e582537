"""Read a scene recipe; checks keys, types and choices, not the files."""

from __future__ import annotations

from pathlib import Path

from keras_landslide.recipe.checks import check_recipe
from keras_landslide.recipe.parsing import formulas, optional, section, sections, typed
from keras_landslide.recipe.sections import (
    CategorySource,
    CloudSource,
    DemSource,
    DistanceSource,
    GridSpec,
    InventorySource,
    RasterSource,
    Recipe,
    SarSource,
)
from keras_landslide.toml_files import check_keys, read_toml

SECTIONS = (
    *("grid", "raster", "category", "distance", "dem", "sar"),
    *("cloud", "inventory", "derived"),
)


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
    check_keys(raw, ("name", "simulated", "root", "vrt_sources", *SECTIONS), str(path))
    own = typed(raw.get("root", ""), str, f"{path}: root")
    folder = Path(root) if root is not None else path.parent / own
    recipe = Recipe(
        path=path,
        root=folder,
        text=path.read_text(encoding="utf-8-sig"),
        name=typed(raw.get("name", path.stem), str, f"{path}: name"),
        simulated=typed(raw.get("simulated", False), bool, f"{path}: simulated"),
        grid=section(GridSpec, raw.get("grid", {}), f"{path}: [grid]"),
        rasters=sections(RasterSource, raw, "raster", path),
        dem=optional(DemSource, raw, "dem", path),
        sar=sections(SarSource, raw, "sar", path),
        cloud=optional(CloudSource, raw, "cloud", path),
        inventory=optional(InventorySource, raw, "inventory", path),
        derived=formulas(raw.get("derived", {}), f"{path}: [derived]"),
        vrt_sources=typed(raw.get("vrt_sources", "root"), str, f"{path}: vrt_sources"),
        categories=sections(CategorySource, raw, "category", path),
        distances=sections(DistanceSource, raw, "distance", path),
    )
    check_recipe(recipe)
    return recipe
