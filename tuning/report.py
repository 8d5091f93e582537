"""What searches found: a page, a table of all trials, their figure, and the best of each search.

    python tuning/report.py search_rgb search_rgb_terrain search_rgb_terrain_sar -o searches.html

The page stands alone: all trials, parallel coordinates, the effect of each parameter, learning
curves, time and peak memory, the spread over repeated seeds, and a best-of table as the study's
Table 2. Each folder also gets its `trials.png`.
"""

from pathlib import Path

import click

from keras_landslide.cli.main import main
from keras_landslide.cli.tune import show


@click.command()
@click.argument("folders", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("-o", "--out", type=click.Path(path_type=Path),
              help="Page to write.  [default: report.html in the first folder]")  # fmt: skip
def report(folders: tuple[Path, ...], out: Path | None) -> None:
    """Print and draw the results of the searches in FOLDERS, finished or not."""
    show(folders, out)


if __name__ == "__main__":
    main(command=report)
