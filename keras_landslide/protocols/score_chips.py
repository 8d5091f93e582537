"""A bundle asked about the chips of a data set, and scored where they have masks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_landslide.bundle.read import Bundle, read_bundle
from keras_landslide.datasets.chips import ChipSource
from keras_landslide.datasets.store import ChipCache, open_chips
from keras_landslide.errors import BundleError
from keras_landslide.evaluation.answers import answers, chosen_batches
from keras_landslide.evaluation.intervals import block_bootstrap
from keras_landslide.evaluation.scores import warn_of_one_class
from keras_landslide.files import write_json
from keras_landslide.inference.engines import table as engine
from keras_landslide.patches.cache import PatchCache
from keras_landslide.protocols.chip_figures import Case, comparison
from keras_landslide.protocols.chip_parts import Part, score_part, values_of
from keras_landslide.protocols.summary import INTERVALS
from keras_landslide.runtime.progress import progress

SHOWN = 6


@dataclass(frozen=True)
class ChipScores:
    """How a bundle did on chips.

    Attributes:
        bundle: the bundle.
        part: counts per chip and the scores that follow.
        names: of the chips.
        report: what `scores.json` holds.
    """

    bundle: Bundle
    part: Part
    names: tuple[str, ...]
    report: dict[str, Any]


def score_chips(bundle: str | Path, source: ChipSource, out: str | Path) -> ChipScores:
    """Ask a bundle about every chip, score it at the bundle's own threshold, and draw some.

    Args:
        bundle: its folder.
        source: the data set, in the bundle's bands and units.
        out: folder for `scores.json`, `chips.png` and the decoded chips.

    Raises:
        BundleError: the chips have other bands or units, or a side that does not fit the stride.
        LandslideError: the data cannot be read, or `out` cannot be written.
    """
    out, known = Path(out), read_bundle(bundle)
    _check(known, source)
    cache = open_chips(source, out / "data" / "cache")
    said = ask(known, cache)
    part = score_part(said, np.asarray(cache.labels), range(len(said)), known.threshold)
    warn_of_one_class(part.scores, str(source.folder))
    intervals = block_bootstrap(part.counts, INTERVALS)
    scores = part.scores.to_dict()
    report = {
        "bundle": known.name,
        "data": source.title,
        "simulated": known.simulated or source.simulated,
        "threshold": known.threshold,
        "chips": len(part.counts),
        **scores,
        **values_of(part),
        "intervals": {
            name: [found.low, found.high]
            for name, found in intervals.items()
            if found is not None and scores.get(name, found) is not None
        },
        "per_chip": {
            name: scores.to_dict(single_image=True)
            for name, scores in zip(cache.names, part.images, strict=True)
        },
    }
    write_json(out / "scores.json", report)
    _draw(known, cache, said, part, out / "chips.png")
    return ChipScores(known, part, cache.names, report)


def ask(bundle: Bundle, cache: PatchCache) -> np.ndarray:
    """Probabilities float32 (N, H, W), one chip at a time."""
    network = engine.load(bundle.folder)
    count = len(cache.patches)
    batches = chosen_batches(cache.images, range(count), 1)
    asked = progress(answers(network, batches), "asking the bundle", total=count, unit="chip")
    return np.concatenate([said for said, _ in asked])


def _check(bundle: Bundle, source: ChipSource) -> None:
    have = [(band.name, band.unit) for band in source.bands]
    want = [(band.name, band.unit) for band in bundle.bands]
    if have != want:
        raise BundleError(
            f"{source.folder}: has the bands {_named(have)}, the bundle takes {_named(want)}; "
            "choose another layout option or another bundle"
        )
    for side in source.size:
        if side % bundle.stride_px:
            raise BundleError(
                f"{source.folder}: chips of {source.size[0]} x {source.size[1]} px do not fit the "
                f"bundle's stride of {bundle.stride_px} px; letterbox them with `size` "
                f"{bundle.patch_size_px}"
            )


def _named(bands: list[tuple[str, str]]) -> str:
    return ", ".join(f"{name} ({unit})" for name, unit in bands)


def _draw(bundle: Bundle, cache: ChipCache, said: np.ndarray, part: Part, out: Path) -> None:
    area = part.counts[:, 0] + part.counts[:, 2]
    order = np.argsort(area, kind="stable")
    chosen = np.unique(np.linspace(0, len(order) - 1, min(SHOWN, len(order))).round().astype(int))
    cases = [
        Case(
            cache.names[i],
            np.asarray(cache.images[i]),
            np.asarray(cache.labels[i]),
            {bundle.name: said[i]},
            {bundle.name: bundle.threshold},
            {bundle.name: part.images[i]},
        )
        for i in order[chosen]
    ]
    title = f"{bundle.name} on {cache.title}"
    comparison(cases, cache.band_names, out, title=title, simulated=cache.simulated)
