"""`keras-landslide demo`: the whole way on two simulated basins, by the commands one would type."""

from __future__ import annotations

import importlib
import shlex
import time
from pathlib import Path

import click

from keras_landslide.cli.options import seed_option

TRAINED, NEW = "argelia", "liboriana"
IMAGE_MODELS = ("rgb", "rgb_terrain", "rgb_terrain_sar")
MINIMUM_AREA_M2 = 1000
"""Six pixels of 12.5 m: less than that is noise rather than a landslide."""


@click.command(short_help="all of the above on the simulated basins")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("demo"))
@click.option("--size", default=1024, show_default=True, help="Edge of a basin, pixels of 12.5 m.")
@click.option("--patch", default=64, show_default=True, help="Edge of a patch, pixels.")
@click.option("--epochs", default=12, show_default=True, help="Epochs of each image model.")
@seed_option("Same seed, same numbers.")
def command(folder: Path, **options: int) -> None:
    """Train in one simulated basin, map the landslides of another, score both; all in FOLDER.

    Each step is printed as the command that does it alone. Stopped, the demo goes on where it was.
    """
    run_demo(folder, **options)


def run_demo(
    folder: str | Path, *, size: int = 1024, patch: int = 64, epochs: int = 12, seed: int = 0
) -> dict[str, Path]:
    """Run every step in `folder`, print the score table and the files; return the main files.

    Raises:
        RecipeError: `folder` holds a demo with other options.
        OutputError: `folder` cannot be written.
    """
    start, folder = time.perf_counter(), Path(folder)
    _claim(folder, {"size": size, "patch": patch, "epochs": epochs, "seed": seed})
    stacks = {basin: folder / basin / "stack.tif" for basin in (TRAINED, NEW)}
    patches = folder / TRAINED / "patches.gpkg"
    if not all((folder / basin / "recipe.toml").exists() for basin in stacks):
        _do("simulate", folder, "--size", size, "--seed", seed)
    for basin, stack in stacks.items():
        if not stack.exists():
            _do("stack", folder / basin / "recipe.toml", "-o", stack)
    if not patches.exists():
        _do("patches", stacks[TRAINED], "-o", patches, "--size", patch, "--seed", seed)
    best = _search(folder, stacks[TRAINED], patches, seed)
    for image_model in IMAGE_MODELS:
        _train(folder, image_model, best, epochs)
        _transfer(folder, image_model, stacks, patches)
    return _report(folder, stacks, patches, time.perf_counter() - start)


def _claim(folder: Path, options: dict[str, int]) -> None:
    """Keep the options in the folder, so that a second demo does not mix with the first."""
    from keras_landslide.errors import RecipeError
    from keras_landslide.files import write_json
    from keras_landslide.records import load_json

    kept = folder / "demo.json"
    if not kept.exists():
        write_json(kept, options)
    elif load_json(kept, remedy="remove the folder of the demo and run it again") != options:
        raise RecipeError(
            f"{folder} holds a demo with other options; choose another folder or remove this one"
        )


def _do(verb: str, *arguments: object) -> None:
    """Print a command as one would type it, and run it."""
    words = [str(argument) for argument in arguments]
    click.secho(f"\n$ keras-landslide {verb} {shlex.join(words)}", bold=True)
    module = importlib.import_module(f"keras_landslide.cli.{verb}")
    module.command.main(words, prog_name=f"keras-landslide {verb}", standalone_mode=False)


def _search(folder: Path, stack: Path, patches: Path, seed: int) -> Path:
    """A short search: four trials; returns the run config of the best."""
    import tomli_w

    from keras_landslide.files import write_text

    space = {
        "search": {
            "name": "demo",
            "objective": "val_f1",
            "seed": seed,
            "epochs": 2,
            "max_patches": 96,
        },
        "base": {
            "data": {
                "stack": str(stack.resolve()),
                "patches": str(patches.resolve()),
                "image_model": IMAGE_MODELS[-1],
                "oversample": 2,
            },
            "training": {"loss": "dice", "epochs": 150, "patience": 20},
        },
        "grid": {"filters": [8, 16], "learning_rate": [5e-4, 1e-3], "batch_size": [16]},
    }
    out = folder / "search"
    if not (out / "trials.png").exists():  # the last file that a search writes
        write_text(folder / "search.toml", tomli_w.dumps(space))
        _do("tune", folder / "search.toml", "-o", out)
    return out / "best.toml"


