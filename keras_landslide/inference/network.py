"""One or several bundles as one network: their shared contract."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from keras_landslide.bundle.read import Bundle
from keras_landslide.errors import BundleError, EngineError
from keras_landslide.evaluation.answers import Committee, Predict
from keras_landslide.files import file_sha256
from keras_landslide.inference.engines import table
from keras_landslide.inference.engines.base import LoadedBundle, PoolUse

ESTIMATES = ("probability", "uncertainty")
"""What several answers per pixel give: their mean and their standard deviation."""


@dataclass(frozen=True)
class Network:
    """Bundles that answer together; plain values, so that other processes can load it.

    Attributes:
        bundles: at least one, all with the same bands.
        symmetries: whether each bundle sees the scene from all eight sides of the square
            (test-time augmentation).
        dropout_draws: how often each bundle answers with its dropout left on (Monte Carlo
            dropout); 0 leaves it off.
        engine: what runs the graphs, one of `engines.table.ENGINES`.
    """

    bundles: tuple[Bundle, ...]
    symmetries: bool = False
    dropout_draws: int = 0
    engine: str = table.DEFAULT

    def __post_init__(self) -> None:
        known = table.get(self.engine)
        if self.dropout_draws and not known.draws:
            raise EngineError(
                f"the engine {self.engine} cannot draw from dropout; leave `engine` or "
                "`dropout_draws` out"
            )
        first = self.bundles[0]
        for other in self.bundles[1:]:
            if other.bands != first.bands or other.pixel_size_m != first.pixel_size_m:
                raise BundleError(
                    f"{other.folder}: takes other bands, units or pixels than {first.folder}; "
                    "bundles that answer together have to be trained on the same stack"
                )

    @property
    def name(self) -> str:
        """Names of the bundles."""
        return " + ".join(bundle.name for bundle in self.bundles)

    @property
    def band_names(self) -> tuple[str, ...]:
        """Band names in channel order."""
        return self.bundles[0].band_names

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kind of each band."""
        return tuple(band.kind for band in self.bundles[0].bands)

    @property
    def simulated(self) -> bool:
        """Whether any bundle was trained on simulated data."""
        return any(bundle.simulated for bundle in self.bundles)

    @property
    def bounded(self) -> bool:
        """Whether every receptive field is bounded."""
        return all(bundle.bounded for bundle in self.bundles)

    @property
    def stride_px(self) -> int:
        """Window origins on multiples of this suit every bundle."""
        return math.lcm(*(bundle.stride_px for bundle in self.bundles))

    @property
    def halo_px(self) -> int:
        """The largest halo, rounded up to a multiple of `stride_px`."""
        stride = self.stride_px
        return -(-max(bundle.halo_px for bundle in self.bundles) // stride) * stride

    @property
    def patch_size_px(self) -> int:
        """Side of the largest training patches."""
        return max(bundle.patch_size_px for bundle in self.bundles)

    @property
    def threshold(self) -> float:
        """Mean of the bundles' thresholds."""
        return sum(bundle.threshold for bundle in self.bundles) / len(self.bundles)

    @property
    def threshold_rule(self) -> str:
        """How that was chosen, in words."""
        rules = dict.fromkeys(b.contract.threshold_rule for b in self.bundles)
        said = " / ".join(rules) or "its bundle does not tell how"
        return said if len(self.bundles) == 1 else f"mean over bundles; each: {said}"

    @property
    def calibration(self) -> str:
        """How the probabilities are calibrated, in words."""
        return " / ".join(dict.fromkeys(map(_calibration, self.bundles)))

    @property
    def estimates(self) -> tuple[str, ...]:
        """What is answered per pixel."""
        several = self.symmetries or len(self.bundles) > 1 or self.dropout_draws > 0
        return ESTIMATES if several else ESTIMATES[:1]

    @property
    def device(self) -> str | None:
        """As `LoadedBundle.device`, of the process that asks."""
        return table.engine_class(self.engine).device()

    def pool_use(self) -> PoolUse:
        """As `LoadedBundle.pool_use`."""
        return table.engine_class(self.engine).pool_use()

    def identity(self) -> list[Any]:
        """All that the answers depend on, the weights by their digest."""
        files = [table.get(self.engine).files(bundle) for bundle in self.bundles]
        digests = [[file_sha256(path) for path in paths] for paths in files]
        contracts = [[bundle.contract.to_dict(), bundle.calibrated] for bundle in self.bundles]
        engine = filter(None, (self.engine, self.device))
        return [contracts, digests, self.symmetries, self.dropout_draws, *engine]

    def load(self) -> LoadedBundle | Committee:
        """Load the bundles' graphs.

        Raises:
            BundleError: a graph cannot be loaded, takes other bands, or has no dropout to draw
                from.
            EngineError: the engine is not installed, or cannot run a graph.
        """
        loaded = [table.load(bundle, self.engine) for bundle in self.bundles]
        if self.estimates == ESTIMATES[:1]:
            return loaded[0]
        members: list[Predict] = list(loaded)
        if self.dropout_draws:
            members = [draw for member in loaded for draw in member.draws(self.dropout_draws)]
        return Committee(members, self.kinds, symmetries=self.symmetries, bundles=loaded)


def _calibration(bundle: Bundle) -> str:
    entry = bundle.contract.calibration if bundle.calibrated else None
    return f"{entry.method}, fitted on {entry.fitted_on}" if entry else "none"
