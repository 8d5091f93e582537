"""From trained networks to the map of a region: probability, classes, their areas and legend."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import quoteattr

import keras
import numpy as np

from keras_landslide.files import write_text
from keras_landslide.inference.scene import Marks, predict_scene
from keras_landslide.inference.windows import WINDOW_PX, Cutting
from keras_landslide.rasters.read import BandReader, stack_info
from keras_landslide.rasters.write import RasterWriter
from keras_landslide.susceptibility_study.classes import (
    NAMES,
    NODATA,
    Histogram,
    class_limits,
    classify,
)
from keras_landslide.susceptibility_study.features import Features
from keras_landslide.susceptibility_study.mappers import Mapper

COLOURS = ("#1a9850", "#a6d96a", "#ffffbf", "#fdae61", "#d73027")
STRIP_ROWS = 512


class ClassArea(NamedTuple):
    """One class of a map.

    Attributes:
        name: of the class.
        upper: probability up to which it reaches.
        pixels: how many.
        area_km2: together.
        share: of the map, in [0, 1].
        slides: landslide pixels in it, where the label is known.
        labelled: labelled pixels in it.
    """

    name: str
    upper: float
    pixels: int
    area_km2: float
    share: float
    slides: int
    labelled: int


def deploy(features: Features, networks: Sequence[keras.Model]) -> keras.Model:
    """One graph from stored bands to probability: features, then the mean of the networks.

    Args:
        features: what the networks take.
        networks: trained on those features; several are an ensemble.

    Returns:
        (B, H, W, len(features.stored)) in raw units to (B, H, W, 1) probability.
    """
    graph = features.model()
    members = [
        keras.Model(network.input, network.output, name=f"{network.name}_{number}")(graph.output)
        for number, network in enumerate(networks)
    ]
    out = members[0] if len(members) == 1 else keras.layers.Average(name="mean")(members)
    return keras.Model(graph.input, out, name="susceptibility")


def map_probability(
    mapper: Mapper, stack: str | Path, out: str | Path, *, window_px: int = WINDOW_PX
) -> Path:
    """Write the probability map of a stack, window by window; see `inference.scene.predict_scene`.

    Raises:
        LandslideError: the stack cannot be read, or the map cannot be written.
    """
    return predict_scene(
        mapper.predict,
        stack,
        mapper.bands,
        out,
        Cutting(mapper.halo_px, mapper.stride_px, window_px),
        marks=Marks(mapper.identity, {"SIMULATED": "yes" if stack_info(stack).simulated else "no"}),
    )


def map_classes(
    probability: str | Path, stack: str | Path, out: str | Path, *, method: str
) -> list[ClassArea]:
    """Write the class map (0 very low to 4 very high), its QGIS legend and its table of areas.

    `out` gets neighbours of the same name with `.qml`, which QGIS loads by itself, and `.csv`.

    Args:
        probability: the map.
        stack: its stack, for the label if it has one.
        out: uint8 GeoTIFF to write, 255 where there is no probability.
        method: see `classes.class_limits`.

    Raises:
        LandslideError: a file cannot be read or written, the method is unknown or the map empty.
    """
    out, info = Path(out), stack_info(stack)
    histogram = Histogram()
    with BandReader(probability) as reader:
        for window in info.grid.strips(STRIP_ROWS):
            histogram.add(reader.read_indexes((1,), window))
    limits = class_limits(histogram, method)
    counts = np.zeros((len(NAMES), 3), np.int64)
    labelled = "label" in info.band_names
    with (
        BandReader(probability) as reader,
        BandReader(stack) as truth,
        RasterWriter(out, info.grid, 1, "uint8", NODATA, names=["susceptibility"],
                     tags={"CLASSES": ", ".join(NAMES), "METHOD": method}) as writer,
    ):  # fmt: skip
        for window in info.grid.strips(STRIP_ROWS):
            classes = classify(reader.read_indexes((1,), window)[..., 0], limits)
            writer.write(classes, window)
            label = (
                truth.read(("label",), window)[..., 0] if labelled else np.full(classes.shape, 255)
            )
            for number in range(len(NAMES)):
                here = label[classes == number]
                counts[number] += here.size, (here == 1).sum(), ((here == 0) | (here == 1)).sum()
    pixel_km2 = info.pixel_size_m**2 / 1e6
    total = max(int(counts[:, 0].sum()), 1)
    areas = [
        ClassArea(name, float(upper), int(n), n * pixel_km2, n / total, int(slides), int(known))
        for name, upper, (n, slides, known) in zip(NAMES, [*limits, 1.0], counts, strict=True)
    ]
    write_text(out.with_suffix(".qml"), legend(limits))
    write_text(out.with_suffix(".csv"), _table(areas))
    return areas


def legend(limits: np.ndarray) -> str:
    """A QGIS style for the class raster, with the probabilities of each class in its label."""
    edges = [0.0, *limits, 1.0]
    entries = "\n".join(
        f'        <paletteEntry value="{number}" color="{colour}" alpha="255" '
        f"label={quoteattr(f'{name} ({low:.2g} to {high:.2g})')}/>"
        for number, (name, colour, low, high) in enumerate(
            zip(NAMES, COLOURS, edges, edges[1:], strict=False)
        )
    )
    return f"""<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis styleCategories="Symbology" version="3.22.0">
  <pipe>
    <rasterrenderer type="paletted" band="1" opacity="0.8" alphaBand="-1" nodataColor="">
      <colorPalette>
{entries}
      </colorPalette>
    </rasterrenderer>
  </pipe>
</qgis>
"""


def _table(areas: Sequence[ClassArea]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(ClassArea._fields)
    writer.writerows(areas)
    return stream.getvalue()
