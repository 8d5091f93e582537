"""`keras-landslide tune`: grid search over a space of run configs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from keras_landslide.tuning.search import SearchResult


@click.command(short_help="grid search over a space of run configs")
@click.argument("space", type=click.Path(path_type=Path))
@click.option("-o", "--out", "folder", type=click.Path(path_type=Path), required=True,
              help="Folder of the search; the same command goes on with it.")  # fmt: skip
@click.option("--stack", type=click.Path(path_type=Path), help="stack.tif to learn from.")
@click.option("--patches", type=click.Path(path_type=Path), help="Its patches.gpkg.")
@click.option("--image-model", help="Key of the image models, or band names joined by commas.")
@click.option("--epochs", type=int, help="At most so many epochs per trial.")
@click.option("--max-patches", type=int, help="At most so many patches of each split.")
def command(space: Path, folder: Path, **overrides) -> None:
    """Run every trial of SPACE (TOML) and write trials.csv, trials.png and best.toml.

    After an interruption the same command completes the search. Options replace SPACE's entries.
    """
    tune(space, folder, **overrides)
    show([folder])
    click.echo(f"wrote {folder / 'trials.csv'}\nwrote {folder / 'best.toml'}")


def tune(
    space: Path,
    folder: Path,
    *,
    stack: Path | None = None,
    patches: Path | None = None,
    image_model: str | None = None,
    epochs: int | None = None,
    max_patches: int | None = None,
) -> SearchResult:
    """Search `space` in `folder`; what is given replaces the entries of the space.

    Raises:
        LandslideError: the space, the stack, the patches or the folder is at fault, another
            process searches there, or every trial failed.
    """
    from keras_landslide.cli.contract import data_fingerprint
    from keras_landslide.quiet import quiet_tensorflow
    from keras_landslide.rasters.read import stack_info
    from keras_landslide.tuning.space_file import load_space

    loaded = load_space(
        space,
        {
            "base.data.stack": str(Path(stack).resolve()) if stack else None,
            "base.data.patches": str(Path(patches).resolve()) if patches else None,
            "base.data.image_model": image_model,
            "search.epochs": epochs,
            "search.max_patches": max_patches,
        },
    )
    learnt_from = {
        "fingerprint": data_fingerprint(loaded.base),
        "simulated": stack_info(loaded.base.data.stack).simulated,
    }
    with quiet_tensorflow():
        from keras_landslide.cli.patch_trainer import PatchTrainer
        from keras_landslide.tuning.search import run_search

    return run_search(loaded, folder, lambda: PatchTrainer(loaded), learnt_from)


def show(folders: Sequence[Path]) -> None:
    """Print the trials of each search, draw them in its `trials.png`, and print the best of each.

    Raises:
        InputFileError: a folder holds no search, or none of its trials has ended.
    """
    from keras_landslide.config import read_toml
    from keras_landslide.report.run_figures import trials_figure
    from keras_landslide.tuning.results import read_trials_csv
    from keras_landslide.tuning.space import direction_of
    from keras_landslide.tuning.tables import best_table, trials_table

    searches = []
    for folder in folders:
        space, table = read_toml(folder / "space.toml"), folder / "trials.csv"
        rows = read_trials_csv(table)
        title = f"All trials of the search {space['search']['name']}"
        simulated = bool(space["learnt_from"].get("simulated"))
        objective = space["search"]["objective"]
        trials_figure(
            table, folder / "trials.png", title=title, objective=objective, simulated=simulated
        )
        click.echo(f"{title}{' (simulated data)' if simulated else ''}")
        click.echo(trials_table(rows, direction_of(objective)) + "\n")
        searches.append((space, rows))
    click.echo(f"Best trial of each search\n{best_table(searches)}\n")
    for folder in folders:
        click.echo(f"wrote {folder / 'trials.png'}")
