"""`keras-landslide models`: the networks, what they cost, and what their papers print."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from keras_landslide.errors import ImageSizeError
from keras_landslide.models.recorded import Facts, recorded, recorded_facts


@click.command(short_help="list the networks")
@click.argument("name", required=False)
@click.option("--size", type=int, help="Image side to count at, px.  [default: the paper's]")
@click.option("--channels", type=int, help="Bands to count with.  [default: the paper's]")
@click.option("--markdown", is_flag=True, help="The table of docs/models.md.")
def command(name: str | None, size: int | None, channels: int | None, markdown: bool) -> None:
    """List the networks with what they cost, or show one of them with its options.

    Multiply-adds and memory are those of one image at prediction; memory is the largest sum of
    tensors alive at once, weights left out. The reach is how far an output pixel looks.
    With --size or --channels the networks are built and measured, which takes seconds.
    """
    if markdown:
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
