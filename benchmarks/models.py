"""Networks: prediction and training step, against one large convolution and a PyTorch U-Net.

    python benchmarks/models.py                 # all, at their papers' sizes
    python benchmarks/models.py unet --quick    # at 64 px

The floor is what one convolution (3 x 3, 256 to 256 channels) reaches in multiply-adds per second
on the same machine in the same run; a network's share of that is the figure to look at. A training
step is taken as three times the prediction's multiply-adds. The PyTorch U-Net has the shape of
`unet`: the same convolutions, batch normalisation, bilinear up-sampling and skips. Times are the
best of several rounds after one to warm up, for one image at a time (`--batch-size`); what is
compared takes turns, so that it meets the same other load.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from keras_landslide.runtime.quiet import quiet_tensorflow

with quiet_tensorflow():
    import keras

    from keras_landslide import models
    from keras_landslide.config import TrainingConfig
    from keras_landslide.models.analysis.complexity import complexity
    from keras_landslide.models.analysis.facts import facts
    from keras_landslide.models.recorded import Facts, recorded
    from keras_landslide.training.compiling import compile_model

QUICK_PX = 64
TRAINING = 3


def best(jobs: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Seconds of each job: the best of several rounds, in which the jobs take turns.

    Taking turns, they meet the same other load on the machine.
    """
    for job in jobs.values():
        job()
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(repeats):
        for name, job in jobs.items():
            start = time.perf_counter()
            job()
            times[name].append(time.perf_counter() - start)
    return {name: min(seconds) for name, seconds in times.items()}


def large_convolution() -> tuple[Callable[[], object], int]:
    """The floor as a job, and its multiply-adds."""
    image = keras.Input((128, 128, 256))
    model = keras.Model(image, keras.layers.Conv2D(256, 3, padding="same")(image))
    x = np.random.default_rng(0).normal(size=(1, 128, 128, 256)).astype("float32")
    return lambda: model.predict_on_batch(x), complexity(model, (128, 128, 256)).multiply_adds


def batch(shape: tuple[int, ...], size: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(size, *shape)).astype("float32")
    return x, (rng.random((size, *shape[:2], 1)) < 0.1).astype("float32")


def at_size(name: str, quick: bool) -> Facts:
    """What is known of a network, at its paper's size or at a small one."""
    known = recorded(name)
    if not quick:
        return known
    stride = known.field.stride_px
    return facts(name, size=math.ceil(QUICK_PX / stride) * stride)


def jobs_of(known: Facts, batch_size: int) -> dict[str, Callable[[], object]]:
    """Prediction and training step of one of our networks."""
    model = models.build(known.name, known.image_shape, **known.entry.options)
    x, y = batch(known.image_shape, batch_size)
    jobs: dict[str, Callable[[], object]] = {"predict": lambda: model.predict_on_batch(x)}
    if model.trainable_weights:
        compile_model(model, TrainingConfig(loss="bce"))
        jobs["train"] = lambda: model.train_on_batch(x, y)
    return jobs


def torch_jobs(shape: tuple[int, int, int], batch_size: int) -> dict[str, Callable[[], object]]:
    """The same of the PyTorch U-Net."""
    import torch

    network = torch_unet(shape[2], 64, 4)
    theirs = sum(p.numel() for p in network.parameters())
    if theirs != recorded("unet").complexity.trainable_parameters:
        raise SystemExit("the PyTorch U-Net is not of the shape of `unet`")
    x, y = batch(shape, batch_size)
    images, labels = (torch.from_numpy(np.moveaxis(a, -1, 1).copy()) for a in (x, y))
    # The layout that PyTorch's convolutions prefer on CPUs.
    network = network.to(memory_format=torch.channels_last)
    images = images.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), 5e-4)
    loss = torch.nn.BCEWithLogitsLoss()

    def predict() -> None:
        network.eval()
        with torch.inference_mode():
            torch.sigmoid(network(images))

    def train() -> None:
        network.train()
        optimizer.zero_grad()
        loss(network(images), labels).backward()
        optimizer.step()

    return {"torch predict": predict, "torch train": train}


def torch_unet(channels: int, filters: int, levels: int) -> Any:
    """A PyTorch U-Net of the shape of our `unet`."""
    import torch
    from torch import nn

    def double(c_in: int, c_out: int) -> nn.Sequential:
        parts: list[nn.Module] = []
        for c in (c_in, c_out):
            conv = nn.Conv2d(c, c_out, 3, padding=1, bias=False)
            parts += [conv, nn.BatchNorm2d(c_out), nn.ReLU(inplace=True)]
        return nn.Sequential(*parts)

    class UNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            widths = [filters * 2**i for i in range(levels + 1)]
            pairs = list(itertools.pairwise(widths))
            self.down = nn.ModuleList([double(channels, filters)] + [double(*p) for p in pairs])
            self.up = nn.ModuleList([double(a + b, a) for a, b in reversed(pairs)])
            self.pool = nn.MaxPool2d(2)
            self.enlarge = nn.Upsample(scale_factor=2, mode="bilinear")
            self.head = nn.Conv2d(filters, 1, 1)

        def forward(self, x: Any) -> Any:
            skips = []
            for i, block in enumerate(self.down):
                x = block(x if i == 0 else self.pool(x))
                skips.append(x)
            for block, skip in zip(self.up, reversed(skips[:-1]), strict=True):
                x = block(torch.cat([self.enlarge(x), skip], 1))
            return self.head(x)

    return UNet()


def compare_with_torch(args: argparse.Namespace) -> None:
    known = at_size("unet", args.quick)
    try:
        theirs = torch_jobs(known.image_shape, args.batch_size)
    except ImportError as error:
        print(f"PyTorch U-Net: left out, since torch cannot be imported ({error})")
        return
    seconds = best({**jobs_of(known, args.batch_size), **theirs}, args.repeats)
    print(f"`unet` against PyTorch, {' x '.join(map(str, known.image_shape))}:")
    for job in ("predict", "train"):
        ours, torch = seconds[job], seconds[f"torch {job}"]
        print(
            f"  {job}: {ours * 1e3:.1f} ms, PyTorch {torch * 1e3:.1f} ms, ratio {ours / torch:.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="networks; all by default")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_PX} px")
    parser.add_argument("--batch-size", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    names = args.names or list(models.MODELS)
    if "unet" in names:
        compare_with_torch(args)
    floor, floor_count = large_convolution()
    print(f"{'network':<27}{'image':>13}{'predict':>11}{'of conv.':>9}{'train':>11}{'of conv.':>9}")
    for name in names:
        known = at_size(name, args.quick)
        seconds = best({"floor": floor, **jobs_of(known, args.batch_size)}, args.repeats)
        rate = floor_count / seconds["floor"]
        line = f"{name:<27}{'x'.join(map(str, known.image_shape)):>13}"
        for job, times in (("predict", 1), ("train", TRAINING)):
            if job in seconds:
                count = times * known.complexity.multiply_adds * args.batch_size
                line += f"{seconds[job] * 1e3:>8.1f} ms{count / seconds[job] / rate:>9.2f}"
        print(line, flush=True)
        keras.backend.clear_session()
        gc.collect()
    print(f"\none convolution, last: {rate / 1e9:.1f} G multiply-adds per second")


if __name__ == "__main__":
    main()
