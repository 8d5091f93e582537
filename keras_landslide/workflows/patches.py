"""`patches`: cut a stack into patches with a spatial split."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_landslide.errors import UnknownNameError
from keras_landslide.workflows.results import Result

if TYPE_CHECKING:
    from keras_landslide.patches.plan import PatchSettings
    from keras_landslide.patches.table import Patch


def make_patches(
    stack: str | Path,
    out: str | Path | None = None,
    *,
    settings: PatchSettings | None = None,
    **options: Any,
) -> Result:
    """Cut a stack into overlapping patches with a blocked, buffered split.

    Args:
        stack: `stack.tif` with a label.
        out: GeoPackage to write; None takes `patches.gpkg` beside the stack.
        settings: how to cut; None takes the defaults.
        options: any parameter of `patches.plan.PatchSettings` by its name, such as `size=64`.

    Returns:
        The number of patches of each split, `split_kind`, the `table` as text, and the path
        `patches`. Warns where the split is random.

    Raises:
        UnknownNameError: there is no such option.
        LandslideError: see `patches.plan.make_patches`.
    """
    from keras_landslide.patches import plan
    from keras_landslide.patches.split import SPLITS

    known = plan.PatchSettings.__dataclass_fields__
    for name in options:
        if name not in known:
            raise UnknownNameError.among("parameter", name, known)
    out = Path(out) if out is not None else Path(stack).with_name("patches.gpkg")
    chosen = replace(settings or plan.PatchSettings(), **options)
    patches = plan.make_patches(stack, out, chosen)
    numbers: dict[str, Any] = {
        split: sum(patch.split == split for patch in patches) for split in SPLITS
    }
    numbers |= {"split_kind": chosen.split_kind, "table": summary(patches)}
    return Result(numbers, {"patches": out})


def summary(patches: list[Patch]) -> str:
    """A table of the splits: patches, those with landslide, and the landslide fraction."""
    from keras_landslide.patches.split import SPLITS

    usable = sum(p.split != "unused" for p in patches)
    lines = ["split    patches  share  with landslide  landslide fraction"]
    for split in SPLITS:
        rows = [p for p in patches if p.split == split]
        positive = sum(p.landslide_fraction > 0 for p in rows)
        weight = sum(p.valid_fraction for p in rows)
        landslide = sum(p.landslide_fraction * p.valid_fraction for p in rows)
        share = f"{len(rows) / usable:6.1%}" if split != "unused" else " " * 6
        fraction = f"{landslide / weight:18.2%}" if weight else " " * 17 + "-"
        lines.append(f"{split:8} {len(rows):7d} {share}  {positive:14d}  {fraction}")
    lines.append("buffer: lost between splits; unused: too little is labelled and valid")
    return "\n".join(lines)
