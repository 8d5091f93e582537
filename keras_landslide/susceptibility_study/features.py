"""From stored bands to the channels of a network, as a graph that travels with it.

Continuous bands pass, class bands become a channel per class, and channels of the highest pixel at
each range are added where a network asks for local alignment. The source is Hajimoradlou, Roberti
and Poole, "Predicting Landslides Using Contour Aligning Convolutional Neural Networks", sections 3
and 4: 6 stored bands are 94 channels there, 160 with the aligned ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import keras

from keras_landslide.errors import BandError, UnknownNameError
from keras_landslide.layers.category_expansion import CategoryExpansion
from keras_landslide.layers.uphill_alignment import UphillAlignment
from keras_landslide.rasters.read import StackInfo

LEFT_OUT = ("label", "cloud")
HEIGHTS = ("elevation",)
"""Channels that are aligned as differences: a height means nothing elsewhere, a step up does."""


@dataclass(frozen=True)
class Features:
    """The channels made of a stack's bands.

    Attributes:
        bands: stored bands in order, without uphill indices.
        sizes: number of classes of each, 0 for continuous bands.
        names: local channels, `band` or `band=class`.
        uphill: stored index bands, by range.
        ranges_m: their ranges, ascending.
        cell_size_m: (height, width) of a pixel.
        aligned: local channels that are gathered uphill; none for networks without alignment.
        relative: align heights as differences to the pixel's own.
    """

    bands: tuple[str, ...]
    sizes: tuple[int, ...]
    names: tuple[str, ...]
    uphill: tuple[str, ...]
    ranges_m: tuple[float, ...]
    cell_size_m: tuple[float, float]
    aligned: tuple[str, ...] = field(default=())
    relative: bool = True

    @property
    def stored(self) -> tuple[str, ...]:
        """Bands to read, in the order of the graph's input."""
        return (*self.bands, *self.uphill) if self.aligned else self.bands

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the graph's output channels."""
        far = (f"{name}@{r:g}m" for r in self.ranges_m for name in self.aligned)
        return (*self.names, *far)

    @property
    def continuous(self) -> tuple[bool, ...]:
        """Whether each output channel is continuous (z-scored) or 0 and 1."""
        return tuple("=" not in name for name in self.channels)

    def with_aligned(self, names: Sequence[str], *, relative: bool = True) -> Features:
        """The same with these local channels aligned.

        Raises:
            UnknownNameError: a name is no channel.
            BandError: the stack has no uphill bands.
        """
        for name in names:
            if name not in self.names:
                raise UnknownNameError.among("feature to align", name, self.names)
        if names and not self.uphill:
            raise BandError(
                "the stack has no uphill bands, which lann and lacnn need; add for example "
                '"uphill_30", "uphill_100", "uphill_300" to [dem] derive and stack again'
            )
        values = {**self.__dict__, "aligned": tuple(names), "relative": relative}
        return Features(**values)

    def model(self) -> keras.Model:
        """The graph: stored bands (B, H, W, len(stored)) to features (B, H, W, len(channels))."""
        image = keras.Input((None, None, len(self.stored)), name="bands")
        local = image[..., : len(self.bands)] if self.aligned else image
        x = CategoryExpansion(self.sizes, name="classes")(local)
        if self.aligned:
            # The indices follow the channels, so that one tensor holds all that is gathered.
            index = image[..., len(self.bands) :]
            both = keras.layers.Concatenate(name="with_uphill")([x, index])
            count = len(self.names)
            positions = [self.names.index(name) for name in self.aligned]
            heights = [p for p in positions if self.names[p] in HEIGHTS] if self.relative else []
            far = UphillAlignment(
                self.ranges_m,
                self.cell_size_m,
                positions,
                index=range(count, count + len(self.uphill)),
                relative=heights,
                name="uphill",
            )(both)
            x = keras.layers.Concatenate(name="aligned")([x, far])
        return keras.Model(image, x, name="features")


def stack_features(info: StackInfo, chosen: Sequence[str] | None = None) -> Features:
    """The local features of a stack.

    Args:
        info: of the stack.
        chosen: bands to use, in order; None takes all but the label.

    Raises:
        BandError: a band is missing, is an azimuth, or is a class band without its class table.
    """
    known = {band.name: band for band in info.bands}
    names = chosen or [b.name for b in info.bands if b.kind != "uphill"]
    names = [name for name in names if name not in LEFT_OUT]
    sizes, channels = [], []
    for name in names:
        if name not in known:
            raise BandError(f"{info.path}: has no band '{name}'; it has {', '.join(known)}")
        band = known[name]
        if band.kind in ("azimuth", "uphill"):
            raise BandError(
                f"{info.path}: band '{name}' ({band.kind}) is no feature by itself; "
                + (
                    'derive "northness" and "eastness"'
                    if band.kind == "azimuth"
                    else "leave it out"
                )
            )
        if band.kind == "categorical" and not band.classes:
            raise BandError(
                f"{info.path}: class band '{name}' has no class table; stack it as a [[category]]"
            )
        sizes.append(len(band.classes))
        channels += [f"{name}={c}" for c in band.classes] or [name]
    if not names:
        raise BandError(f"{info.path}: has no band to learn from")
    far = sorted((float(b.name.split("_")[1]), b.name) for b in info.bands if b.kind == "uphill")
    return Features(
        bands=tuple(names),
        sizes=tuple(sizes),
        names=tuple(channels),
        uphill=tuple(name for _, name in far),
        ranges_m=tuple(range_m for range_m, _ in far),
        cell_size_m=info.grid.resolution,
    )
