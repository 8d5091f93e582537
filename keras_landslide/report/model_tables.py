"""The table of networks in the documentation: our counts beside the papers'."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keras_landslide.models.recorded import Facts

COLUMNS = (
    "network",
    "paper",
    "input",
    "parameters",
    "printed, M",
    "multiply-adds, G",
    "profiler, G",
    "printed, G",
    "memory, MB",
    "stride, px",
    "reach, px",
)
LEFT = 3


def overview(rows: Sequence[Facts]) -> str:
    """A Markdown table with a line per network, at the paper's input size and options."""
    lines = [_pipes(COLUMNS), _pipes(["---"] * LEFT + ["---:"] * (len(COLUMNS) - LEFT))]
    return "\n".join([*lines, *(_pipes(overview_cells(row)) for row in rows)]) + "\n"


def overview_cells(row: Facts) -> list[str]:
    """One network's cells, in the order of `COLUMNS`."""
    known, cost, field = row.entry, row.complexity, row.field
    return [
        f"[`{row.name}`](models/{row.name}.md)",
        known.paper.short,
        f"{shape_text(row)}{' *' if known.size_is_read else ''}",
        f"{cost.trainable_parameters:,}",
        known.parameters_millions or "–",
        f"{cost.multiply_adds / 1e9:.3f}",
        f"{cost.profiler_operations / 1e9:.3f}",
        known.operations_billions or "–",
        f"{cost.activation_bytes / 1e6:.1f}",
        str(field.stride_px),
        str(field.radius_px) if field.bounded else "whole image",
    ]


def differences(rows: Sequence[Facts]) -> str:
    """A Markdown list: printed counts against ours in per cent, and why."""
    lines = []
    for row in rows:
        known = row.entry
        if known.parameters_millions:
            ours = row.complexity.trainable_parameters / 1e6
            operations = row.complexity.profiler_operations / 1e9
            gap = percent(ours, known.parameters_millions)
            gap_operations = percent(operations, known.operations_billions)
            lines.append(
                f"- `{row.name}`: parameters {gap}, operations {gap_operations}. {known.reading}"
            )
    return "\n".join(lines) + "\n"


def percent(ours: float, printed: str) -> str:
    """How far ours lies from a printed number; equal after cutting to its digits is `exact`."""
    digits = len(printed.partition(".")[2])
    # The papers cut their numbers off instead of rounding.
    if int(ours * 10**digits + 1e-6) == round(float(printed) * 10**digits):
        return "exact"
    return f"{(ours / float(printed) - 1) * 100:+.2f} %"


def shape_text(row: Facts) -> str:
    """Height x width x channels."""
    return " x ".join(map(str, row.image_shape))


def _pipes(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
