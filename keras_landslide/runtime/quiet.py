"""Keep TensorFlow's start-up banner off the screen, so that our one clear line can be seen."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_tensorflow() -> Iterator[None]:
    """Import TensorFlow inside this block: its banner about CPUs and CUDA is not shown.

    TensorFlow 2.21 prints the banner before it looks at `TF_CPP_MIN_LOG_LEVEL`, so standard error
    is turned away while the block runs; exceptions are raised as always. Set
    `TF_CPP_MIN_LOG_LEVEL=0` to see everything.
    """
    if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3") == "0":
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
        if "tensorflow" in sys.modules:
            # The first look for a GPU has things to say as well: let it be now.
            sys.modules["tensorflow"].config.list_physical_devices()
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
