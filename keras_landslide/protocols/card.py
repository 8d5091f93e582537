"""The card of a reproduction: what was run on what, how it differs, and what may be said of it."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import tomli_w

from keras_landslide.files import write_text
from keras_landslide.models.catalogue import catalogue
from keras_landslide.protocols.divisions import Dataset
from keras_landslide.protocols.entries import Entry
from keras_landslide.protocols.printed import inconsistencies
from keras_landslide.protocols.protocol import Protocol
from keras_landslide.protocols.summary import Row
from keras_landslide.protocols.tables import QUICK, markdown_tables, title_of
from keras_landslide.version import __version__

LIMITS = {
    "chips": "Chips of one data set look alike: other places, seasons and sensors are harder.",
    "basins": "Tiles are asked one by one, without the halo that `keras-landslide predict` gives.",
    "mixed": "Neighbouring tiles share what they show: a random split flatters.",
}


def write_card(
    protocol: Protocol,
    dataset: Dataset,
    rows: Sequence[Row],
    seeds: Sequence[int],
    figures: Sequence[Path],
    out: Path,
) -> Path:
    """Write `card.md`.

    Raises:
        OutputError: it cannot be written.
    """
    lines = _lines(protocol, dataset, rows, seeds, figures)
    write_text(out, "\n".join(lines) + "\n")
    return out


def _lines(
    protocol: Protocol,
    dataset: Dataset,
    rows: Sequence[Row],
    seeds: Sequence[int],
    figures: Sequence[Path],
) -> Iterator[str]:
    yield f"# {title_of(protocol, dataset.simulated)}"
    yield ""
    if protocol.quick:
        yield f"**{QUICK.capitalize()}.** It shows that the way is whole, and no more."
        yield ""
    if protocol.paper:
        paper = next(e.paper for e in catalogue().values() if e.paper.citation and _is(e, protocol))
        yield f"Paper: {paper.citation}. Its numbers: {protocol.tables_from}."
        yield ""
    yield "## Data"
    yield f"- {dataset.title}" + (" (simulated)" if dataset.simulated else "")
    yield from (f"- {fact}" for fact in dataset.facts)
    yield f"- {LIMITS[protocol.data['kind']]}"
    yield ""
    yield "## Result"
    yield ""
    yield markdown_tables(protocol, rows, dataset.simulated)
    yield (
        "Brackets are 95 % intervals over resampled images of one seed."
        if len(seeds) == 1
        else f"± is the standard deviation over {len(seeds)} seeds."
    )
    yield _threshold_line(protocol)
    yield ""
    if remarks := [*inconsistencies(protocol), *protocol.remarks]:
        yield "## Where the paper's numbers do not fit"
        yield from (f"- {remark}" for remark in remarks)
        yield ""
    if protocol.readings:
        yield "## How the paper was read"
        yield from (f"- {reading}" for reading in protocol.readings)
        yield ""
    yield "## Cost"
    yield "Seconds are those of all folds and seeds; of a run that was stopped, of its last part."
    yield ""
    yield "| model | trainable parameters | seconds |"
    yield "| --- | ---: | ---: |"
    for row in rows:
        yield f"| {row.entry.label} | {row.parameters:,} | {row.seconds:.0f} |"
    yield ""
    if figures:
        yield "## Figures"
        yield from (f"![{path.stem}]({path.name})" for path in figures)
        yield ""
    yield "## Settings"
    yield "```toml"
    yield tomli_w.dumps(_plain(describe(protocol))).rstrip()
    yield "```"
    yield (
        f"Seeds {', '.join(map(str, seeds))}; keras_landslide {__version__}, Keras "
        f"{keras.__version__} on {keras.backend.backend()}, Python {platform.python_version()}."
    )


def _threshold_line(protocol: Protocol) -> str:
    if protocol.data.get("threshold") == "cross":
        return "Thresholds: of each fold, chosen on the chips of all other folds."
    return "Thresholds: the best F1 on the validation images, for each model, fold and seed."


def _is(entry: Any, protocol: Protocol) -> bool:
    from keras_landslide.models.catalogue import entry as known

    return entry.paper == known(protocol.models[0].name).paper


def _plain(value: Any) -> Any:
    """Tuples as lists, for TOML."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def describe(protocol: Protocol) -> dict[str, Any]:
    """All settings of a protocol as plain values, for the card."""
    return {
        "data": dict(protocol.data),
        "training": asdict(protocol.training),
        "models": [
            # What is left as it is by default would only be noise.
            {key: value for key, value in asdict(entry).items() if value != getattr(_PLAIN, key)}
            for entry in protocol.models
        ],
    }


_PLAIN = Entry("")
