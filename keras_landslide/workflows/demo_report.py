"""What a finished `demo` shows: maps, the table of all scores, the list of files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from keras_landslide.workflows.results import Result

TRAINED, NEW = "argelia", "liboriana"
IMAGE_MODELS = ("rgb", "rgb_terrain", "rgb_terrain_sar")


@dataclass(frozen=True, eq=False)
class DemoReport(Result):
    """Scores of the demo, and its main files.

    Attributes:
        text: what to print at the end.
    """

    text: str = ""


def report(folder: Path, seconds: float) -> DemoReport:
    """Draw the maps, write the table of all scores, list the files.

    Args:
        folder: of a demo whose steps are all done.
        seconds: how long it took this time.
    """
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
    figures.confusion_map(panels, folder / NEW / "stack.tif", files["map"], title=title)
    figures.bands_overview(folder / NEW / "stack.tif", files["bands"], title=f"Bands of {NEW}")
    figures.patches_map(
        folder / TRAINED / "stack.tif",
        read_patches(folder / TRAINED / "patches.gpkg"),
        files["patches"],
    )
    heading = "Scores in the two simulated basins"
    written = tables.write_tables(rows, folder, heading)
    listed = [*files.values(), *written, folder / "search" / "trials.png"]
    for name in IMAGE_MODELS:
        listed += [folder / name / "bundle", folder / name / NEW / "probability.tif"]
        listed.append(folder / name / NEW / "inventory.gpkg")
    parts = [
        tables.text_table(rows, heading),
        "The study's own figures, from its real basins, for comparison:",
        tables.text_table(tables.reported_rows(), tables.REPORTED_NOTE),
        "Written:\n" + "\n".join(f"  {path}" for path in listed),
        f"Done in {seconds / 60:.1f} minutes. All of it is simulated data.",
    ]
    return DemoReport({"seconds": seconds}, files, text="\n" + "\n\n".join(parts))
