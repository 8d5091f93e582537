"""All models of a protocol under the same conditions, and everything that is written of them."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras

from keras_landslide.errors import RecipeError
from keras_landslide.files import output_errors, write_json, write_text
from keras_landslide.protocols import figures
from keras_landslide.protocols.card import write_card
from keras_landslide.protocols.datasets import open_dataset
from keras_landslide.protocols.divisions import Dataset
from keras_landslide.protocols.maps import transfer_map
from keras_landslide.protocols.protocol import Protocol, folder_name, load_protocol
from keras_landslide.protocols.results import Result
from keras_landslide.protocols.running import run_entry
from keras_landslide.protocols.summary import Row, make_rows
from keras_landslide.protocols.tables import short_title, write_tables
from keras_landslide.runtime.lock import folder_lock
from keras_landslide.toml_files import read_toml


@dataclass(frozen=True)
class Outcome:
    """What a reproduction gave.

    Attributes:
        protocol: what was run.
        dataset: on what.
        rows: how the models did.
        results: the runs behind the rows, by label and seed, one per fold.
        files: what was written, the card last.
        seconds: this call took.
    """

    protocol: Protocol
    dataset: Dataset
    rows: list[Row]
    results: dict[str, dict[int, list[Result]]]
    files: list[Path]
    seconds: float


def reproduce(
    protocol: str | Protocol,
    folder: str | Path | None,
    out: str | Path,
    *,
    quick: bool = False,
    seeds: Sequence[int] = (0,),
    folds: int | None = None,
    quiet: bool = False,
) -> Outcome:
    """Run a protocol; a call that was stopped goes on where it was.

    Args:
        protocol: one of `protocol.NAMES` or `protocol.PRESETS`, or a protocol of one's own.
        folder: the data set; None simulates one for the protocols on basins.
        out: folder for runs (`runs/<model>/<fold>-seed-<n>`), tables, figures and card.
        quick: scaled down, and said so in every output; of a name alone.
        seeds: repetitions with other weights, order and augmentation.
        folds: cross-validation over so many folds instead of the protocol's split.
        quiet: print no line per run.

    Raises:
        UnknownNameError: there is no such protocol.
        RecipeError: `out` holds another protocol, or one on other data.
        LandslideError: the data cannot be read or split, or `out` cannot be written.
    """
    start, out = time.monotonic(), Path(out)
    if isinstance(protocol, str):
        protocol = load_protocol(protocol, quick=quick)
    with folder_lock(out, "reproduction"):
        dataset = open_dataset(protocol, folder, out / "data", folds=folds)
        _claim(out, protocol, dataset)
        results = _run_all(protocol, dataset, out, seeds, quiet)
        rows = make_rows(protocol, dataset, results)
        files = write_tables(protocol, rows, out, dataset.simulated)
        drawn = _draw(protocol, dataset, rows, results, out)
        write_json(out / "seconds.json", {row.entry.label: row.seconds for row in rows})
        card = write_card(protocol, dataset, rows, seeds, drawn, out / "card.md")
    return Outcome(
        protocol, dataset, rows, results, [*files, *drawn, card], time.monotonic() - start
    )


def _claim(out: Path, protocol: Protocol, dataset: Dataset) -> None:
    """Keep what is run in the folder, so that two reproductions do not mix."""
    kept = out / "protocol.toml"
    text = (
        f'protocol = "{protocol.name}"\nquick = {str(protocol.quick).lower()}\n'
        f'data = "{dataset.key}"\nrounds = {len(dataset.rounds)}\n'
    )
    if kept.exists():
        old = read_toml(kept)
        if old != {
            "protocol": protocol.name,
            "quick": protocol.quick,
            "data": dataset.key,
            "rounds": len(dataset.rounds),
        }:
            raise RecipeError(
                f"{out} holds {old.get('protocol')} (quick = {old.get('quick')}) on other data or "
                "folds; choose another folder or remove this one"
            )
        return
    with output_errors(out):
        write_text(kept, text)


def _run_all(
    protocol: Protocol, dataset: Dataset, out: Path, seeds: Sequence[int], quiet: bool
) -> dict[str, dict[int, list[Result]]]:
    # A new network per run is traced anew each time; TensorFlow warns of that.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    entries = [entry for entry in protocol.models if not entry.ensemble]
    total = len(entries) * len(seeds) * len(dataset.rounds)
    results: dict[str, dict[int, list[Result]]] = {}
    done, start = 0, time.monotonic()
    for entry in entries:
        for seed in seeds:
            for division in dataset.rounds:
                where = out / "runs" / folder_name(entry.label) / f"{division.name}-seed-{seed}"
                run = run_entry(protocol, entry, dataset, division, seed, where)
                keras.utils.clear_session()
                results.setdefault(entry.label, {}).setdefault(seed, []).append(run)
                done += 1
                if not quiet:
                    f1 = run.parts["test"].scores.f1
                    left = (time.monotonic() - start) / done * (total - done)
                    print(
                        f"{done}/{total}  {entry.label}, {division.name}, seed {seed}: test F1 "
                        f"{'undefined' if f1 is None else format(f1, '.3f')}, {run.seconds:.0f} s, "
                        f"about {left / 60:.1f} min to go",
                        file=sys.stderr,
                        flush=True,
                    )
    return results


def _draw(
    protocol: Protocol,
    dataset: Dataset,
    rows: list[Row],
    results: dict[str, dict[int, list[Result]]],
    out: Path,
) -> list[Path]:
    wanted, simulated = protocol.figures, dataset.simulated
    title = short_title(protocol)
    proposed = rows[-1]
    drawn = []

    def like(kind: str) -> str:
        return f", like {wanted[kind]}" if wanted.get(kind) else ""

    if "examples" in wanted:
        path = out / "examples.png"
        drawn.append(
            figures.examples(
                rows, figures.typical(proposed), dataset, path,
                title=f"{title}: examples{like('examples')}",
            )
        )  # fmt: skip
    worst, best = figures.extremes(proposed)
    for kind, numbers in (("worst", worst), ("best", best)):
        if numbers:
            drawn.append(
                figures.examples(
                    rows, numbers, dataset, out / f"{kind}.png",
                    title=f"{title}: {kind} cases of {proposed.entry.label}",
                )
            )  # fmt: skip
    if proposed.parts["test"].numbers.size > 1:
        drawn.append(
            figures.image_histogram(
                proposed, out / "images.png", simulated=simulated,
                title=f"{title}: {proposed.entry.label}, image by image{like('images')}",
            )
        )  # fmt: skip
    named = {
        "losses": lambda path, text: figures.loss_curves(
            results, path, title=text, simulated=simulated
        ),
        "roc": lambda path, text: figures.roc_curves(rows, path, title=text, simulated=simulated),
        "map": lambda path, text: transfer_map(rows, dataset, out / "maps", path, title=text),
    }
    for kind, draw in named.items():
        if kind in wanted:
            drawn.append(draw(out / f"{kind}.png", f"{title}: {kind}{like(kind)}"))
    return drawn
