"""`tune`: grid search over a space of run configs."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from keras_landslide.runtime.environment import environment
from keras_landslide.workflows.results import Result
from keras_landslide.workflows.tune_options import (
    about_data,
    backend_name,
    check_address,
    check_choices,
    load,
    make_trainer,
    prepare,
    threads_each,
)

if TYPE_CHECKING:
    from keras_landslide.tuning.results import TrialRow


@dataclass(frozen=True, eq=False)
class Search(Result):
    """A search that ended.

    Attributes:
        rows: all trials, by their numbers.
    """

    rows: tuple[TrialRow, ...] = ()


@dataclass(frozen=True, eq=False)
class SearchReport(Result):
    """Tables and figures of searches.

    Attributes:
        text: the trials of each, and the best of each.
    """

    text: str = ""


def tune(
    space: str | Path,
    folder: str | Path,
    *,
    workers: int = 1,
    threads: int = 0,
    backend: str | None = None,
    memory_gb: float = 0.0,
    listen: str = "",
    **overrides,
) -> Search:
    """Search `space` in `folder`; stopped, it goes on where it was.

    Args:
        space: TOML file.
        folder: of the search.
        workers: trials at the same time on this machine.
        threads: per trial; 0 shares the cores among the workers.
        backend: Keras backend of the trials; None for Keras's own setting.
        memory_gb: most memory that a trial may take; 0 = no limit.
        listen: host:port for workers of other machines.
        overrides: `stack`, `patches`, `chips`, `image_model`, `epochs`, `max_patches`, `kind`,
            `precision` and `jit_compile` replace entries of the space, as do `entries`, texts
            such as `search.repeats=0`.

    Returns:
        The numbers `trials`, `failed` and `simulated`, the `objective`, and `best` (`trial`,
        `score`, `best_epoch` and the `values` chosen); the paths `trials_csv`, `best_run` (a run
        config) and `folder`.

    Raises:
        LandslideError: the space, the stack, the patches or the folder is at fault, another
            process searches there, or every trial failed.
    """
    from keras_landslide.options import check_numbers
    from keras_landslide.runtime.quiet import quiet_tensorflow

    check_numbers(workers=workers or None, threads=threads, memory_gb=memory_gb)
    check_address(listen)
    loaded, folder = load(Path(space), overrides), Path(folder)
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
    done = run_search(loaded, folder, partial(make_trainer, loaded), learnt_from, resources)
    best = done.best
    numbers = {
        "trials": len(done.rows),
        "failed": sum(row.score is None for row in done.rows),
        "objective": loaded.settings.objective,
        "best": {
            "trial": best.trial,
            "score": best.score,
            "best_epoch": best.best_epoch,
            "values": best.values,
        },
        "simulated": bool(learnt_from.get("simulated", False)),
    }
    paths = {
        "trials_csv": folder / "trials.csv",
        "best_run": folder / "best.toml",
        "folder": folder,
    }
    return Search(numbers, paths, rows=tuple(done.rows))


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
        raise RecipeError("`worker` is one worker: leave out `workers` and `listen`")
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


def report(folders: Sequence[str | Path], page: str | Path | None = None) -> SearchReport:
    """Tabulate the trials of each search and the best of each, draw them, and write the page.

    Args:
        folders: of searches, finished or not; each gets its `trials.png`.
        page: HTML file to write; by default `report.html` in the first folder.

    Returns:
        The number of `trials`, the tables as text, and the files.

    Raises:
        InputFileError: a folder holds no search, or none of its trials has ended.
    """
    from keras_landslide.report.run_figures import trials_figure
    from keras_landslide.report.search_data import read_search
    from keras_landslide.report.search_page import search_page
    from keras_landslide.tuning.spread import verdict
    from keras_landslide.tuning.tables import best_table, trials_table

    homes = [Path(folder) for folder in folders]
    searches = [read_search(home) for home in homes]
    page = search_page(homes, Path(page) if page else homes[0] / "report.html")
    parts, paths = [], {}
    for home, search in zip(homes, searches, strict=True):
        title = f"All trials of the search {search.space['search']['name']}"
        drawn = paths[f"{home}/trials.png"] = home / "trials.png"
        trials_figure(
            home / "trials.csv",
            drawn,
            title=title,
            objective=search.objective,
            simulated=search.simulated,
        )
        parts.append(f"{title}{' (simulated data)' if search.simulated else ''}")
        parts.append(trials_table(search.rows, search.direction))
        parts.append(verdict(search.rows, search.direction, search.objective) + "\n")
    best = best_table([(search.space, search.rows) for search in searches])
    parts.append(f"Best trial of each search\n{best}\n")
    paths["page"] = Path(page)
    numbers = {"trials": sum(len(search.rows) for search in searches)}
    return SearchReport(numbers, paths, text="\n".join(parts))
