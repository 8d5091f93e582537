"""Engines for a bundle: those of `predict --engine`, LiteRT, and ONNX Runtime where installed.

    python benchmarks/engines.py BUNDLE --windows 768 1712

Each engine answers to one window of random pixels in a process of its own, with the huge pages that
the command line asks for; the engines take turns. Prints the best time over that of the default in
the same run, the same in processor time, which other load on the machine changes less, the peak
memory of the process over the default's, the seconds from the start to the second answer, and how
far the answers are from the default's.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from keras_landslide.errors import EngineError
from keras_landslide.inference.engines.table import DEFAULT, ENGINES, load
from keras_landslide.runtime.huge_pages import restart_with_huge_pages

CONVERTED = ("LiteRT", "ONNX Runtime")
Answer = Callable[[np.ndarray], np.ndarray]


def converted(bundle: Path, engine: str, shape: tuple[int, ...]) -> Answer:
    """The graph by an engine that has to have it in its own format, for one shape."""
    import tensorflow as tf

    loaded = tf.saved_model.load(str(bundle / "saved_model"))
    serve = loaded.signatures["serve"]
    (name,) = serve.structured_input_signature[1]
    signature = [tf.TensorSpec(shape, tf.float32)]
    fixed = tf.function(
        lambda x: next(iter(serve(**{name: x}).values())), input_signature=signature
    )
    if engine == "LiteRT":
        converter = tf.lite.TFLiteConverter.from_concrete_functions(
            [fixed.get_concrete_function()], loaded
        )
        interpreter = tf.lite.Interpreter(
            model_content=converter.convert(), num_threads=len(os.sched_getaffinity(0))
        )
        interpreter.allocate_tensors()
        taken, given = interpreter.get_input_details()[0], interpreter.get_output_details()[0]

        def answer(images: np.ndarray) -> np.ndarray:
            interpreter.set_tensor(taken["index"], images)
            interpreter.invoke()
            return interpreter.get_tensor(given["index"])[..., 0]

        return answer
    import onnxruntime
    import tf2onnx

    graph, _ = tf2onnx.convert.from_function(fixed, input_signature=signature, opset=17)
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    entry = session.get_inputs()[0].name
    return lambda images: session.run(None, {entry: images})[0][..., 0]


def measure(bundle: Path, engine: str, window: int, answers: Path) -> dict[str, Any]:
    """Best of three answers after one; the last is kept in `answers`. Or why there is none."""
    channels = len(json.loads((bundle / "bundle.json").read_text())["bands"])
    shape = (1, window, window, channels)
    images = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    start = time.perf_counter()
    try:
        answer = load(bundle, engine) if engine in ENGINES else converted(bundle, engine, shape)
    except EngineError as error:
        return {"missing": str(error)}
    except ImportError as error:
        return {"missing": f"{error} (pip install onnxruntime tf2onnx onnx)"}
    answer(images)
    ready = time.perf_counter() - start
    times = []
    for _ in range(3):
        clock = time.perf_counter(), time.process_time()
        found = answer(images)
        times.append((time.perf_counter() - clock[0], time.process_time() - clock[1]))
    np.save(answers, found)
    seconds, cpu = np.min(times, axis=0)
    return {"seconds": seconds, "cpu": cpu, "ready": ready}


def apart(*arguments: object) -> dict[str, Any]:
    """`measure` in a process of its own, with its peak memory."""
    command = [sys.executable, __file__, "--measure", *map(str, arguments)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, errors = child.communicate()
    if child.returncode:
        raise SystemExit(errors)
    return json.loads(out.splitlines()[-1])


def compare(bundle: Path, window: int, rounds: int) -> None:
    """A line per engine."""
    with tempfile.TemporaryDirectory() as name:
        best: dict[str, Any] = {}
        for _ in range(rounds):
            for engine in (*ENGINES, *CONVERTED):
                found = apart(bundle, engine, window, Path(name) / f"{engine}.npy")
                earlier = best.get(engine, found)
                best[engine] = {key: min(found[key], earlier[key]) for key in found}
        default, own = best[DEFAULT], np.load(Path(name) / f"{DEFAULT}.npy")
        print(
            f"{window} px, {DEFAULT}: {default['seconds']:.2f} s, {default['peak']:.0f} MB, "
            f"ready after {default['ready']:.1f} s",
            flush=True,
        )
        for engine in (*list(ENGINES)[1:], *CONVERTED):
            row = best[engine]
            if "missing" in row:
                print(f"{engine}: {row['missing']}")
                continue
            other = np.load(Path(name) / f"{engine}.npy")
            print(
                f"{window} px, {engine}: {row['seconds'] / default['seconds']:.2f} of its time, "
                f"{row['cpu'] / default['cpu']:.2f} of its processor time, "
                f"{row['peak'] / default['peak']:.2f} of its memory, ready after "
                f"{row['ready']:.1f} s, answers differ by {np.abs(other - own).max():.1e}",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bundle", type=Path, nargs="?")
    parser.add_argument("--windows", type=int, nargs="+", default=[768, 1712])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        bundle, engine, window, answers = args.measure
        found = measure(Path(bundle), engine, int(window), Path(answers))
        status = Path("/proc/self/status").read_text()
        peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
        print(json.dumps({**found, "peak": peak}))
        return
    if args.bundle is None:
        parser.error("name a bundle")
    for window in args.windows:
        compare(args.bundle, window, args.rounds)


if __name__ == "__main__":
    restart_with_huge_pages()
    main()
