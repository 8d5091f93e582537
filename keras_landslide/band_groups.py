"""Bands that come from one sensor, and so are missing together."""

from __future__ import annotations

from collections.abc import Sequence

BAND_GROUPS: dict[str, tuple[str, ...]] = {
    "optical": ("red", "green", "blue", "nir", "ndvi"),
    "sar": ("vv_pre", "vv_post"),
}
"""Terrain is no group: there is always an elevation model."""


def band_groups(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Which of `names` belong to which group, in their order; groups without one are left out."""
    found = {group: tuple(n for n in names if n in bands) for group, bands in BAND_GROUPS.items()}
    return {group: bands for group, bands in found.items() if bands}
