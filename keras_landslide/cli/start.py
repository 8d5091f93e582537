"""Where the command `keras-landslide` begins."""

from __future__ import annotations

import os
import signal
import sys

from keras_landslide.cli.streams import lost_output, open_streams
from keras_landslide.runtime.huge_pages import restart_with_huge_pages

LARGE = (
    "train", "tune", "predict", "calibrate", "evaluate", "adapt", "audit", "susceptibility",
    "reproduce", "demo",
)  # fmt: skip
"""Verbs that run networks: they fill gigabytes, and huge pages are worth the second start."""


def start() -> None:
    """Run the command line, with huge pages where they pay and the system gives them on request.

    What could not be printed makes a run that went well end with status 2.
    """
    verb = next((each for each in sys.argv[1:] if not each.startswith("-")), None)
    if verb in LARGE and not {"-h", "--help"} & set(sys.argv):
        restart_with_huge_pages()
    open_streams()
    from keras_landslide.cli.main import main

    status = 0
    try:
        main()
    except SystemExit as stop:
        status = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    try:
        lost = lost_output()
    except BrokenPipeError:  # nobody reads any more: as quiet as other tools
        os._exit(status or 128 + signal.SIGPIPE)
    if lost:
        print(
            f"error: the standard output cannot be written ({lost}): what was printed is lost, "
            "files that were written are whole; give it a file or a pipe, or free some space",
            file=sys.stderr,
        )
        status = status or 2
    sys.exit(status)
