"""Windows from a memory budget: monotone, checked, remembered, and held by a real run."""

import math
import mmap
import subprocess
import sys
import time

import numpy as np
import pytest
import rasterio
from inference_toys import build_network, write_stack
from test_inference_predict import refused

from keras_landslide.errors import BudgetError
from keras_landslide.inference import memory, windows
from keras_landslide.inference.engines.base import PoolUse
from keras_landslide.inference.memory import Cost, Layout, parse_bytes, window_bytes
from keras_landslide.inference.window_choice import (
    LARGEST_PX,
    best_window,
    parsed,
    remember_window,
    remembered_window,
)
from keras_landslide.inference.windows import exact_plan
from keras_landslide.workflows.predict import predict


@pytest.mark.parametrize(
    ("text", "size"),
    [("4GB", 4e9), ("4 gb", 4e9),
     ("512MiB", 2**29), ("1.5G", 1.5e9), ("100000", 1e5), ("2ki", 2**11)],
)  # fmt: skip
def test_amounts(text, size):
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "much", "4TB", "-1GB", "I", "GB"])
def test_no_amounts(text):
    with pytest.raises(BudgetError, match="is no amount of memory"):
        parse_bytes(text)


COST = Cost(5 * 10**8, 2000.0)
LAYOUT = Layout((9000, 7000), 7, 1, True, 96, 16)


def fed(window, layout):
    """Pixels of all windows of the plan that a run makes of it."""
    sizes = {"halo_px": layout.halo_px, "stride_px": layout.stride_px}
    plan = exact_plan(layout.shape, window_px=window, **sizes)
    return plan.core_count * math.prod(plan.window_shape)


