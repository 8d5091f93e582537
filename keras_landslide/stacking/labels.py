"""Cloud mask and landslide label of a recipe as layers on the target grid."""

from __future__ import annotations

import warnings
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from keras_landslide.bands import CLEAR, CLOUD, SHADOW, UNLABELLED
from keras_landslide.errors import InputFileError, LandslideWarning
from keras_landslide.grid import Bounds
from keras_landslide.rasters.areas import lost, open_areas
from keras_landslide.rasters.classes import refuse_merged_classes
from keras_landslide.rasters.gdal_errors import quiet_gdal
from keras_landslide.rasters.rasterize import rasterize_label
from keras_landslide.recipe import CloudSource, InventorySource, Recipe
from keras_landslide.stacking.convert import converted
from keras_landslide.stacking.sources import check_indexes, described, on_grid, unchanged
from keras_landslide.stacking.working_files import Layer, Part, WorkingFiles


def cloud_layer(working_files: WorkingFiles, recipe: Recipe, cloud: CloudSource) -> Layer:
    """The cloud mask as a band: 0 clear, 1 cloud, 2 cloud shadow."""
    path = recipe.resolve(cloud.path)
    if not cloud.named:
        part, how = on_grid(
            working_files, path, (cloud.index,), kind="categorical", nodata=cloud.nodata
        )
        finish = partial(_cloud_as_stored, path=path)
        return Layer((described("cloud", path.name, how),), (part,), finish)
    check_indexes(path, (cloud.index,))
    convert = partial(_cloud_from_classes, cloud=cloud.cloud, shadow=cloud.shadow)
    refuse_merged_classes(path, cloud.index, cloud.nodata)
    # Merged, and only then resampled: three kinds of cloud outvote one of ground.
    merged = converted(
        working_files,
        "cloud-classes",
        path,
        cloud.index,
        convert,
        asdict(cloud),
        nodata=cloud.nodata,
    )
    part, how = on_grid(working_files, merged, (1,), kind="categorical", name="cloud")
    how = f"cloud where {cloud.cloud}, shadow where {cloud.shadow}; {how}"
    return Layer((described("cloud", path.name, how),), (part,), unchanged)


def label_layer(working_files: WorkingFiles, recipe: Recipe, inventory: InventorySource) -> Layer:
    """The label band: 0 background, 1 landslide, 255 outside the surveyed area."""
    if inventory.raster:
        path = recipe.resolve(inventory.raster)
        refuse_merged_classes(path, 1, inventory.nodata)
        convert = partial(_label_from_classes, landslide=inventory.landslide)
        merged = converted(
            working_files,
            "label-classes",
            path,
            1,
            convert,
            asdict(inventory),
            nodata=inventory.nodata,
        )
        part, how = on_grid(working_files, merged, (1,), kind="categorical", name="label")
        return Layer((described("label", path.name, how),), (part,), _unlabelled)
    assert inventory.path is not None  # the recipe's check made sure of it
    path = recipe.resolve(inventory.path)
    how = "pixels touched by polygons" if inventory.all_touched else "pixel centres in polygons"
    options: dict[str, Any] = {"layer": inventory.layer, "all_touched": inventory.all_touched}
    sources = [path]
    if inventory.surveyed_bounds:
        box = Bounds(*inventory.surveyed_bounds)
        options |= {"surveyed_bounds": box}
        how += f", 255 outside {', '.join(f'{v:.10g}' for v in box)}"
    if inventory.surveyed:
        area = recipe.resolve(inventory.surveyed)
        sources.append(area)
        options |= {"surveyed": area, "surveyed_layer": inventory.surveyed_layer}
        how += f", 255 outside {area.name}"
    burnt = working_files.make(
        "label",
        sources,
        options,
        lambda out: rasterize_label(path, out, working_files.grid, **options),
    )
    with quiet_gdal():
        words = open_areas(path, inventory.layer, working_files.grid).words
    if not inventory.all_touched:
        words += lost(path, inventory.layer, working_files.grid).words
    for each in words:
        warnings.warn(f"{path}: {each}", LandslideWarning, stacklevel=2)
    how = "; ".join([how, *words])
    return Layer((described("label", path.name, how),), (Part(burnt, (1,)),), unchanged)


def _cloud_as_stored(values: np.ndarray, path: Path) -> np.ndarray:
    """The file's own values, if they are those of the vocabulary."""
    others = values[~(np.isin(values, (CLEAR, CLOUD, SHADOW)) | np.isnan(values))]
    if others.size:
        raise InputFileError(
            f"{path}: holds {others[0]:g}, a cloud mask holds 0 clear, 1 cloud, 2 shadow; say in "
            "[cloud] which of its values are what (for Sentinel-2's scene classification "
            "cloud = [8, 9, 10] and shadow = [3]), or which one is nodata"
        )
    return values


def _cloud_from_classes(values: np.ndarray, cloud: list[int], shadow: list[int]) -> np.ndarray:
    """Classes of any mask as those of the vocabulary; what is not named is clear."""
    mask = np.where(np.isnan(values), np.float32(np.nan), np.float32(CLEAR))
    mask[np.isin(values, np.asarray(cloud, np.float32))] = CLOUD
    mask[np.isin(values, np.asarray(shadow, np.float32))] = SHADOW
    return mask


def _label_from_classes(classes: np.ndarray, landslide: list[int]) -> np.ndarray:
    label = np.isin(classes, np.asarray(landslide, np.float32)).astype(np.float32)
    label[np.isnan(classes)] = np.nan
    return label


def _unlabelled(label: np.ndarray) -> np.ndarray:
    """A label in which pixels without a class are those that nobody looked at."""
    return np.where(np.isnan(label), np.float32(UNLABELLED), label)
