"""Engines for a bundle: TensorFlow as it is, compiled by XLA, and ONNX Runtime where installed.

    python benchmarks/engines.py BUNDLE --windows 256 768

Prints, for a window of random pixels, each engine's time over that of the default in the same run
(the best of five), and how far its answers are from the default's.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

OTHERS = ("XLA", "ONNX Runtime")


def engines(bundle: Path, window: int) -> dict[str, list[float]]:
    """Seconds over the default's and greatest difference of its answers, for each engine.

    The engines take turns, so that they meet the same other load.
    """
    import tensorflow as tf

    channels = len(json.loads((bundle / "bundle.json").read_text())["bands"])
    shape = (1, window, window, channels)
    images = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    loaded = tf.saved_model.load(str(bundle / "saved_model"))
    serve, given = loaded.signatures["serve"], tf.constant(images)
    (name,) = serve.structured_input_signature[1]

    def call(x: Any) -> Any:
        return next(iter(serve(**{name: x}).values()))

    compiled = tf.function(call, jit_compile=True)
    jobs: dict[str, Callable[[], Any]] = {
        "default": lambda: call(given).numpy(),
        "XLA": lambda: compiled(given).numpy(),
    }
    try:
        import onnxruntime
        import tf2onnx
    except ImportError:
        pass  # said in the table
    else:
        fixed = tf.function(call, input_signature=[tf.TensorSpec(shape, tf.float32)])
        graph, _ = tf2onnx.convert.from_function(
            fixed, input_signature=fixed.input_signature, opset=17
        )
        session = onnxruntime.InferenceSession(
            graph.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        entry = session.get_inputs()[0].name
        jobs["ONNX Runtime"] = lambda: session.run(None, {entry: images})[0]
    times: dict[str, list[float]] = {engine: [] for engine in jobs}
    answers = {engine: job() for engine, job in jobs.items()}
    for _ in range(5):
        for engine, job in jobs.items():
            start = time.perf_counter()
            job()
            times[engine].append(time.perf_counter() - start)
    return {
        engine: [
            min(seconds) / min(times["default"]),
            float(np.abs(answers[engine] - answers["default"]).max()),
        ]
        for engine, seconds in times.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--windows", type=int, nargs="+", default=[256, 768])
    args = parser.parse_args()
    for window in args.windows:
        found = engines(args.bundle, window)
        for engine in OTHERS:
            if engine not in found:
                print(f"{engine}: not installed (pip install onnxruntime tf2onnx onnx)")
                continue
            ratio, difference = found[engine]
            print(
                f"{engine}, {window} px: {ratio:.2f} of the default's time, answers differ by "
                f"{difference:.1e}",
                flush=True,
            )


if __name__ == "__main__":
    main()
