"""`fill`: a stack without a sensor, for a network that can do without it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from keras_landslide.workflows.results import Result

MOSTLY = 0.5
"""Share of the scene from which on a sensor counts as missing."""


def fill(
    bundle: str | Path,
    stack: str | Path,
    out: str | Path,
    *,
    without: Collection[str] = (),
    clouds: bool = False,
) -> Result:
    """Fill the gaps of a stack so that a bundle trained with band dropout can map it.

    Args:
        bundle: model bundle.
        stack: the stack.
        out: the filled stack.
        without: sensors to take as missing everywhere, such as `optical` or `sar`.
        clouds: take the optical bands as missing under cloud and shadow.

    Returns:
        `filled`, the share of the pixels filled per sensor; `thresholds`, those that validation
        chose for the sensors that are mostly missing; and the path `stack`.

    Raises:
        LandslideError: see `inference.fill.fill_stack`.
    """
    from keras_landslide.bundle.read import read_bundle
    from keras_landslide.inference.fill import fill_stack

    known = read_bundle(bundle)
    shares = fill_stack(known, stack, out, without=without, clouds=clouds)
    kept = known.contract.band_dropout.thresholds if known.contract.band_dropout else {}
    thresholds = {
        name: kept[name] for name, share in shares.items() if share > MOSTLY and name in kept
    }
    return Result({"filled": shares, "thresholds": thresholds}, {"stack": Path(out)})
