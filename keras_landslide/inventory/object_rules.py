"""Rules on mapped objects, in the manner of object-based image analysis after a network.

Ghorbanzadeh et al. (2022, ResU-Net-OBIA) apply "only four rulesets" to a network's heat map. Their
rules could not be read: those here are a parametric stand-in of our own, not theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from keras_landslide.errors import BandError
from keras_landslide.inventory.attributes import Zonal
from keras_landslide.rasters.read import StackInfo

OBJECT_BANDS = ("ndvi", "red", "nir")
"""Bands of the stack that the vegetation rule can use."""


@dataclass(frozen=True)
class ObjectRules:
    """What an object has to fulfil; None leaves a rule out.

    The fourth rule, on area, is the minimum mapping unit of `polygonize`, where touching pixels
    are joined as well. Choose thresholds on validation data.

    Attributes:
        probability: least mean probability, [0, 1].
        ndvi: greatest mean NDVI, [-1, 1]: fresh landslides are bare. Without a band `ndvi`, it is
            that of the object's mean `red` and `nir`.
        slope_deg: least mean slope, degrees.
    """

    probability: float | None = None
    ndvi: float | None = None
    slope_deg: float | None = None

    def check(self, stack: StackInfo) -> None:
        """Refuse a stack without the bands of a rule.

        Raises:
            BandError: naming the rule and the band.
        """
        has = set(stack.band_names)
        if self.ndvi is not None and not ({"ndvi"} <= has or {"red", "nir"} <= has):
            raise BandError(
                f"{stack.path}: has neither a band ndvi nor red and nir for the vegetation rule; "
                "leave the rule out or add them to the recipe"
            )
        if self.slope_deg is not None and "slope" not in has:
            raise BandError(
                f"{stack.path}: has no band slope for the slope rule; leave the rule out or derive "
                "slope in the recipe's [dem]"
            )

    def keep(self, probability: Zonal, bands: Mapping[str, Zonal]) -> np.ndarray:
        """Which objects fulfil every rule.

        An object without a valid pixel in a rule's band is kept: nothing speaks against it.

        Args:
            probability: of the objects, (N,).
            bands: of the stack, by name.

        Returns:
            bool (N,).
        """
        drop = np.zeros(probability.mean.shape, bool)
        if self.probability is not None:
            drop |= probability.mean < self.probability
        if self.ndvi is not None:
            drop |= _ndvi(bands) > self.ndvi
        if self.slope_deg is not None:
            drop |= bands["slope"].mean < self.slope_deg
        return ~drop

    def tags(self) -> dict[str, str]:
        """The rules in use as metadata."""
        return {f"rule_{k}": repr(float(v)) for k, v in asdict(self).items() if v is not None}


def _ndvi(bands: Mapping[str, Zonal]) -> np.ndarray:
    if "ndvi" in bands:
        return bands["ndvi"].mean
    red, nir = bands["red"].mean, bands["nir"].mean
    total = nir + red
    return np.divide(nir - red, total, out=np.full_like(total, np.nan), where=total != 0)