@pytest.mark.parametrize("budget", [1e9, 2e9, 4e9, 1e10])
@pytest.mark.parametrize("shape", [(9000, 7000), (2048, 2048), (700, 5000), (3000, 100)])
def test_no_window_within_the_budget_feeds_far_fewer_pixels(budget, shape):
    """Against every number of rows and columns; rounding to the stride may cost a percent."""
    layout = LAYOUT._replace(shape=shape)
    window = best_window(int(budget), COST, layout)
    assert window_bytes(window, COST, layout) <= budget
    heights, widths = ({-(-size // (n * 16)) * 16 + 192 for n in range(1, 99)} for size in shape)
    least = min(
        fed((height, width), layout)
        for height in heights
        for width in widths
        if height * width <= LARGEST_PX and window_bytes((height, width), COST, layout) <= budget
    )
    assert fed(window, layout) <= 1.01 * least


def test_a_scene_a_little_too_large_is_cut_in_halves():
    layout = LAYOUT._replace(shape=(2048, 2048))
    whole = window_bytes((2240, 2240), COST, layout)
    assert best_window(whole, COST, layout) == (2240, 2240)
    assert best_window(whole - 1, COST, layout) == (1216, 2240)


def test_windows_end_at_the_scene_and_at_the_limit():
    huge = 10**13
    height, width = best_window(huge, COST, LAYOUT._replace(shape=(20_000, 20_000)))
    assert LARGEST_PX / 2 < height * width <= LARGEST_PX
    height, width = best_window(huge, COST, LAYOUT._replace(shape=(20_000, 20_000)), 10**6)
    assert 9e5 < height * width <= 10**6
    assert best_window(huge, COST, LAYOUT._replace(shape=(100, 300))) == (112 + 192, 304 + 192)


@pytest.mark.parametrize("batch_size", [1, 4])
@pytest.mark.parametrize("side", [400, 1312, 3000])
def test_strips_of_wide_scenes_are_no_larger_than_counted(side, batch_size):
    """What the memory of a run counts four times, and that does not grow with the scene."""
    none = Cost(0, 0.0)
    for size in (8192, 20_000, 100_000):
        layout = LAYOUT._replace(shape=(size, size), batch_size=batch_size)
        plan = exact_plan(
            layout.shape, window_px=side, halo_px=96, stride_px=16, batch_size=batch_size
        )
        largest = max(math.prod(plan.strip(index)[2:]) for index in range(plan.strip_count))
        needed = [window_bytes((side, side), none, layout._replace(outputs=n)) for n in (1, 2)]
        counted = (needed[1] - needed[0]) / 16
        assert largest <= counted <= max(windows.STRIP_PX, batch_size * (side - 192) ** 2)


def test_measured_cost_follows_the_network():
    def predict(images):
        # Pages of their own: what other tests gave back to the heap would serve without growing it.
        held = np.frombuffer(mmap.mmap(-1, 400 * images[..., 0].size), np.uint8)
        held[:] = 1
        time.sleep(0.02)  # as long as a network would take, or the watch may miss it
        return images[..., 0]

    cost = memory.measure_cost(predict, Layout((200, 300), 2, 1, True, 96, 16))
    assert 300 < cost.per_px / memory.SPARE < 600  # 400 bytes, and a lucky page or two
    assert cost.base_bytes > 10**7


def test_cost_beside_a_full_pool():
    """Of what a window takes, 300 bytes a pixel come from a pool that is large enough already."""
    used = [0]

    def predict(images):
        held = np.frombuffer(mmap.mmap(-1, 200 * images[..., 0].size), np.uint8)
        held[:] = 1
        used[0] = 300 * images[..., 0].size
        time.sleep(0.02)
        return images[..., 0]

    def pool_use():
        return PoolUse(used[0], 10**8)

    layout = Layout((200, 300), 2, 1, True, 96, 16)
    cost = memory.measure_cost(predict, layout, pool_use)
    assert 400 < cost.per_px / memory.POOL_SPARE < 700
    fresh = memory.measure_cost(predict, layout)
    assert cost.base_bytes == pytest.approx(fresh.base_bytes - 10**8, abs=3e7)


def test_budget_of_a_run(make_bundle, make_stack, tmp_path, capsys, monkeypatch):
    bundle = make_bundle()
    stack, _ = make_stack((200, 200))
    out = tmp_path / "out"
    command = ["predict", bundle, stack, "-o", out, "--memory"]
    assert "too small for one window of 36 px" in refused(capsys, *command, "100MB")
    assert "is no amount of memory" in refused(capsys, *command, "lots")
    blended = ["predict", make_bundle("blended", bounded=False), stack, "-o", out, "--memory"]
    assert "too small for one window of 64 px" in refused(capsys, *blended, "100MB")
    path = predict(bundle, stack, out, memory="8GB")["probability"]
    with rasterio.open(path) as src:
        assert src.tags()["WINDOW_PX"] == "232x232"
    # The next run does not measure again: it would cut the scene a little differently.
    monkeypatch.setattr(memory, "measure_cost", None)
    made = path.stat().st_mtime_ns
    predict(bundle, stack, out, memory="8GB")
    assert path.stat().st_mtime_ns == made


def test_window_is_remembered_beside_the_strips(tmp_path):
    remember_window(tmp_path / "work", "key", (640, 768))
    assert remembered_window(tmp_path / "p.tif", tmp_path / "work", "key") == (640, 768)
    assert remembered_window(tmp_path / "p.tif", tmp_path / "work", "other") is None
    (tmp_path / "work" / "window.json").write_text('{"key": "key", "window_px": 640}')
    assert remembered_window(tmp_path / "p.tif", tmp_path / "work", "key") is None
    tags = {"WINDOW_KEY": "key", "WINDOW_PX": "640"}  # of an earlier version
    write_stack(tmp_path / "p.tif", np.zeros((4, 4, 2), np.float32), tags=tags)
    assert remembered_window(tmp_path / "p.tif", tmp_path / "none", "key") is None


@pytest.mark.parametrize(("engine", "budget"), [("tensorflow", "1.4GB"), ("openvino", "0.7GB")])
def test_process_stays_within_its_budget(engine, budget, make_bundle, make_stack, tmp_path):
    """The peak of a whole process, from the kernel, for a budget that makes several windows.

    Begun as the command begins, with huge pages where the system has them.
    """
    if engine == "openvino":
        pytest.importorskip("openvino")
    bundle = make_bundle()
    stack, _ = make_stack((1100, 1300))
    arguments = ["predict", str(bundle), str(stack), "-o", str(tmp_path / "out")]
    arguments += ["--engine", engine, "--memory", budget]
    code = "from keras_landslide.cli.start import start\nstart()"
    assert peak_bytes(code, *arguments) <= memory.parse_bytes(budget)


def test_budget_holds_where_a_network_ran_before(make_bundle, make_stack, tmp_path):
    """A pool that is full already hides what the next windows take from the process's memory."""
    stack, _ = make_stack((1900, 1700))
    bundle = make_bundle()
    build_network(width=32).export(bundle / "saved_model", verbose=False)
    code = (
        "import pathlib, sys\n"
        "from keras_landslide.bundle.read import read_bundle\n"
        "from keras_landslide.inference.network import Network\n"
        "from keras_landslide.inference.scene import Running, map_stack\n"
        "bundle, stack, folder = map(pathlib.Path, sys.argv[1:])\n"
        "def make(name, **how):\n"
        "    network = Network((read_bundle(bundle),))\n"
        "    map_stack(network, stack, folder / name, Running(**how))\n"
        "make('1.tif', window_px=600)\n"
        "for name in '2.tif', '3.tif': make(name, memory='2GB')"
    )
    peak = peak_bytes(code, str(bundle), str(stack), str(tmp_path))
    assert peak <= memory.parse_bytes("2GB")
    sides = []
    for each in "23":
        with rasterio.open(tmp_path / f"{each}.tif") as src:
            sides.append(parsed(src.tags()["WINDOW_PX"]))
    assert math.prod(sides[0]) > 450**2  # the memory that is kept serves again
    assert math.prod(sides[1]) > 0.5 * math.prod(sides[0])


def peak_bytes(code, *arguments):
    """The peak of a process that runs `code`, from the kernel.

    Not from getrusage: its peak counts the parent's memory before exec.
    """
    told = (
        "import re, sys\n"
        "try: exec(sys.argv.pop(1))\n"
        "finally:\n"
        "    status = open('/proc/self/status').read()\n"
        "    print('peak', re.search(r'VmHWM:\\s+(\\d+)', status)[1])"
    )
    done = subprocess.run(
        [sys.executable, "-c", told, code, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split("peak ")[1]) * 1024