def _train(folder: Path, image_model: str, best: Path, epochs: int) -> None:
    """Train one image model with the values that the search found best."""
    from keras_landslide.config import load_run_config

    config = load_run_config(best).with_values(
        data={"image_model": image_model},
        training={"epochs": epochs, "patience": epochs},
    )
    home = folder / image_model
    if not (home / "run.toml").exists():
        config.save(home / "run.toml")
    _do("train", home / "run.toml", "-o", home / "run")
    if not (home / "bundle" / "bundle.json").exists():
        _do("export", home / "run", "-o", home / "bundle")


def _transfer(folder: Path, image_model: str, stacks: dict[str, Path], patches: Path) -> None:
    """Map both basins; score the trained one on its test patches, the new one as a whole."""
    home = folder / image_model
    for basin, stack in stacks.items():
        out = home / basin
        _do("predict", home / "bundle", stack, "-o", out, "--minimum-area", MINIMUM_AREA_M2)
        where = ["--patches", patches, "--split", "test"] if basin == TRAINED else []
        mapped, surveyed = (stack.with_name(f"{name}.gpkg") for name in ("inventory", "surveyed"))
        truth = ["--inventory", mapped, "--surveyed", surveyed] if basin == NEW else []
        maps = ["--probability", out / "probability.tif", "--stack", stack]
        least = ["--minimum-area", MINIMUM_AREA_M2]
        # Every model on the pixels that the one of most bands can see, or the table would compare
        # scores of different pixels.
        common = ["--image-model", IMAGE_MODELS[-1]]
        _do("evaluate", *maps, *where, *truth, *least, *common, "-o", out)


def _report(
    folder: Path, stacks: dict[str, Path], patches: Path, seconds: float
) -> dict[str, Path]:
    """Draw the maps, print the table of all scores and the list of files."""
    from keras_landslide.evaluation.scores import Scores
    from keras_landslide.patches.table import read_patches
    from keras_landslide.records import load_json
    from keras_landslide.report import figures, tables

    rows, panels = [], []
    for basin in (TRAINED, NEW):
        place = f"{basin}, test blocks" if basin == TRAINED else f"{basin}, never seen"
        for name in IMAGE_MODELS:
            out = folder / name / basin
            metrics = load_json(out / "metrics.json")  # written a moment ago
            for region, values in metrics["pixels"].items():
                scores = Scores(*(values[key] for key in ("tp", "fp", "fn", "tn")))
                if scores.total:
                    rows.append(tables.Row.of(name, place, region, scores))
                if basin == NEW and region == "all":
                    panels.append(
                        figures.ConfusionPanel(
                            name, out / "probability.tif", metrics["threshold"], scores
                        )
                    )
    files = {
        "map": folder / "map.png",
        "bands": folder / "bands.png",
        "patches": folder / "patches.png",
    }
    title = f"Trained in {TRAINED}, transferred to {NEW}"
    figures.confusion_map(panels, stacks[NEW], files["map"], title=title)
    figures.bands_overview(stacks[NEW], files["bands"], title=f"Bands of {NEW}")
    figures.patches_map(stacks[TRAINED], read_patches(patches), files["patches"])
    written = tables.write_tables(rows, folder, "Scores in the two simulated basins")
    click.echo("\n" + tables.text_table(rows, "Scores in the two simulated basins"))
    click.echo("\nThe study's own figures, from its real basins, for comparison:\n")
    click.echo(tables.text_table(tables.reported_rows(), tables.REPORTED_NOTE))
    listed = [*files.values(), *written, folder / "search" / "trials.png"]
    for name in IMAGE_MODELS:
        listed += [folder / name / "bundle", folder / name / NEW / "probability.tif"]
        listed.append(folder / name / NEW / "inventory.gpkg")
    click.echo("\nWritten:\n" + "\n".join(f"  {path}" for path in listed))
    click.echo(f"\nDone in {seconds / 60:.1f} minutes. All of it is simulated data.")
    return files
