"""What `adapt` does: each remedy as a run of its own, scored on the same patches."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_landslide.config import load_run_config
from keras_landslide.files import refuse_folder_of_another
from keras_landslide.options import from_keywords
from keras_landslide.workflows.new_place import NewPlace, Remedy
from keras_landslide.workflows.results import Result, by_name
from keras_landslide.workflows.settings import Remedies

if TYPE_CHECKING:
    import numpy as np

COLUMNS = ("remedy", "patches", "draw", "threshold", "precision", "recall", "f1", "interval",
           "average_precision", "gain", "gain_interval")  # fmt: skip


def adapt(
    run: str | Path,
    out: str | Path,
    *,
    stack: str | Path | None = None,
    patches: str | Path | None = None,
    data: str | Path | None = None,
    remedies: Remedies = Remedies(),  # noqa: B008 (frozen)
    **options: Any,
) -> Result:
    """Try remedies on a new place.

    Args:
        run: finished run folder.
        out: folder for `adapt.json`, `adapt.csv`, `adapt.png` and a run folder per remedy.
        stack: stack of the new place with a label.
        patches: its patch table; labelled patches come from `train`, scores from `test`.
        data: instead of the two, a run config (TOML) whose sources are the new place: chips, or
            several stacks.
        remedies: what is tried; the patches of a draw are nested.
        options: any parameter of `remedies` by its name, such as `steps=50`.

    Returns:
        What `adapt.json` holds: `rows`, one per remedy with F1, its interval and the paired gain
        over `before`; `simulated`, `settings`; and the paths written.

    Raises:
        OptionError: neither `data` nor `stack` with `patches` are given, or both.
        BundleError: the run is not finished, or the stack breaks its contract.
        SplitError: the table lacks train or test patches, or landslides among the former.
        LandslideError: a file cannot be read or written.
    """
    from keras_landslide.bundle.read import read_bundle
    from keras_landslide.evaluation.clear_pixels import clear_statistics
    from keras_landslide.files import write_json
    from keras_landslide.patches.cache import open_cache
    from keras_landslide.report.adaptation_figure import adaptation_figure
    from keras_landslide.report.tables import write_csv
    from keras_landslide.runtime.lock import folder_lock
    from keras_landslide.runtime.quiet import quiet_tensorflow
    from keras_landslide.samples.opened import join, open_sources, source_states
    from keras_landslide.workflows.other_data import check_sources, new_place_sources

    refuse_folder_of_another(out)
    with quiet_tensorflow():
        from keras_landslide.bundle.export import export_bundle

    chosen = from_keywords(options, remedies=remedies)["remedies"]
    # Each fine-tuning is traced anew; TensorFlow warns of that.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)

    run, out = Path(run), Path(out)
    config = load_run_config(run / "config.toml")
    bundle = read_bundle(export_bundle(run, out / "bundle"))
    there = new_place_sources(config, stack, patches, data)
    sources = open_sources(there)
    check_sources(bundle, sources)
    cache, (state, simulated) = join(sources), source_states(there)

    def statistics() -> tuple[np.ndarray, np.ndarray]:
        info = sources[0].stack
        if len(sources) > 1 or info is None or "cloud" not in info.band_names:
            return clear_statistics(cache)
        folder = Path(there.data.sources[0].patches).parent / "cache"
        clouds = open_cache(info.path, cache.patches, (*config.band_names, "cloud"), folder)
        return clear_statistics(clouds, "cloud")

    name = ", ".join(there.data.groups)
    table = Path(there.data.sources[0].patches or there.data.sources[0].chips)
    place = NewPlace(cache, config, run, table, state, statistics, chosen.seed, chosen.steps,
                     chosen.learning_rate)  # fmt: skip
    tried = [Remedy("before"), Remedy("normalisation")]
    tried += [Remedy("fine-tuning", n, d) for n in chosen.labelled for d in range(chosen.draws)]
    place.check(max(chosen.labelled, default=0))
    rows, before = [], None
    with folder_lock(out, "adapting"):
        for remedy in tried:
            scores = place.run(remedy, out / remedy.folder)
            before = before or scores
            row = scores.row(None if remedy.name == "before" else before, chosen.seed)
            rows.append({"remedy": remedy.name, "patches": remedy.patches, "draw": remedy.draw,
                         **row})  # fmt: skip
    simulated = simulated or bundle.simulated
    found = {"rows": rows, "simulated": simulated, "model": bundle.name,
             "settings": place.settings}  # fmt: skip
    files = [out / "adapt.json", out / "adapt.csv", out / "adapt.png"]
    write_csv(files[1], [COLUMNS, *([_flat(row[key]) for key in COLUMNS] for row in rows)])
    info = sources[0].stack
    title = f"{bundle.name} in {name if info is None else info.tags.get('NAME', 'a new place')}"
    adaptation_figure(rows, files[2], title=title, simulated=simulated)
    write_json(files[0], found)
    return Result(found, by_name(*files))


def _flat(value: Any) -> Any:
    return f"{value[0]!r} {value[1]!r}" if isinstance(value, list) else value
