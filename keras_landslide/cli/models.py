"""`keras-landslide models`: the networks, what they cost, and what their papers print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from keras_landslide.cli.verb import Verb, json_option, print_json
from keras_landslide.errors import ImageSizeError
from keras_landslide.models.recorded import Facts, recorded_facts
from keras_landslide.workflows.describe_models import as_numbers, describe_models


@click.command(cls=Verb, short_help="list the networks", example="unet --channels 7")
@click.argument("name", required=False)
@click.option(
    "--size",
    type=click.IntRange(1, 65_536),
    help="Image side to count at, px.  [default: the paper's]",
)
@click.option(
    "--channels",
    type=click.IntRange(1, 65_536),
    help="Bands to count with.  [default: the paper's]",
)
@click.option("--markdown", is_flag=True, help="The table of docs/models.md.")
@json_option
def command(
    name: str | None, size: int | None, channels: int | None, markdown: bool, as_json: bool
) -> None:
    """List the networks with what they cost, or show one of them with its options.

    Multiply-adds and memory are those of one image at prediction; memory is the largest sum of
    tensors alive at once, weights left out. The reach is how far an output pixel looks.
    With --size or --channels the networks are built and measured, which takes seconds.
    """
    if as_json:
        rows = describe_models(size, channels, [name] if name is not None else [])
        print_json({row.name: as_numbers(row) for row in rows})
    elif markdown:
        from keras_landslide.report.model_tables import overview

        click.echo(overview(list(describe_models(size, channels))))
    elif name is not None:
        for row in describe_models(size, channels, [name]):
            click.echo("\n".join(_card(row)))
    else:
        for i, line in enumerate(_listing(size, channels)):
            if i == 0:
                click.echo(_line(HEADER))
            click.echo(line)


def _listing(size: int | None, channels: int | None) -> Iterator[str]:
    """A line per network; one that does not take the size says so instead of ending the list."""
    for name in recorded_facts():
        try:
            [row] = describe_models(size, channels, [name])
        except ImageSizeError as error:
            yield f"{name.ljust(WIDTHS[0])}  {error}"
        else:
            yield _line(_cells(row))


HEADER = ("network", "paper", "image", "parameters", "multiply-adds", "memory", "stride", "reach")
WIDTHS = (26, 21, 13, 11, 13, 9, 6, 12)


def _line(cells: Sequence[str]) -> str:
    """Names to the left, numbers to the right."""
    pairs = enumerate(zip(cells, WIDTHS, strict=True))
    return "  ".join(c.ljust(w) if i < 3 else c.rjust(w) for i, (c, w) in pairs).rstrip()


def _cells(row: Facts) -> list[str]:
    cost, field = row.complexity, row.field
    return [
        row.name,
        row.entry.paper.short,
        " x ".join(map(str, row.image_shape)),
        f"{cost.trainable_parameters:,}",
        f"{cost.multiply_adds / 1e9:.3f} G",
        f"{cost.activation_bytes / 1e6:.1f} MB",
        f"{field.stride_px} px",
        f"{field.radius_px} px" if field.bounded else "whole image",
    ]


def _card(row: Facts) -> Iterator[str]:
    known, cost, field = row.entry, row.complexity, row.field
    yield f"{row.name}: {row.title}"
    yield f"  {known.what}"
    yield f"  when to use it: {known.use}"
    yield f"  paper: {known.paper.citation}"
    size = " (its size is our reading)" if known.size_is_read else ""
    yield f"  at {' x '.join(map(str, row.image_shape))}{size}:"
    printed = _printed(known.parameters_millions, "M", known.paper.counts)
    yield f"    {cost.trainable_parameters:,} trainable parameters of {cost.parameters:,}{printed}"
    printed = _printed(known.operations_billions, "G", known.paper.counts)
    yield f"    {cost.multiply_adds / 1e9:.4f} G multiply-adds"
    yield f"    {cost.profiler_operations / 1e9:.4f} G by the rules of the profiler thop{printed}"
    yield f"    {cost.activation_bytes / 1e6:.1f} MB of tensors alive at once"
    reach = f"{field.radius_px} px" if field.bounded else "the whole image"
    yield f"    stride {field.stride_px} px, reach {reach}"
    yield f"  reading: {known.reading}"
    yield "  options:"
    for option, default in row.options.items():
        yield f"    {option} = {default!r}"


def _printed(number: str, unit: str, where: str) -> str:
    return f" (the paper prints {number} {unit}, {where})" if number else ""
