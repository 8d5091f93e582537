"""`keras-landslide models`: the networks and what they cost."""

from __future__ import annotations

from typing import Any

import click


@click.command(short_help="list the networks")
@click.option("--channels", default=3, show_default=True, help="Bands to count parameters with.")
def command(channels: int) -> None:
    """List the networks with parameters, stride, receptive field, and options."""
    for row in describe_models(channels):
        reach = f"{row['radius_px']} px" if row["bounded"] else "whole image"
        click.echo(f"{row['name']}: {row['title']}")
        click.echo(
            f"  {row['parameters']:,} trainable parameters with {channels} bands, "
            f"stride {row['stride_px']} px, receptive-field radius {reach}"
        )
        click.echo("  options: " + ", ".join(f"{k} = {v!r}" for k, v in row["options"].items()))


def describe_models(channels: int = 3) -> list[dict[str, Any]]:
    """A row per network, built with its default options.

    Raises:
        ModelError: the number of channels is not positive.
    """
    import inspect
    import math

    from keras_landslide.quiet import quiet_tensorflow

    with quiet_tensorflow():
        from keras_landslide import models
        from keras_landslide.models.receptive_field import receptive_field
        from keras_landslide.models.registry import options

    rows = []
    for name, function in models.MODELS.items():
        model = models.build(name, (None, None, channels))
        field = receptive_field(model)
        module = inspect.getmodule(function)
        rows.append(
            {
                "name": name,
                "title": (module.__doc__ or "").splitlines()[0],
                "parameters": sum(math.prod(w.shape) for w in model.trainable_weights),
                "stride_px": field.stride_px,
                "radius_px": field.radius_px,
                "bounded": field.bounded,
                "options": options(name),
            }
        )
    return rows
