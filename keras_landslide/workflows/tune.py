"""`keras-landslide tune`: grid search over a space of run configs."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keras_landslide.runtime.environment import environment
from keras_landslide.workflows.tune_options import (
    about_data,
    backend_name,
    check_choices,
    load,
    make_trainer,
    prepare,
    threads_each,
)

if TYPE_CHECKING:
    from keras_landslide.tuning.search import SearchResult


def tune(
    space: Path,
    folder: Path,
    *,
    workers: int = 1,
    threads: int = 0,
    backend: str | None = None,
    memory_gb: float = 0.0,
    listen: str = "",
    **overrides,
) -> SearchResult:
    """Search `space` in `folder`.

    Args:
        space: TOML file.
        folder: of the search.
        workers: trials at the same time on this machine.
        threads: per trial; 0 shares the cores among the workers.
        backend: Keras backend of the trials; None for Keras's own setting.
        memory_gb: most memory that a trial may take; 0 = no limit.
        listen: host:port for workers of other machines.
        overrides: `stack`, `patches`, `image_model`, `epochs`, `max_patches`, `kind`, `precision`
            and `jit_compile` replace entries of the space, as do `entries`, texts such as
            `search.repeats=0`.

    Raises:
        LandslideError: the space, the stack, the patches or the folder is at fault, another
            process searches there, or every trial failed.
    """
    from keras_landslide.runtime.quiet import quiet_tensorflow

    loaded = load(space, overrides)
    backend = backend_name(backend)
    learnt_from = about_data(loaded, backend)
    with quiet_tensorflow(), environment({"KERAS_BACKEND": backend}):
        from keras_landslide.tuning.search import Resources, run_search

        check_choices(loaded)
    prepare(loaded)
    resources = Resources(
        workers=workers,
        listen=listen,
        backend=backend,
        threads=threads or threads_each(workers),
        memory_gb=memory_gb,
    )
    return run_search(loaded, folder, partial(make_trainer, loaded), learnt_from, resources)


def help_search(
    space: Path,
    folder: Path,
    address: str,
    *,
    workers: int = 1,
    threads: int = 0,
    backend: str | None = None,
    memory_gb: float = 0.0,
    listen: str = "",
    **overrides,
) -> None:
    """Be a worker of the search in `folder` that listens at `address`, until it has ended.

    Raises:
        ClusterError: nobody answers there.
        RecipeError: more is asked for than a worker does, or the space, the data or the backend
            are not those of the search in `folder`, or the chief leads that of another one.
        LandslideError: as `tune`.
    """
    from keras_landslide.errors import RecipeError
    from keras_landslide.runtime.quiet import quiet_tensorflow

    if workers != 1 or listen:
        raise RecipeError("--worker is one worker: leave out --workers and --listen")
    loaded = load(space, overrides)
    backend = backend_name(backend)
    with quiet_tensorflow(), environment({"KERAS_BACKEND": backend}):
        from keras_landslide.tuning.fork_server import backend_environment
        from keras_landslide.tuning.kept_space import join, named
        from keras_landslide.tuning.worker import work
    search_id = join(loaded, folder, about_data(loaded, backend))
    prepare(loaded)
    name = named(f"{platform.node()}-{os.getpid()}", search_id)
    variables = backend_environment(backend, threads)
    work(loaded, folder, partial(make_trainer, loaded), address, name, variables, memory_gb)


def show(folders: Sequence[Path], page: Path | None = None) -> None:
    """Print the trials of each search and the best of each, draw them, and write the page.

    Args:
        folders: of searches, finished or not; each gets its `trials.png`.
        page: HTML file to write; by default `report.html` in the first folder.

    Raises:
        InputFileError: a folder holds no search, or none of its trials has ended.
    """
    from keras_landslide.report.run_figures import trials_figure
    from keras_landslide.report.search_data import read_search
    from keras_landslide.report.search_page import search_page
    from keras_landslide.tuning.spread import verdict
    from keras_landslide.tuning.tables import best_table, trials_table

    searches = [read_search(folder) for folder in folders]
    page = search_page(folders, page or folders[0] / "report.html")
    for folder, search in zip(folders, searches, strict=True):
        title = f"All trials of the search {search.space['search']['name']}"
        trials_figure(
            folder / "trials.csv",
            folder / "trials.png",
            title=title,
            objective=search.objective,
            simulated=search.simulated,
        )
        click.echo(f"{title}{' (simulated data)' if search.simulated else ''}")
        click.echo(trials_table(search.rows, search.direction))
        click.echo(verdict(search.rows, search.direction, search.objective) + "\n")
    click.echo(f"Best trial of each search\n{best_table([(s.space, s.rows) for s in searches])}\n")
    for folder in folders:
        click.echo(f"wrote {folder / 'trials.png'}")
    click.echo(f"wrote {page}")
