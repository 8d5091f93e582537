"""`reproduce`: a paper's models under its conditions, its table beside ours."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from keras_landslide.errors import OptionError
from keras_landslide.workflows.results import Result, by_name

if TYPE_CHECKING:
    from keras_landslide.protocols.protocol import Protocol
    from keras_landslide.protocols.reproduce import Outcome


@dataclass(frozen=True, eq=False)
class Reproduction(Result):
    """A protocol that was run.

    Attributes:
        outcome: its rows and runs.
        text: our table beside the paper's.
        notes: what is inconsistent in the paper's own numbers.
    """

    outcome: Outcome | None = None
    text: str = ""
    notes: tuple[str, ...] = ()


def reproduce(
    name: str | Protocol,
    data: str | Path | None = None,
    out: str | Path | None = None,
    *,
    quick: bool = False,
    seeds: int = 1,
    folds: int | None = None,
    bundle: str | Path | None = None,
    row: str | None = None,
) -> Reproduction:
    """Run all models of a protocol under the same conditions; stopped, it goes on where it was.

    Args:
        name: of the protocol; or a protocol of one's own, see `load_protocol`.
        data: folder of the data set; without it `colombia` and `lacnn` simulate one.
        out: folder of all that is made; None takes `reproduce_NAME`.
        quick: scaled down to minutes; every output says so.
        seeds: repeat with so many seeds, 1 to 100.
        folds: cross-validate chips over so many folds instead of splitting.
        bundle: also make a bundle of the best model's folds and seeds, in this folder.
        row: the bundle is of this model of the table instead of the best.

    Returns:
        `seconds`, `simulated` and `quick`; the files, the `outcome`, the table as `text`.

    Raises:
        OptionError: `row` is given without `bundle`.
        UnknownNameError: there is no such protocol or row.
        LandslideError: see `protocols.reproduce.reproduce`.
    """
    from keras_landslide.options import check_numbers
    from keras_landslide.protocols.protocol import load_protocol
    from keras_landslide.runtime.quiet import quiet_tensorflow

    check_numbers(seeds=seeds, folds=folds)
    protocol = load_protocol(name) if isinstance(name, str) else name
    if row is not None:
        # Before hours of training, not after.
        if bundle is None:
            raise OptionError("`row` chooses the model of a `bundle`; give its folder")
        protocol.model(row)
    with quiet_tensorflow():
        from keras_landslide.protocols.reproduce import reproduce as run_protocol
    from keras_landslide.protocols.printed import inconsistencies
    from keras_landslide.protocols.tables import text_tables

    done = run_protocol(
        name,
        data,
        out or Path(f"reproduce_{protocol.name}"),
        quick=quick,
        seeds=range(seeds),
        folds=folds,
    )
    paths = by_name(*done.files)
    if bundle is not None:
        from keras_landslide.protocols.bundle import export_best

        paths["bundle"] = Path(export_best(done, bundle, row))
    numbers = {
        "seconds": done.seconds,
        "simulated": done.dataset.simulated,
        "quick": done.protocol.quick,
    }
    return Reproduction(
        numbers,
        paths,
        outcome=done,
        text=text_tables(done.protocol, done.rows, done.dataset.simulated),
        notes=tuple(inconsistencies(done.protocol)),
    )
