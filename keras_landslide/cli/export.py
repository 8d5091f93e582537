"""`keras-landslide export`: a trained run as a model bundle."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="a trained run as a model bundle (SavedModel, Keras model, contract)")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), default=Path("bundle"),
              show_default=True, help="Folder of the bundle.")  # fmt: skip
def command(run: Path, out: Path) -> None:
    """Export the finished RUN folder of `train`: `saved_model/`, `model.keras`, `bundle.json`."""
    from keras_landslide.runtime.quiet import quiet_tensorflow

    with quiet_tensorflow():
        from keras_landslide.bundle.export import export_bundle

    export_bundle(run, out)
    click.echo(f"wrote {out / 'saved_model'}, {out / 'model.keras'} and {out / 'bundle.json'}")
