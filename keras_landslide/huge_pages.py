"""Huge pages for large arrays, which spare the kernel most of its work for a network's buffers."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

SETTING = Path("/sys/kernel/mm/transparent_hugepage/enabled")
VARIABLE = "GLIBC_TUNABLES"
TUNABLE = "glibc.malloc.hugetlb"


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
    if wanted is None:
        return
    os.environ[VARIABLE] = wanted
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


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
