"""Two programs that take turns on a machine whose speed swings, so that both meet the same swings.

The one is stopped (SIGSTOP, with all its threads) while the other works, and goes on afterwards.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def start(command: list[str]) -> subprocess.Popen:
    """Start a program that answers by lines of JSON; its progress goes where ours goes."""
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def answer(child: subprocess.Popen) -> dict[str, Any]:
    """The next line of a program."""
    assert child.stdout is not None
    line = child.stdout.readline()
    if not line:
        raise SystemExit(f"failed: {' '.join(map(str, child.args))}")
    return json.loads(line)


def finish(child: subprocess.Popen) -> dict[str, Any]:
    """The last line of a program, and the peak memory of its process in MB."""
    assert child.stdin is not None and child.stdout is not None
    child.stdin.close()
    lines = child.stdout.read().splitlines()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"failed: {' '.join(map(str, child.args))}")
    return {**json.loads(lines[-1] if lines else "{}"), "peak_mb": usage.ru_maxrss / 1024}


def take_turns(
    long: subprocess.Popen,
    ready: Path,
    other: Callable[[str], subprocess.Popen],
    every_s: Callable[[dict[str, Any]], float],
    most: int,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Run a long program, stopped now and then for a step of another.

    Args:
        long: answers once, at its end, with its `seconds` and the monotonic time `ended`.
        ready: the file whose content says what the other is to do; turns begin when it is there.
        other: starts the other with that content; it answers to each line, and once unasked.
        every_s: from that first answer, how long the long program works in between.
        most: steps of the other, the first left out.

    Returns:
        The long program's answer, `seconds` without the stops, and the other's answers.
    """
    while not ready.exists() and not _ended(long):
        time.sleep(0.02)
    stops, steps = [], []
    second: subprocess.Popen | None = None
    try:
        while not _ended(long) and len(steps) <= most:
            os.kill(long.pid, signal.SIGSTOP)
            begun = time.monotonic()
            if second is None:
                second = other(ready.read_text(encoding="utf-8"))
            else:
                assert second.stdin is not None
                second.stdin.write("\n")
                second.stdin.flush()
            steps.append(answer(second))
            stops.append((begun, time.monotonic() - begun))
            os.kill(long.pid, signal.SIGCONT)
            pause = time.monotonic() + every_s(steps[0])
            while time.monotonic() < pause and not _ended(long):
                time.sleep(0.02)
    except BaseException:
        for child in (long, second):  # a stopped one would stay for good
            if child is not None:
                child.kill()
        raise
    result = finish(long)
    if second is not None:
        finish(second)
    result["seconds"] -= sum(span for begun, span in stops if begun < result["ended"])
    return result, steps


def _ended(child: subprocess.Popen) -> bool:
    """Whether it has ended; it is not reaped, which would lose its peak memory."""
    return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
