"""The waiting process of a fork server and its forks. Imports nothing heavy by itself."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import pickle
import re
import resource
import signal
import sys
import traceback
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path

from keras_landslide.errors import InputFileError, OutputError, RecipeError
from keras_landslide.tuning.job import Job, Trainer, train

PR_SET_PDEATHSIG = 1
_NATIVE_LOG = re.compile(r"[IWE]\d{4} |WARNING: All log messages before absl::InitializeLog")
FATAL = (InputFileError, OutputError, RecipeError)
"""The search stops on these: the next trial would meet them too."""


def serve(line: Connection, make_trainer: bytes) -> None:
    """Make the trainer, then run a fork for each job that comes down the line, until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us as a closed line
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with _quiet():
            trainer = pickle.loads(make_trainer)()
    except Exception as error:
        line.send(error)
        return
    line.send(None)
    # Pages that the collector never touches stay shared with the forks.
    gc.collect()
    gc.freeze()
    while True:
        try:
            job, memory_gb = line.recv()
        except (EOFError, ConnectionResetError):
            return
        line.send(_run(line, trainer, job, memory_gb))


def _run(line: Connection, trainer: Trainer, job: Job, memory_gb: float) -> tuple:
    """Fork, pass on the epochs, and say how it ended: (kind, result, peak MB)."""
    reader, writer = Pipe(duplex=False)
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        reader.close()
        _child(writer, trainer, job, memory_gb, parent)
    writer.close()
    last: tuple = ()
    while True:
        if line in wait([line, reader]):  # nothing is sent while a job runs: it was closed
            os.kill(pid, signal.SIGKILL)
            os._exit(1)
        try:
            message = reader.recv()
        except (EOFError, OSError):
            break
        if message[0] == "epoch":
            line.send(message)
        else:
            last = message
    reader.close()
    _, status, usage = os.wait4(pid, 0)
    kind, result = last or ("failed", _ended_by(os.waitstatus_to_exitcode(status), job, memory_gb))
    return kind, result, usage.ru_maxrss * 1024 / 1e6


def _child(writer: Connection, trainer: Trainer, job: Job, memory_gb: float, parent: int) -> None:
    """The trial's own process; never returns."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    try:
        job.log.parent.mkdir(parents=True, exist_ok=True)
        log = os.open(job.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(log, 1)
        os.dup2(log, 2)
        if memory_gb:
            _limit_address_space(memory_gb)
        outcome = train(trainer, job, lambda *epoch: writer.send(("epoch", *epoch)))
        writer.send(("done", outcome))
    except FATAL as error:
        traceback.print_exc()
        writer.send(("fatal", error))
    except BaseException as error:
        with contextlib.suppress(BaseException):
            traceback.print_exc()
        writer.send(("failed", reason_of(error)))
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        # Without the interpreter's clean-up: TensorFlow's threads may hang in it.
        os._exit(0)


def _limit_address_space(memory_gb: float) -> None:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + int(memory_gb * 1e9)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def reason_of(error: BaseException) -> str:
    """The error in one line that fits a table."""
    words = " ".join(str(error).split())
    if type(error).__name__ != "FailedTrialError":
        words = f"{type(error).__name__}: {words}".removesuffix(": ")
    return words if len(words) <= 300 else words[:297] + "..."


def _ended_by(exitcode: int, job: Job, memory_gb: float) -> str:
    """Why a process that said nothing ended, with the last line of its log."""
    name = signal.Signals(-exitcode).name if exitcode < 0 else f"exit status {exitcode}"
    why = f"its process ended by {name}"
    if exitcode == -signal.SIGKILL:
        why += ", as it does when the machine's memory runs out"
    elif memory_gb:
        why += f" under a memory limit of {memory_gb:g} GB"
    try:
        lines = job.log.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        lines = []
    said = [line.strip() for line in lines if line.strip() and not _NATIVE_LOG.match(line)]
    return why + (f" ({said[-1][:160]})" if said else "")


@contextlib.contextmanager
def _quiet():
    """Turn standard error away: TensorFlow's banner comes before any setting of ours.

    Not `quiet.quiet_tensorflow`: that asks for the devices, and what a process knows of a GPU does
    not survive a fork.
    """
    if os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0":
        yield
        return
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
