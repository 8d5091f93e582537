"""Standard input, output and error as they may be: closed, full, or a pipe that nobody reads."""

from __future__ import annotations

import errno
import os
import sys
from typing import Any, TextIO


def open_streams() -> None:
    """Make sure that the three standard streams are there, and that writing to them is safe.

    Where one is closed, the next file that the program opens would get its number, and what
    libraries print would go into that file. So `/dev/null` takes the place of a closed stream.
    """
    closed = [number for number in (0, 1, 2) if not _is_open(number)]
    for number in closed:
        opened = os.open(os.devnull, os.O_RDWR)
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)
        os.set_inheritable(number, True)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 (lives on)
    sys.stdout = Output(sys.stdout, closed=1 in closed)  # type: ignore[assignment]
    sys.stderr = Messages(sys.stderr)  # type: ignore[assignment]


class _Stream:
    """A text stream that passes everything on to the one below it."""

    def __init__(self, below: TextIO | None, number: int):
        if below is None:
            below = open(number, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 (lives on)
        self._below = below

    def __getattr__(self, name: str) -> Any:
        return getattr(self._below, name)


class Messages(_Stream):
    """Standard error: where it cannot be written, the work goes on and the exit status tells."""

    def __init__(self, below: TextIO | None):
        super().__init__(below, 2)

    def write(self, text: str) -> int:
        """Write, or lose the text."""
        try:
            return self._below.write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        """Flush, or lose what was written."""
        try:
            self._below.flush()
        except OSError:
            _to_nowhere(2)


class Output(_Stream):
    """Standard output: where it cannot be written, the work goes on and `lost` says why.

    A pipe that nobody reads any more ends the program, as with other tools.
    """

    def __init__(self, below: TextIO | None, *, closed: bool = False):
        super().__init__(below, 1)
        self._closed = closed
        self.lost = ""

    def write(self, text: str) -> int:
        """Write, or note that it was lost."""
        if self._closed and text:
            self.lost = "it is closed"
        try:
            return self._below.write(text)
        except OSError as error:
            self._lose(error)
            return len(text)

    def flush(self) -> None:
        """Flush, or note that what was written is lost."""
        try:
            self._below.flush()
        except OSError as error:
            self._lose(error)

    def _lose(self, error: OSError) -> None:
        if error.errno == errno.EPIPE:
            raise error
        self.lost = error.strerror or str(error)
        _to_nowhere(1)  # or Python tries once more at its end, and complains


def lost_output() -> str:
    """Why something that was printed did not arrive; empty if all of it did."""
    if not isinstance(sys.stdout, Output):
        return ""
    sys.stdout.flush()
    return sys.stdout.lost


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _to_nowhere(number: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
