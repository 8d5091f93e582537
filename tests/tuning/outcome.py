"""What has to be equal after a kill: the files of a search, without what is never the same."""

import csv


def outcome(folder):
    """trials.csv without time and memory, and best.toml."""
    with (folder / "trials.csv").open() as stream:
        rows = [
            {k: v for k, v in row.items() if k not in ("seconds", "peak_mb")}
            for row in csv.DictReader(stream)
        ]
    return rows, (folder / "best.toml").read_text()
