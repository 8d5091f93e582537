"""What `adapt` does: each remedy as a run of its own, scored on the same patches."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_landslide.config import load_run_config
from keras_landslide.files import file_state, refuse_folder_of_another
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
    stack: str | Path,
    patches: str | Path,
    remedies: Remedies = Remedies(),  # noqa: B008 (frozen)
    **options: Any,
) -> Result:
    """Try remedies on a new place.

    Args:
        run: finished run folder.
        out: folder for `adapt.json`, `adapt.csv`, `adapt.png` and a run folder per remedy.
        stack: stack of the new place with a label.
        patches: its patch table; labelled patches come from `train`, scores from `test`.
        remedies: what is tried; the patches of a draw are nested.
        options: any parameter of `remedies` by its name, such as `steps=50`.

    Returns:
        What `adapt.json` holds: `rows`, one per remedy with F1, its interval and the paired gain
        over `before`; `simulated`, `settings`; and the paths written.

    Raises:
        BundleError: the run is not finished, or the stack breaks its contract.
        SplitError: the table lacks train or test patches, or landslides among the former.
        LandslideError: a file cannot be read or written.
    """
    from keras_landslide.bundle.read import check_stack, read_bundle
    from keras_landslide.evaluation.clear_pixels import clear_statistics
    from keras_landslide.files import write_json
    from keras_landslide.patches.cache import open_cache
    from keras_landslide.patches.table import read_patches
    from keras_landslide.rasters.read import stack_info
    from keras_landslide.report.adaptation_figure import adaptation_figure
    from keras_landslide.report.tables import write_csv
    from keras_landslide.runtime.lock import folder_lock
    from keras_landslide.runtime.quiet import quiet_tensorflow

    refuse_folder_of_another(out)
    with quiet_tensorflow():
        from keras_landslide.bundle.export import export_bundle

    chosen = from_keywords(options, remedies=remedies)["remedies"]
    # Each fine-tuning is traced anew; TensorFlow warns of that.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)

    run, out, table, info = Path(run), Path(out), Path(patches), stack_info(stack)
    bundle = read_bundle(export_bundle(run, out / "bundle"))
    check_stack(bundle, info)
    config = load_run_config(run / "config.toml")
    cache = open_cache(stack, read_patches(table, info.grid), config.band_names,
                       table.parent / "cache")  # fmt: skip
    state = info.tags.get("FINGERPRINT") or file_state(stack)

    def statistics() -> tuple[np.ndarray, np.ndarray]:
        if "cloud" not in info.band_names:
            return clear_statistics(cache)
        clouds = open_cache(stack, cache.patches, (*config.band_names, "cloud"),
                            table.parent / "cache")  # fmt: skip
        return clear_statistics(clouds, "cloud")

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
    simulated = info.simulated or bundle.simulated
    found = {"rows": rows, "simulated": simulated, "model": bundle.name,
             "settings": place.settings}  # fmt: skip
    files = [out / "adapt.json", out / "adapt.csv", out / "adapt.png"]
    write_csv(files[1], [COLUMNS, *([_flat(row[key]) for key in COLUMNS] for row in rows)])
    title = f"{bundle.name} in {info.tags.get('NAME', 'a new place')}"
    adaptation_figure(rows, files[2], title=title, simulated=simulated)
    write_json(files[0], found)
    return Result(found, by_name(*files))


def _flat(value: Any) -> Any:
    return f"{value[0]!r} {value[1]!r}" if isinstance(value, list) else value
