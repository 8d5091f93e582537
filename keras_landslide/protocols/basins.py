"""The data of the Colombian study: a basin to train in and one to transfer to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from keras_landslide.bands import image_model_bands
from keras_landslide.errors import InputFileError
from keras_landslide.files import file_state, fingerprint
from keras_landslide.patches.cache import open_cache
from keras_landslide.patches.plan import PatchSettings, plan_patches
from keras_landslide.patches.table import Patch
from keras_landslide.protocols.divisions import SPLIT_SEED, Dataset, Round, stack_bands
from keras_landslide.protocols.protocol import Protocol
from keras_landslide.rasters.read import stack_info
from keras_landslide.simulation import twin_basins
from keras_landslide.stacking.build import ensure_stack


def open_basins(protocol: Protocol, folder: Path | None, work: Path) -> Dataset:
    """Stack both basins, cut the one into blocked and buffered patches and tile the other.

    Args:
        protocol: names of the basins, size of the patches.
        folder: a folder per basin with `stack.tif` or `recipe.toml`; None simulates both in
            `work`.
        work: where stacks and caches go.

    Raises:
        InputFileError: a basin has neither stack nor recipe.
        LandslideError: see `stacking.build`, `patches.plan` and `patches.cache`.
    """
    data = protocol.data
    names = [data["train"], data["transfer"]]
    if folder is None:
        folder = simulated_basins(work / "basins", data["size"], names)
    stacks = {name: basin_stack(folder / name, work / name) for name in names}
    settings = PatchSettings(
        size=data["patch"],
        overlap=data["overlap"],
        seed=SPLIT_SEED,
        # Every model on the same patches: those where the one of most bands has data.
        image_model=protocol.models[-1].bands,
    )
    patches = plan_patches(stacks[data["train"]], settings)
    tiles = _tiles(stacks[data["transfer"]], settings)
    image_models = [entry.bands for entry in protocol.models]
    caches = {
        name: open_cache(stacks[data["train"]], patches, image_model_bands(name), work / "cache")
        for name in image_models
    }
    elsewhere = {
        name: open_cache(stacks[data["transfer"]], tiles, image_model_bands(name), work / "cache")
        for name in image_models
    }
    infos = {name: stack_info(path) for name, path in stacks.items()}
    first = caches[image_models[0]]
    counts = ", ".join(f"{split} {len(first.indices(split))}" for split in ("train", "val", "test"))
    return Dataset(
        title=f"{names[0]} to {names[1]}",
        key=fingerprint(
            [
                {
                    "stack": info.tags.get("FINGERPRINT") or file_state(info.path),
                    "size": data["patch"],
                    "overlap": data["overlap"],
                }
                for info in infos.values()
            ]
        ),
        rounds=(Round("split", caches, {"transfer": elsewhere}),),
        names=tuple(f"patch {patch.patch_id}" for patch in first.patches),
        bands={name: stack_bands(name) for name in image_models},
        pixel_size_m=infos[names[0]].pixel_size_m,
        simulated=any(info.simulated for info in infos.values()),
        facts=(
            f"{names[0]}: patches of {data['patch']} px ({counts}), split by blocks with a buffer",
            f"{names[1]}: {len(tiles)} tiles of {data['patch']} px, none of them trained on",
        ),
        stacks={"test": stacks[names[0]], "transfer": stacks[names[1]]},
    )


def simulated_basins(folder: Path, size: int, names: Sequence[str]) -> Path:
    """Simulate basins where they are not there yet; returns `folder`."""
    folder = folder.with_name(f"{folder.name}-{size}")
    if not all((folder / name / "recipe.toml").exists() for name in names):
        twin_basins.simulate(folder, size, SPLIT_SEED, names)
    return folder


def basin_stack(basin: Path, work: Path) -> Path:
    """The basin's `stack.tif`; made in `work` from its recipe where there is none.

    Raises:
        InputFileError: there is neither.
    """
    if (basin / "stack.tif").is_file():
        return basin / "stack.tif"
    recipe = basin / "recipe.toml"
    if not recipe.is_file():
        raise InputFileError(
            f"{basin}: holds neither stack.tif nor recipe.toml; make a basin with "
            "`keras-landslide simulate`, or write a recipe"
        )
    out = work.with_name(f"{basin.parent.name}-{work.name}.tif")
    return ensure_stack(recipe, out)


def _tiles(stack: Path, settings: PatchSettings) -> list[Patch]:
    """Windows side by side over a whole stack, all of them to be scored."""
    tiles = plan_patches(
        stack, replace(settings, overlap=0.0, split_kind="random", split=(1.0, 0.0, 0.0))
    )
    return [replace(patch, split="test") for patch in tiles if patch.split == "train"]
