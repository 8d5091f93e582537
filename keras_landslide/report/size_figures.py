"""How many landslides there are of which size: the frequency-area plot."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.special import gamma

from keras_landslide.errors import InputFileError
from keras_landslide.rasters.gdal_errors import quiet_gdal, reading
from keras_landslide.rasters.opening import open_gdal_vector
from keras_landslide.report.canvas import figure, title_with_source

BINS_PER_DECADE = 5
MAPPED, REFERENCE = "#D55E00", "#777777"


class SizeDensity(NamedTuple):
    """Probability density of landslide areas in bins of equal width on a log axis.

    Attributes:
        area_m2: geometric centres of the bins that hold landslides, (B,).
        density: share of landslides per m2 of bin width, (B,).
        landslides: landslides in the bin, (B,).
    """

    area_m2: np.ndarray
    density: np.ndarray
    landslides: np.ndarray


def size_density(area_m2: np.ndarray) -> SizeDensity:
    """p(A) = dN / (N dA), Malamud et al. (2004), doi:10.1002/esp.1064, equation 1.

    Args:
        area_m2: areas, positive, (N,).
    """
    bins = np.floor(np.log10(area_m2) * BINS_PER_DECADE).astype(int)
    numbers, count = np.unique(bins, return_counts=True)
    edges = 10.0 ** (np.stack([numbers, numbers + 1]) / BINS_PER_DECADE)
    density = count / (len(area_m2) * (edges[1] - edges[0]))
    return SizeDensity(np.sqrt(edges[0] * edges[1]), density, count)


def inverse_gamma_density(area_m2: np.ndarray) -> np.ndarray:
    """The three-parameter inverse gamma of Malamud et al. (2004), equation 3, per m2.

    Their fit to three complete inventories: rho 1.40, a 1.28e-3 km2, s -1.32e-4 km2.
    """
    rho, a, s = 1.40, 1.28e-3, -1.32e-4
    x = a / (np.asarray(area_m2) / 1e6 - s)
    return x ** (rho + 1) * np.exp(-x) / (a * gamma(rho)) / 1e6


def frequency_area(
    inventory: str | Path, out: str | Path, *, title: str = "Landslide areas"
) -> Path:
    """Draw the density of an inventory's landslide areas beside the published general curve.

    Args:
        inventory: vector file with a layer `landslides` and its attribute `area_m2`.
        out: the PNG.
        title: heading.

    Raises:
        InputFileError: the file cannot be read, or has no such layer or attribute.
        OutputError: `out` cannot be written.
    """
    area, simulated = _areas(inventory)
    with figure(out, 5.2, 4.0) as fig:
        ax = fig.subplots()
        if area.size:
            sizes = size_density(area)
            ax.loglog(
                sizes.area_m2, sizes.density, "o-", color=MAPPED, linewidth=1.2, markersize=4.5,
                label=f"this inventory, {area.size} landslides",
            )  # fmt: skip
            span = np.geomspace(area.min() / 2, area.max() * 2, 200)
            ax.loglog(
                span, inverse_gamma_density(span), "--", color=REFERENCE, linewidth=1.0,
                label="inverse gamma, Malamud et al. 2004",
            )  # fmt: skip
            ax.legend()
        else:
            ax.text(0.5, 0.5, "no landslide", ha="center", transform=ax.transAxes)
        ax.set_xlabel("area (m²)")
        ax.set_ylabel("probability density (1/m²)")
        fig.suptitle(title_with_source(title, simulated), fontsize=11.5, fontweight="bold")
    return Path(out)


def _areas(inventory: str | Path) -> tuple[np.ndarray, bool]:
    with reading(inventory), quiet_gdal():
        dataset = open_gdal_vector(inventory)
        layer = dataset.GetLayerByName("landslides")
        # GeoJSON without a landslide has no attributes either.
        rows = layer is not None and layer.GetFeatureCount()
        if layer is None or (rows and layer.GetLayerDefn().GetFieldIndex("area_m2") < 0):
            raise InputFileError(
                f"{inventory}: has no layer 'landslides' with 'area_m2'; give an inventory that "
                "`keras-landslide predict` wrote"
            )
        marked = layer.GetLayerDefn().GetFieldIndex("simulated") >= 0
        area, simulated = [], False
        for feature in layer:
            area.append(feature.GetField("area_m2"))
            simulated |= marked and bool(feature.GetField("simulated"))
        return np.array(area, float), simulated
