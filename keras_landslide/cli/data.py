"""`keras-landslide data`: what a data set holds, what is wrong with it, where to get it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keras_landslide.cli.data_options import layout_options, open_folder
from keras_landslide.cli.data_score import score_command

if TYPE_CHECKING:
    from keras_landslide.datasets.check import Findings

SHOWN = 3
"""Problems of one kind that are printed; all are in check.json."""


@click.group(short_help="data sets of chips: check, fetch, score")
def command() -> None:
    """Look after data sets of image and mask files."""


command.add_command(score_command)


@command.command("check", short_help="what is there, and what is wrong")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), default=Path("data_check"),
              show_default=True, help="Folder for check.json and preview.png.")  # fmt: skip
@layout_options
def check_command(folder: Path, out: Path, **options: Any) -> None:
    """Read every chip of the data set FOLDER once, count, and list what is wrong.

    Exit status 2 where a chip cannot be used.
    """
    found = check(folder, out, **options)
    for line in lines(found):
        click.echo(line)
    click.echo(f"wrote {out / 'check.json'}")
    if found.usable:
        click.echo(f"wrote {out / 'preview.png'}")
    if found.errors:
        from keras_landslide.errors import InputFileError

        raise InputFileError(
            f"{folder}: {found.errors} errors; {len(found.usable)} of {len(found.source.chips)} "
            "listed chips can be used as they are"
        )


@command.command("fetch", short_help="download a data set from its record")
@click.argument("name", required=False)
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder.  [default: NAME]")
@click.option("--file", "files", multiple=True, help="Only this file; may be given again.")
@click.option("--api", help="Another address of records.")
@click.option("--unpack/--keep-packed", default=True, show_default=True)
def fetch_command(
    name: str | None, out: Path | None, files: tuple[str, ...], api: str | None, unpack: bool
) -> None:
    """Download the data set NAME with checksums; stopped, the same command goes on.

    Without a NAME, list what has a lasting address.
    """
    from keras_landslide.datasets.addresses import address, addresses
    from keras_landslide.datasets.fetch import API, fetch, read_record

    if name is None:
        for known in addresses().values():
            click.echo(f"{known.name:16} {known.title} (record {known.record}); cite {known.cite}")
        return
    place = address(name)
    record = read_record(place.record, api or API)
    click.echo(f"{place.title}: licence {record.licence}; cite {place.cite}")
    for path in fetch(record, out or Path(name), files, unpack=unpack):
        click.echo(f"wrote {path}")


def check(folder: Path, out: Path, **options: Any) -> Findings:
    """Check a data set, and write `check.json` and a preview of the first chips into `out`.

    Raises:
        LandslideError: the folder holds no data set, an option is unknown, or `out` cannot be
            written.
    """
    from keras_landslide.datasets.check import check as look
    from keras_landslide.files import write_json
    from keras_landslide.protocols.chip_figures import preview

    found = look(open_folder(folder, **options))
    write_json(out / "check.json", found.to_dict())
    if found.usable:
        preview(found, out / "preview.png")
    return found


def lines(found: Findings):
    """The report as lines of text."""
    facts = found.to_dict()
    yield f"{facts['title']} (layout {facts['layout']}) in {facts['folder']}"
    for split, count in facts["splits"].items():
        official = facts["official"].get(split)
        yield f"  {split:5} {count} chips" + (f" of {official} published" if official else "")
    yield f"  {facts['usable']} usable, {facts['chips_with_landslide']} of them with landslides"
    sizes = ", ".join(f"{h} x {w} px ({n})" for h, w, n in facts["sizes"])
    yield f"  stored sizes: {sizes or 'none could be read'}"
    pixels = facts["pixels"]
    labelled = pixels.get("landslide", 0) + pixels.get("background", 0)
    if labelled:
        unknown = pixels["unlabelled"] / (labelled + pixels["unlabelled"])
        yield (
            f"  landslide: {pixels['landslide'] / labelled:.2%} of the labelled pixels; "
            f"{unknown:.2%} of all are unlabelled or padding"
        )
    yield f"  {'band':14} {'unit':12} {'min':>10} {'mean':>10} {'max':>10}"
    for name, band in facts["bands"].items():
        numbers = " ".join(
            f"{'–' if band[key] is None else format(band[key], '.4g'):>10}"
            for key in ("min", "mean", "max")
        )
        yield f"  {name:14} {band['unit']:12} {numbers}"
    yield f"  licence: {facts['licence']}"
    if not found.problems:
        yield "nothing wrong was found"
    for (grade, kind), problems in found.by_kind().items():
        yield f"{grade}: {kind} ({len(problems)})"
        for problem in problems[:SHOWN]:
            yield f"    {problem.where}: {problem.text}"
        if len(problems) > SHOWN:
            yield f"    ... and {len(problems) - SHOWN} more, see check.json"
