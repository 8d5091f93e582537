"""`keras-landslide data`: what a data set holds, what is wrong with it, where to get it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_landslide.errors import RecipeError
from keras_landslide.workflows.results import Result, by_name

if TYPE_CHECKING:
    from keras_landslide.datasets.check import Findings
    from keras_landslide.datasets.chips import ChipSource

SHOWN = 3
"""Problems of one kind that are printed; all are in check.json."""


@dataclass(frozen=True, eq=False)
class DataCheck(Result):
    """What a data set holds.

    Attributes:
        text: the report.
        errors: how many chips or files are wrong.
    """

    text: str = ""
    errors: int = 0

    @property
    def verdict(self) -> str:
        """How many chips can be used as they are, in words."""
        return (
            f"{self.errors} errors; {self['usable']} of {self['chips']} listed chips can be used "
            "as they are"
        )


def check_data(folder: str | Path, out: str | Path, **options: Any) -> DataCheck:
    """Check a data set of chips, and write `check.json` and a preview of the first ones.

    Args:
        folder: the data set.
        out: folder for the two files.
        options: of the layout, see `open_folder`; without them it is found out.

    Returns:
        What `check.json` holds; the files; the report as `text`.

    Raises:
        LandslideError: the folder holds no data set, an option is unknown, or `out` cannot be
            written.
    """
    from keras_landslide.datasets.check import check as look
    from keras_landslide.files import write_json
    from keras_landslide.protocols.chip_figures import preview

    out = Path(out)
    found = look(open_folder(Path(folder), **options))
    paths = {"check": out / "check.json"}
    write_json(paths["check"], found.to_dict())
    if found.usable:
        paths["preview"] = out / "preview.png"
        preview(found, paths["preview"])
    return DataCheck(found.to_dict(), paths, text="\n".join(lines(found)), errors=found.errors)


def known_records() -> dict[str, dict[str, str]]:
    """Data sets with a lasting address: `title`, `record` and `cite` of each."""
    from keras_landslide.datasets.addresses import addresses

    return {
        name: {"title": each.title, "record": each.record, "cite": each.cite}
        for name, each in addresses().items()
    }


def fetch(
    name: str,
    out: str | Path | None = None,
    *,
    files: Sequence[str] = (),
    api: str | None = None,
    unpack: bool = True,
) -> Result:
    """Download a data set with its checksums; stopped, the same call goes on.

    Args:
        name: key of `known_records`.
        out: folder; None takes one of that name.
        files: only these files of the record.
        api: another address of records.
        unpack: whether archives are unpacked.

    Returns:
        `title`, `licence` and `cite`; the files.

    Raises:
        UnknownNameError: there is no such data set.
        LandslideError: see `datasets.fetch.fetch`.
    """
    from keras_landslide.datasets.addresses import address
    from keras_landslide.datasets.fetch import API, read_record
    from keras_landslide.datasets.fetch import fetch as download

    place = address(name)
    record = read_record(place.record, api or API)
    paths = download(record, Path(out) if out else Path(name), files, unpack=unpack)
    told = {"title": place.title, "licence": record.licence, "cite": place.cite}
    return Result(told, {str(path): path for path in paths})


def score_chips(bundle: str | Path, folder: str | Path, out: str | Path, **options: Any) -> Result:
    """Ask a bundle about every chip of a data set, and score it at its own threshold.

    Args:
        bundle: model bundle.
        folder: the data set.
        out: folder for `scores.json`, `chips.png` and the decoded chips.
        options: of the layout, see `open_folder`.

    Returns:
        What `scores.json` holds; the files.

    Raises:
        LandslideError: see `protocols.score_chips.score_chips`.
    """
    from keras_landslide.bundle.read import read_bundle
    from keras_landslide.runtime.quiet import quiet_tensorflow

    source = open_for(read_bundle(bundle).band_names, Path(folder), options)
    with quiet_tensorflow():
        from keras_landslide.protocols.score_chips import score_chips as ask_and_score

    found = ask_and_score(bundle, source, out)
    out = Path(out)
    return Result(found.report, by_name(out / "scores.json", out / "chips.png"))


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
    chips, usable = facts["chips"], facts["usable"]
    yield f"  {chips} chips went in, {usable} can be used, {chips - usable} cannot"
    if not found.problems:
        yield "nothing wrong was found"
    for (grade, kind), problems in found.by_kind().items():
        yield f"{grade}: {kind} ({len(problems)})"
        for problem in problems[:SHOWN]:
            yield f"    {problem.where}: {problem.text}"
        if len(problems) > SHOWN:
            yield f"    ... and {len(problems) - SHOWN} more, see check.json"


def open_for(names: tuple[str, ...], folder: Path, options: dict[str, Any]) -> ChipSource:
    """The data set, in the channels `names` where its layout offers them and none are asked for."""
    from keras_landslide.datasets.registry import fitting_channels

    source = open_folder(folder, **options)
    fitting = fitting_channels(source.name, names) if options.get("channels") is None else {}
    return open_folder(folder, **options | fitting) if fitting else source


def open_folder(folder: Path, **options: Any) -> ChipSource:
    """List a data set by the options of the command line; None leaves an option out.

    Raises:
        LandslideError: see `datasets.registry.open_source`.
    """
    from keras_landslide.datasets.registry import open_source

    layout = options.pop("layout", None)
    given = {key: value for key, value in options.items() if value is not None}
    if "bands" in given:
        given["bands"] = tuple(part.strip() for part in given["bands"].split(","))
    if "positive" in given:
        given["positive"] = _numbers(given["positive"])
    return open_source(folder, layout, **given)


def _numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise RecipeError(f"`positive` {text} should be whole numbers joined by commas") from error
