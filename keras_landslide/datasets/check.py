"""`data check`: everything that a data set holds and everything that is wrong with it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from keras_landslide.bands import UNLABELLED
from keras_landslide.datasets.chips import Chip, ChipSource, Problem, Raw
from keras_landslide.datasets.digests import array_digest
from keras_landslide.datasets.faults import read_chip
from keras_landslide.errors import LandslideError
from keras_landslide.runtime.progress import progress

MOST_SIZES = 10


@dataclass
class Range:
    """What values a band takes over all chips, in the units that networks see."""

    low: float = np.inf
    high: float = -np.inf
    total: float = 0.0
    count: int = 0

    def add(self, values: np.ndarray) -> None:
        """Count finite values."""
        known = values[np.isfinite(values)]
        if known.size:
            self.low = min(self.low, float(known.min()))
            self.high = max(self.high, float(known.max()))
            self.total += float(known.sum(dtype=np.float64))
            self.count += known.size

    def to_dict(self) -> dict[str, float | None]:
        """Smallest, largest and mean value; None where there is no value."""
        if not self.count:
            return {"min": None, "max": None, "mean": None}
        return {"min": self.low, "max": self.high, "mean": self.total / self.count}


@dataclass
class Findings:
    """What a check saw.

    Attributes:
        source: the data set.
        problems: all problems.
        usable: chips that can be trained on, in order.
        ranges: per band.
        sizes: how many images have which stored (height, width).
        pixels: labelled, landslide and unlabelled pixels.
        with_landslide: usable chips with a landslide pixel.
    """

    source: ChipSource
    problems: list[Problem] = field(default_factory=list)
    usable: list[Chip] = field(default_factory=list)
    ranges: dict[str, Range] = field(default_factory=lambda: defaultdict(Range))
    sizes: Counter[tuple[int, ...]] = field(default_factory=Counter)
    pixels: Counter[str] = field(default_factory=Counter)
    with_landslide: int = 0

    @property
    def errors(self) -> int:
        """How many problems keep a chip from being used."""
        return sum(problem.grade == "error" for problem in self.problems)

    def by_kind(self) -> dict[tuple[str, str], list[Problem]]:
        """Problems by grade and kind, errors first."""
        kinds: dict[tuple[str, str], list[Problem]] = defaultdict(list)
        for problem in sorted(self.problems, key=lambda p: (p.grade, p.kind)):
            kinds[problem.grade, problem.kind].append(problem)
        return dict(kinds)

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        source = self.source
        return {
            "layout": source.name,
            "title": source.title,
            "folder": str(source.folder),
            "licence": source.licence,
            "chips": len(source.chips),
            "usable": len(self.usable),
            "splits": source.counts(),
            "official": dict(source.official),
            "has_splits": source.has_splits,
            "bands": {
                band.name: {"unit": band.unit, **self.ranges[band.name].to_dict()}
                for band in source.bands
            },
            "sizes": [[*size, count] for size, count in self.sizes.most_common(MOST_SIZES)],
            "pixels": dict(self.pixels),
            "chips_with_landslide": self.with_landslide,
            "problems": [problem._asdict() for problem in self.problems],
        }


def check(source: ChipSource) -> Findings:
    """Read every chip once and say what is there and what is wrong."""
    found = Findings(source, list(source.problems))
    seen: dict[str, Chip] = {}
    for chip in progress(source.chips, "checking chips", unit="chip"):
        raw, problems = read_chip(source, chip)
        if raw is not None:
            found.sizes[raw.image.shape[:2]] += 1
            problems += _twins(chip, raw, seen)
            problems += source.own_check(chip, raw) if source.own_check else []
        if raw is not None and not any(problem.grade == "error" for problem in problems):
            try:
                _count(found, chip, *source.convert(raw))
            except LandslideError as error:
                problems.append(Problem("error", "cannot be converted", chip.name, str(error)))
        found.problems += problems
    found.problems += _official(source)
    if found.usable and not found.with_landslide:
        found.problems.append(
            Problem(
                "error",
                "no landslide",
                str(source.folder),
                "no mask holds a landslide pixel; if another value than "
                f"{' or '.join(map(str, source.positive))} means landslide, say so (`positive`)",
            )
        )
    if found.pixels["landslide"] and not found.pixels["background"]:
        found.problems.append(
            Problem(
                "error",
                "no background",
                str(source.folder),
                "every labelled pixel is landslide; if a value of the masks means background, name "
                "the others (`positive`)",
            )
        )
    return found


def _count(found: Findings, chip: Chip, image: np.ndarray, label: np.ndarray) -> None:
    found.usable.append(chip)
    for band, values in zip(found.source.bands, np.moveaxis(image, -1, 0), strict=True):
        found.ranges[band.name].add(values)
    landslide = int((label == 1).sum())
    found.with_landslide += landslide > 0
    found.pixels["landslide"] += landslide
    found.pixels["background"] += int((label == 0).sum())
    found.pixels["unlabelled"] += int((label == UNLABELLED).sum())


def _twins(chip: Chip, raw: Raw, seen: dict[str, Chip]) -> list[Problem]:
    """The same image twice, which leaks where the two are in different splits; the same mask twice.

    Two images of one place may well have one mask; two places have not.
    """
    digest = array_digest(raw.image)
    other = seen.setdefault(digest, chip)
    if other is chip:
        if raw.mask.min() == raw.mask.max():
            return []
        first = seen.setdefault(f"mask {array_digest(raw.mask)}", chip)
        if first is chip:
            return []
        text = f"is the same mask as that of {first.name}, whose image is another one"
        return [Problem("warning", "mask twice", str(chip.mask or chip.image), text)]
    leaks = other.split != chip.split
    text = f"is the same image as {other.name}"
    return [
        Problem(
            "warning",
            "image twice, in two splits" if leaks else "image twice",
            str(chip.image),
            text + (": what is learnt there is scored here" if leaks else ""),
        )
    ]


def _official(source: ChipSource) -> list[Problem]:
    counts: Mapping[str, int] = source.counts()
    found = []
    for split, number in source.official.items():
        have = counts.get(split, 0)
        if have != number:
            found.append(
                Problem(
                    "warning",
                    "count",
                    split if source.has_splits or len(source.official) > 1 else "all chips",
                    f"{have} chips, the published set has {number}",
                )
            )
    return found
