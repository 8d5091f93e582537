"""The contract of a bundle of many networks: what it takes, how far it sees, how good it is."""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras
import numpy as np

from keras_landslide.bundle.contract import BandRange, BundleBand, Contract, Normalization
from keras_landslide.bundle.export import software
from keras_landslide.files import fingerprint
from keras_landslide.models.analysis.receptive_field import receptive_field
from keras_landslide.models.committee import MIRRORINGS
from keras_landslide.models.recorded import ReceptiveField
from keras_landslide.patches.statistics import band_ranges
from keras_landslide.protocols.entries import Entry
from keras_landslide.protocols.networks import normalisation, scaled_network
from keras_landslide.protocols.reproduce import Outcome
from keras_landslide.protocols.results import Result
from keras_landslide.protocols.summary import INTERVALS, Row, labels_of, pooled_threshold


def make_contract(
    outcome: Outcome, row: Row, members: Sequence[Result], networks: Sequence[keras.Model]
) -> Contract:
    """What `bundle.json` holds.

    Args:
        outcome: a finished reproduction on chips.
        row: what the bundle is, over all its seeds.
        members: the runs behind it.
        networks: theirs, in the same order.
    """
    dataset, entry = outcome.dataset, members[0].entry
    cache = dataset.rounds[0].caches[entry.bands]
    channels, native = len(cache.band_names), outcome.protocol.data.get("native", 1)
    entries = list({run.entry.label: run.entry for run in members}.values())
    fields = [_field(each, channels, native) for each in entries]
    stride = math.lcm(*(field.stride_px for field in fields))
    reach = max(field.radius_px for field in fields)
    threshold = pooled_threshold(
        [(np.asarray(run.probabilities("test")), labels_of(dataset, run)) for run in row.runs]
    )
    part = row.parts["test"]
    scores = part.scores.to_dict()
    intervals = {
        name: [found.low, found.high]
        for name in INTERVALS
        if (found := row.intervals["test"].get(name)) is not None
    }
    statistics = [
        {
            # Of the bands alone: a channel for the place in the chip comes after them.
            name: keras.ops.convert_to_numpy(getattr(layer, name))[:channels].tolist()
            for name in ("mean", "std")
        }
        for layer in map(normalisation, networks)
    ]
    mean, std = (
        # Each member has its own, from its own training chips; the mean is for people.
        tuple(np.mean([each[name] for each in statistics], axis=0).tolist())
        for name in ("mean", "std")
    )
    ranges = band_ranges(cache, np.arange(len(cache.patches)))
    return Contract(
        name=f"{outcome.protocol.name}-{len(members)}-networks",
        simulated=dataset.simulated,
        bands=tuple(
            BundleBand(band.name, band.unit, band.kind) for band in dataset.bands[entry.bands]
        ),
        pixel_size_m=dataset.pixel_size_m,
        patch_size_px=int(cache.labels.shape[1]) * native,
        stride_px=stride,
        halo_px=-(-reach // stride) * stride,
        bounded=all(field.bounded for field in fields),
        chips_only=any(each.centre for each in entries),
        threshold=threshold,
        threshold_rule="best F1 over all chips, each answered by networks that never saw it",
        band_ranges={name: BandRange(**values) for name, values in ranges.items()},
        normalization=Normalization(mean, std),
        metrics={"cross_validation": {**scores, "intervals": intervals, "chips": len(part.counts)}},
        metrics_from="chips: each answered by networks that never saw it",
        model={
            "name": entry.name,
            "options": dict(entry.options),
            "scale": entry.scale * native,
            "members": len(members),
            "sides": len(MIRRORINGS) if row.entry.symmetries else 1,
            "quick": outcome.protocol.quick,
        },
        versions=software(keras.backend.backend()),
        fingerprint=fingerprint(
            [dataset.key, [[run.round, run.seed, run.entry.label] for run in members], statistics]
        ),
    )


def _field(entry: Entry, channels: int, native: int) -> ReceptiveField:
    """What one pixel of the bundle's answer depends on, in the pixels of the raw chip."""
    plain = scaled_network(Entry("", entry.name), (None, None, channels), dict(entry.options))
    field, scale = receptive_field(plain), entry.scale * native
    # Enlarging looks one small pixel further on each side.
    reach = (field.halo_px + (scale > 1)) * scale
    return ReceptiveField(reach, field.stride_px * scale, field.bounded and not entry.centre)
