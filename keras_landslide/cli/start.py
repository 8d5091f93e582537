"""Where the command `keras-landslide` begins."""

from __future__ import annotations

import sys

from keras_landslide.runtime.huge_pages import restart_with_huge_pages

LARGE = (
    "train", "tune", "predict", "calibrate", "evaluate", "adapt", "audit", "susceptibility",
    "reproduce", "demo",
)  # fmt: skip
"""Verbs that run networks: they fill gigabytes, and huge pages are worth the second start."""


def start() -> None:
    """Run the command line, with huge pages where they pay and the system gives them on request."""
    verb = next((each for each in sys.argv[1:] if not each.startswith("-")), None)
    if verb in LARGE and not {"-h", "--help"} & set(sys.argv):
        restart_with_huge_pages()
    from keras_landslide.cli.main import main

    main()
