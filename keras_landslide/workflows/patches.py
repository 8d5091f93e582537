"""`keras-landslide patches`: cut a stack into patches with a spatial split."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keras_landslide.patches.table import Patch


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
