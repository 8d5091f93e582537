"""Huge pages for large arrays, which spare the kernel most of its work for a network's buffers."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

SETTING = Path("/sys/kernel/mm/transparent_hugepage/enabled")
VARIABLE = "GLIBC_TUNABLES"
TUNABLE = "glibc.malloc.hugetlb"
BEGUN_AGAIN = "KERAS_LANDSLIDE_BEGUN_AGAIN"
"""Set while the program begins again, so that it does so once, whatever became of the tunable."""


def restart_with_huge_pages() -> None:
    """Replace this process by the same one whose memory is asked for in huge pages.

    A scene's windows fill gigabytes of new memory per call, and the kernel clears it in pages of
    4 KiB: 900 000 faults and a third of the processor time for a window of 1 712 px. glibc asks
    for pages of 2 MiB if told to (2.35 or newer; others ignore it), but reads its setting before
    a program begins. So the program begins once more, with its process number and arguments.

    Nothing happens where the system gives huge pages to all or to none, or where the user has set
    the tunable.
    """
    wanted = wanted_tunables(os.environ)
    again = os.environ.pop(BEGUN_AGAIN, None)
    # Without arguments, or reading the program from standard input, Python would begin otherwise.
    if wanted is None or again or sys.orig_argv[1:2] in ([], ["-"]):
        return
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # as where a shell has closed it
            stream.flush()
    environment = {**os.environ, VARIABLE: wanted, BEGUN_AGAIN: "yes"}
    try:
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)
    except OSError:
        return  # as before, with small pages: nothing is lost but time


def wanted_tunables(environment: Mapping[str, str], setting: Path = SETTING) -> str | None:
    """What the variable should be; None where it is best left as it is."""
    try:
        on_request = "[madvise]" in setting.read_text(encoding="ascii")
    except OSError:  # no Linux, or a kernel without them
        return None
    given = environment.get(VARIABLE, "")
    if not on_request or TUNABLE in given or not sys.executable:
        return None
    return ":".join(filter(None, [given, f"{TUNABLE}=1"]))
