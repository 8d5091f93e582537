"""Make simulated basins: from settings and a seed to a folder of files and a scene recipe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from keras_landslide.errors import GridMismatchError, LandslideError, OutputError, UnknownNameError
from keras_landslide.files import output_errors, replacing
from keras_landslide.runtime.progress import progress
from keras_landslide.simulation.twin_basins import (
    cover,
    documents,
    optics,
    products,
    radar,
    relief,
    settings,
    slides,
    stability,
)
from keras_landslide.simulation.twin_basins.place import place
from keras_landslide.toml_files import read_toml

SMALLEST_PX, LARGEST_PX = 128, 20_000
_STAGES = 8


def simulate(
    out: str | Path,
    size: int = 1024,
    seed: int = 0,
    basins: Sequence[str] = ("argelia", "liboriana"),
) -> list[Path]:
    """Write one folder of files per basin; the same arguments give the same rasters.

    Landslides cover 1 to 8 % of each basin from 256 pixels up: the storm is calibrated to that.
    Memory is 0.35 GiB and about 40 bytes per optical pixel (1.0 GiB at 4096 x 4096).

    Args:
        out: folder that gets a folder per basin. Each appears only when it is complete, and
            replaces one that was simulated before.
        size: edge of the optical image in pixels of 12.5 m, 128 to 20 000.
        seed: 0 or greater.
        basins: names from `settings.BASINS`.

    Returns:
        The path of each basin's `recipe.toml`.

    Raises:
        GridMismatchError: the size or the seed is out of range.
        UnknownNameError: there is no such basin.
        OutputError: the folder cannot be written or holds something else, or the disk is full.
    """
    if not SMALLEST_PX <= size <= LARGEST_PX:
        raise GridMismatchError(
            f"`size` {size} is out of range: choose {SMALLEST_PX} to {LARGEST_PX} pixels"
        )
    if seed < 0:
        raise GridMismatchError(f"`seed` {seed} is out of range: choose 0 or a positive number")
    if not basins:
        raise UnknownNameError(f"no basin was named; choose from: {', '.join(settings.BASINS)}")
    chosen = [settings.get(name) for name in basins]
    out = Path(out)
    for basin in chosen:
        _check_replaceable(out / basin.name)
    recipes = []
    for basin in chosen:
        folder = out / basin.name
        with replacing(folder) as part:
            with output_errors(folder):
                part.mkdir()
            title = f"simulating {basin.name}"
            stages = _stages(part, basin, size, seed)
            try:
                for _ in progress(stages, title, total=_STAGES, unit="step"):
                    pass
            except OutputError as error:
                # The message names the folder that people know, not its name while in the making.
                raise OutputError(str(error).replace(part.name, folder.name)) from error
        recipes.append(folder / "recipe.toml")
    return recipes


def _check_replaceable(folder: Path) -> None:
    """Refuse to replace a folder that this program did not simulate."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    try:
        simulated = read_toml(folder / "recipe.toml").get("simulated") is True
    except LandslideError:
        simulated = False
    if not simulated:
        raise OutputError(
            f"{folder}: exists and is no simulated basin; choose another output folder"
        )


def _stages(folder: Path, basin: settings.Basin, size: int, seed: int) -> Iterator[str]:
    """Make one basin in `folder`, yielding after each stage; big arrays go as soon as they can."""
    where = place(basin, size)
    n = where.truth.width
    terrain = relief.build(basin.relief, n, seed, basin.name)
    yield "terrain"
    score = cover.forest_score(terrain, seed, basin.name)
    threshold = cover.forest_threshold(score, basin.cover.forest_share)
    storm = stability.storm(
        terrain, score > threshold, basin.storm.landslide_cover, seed, basin.name
    )
    fallen = slides.trigger(terrain, storm, basin.storm, where.inner, seed, basin.name)
    yield "slides"
    count = documents.write_vectors(folder, where, fallen, basin, seed)
    yield "inventory"
    ground = cover.build(terrain, score, threshold, basin.cover, seed, basin.name)
    del score
    yield "land cover"
    clouds = optics.sky(basin.light, n, where.inner, seed, basin.name)
    image = optics.render(basin, terrain, ground, fallen, clouds, where.inner, seed)
    products.write_optical(folder / "optical.tif", where, image, basin, seed)
    products.write_cloud(folder / "cloud.tif", where, clouds, basin, seed)
    yield "optical image"
    products.write_dem(folder / "dem.tif", where, terrain.elevation, basin, seed)
    yield "elevation"
    pre, post = radar.backscatter(basin, terrain, ground, fallen, seed)
    products.write_sar(folder / "sar_pre.tif", where, pre, basin, seed, "before")
    products.write_sar(folder / "sar_post.tif", where, post, basin, seed, "after")
    yield "radar"
    inside = slice(*where.inner)
    notes = {
        "seed": seed,
        "size": f"{size} x {size} pixels of {settings.PIXEL_M} m",
        "landslides": count,
        "landslide cover": f"{fallen.label[inside, inside].mean():.2%} (calibrated, not found)",
        "storm recharge": f"{storm.recharge_mm_day:.0f} mm/day",
    }
    documents.write_recipe(folder, basin, notes)
    yield "recipe"
