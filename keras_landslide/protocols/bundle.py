"""One bundle of many networks: the folds and seeds of a cross-validation, asked from four sides.

The networks of a cross-validation have each seen other chips, which makes their mean better than
most of them alone. The threshold is the one that the chips chose on the answers of networks that
had never seen them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import keras

from keras_landslide.bundle.write import check_replaceable, write_bundle
from keras_landslide.errors import BundleError
from keras_landslide.models.committee import committee
from keras_landslide.models.trained import with_weights
from keras_landslide.protocols.bundle_contract import make_contract
from keras_landslide.protocols.entries import Entry
from keras_landslide.protocols.networks import scaled_network
from keras_landslide.protocols.reproduce import Outcome
from keras_landslide.protocols.results import Result
from keras_landslide.protocols.summary import Row, ensemble_row


def export_best(outcome: Outcome, out: str | Path, label: str | None = None) -> Path:
    """Write the bundle of all networks behind one row of a reproduction; return `out`.

    Args:
        outcome: a finished reproduction on chips.
        out: the bundle's folder; an older bundle there is replaced as a whole.
        label: which row; None takes the one with the best F1 on its test chips.

    Raises:
        BundleError: the rows are no networks that can be exported, or a band is a direction, which
            would have to turn with the image.
        OutputError: `out` cannot be written, or holds something else than a bundle.
    """
    out = Path(out)
    check_replaceable(out)
    if not outcome.dataset.pixel_size_m > 0:
        raise BundleError(
            f"{outcome.dataset.title}: its pixel size is unknown, which a bundle has to tell"
        )
    row = _chosen(outcome, label)
    members = _members(outcome, row)
    cache = outcome.dataset.rounds[0].caches[members[0].entry.bands]
    if "azimuth" in cache.kinds:
        raise BundleError("a bundle of mirrored answers cannot hold directions among its bands")
    native = outcome.protocol.data.get("native", 1)
    channels = len(cache.band_names)
    networks = [_any_size(run, channels, native) for run in members]
    contract = make_contract(outcome, _over_seeds(outcome, row), members, networks)
    return write_bundle(contract, committee(networks, mirrored=row.entry.symmetries), out)


def _chosen(outcome: Outcome, label: str | None) -> Row:
    if label is not None:
        outcome.protocol.model(label)
    rows = [row for row in outcome.rows if label in (None, row.entry.label)]
    known = [row for row in rows if row.parts["test"].scores.f1 is not None]
    if not known:
        raise BundleError("no model has a defined F1; nothing is worth a bundle")
    return max(known, key=lambda row: row.parts["test"].scores.f1 or 0.0)


def _members(outcome: Outcome, row: Row) -> list[Result]:
    """Every trained run behind a row."""
    labels = row.entry.ensemble or (row.entry.label,)
    return [run for label in labels for runs in outcome.results[label].values() for run in runs]


def _over_seeds(outcome: Outcome, row: Row) -> Row:
    """The row of what the bundle is: the mean over all seeds, not the first seed alone."""
    if row.seeds == 1:
        return row
    mean = Entry(row.entry.label, ensemble=(row.entry.label,), symmetries=row.entry.symmetries)
    crossed = outcome.protocol.data.get("threshold") == "cross"
    return ensemble_row(mean, outcome.dataset, outcome.results, crossed=crossed)


def _any_size(run: Result, channels: int, native: int) -> keras.Model:
    """A run's network, rebuilt for images of any size and of `native` times the resolution."""
    entry = replace(run.entry, scale=run.entry.scale * native)
    model = scaled_network(entry, (None, None, channels), dict(run.entry.options))
    return with_weights(model, run.weights, what="is not this run's model", remedy="run it again")
