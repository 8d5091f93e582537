"""`keras-landslide reproduce`: a paper's models under its conditions, its table beside ours."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="run a paper's protocol and put its table beside ours")
@click.argument("name", required=False)
@click.option("--data", "folder", type=click.Path(path_type=Path),
              help="The data set; without it colombia and lacnn simulate one.")  # fmt: skip
@click.option("-o", "--out", type=click.Path(path_type=Path),
              help="Folder of all that is made.  [default: reproduce_NAME]")  # fmt: skip
@click.option("--quick", is_flag=True, help="Scaled down to minutes; every output says so.")
@click.option("--seeds", type=click.IntRange(1, 100), default=1, show_default=True,
              help="Repeat with so many seeds.")  # fmt: skip
@click.option("--folds", type=click.IntRange(min=2),
              help="Cross-validate chips over so many folds instead of splitting.")  # fmt: skip
@click.option("--bundle", type=click.Path(path_type=Path),
              help="Also make a bundle of the best model's folds and seeds.")  # fmt: skip
@click.option("--row", help="The bundle is of this model of the table instead of the best.")
def command(
    name: str | None,
    folder: Path | None,
    out: Path | None,
    quick: bool,
    seeds: int,
    folds: int | None,
    bundle: Path | None,
    row: str | None,
) -> None:
    """Run all models of the protocol NAME under the same conditions.

    Without a NAME, list the protocols. Stopped, the same command goes on where it was.
    """
    from keras_landslide.protocols.protocol import NAMES, PRESETS, load_protocol

    if name is None:
        for known in (*NAMES, *PRESETS):
            click.echo(f"{known:12} {load_protocol(known).title}")
        return
    protocol = load_protocol(name)
    if row is not None:
        # Before hours of training, not after.
        if bundle is None:
            raise click.UsageError("--row chooses the model of a --bundle; give its folder")
        protocol.model(row)
    from keras_landslide.runtime.quiet import quiet_tensorflow

    with quiet_tensorflow():
        from keras_landslide.protocols.reproduce import reproduce
    from keras_landslide.protocols.printed import inconsistencies
    from keras_landslide.protocols.tables import QUICK, text_tables

    done = reproduce(
        name,
        folder,
        out or Path(f"reproduce_{name}"),
        quick=quick,
        seeds=range(seeds),
        folds=folds,
    )
    click.echo(text_tables(done.protocol, done.rows, done.dataset.simulated))
    for sentence in inconsistencies(done.protocol):
        click.echo(f"note: {sentence}")
    for path in done.files:
        click.echo(f"wrote {path}")
    if bundle is not None:
        from keras_landslide.protocols.bundle import export_best

        click.echo(f"wrote {export_best(done, bundle, row)}")
    said = f" ({QUICK})" if quick else ""
    click.echo(f"done in {done.seconds / 60:.1f} minutes{said}")
