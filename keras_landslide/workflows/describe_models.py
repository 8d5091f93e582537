"""`models`: what the networks are and what they cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from keras_landslide.models.recorded import Facts, recorded, recorded_facts


def describe_models(
    size: int | None = None, channels: int | None = None, names: Sequence[str] = ()
) -> Iterator[Facts]:
    """Facts of all networks, or of those named, one after another.

    At the papers' sizes they come from a file of the package; at others each network is built.

    Raises:
        UnknownNameError: a name is unknown.
        ModelError: the size does not fit a network, or the channels are not positive.
    """
    known = {name: recorded(name) for name in names} or recorded_facts()
    if size is None and channels is None:
        yield from known.values()
        return
    from keras_landslide.runtime.quiet import quiet_tensorflow

    with quiet_tensorflow():
        from keras_landslide.models.analysis.facts import facts

    for name in known:
        yield facts(name, size=size, channels=channels)


def as_numbers(row: Facts) -> dict[str, Any]:
    """Facts of a network, JSON-like.

    Returns:
        `title`, `paper`, `image_shape`, `trainable_parameters`, `parameters`, `multiply_adds`,
        `activation_bytes`, `stride_px`, `reach_px` (None: the whole image) and `options`.
    """
    cost, field = row.complexity, row.field
    return {
        "title": row.title,
        "paper": row.entry.paper.citation,
        "image_shape": list(row.image_shape),
        "trainable_parameters": cost.trainable_parameters,
        "parameters": cost.parameters,
        "multiply_adds": cost.multiply_adds,
        "activation_bytes": cost.activation_bytes,
        "stride_px": field.stride_px,
        "reach_px": field.radius_px if field.bounded else None,
        "options": dict(row.options),
    }
