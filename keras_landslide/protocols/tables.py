"""A protocol's tables: ours and the paper's side by side, as text, Markdown and CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from keras_landslide.files import write_text
from keras_landslide.protocols.entries import Table
from keras_landslide.protocols.printed import reported_values
from keras_landslide.protocols.protocol import Protocol
from keras_landslide.protocols.summary import Row
from keras_landslide.report.tables import write_csv

QUICK = "quick form: scaled down, not comparable with the paper"
MISSING = "–"


def title_of(protocol: Protocol, simulated: bool) -> str:
    """The protocol's title, with all that has to be said of the run."""
    said = [QUICK] if protocol.quick else []
    if simulated:
        said.append("simulated data")
    return protocol.title + (f" ({'; '.join(said)})" if said else "")


def short_title(protocol: Protocol) -> str:
    """The title's first words, for figures."""
    said = " (quick form, scaled down)" if protocol.quick else ""
    return protocol.title.partition(":")[0] + said


def cells(table: Table, rows: Sequence[Row]) -> list[list[str]]:
    """Header and lines: our value, and after each bar the paper's."""
    reported = reported_values(table)
    shown = [row for row in rows if table.part in row.values and _belongs(row, table, reported)]
    header = ["model", *(_heading(column.title, column.reported) for column in table.columns)]
    lines = []
    for row in shown:
        line = [row.entry.label]
        for column in table.columns:
            printed = reported.get(row.entry.label, {}).get(column.key)
            text = _ours(row, table.part, column.key)
            if column.reported:
                text += f" | {MISSING if printed is None else _number(printed)}"
            line.append(text)
        lines.append(line)
    return [header, *lines]


def _belongs(row: Row, table: Table, reported: dict[str, Any]) -> bool:
    """A table of the paper shows the models that it is about; tables of ours show all."""
    return not reported or row.entry.label in reported


def _heading(title: str, reported: str) -> str:
    return f"{title}, ours | paper" if reported else title


def _ours(row: Row, part: str, key: str) -> str:
    value = row.values[part].get(key)
    if value is None:
        return MISSING
    text = _number(value)
    if row.spread and key in row.spread[part]:
        return f"{text} ± {row.spread[part][key]:.4f}"
    found = row.intervals[part].get(key)
    return text if found is None else f"{text} [{found.low:.2f}, {found.high:.2f}]"


def _number(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 10 else f"{value:.2f}"


def text_tables(protocol: Protocol, rows: Sequence[Row], simulated: bool) -> str:
    """All tables for the screen."""
    parts = [title_of(protocol, simulated)]
    for table in protocol.tables:
        lines = cells(table, rows)
        widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
        parts.append(f"\n{table.title}; paper: {table.source}" if table.source else table.title)
        parts += [
            "  ".join(
                cell.ljust(w) if i == 0 else cell.rjust(w)
                for i, (cell, w) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
    return "\n".join(parts)


def markdown_tables(protocol: Protocol, rows: Sequence[Row], simulated: bool) -> str:
    """The same as Markdown; ours and the paper's are split by a slash."""
    parts = [f"**{title_of(protocol, simulated)}**"]
    for table in protocol.tables:
        header, *lines = cells(table, rows)
        parts += ["", f"{table.title}" + (f"; paper: {table.source}" if table.source else ""), ""]
        parts.append(_pipes(header))
        parts.append(_pipes(["---", *["---:"] * (len(header) - 1)]))
        parts += [_pipes(line) for line in lines]
    return "\n".join(parts) + "\n"


def csv_lines(protocol: Protocol, rows: Sequence[Row]) -> Iterator[list[Any]]:
    """Every score of every model with full digits, and the paper's number where it has one."""
    printed = {
        (table.part, label, key): value
        for table in protocol.tables
        for label, values in reported_values(table).items()
        for key, value in values.items()
    }
    yield ["model", "part", "score", "value", "low", "high", "spread_over_seeds", "reported",
           "quick"]  # fmt: skip
    for row in rows:
        for part, values in row.values.items():
            for key, value in values.items():
                found = row.intervals[part].get(key)
                spread = row.spread[part].get(key) if row.spread else None
                ends = [found.low, found.high] if found else [None, None]
                yield [
                    row.entry.label,
                    part,
                    key,
                    value,
                    *ends,
                    spread,
                    printed.get((part, row.entry.label, key)),
                    "yes" if protocol.quick else "no",
                ]


def write_tables(
    protocol: Protocol, rows: Sequence[Row], folder: Path, simulated: bool
) -> list[Path]:
    """Write `table.md` and `table.csv`.

    Raises:
        OutputError: the folder cannot be written.
    """
    write_text(folder / "table.md", markdown_tables(protocol, rows, simulated))
    write_csv(folder / "table.csv", list(csv_lines(protocol, rows)))
    return [folder / "table.md", folder / "table.csv"]


def _pipes(line: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace(" | ", " / ") for cell in line) + " |"
