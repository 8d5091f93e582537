"""The map of a basin that was scored tile by tile, as the Colombian study draws it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from keras_landslide.grid import Window
from keras_landslide.protocols.divisions import Dataset
from keras_landslide.protocols.protocol import folder_name
from keras_landslide.protocols.summary import Row
from keras_landslide.rasters.read import stack_info
from keras_landslide.rasters.write import write_raster
from keras_landslide.report.result_maps import ConfusionPanel, confusion_map


def transfer_map(
    rows: Sequence[Row], dataset: Dataset, folder: Path, out: Path, *, title: str
) -> Path:
    """Draw what each model found and missed in the basin it was transferred to.

    Args:
        rows: the models.
        dataset: with a part `transfer` of tiles and the stack behind it.
        folder: where the probability maps go.
        out: PNG.
        title: of the figure.

    Raises:
        OutputError: a file cannot be written.
    """
    stack = dataset.stacks["transfer"]
    grid = stack_info(stack).grid
    panels = []
    windows: list[Window] = []
    for row in rows:
        run, part = row.runs[0], row.parts["transfer"]
        tiles = dataset.rounds[0].others["transfer"][row.entry.bands].patches
        probability = np.full((*grid.shape, 1), np.nan, np.float32)
        windows = [tiles[i].window for i in part.numbers]
        for window, values in zip(windows, run.probabilities("transfer"), strict=True):
            probability[window.row_off : window.row_end, window.col_off : window.col_end, 0] = (
                values
            )
        path = folder / f"{folder_name(row.entry.label)}-transfer.tif"
        tags = {"SIMULATED": "yes" if dataset.simulated else "no"}
        write_raster(path, probability, grid, names=["probability"], tags=tags)
        panels.append(ConfusionPanel(row.entry.label, path, run.threshold, part.scores))
    return confusion_map(panels, stack, out, title=title, windows=windows)
