"""Engines for a bundle: TensorFlow as it is, compiled by XLA, and ONNX Runtime where installed.

    python benchmarks/engines.py BUNDLE --windows 256 768

Prints, for a window of random pixels, each engine's time over that of the default in the same run
(the best of five), the same in processor time, which other load on the machine changes less, and
how far its answers are from the default's.
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
    """Seconds and processor seconds over the default's, greatest difference of the answers.

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
    times: dict[str, list[tuple[float, float]]] = {engine: [] for engine in jobs}
    answers = {engine: job() for engine, job in jobs.items()}
    for _ in range(5):
        for engine, job in jobs.items():
            start = time.perf_counter(), time.process_time()
            job()
            passed = time.perf_counter() - start[0], time.process_time() - start[1]
            times[engine].append(passed)
    best = {engine: np.min(seconds, axis=0) for engine, seconds in times.items()}
    return {
        engine: [
            *(best[engine] / best["default"]),
            float(np.abs(answers[engine] - answers["default"]).max()),
        ]
        for engine in jobs
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
            ratio, cpu, difference = found[engine]
            print(
                f"{engine}, {window} px: {ratio:.2f} of the default's time, {cpu:.2f} of its "
                f"processor time, answers differ by {difference:.1e}",
                flush=True,
            )


if __name__ == "__main__":
    main()
