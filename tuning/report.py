"""What searches found: a table of all trials, their figure, and the best of each search.

    python tuning/report.py search_rgb search_rgb_terrain search_rgb_terrain_sar

The last table is the study's Table 2, with a line per search. Each folder gets its `trials.png`.
"""

from pathlib import Path

import click

from keras_landslide.cli.main import main
from keras_landslide.cli.tune import show


@click.command()
@click.argument("folders", type=click.Path(path_type=Path), nargs=-1, required=True)
def report(folders: tuple[Path, ...]) -> None:
    """Print and draw the results of the searches in FOLDERS, finished or not."""
    show(folders)


if __name__ == "__main__":
    main(command=report)
