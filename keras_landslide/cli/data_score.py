"""`keras-landslide data score`: a bundle asked about chips, and scored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from keras_landslide.cli.data_options import layout_options
from keras_landslide.cli.verb import Verb, json_option, print_json


@click.command("score", cls=Verb, short_help="score a bundle on the chips of a data set")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), default=Path("chip_scores"),
              show_default=True, help="Folder for scores.json and chips.png.")  # fmt: skip
@json_option
@layout_options
def score_command(bundle: Path, folder: Path, out: Path, as_json: bool, **options: Any) -> None:
    """Ask BUNDLE about every chip of FOLDER and score it at the bundle's own threshold."""
    from keras_landslide.workflows.data import score_chips

    found = score_chips(bundle, folder, out, **options)
    if as_json:
        print_json(found.numbers, found.paths)
        return
    report = found.numbers
    click.echo(
        f"{report['bundle']} on {report['data']}: {report['chips']} chips, threshold "
        f"{report['threshold']:.3f}" + (" (simulated data)" if report["simulated"] else "")
    )
    for name in ("precision", "recall", "f1", "iou", "image_f1", "average_precision"):
        value, between = report[name], report["intervals"].get(name)
        text = "undefined" if value is None else f"{value:.4f}"
        click.echo(
            f"  {name:18} {text}" + (f"  [{between[0]:.3f}, {between[1]:.3f}]" if between else "")
        )
    for path in found.files:
        click.echo(f"wrote {path}")
