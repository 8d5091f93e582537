"""The documentation's pages on networks, written from the networks and their recorded facts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from keras_landslide.errors import InputFileError
from keras_landslide.files import write_text
from keras_landslide.models.analysis.facts import documentation
from keras_landslide.models.recorded import Facts, recorded_facts
from keras_landslide.models.registry import build
from keras_landslide.models.stages import stages
from keras_landslide.report.architecture import draw_architecture
from keras_landslide.report.model_tables import differences, overview, percent, shape_text

PARTS = {"networks": overview, "differences": differences}


def write_model_pages(docs: str | Path, names: Sequence[str] = ()) -> list[Path]:
    """Write `models/NAME.md` and `models/NAME.svg` for each network, and the table of `models.md`.

    Args:
        docs: folder of the documentation; `models.md` is there.
        names: networks to write pages for; all by default. The table always has all.

    Raises:
        UnknownNameError: a name is unknown.
        InputFileError: `models.md` is missing, or has no place for the table.
        OutputError: the folder cannot be written.
    """
    docs = Path(docs)
    rows = list(recorded_facts().values())
    write_text(docs / "models.md", with_tables(_read(docs / "models.md"), rows))
    written = [docs / "models.md"]
    for row in rows:
        if names and row.name not in names:
            continue
        page, drawing = (docs / "models" / f"{row.name}.{end}" for end in ("md", "svg"))
        write_text(page, model_page(row))
        model = build(row.name, (None, None, row.image_shape[-1]), **row.entry.options)
        draw_architecture(stages(model, row.image_shape), drawing, row.name)
        written += [page, drawing]
    return written


def with_tables(text: str, rows: Sequence[Facts]) -> str:
    """`models.md` with its generated parts made anew.

    They stand between the lines `<!-- networks -->` and `<!-- /networks -->`, and the same for
    `differences`.

    Raises:
        InputFileError: such a line is missing.
    """
    for name, make in PARTS.items():
        place = re.compile(rf"<!-- {name} -->\n.*?<!-- /{name} -->", re.DOTALL)
        around = place.split(text)
        if len(around) != 2:
            raise InputFileError(f"models.md has no lines <!-- {name} --> and <!-- /{name} -->")
        start, end = around
        text = f"{start}<!-- {name} -->\n{make(rows)}<!-- /{name} -->{end}"
    return text


def model_page(row: Facts) -> str:
    """The page of one network."""
    known = row.entry
    lines = [
        f"# `{row.name}`",
        "",
        known.what,
        "",
        f"*When to use it*: {known.use}",
        "",
        f"*Paper*: {known.paper.citation}.",
        "",
        f"![Stages of {row.name}]({row.name}.svg)",
        "",
        "*Rows are resolutions; a stage has its channels and its share of the multiply-adds.*",
        "",
        *_numbers(row),
        "",
        f"*Reading*: {known.reading}",
        "",
        "| option | default |",
        "| --- | --- |",
        *(f"| `{option}` | `{default!r}` |" for option, default in row.options.items()),
        "",
        "## From the source",
        "",
        documentation(row.name),
    ]
    return "\n".join(lines) + "\n"


def _numbers(row: Facts) -> list[str]:
    known, cost, field = row.entry, row.complexity, row.field
    size = " (our reading of the size)" if known.size_is_read else ""
    options = ", ".join(f"`{key} = {value!r}`" for key, value in known.options.items())
    return [
        f"| at {shape_text(row)}{size}{f', {options}' if options else ''} | here | printed |",
        "| --- | ---: | ---: |",
        f"| trainable parameters | {cost.trainable_parameters:,} | "
        f"{_printed(cost.trainable_parameters / 1e6, known.parameters_millions, 'M')} |",
        f"| multiply-adds | {cost.multiply_adds / 1e9:.4f} G | – |",
        f"| operations by the profiler's rules | {cost.profiler_operations / 1e9:.4f} G | "
        f"{_printed(cost.profiler_operations / 1e9, known.operations_billions, 'G')} |",
        f"| tensors alive at once, one image | {cost.activation_bytes / 1e6:.1f} MB | – |",
        f"| stride | {field.stride_px} px | – |",
        f"| reach | {f'{field.radius_px} px' if field.bounded else 'whole image'} | – |",
    ]


def _printed(ours: float, printed: str, unit: str) -> str:
    return f"{printed} {unit} ({percent(ours, printed)})" if printed else "–"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputFileError(f"{path}: cannot be read ({error.strerror})") from error
