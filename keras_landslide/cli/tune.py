"""`keras-landslide tune`: grid search over a space of run configs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from keras_landslide.cli.options import in_range
from keras_landslide.cli.verb import Verb, json_option, print_json
from keras_landslide.config import PRECISIONS
from keras_landslide.options import MOST_WORKERS


@click.command(
    cls=Verb,
    short_help="grid search over a space of run configs",
    example="space.toml -o search --workers 2",
)
@click.argument("space", type=click.Path(path_type=Path))
@click.option("-o", "--out", "folder", type=click.Path(path_type=Path), required=True,
              help="Folder of the search; the same command goes on with it.")  # fmt: skip
@click.option("--stack", type=click.Path(path_type=Path), help="stack.tif to learn from.")
@click.option("--patches", type=click.Path(path_type=Path), help="Its patches.gpkg.")
@click.option("--chips", type=click.Path(path_type=Path),
              help="Instead of the two: folder of chips.")  # fmt: skip
@click.option("--image-model", help="Key of the image models, or band names joined by commas.")
@click.option("--epochs", type=in_range("epochs"), help="At most so many epochs per trial.")
@click.option(
    "--max-patches", type=in_range("max_patches"), help="At most so many patches of each split."
)
@click.option("--set", "entries", multiple=True, metavar="KEY=VALUE",
              help="Any entry of SPACE, such as search.repeats=0; may be repeated.")  # fmt: skip
@click.option("--kind", help="grid, random, bayesian, hyperband or halving.")
@click.option("--precision", type=click.Choice(PRECISIONS),
              help="What the networks compute in while they learn.")  # fmt: skip
@click.option("--jit-compile", is_flag=True, default=None,
              help="Compile training steps with XLA.")  # fmt: skip
@click.option("--workers", type=click.IntRange(0, MOST_WORKERS), default=1, show_default=True,
              help="Trials at the same time on this machine.")  # fmt: skip
@click.option("--threads", type=in_range("threads"), default=0,
              help="Threads per trial; by default the cores are shared out.")  # fmt: skip
@click.option("--backend", type=click.Choice(["tensorflow", "jax", "torch"]),
              help="Keras backend of the trials; by default Keras's own setting.")  # fmt: skip
@click.option("--memory-gb", type=in_range("memory_gb"), default=0.0,
              help="A trial that takes more is recorded as failed; 0 = no limit.")  # fmt: skip
@click.option("--listen", metavar="HOST:PORT", default="",
              help="Also hand out trials to workers of other machines.")  # fmt: skip
@click.option("--worker", metavar="HOST:PORT", default="",
              help="Be a worker of the search in FOLDER that listens there.")  # fmt: skip
@json_option
def command(space: Path, folder: Path, worker: str, as_json: bool, **given) -> None:
    """Run every trial of SPACE (TOML) and write trials.csv, report.html and best.toml.

    After an interruption the same command completes the search. Options replace SPACE's entries.
    """
    from keras_landslide.workflows.tune import help_search, tune

    if worker:
        help_search(space, folder, worker, **given)
        return
    done = tune(space, folder, **given)
    if as_json:
        print_json(done.numbers, done.paths)
        return
    show([folder])
    click.echo(f"wrote {done['trials_csv']}\nwrote {done['best_run']}")
    best = done["best"]
    click.echo(
        f"{done['trials']} trials, {done['failed']} failed; the best is {best['trial']} with "
        f"{done['objective']} {best['score']:.4f}"
    )


def show(folders: Sequence[Path], page: Path | None = None) -> None:
    """Print what `workflows.tune.report` gives."""
    from keras_landslide.workflows.tune import report

    found = report(folders, page)
    click.echo(found.text)
    for path in found.files:
        click.echo(f"wrote {path}")
