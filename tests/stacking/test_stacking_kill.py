import signal
import subprocess
import sys
import time

import pytest

from keras_landslide.stacking import build
from keras_landslide.stacking.build import build_stack


@pytest.mark.parametrize("step", ["elevation", "vv_pre", "label", "assembly"])
def test_kill_and_again_gives_the_same_bytes(scene, tmp_path, step):
    whole = build_stack(scene, tmp_path / "whole" / "stack.tif")
    out = tmp_path / "killed" / "stack.tif"
    # The child stops at a chosen step and waits for the signal, so the moment is certain.
    code = (
        "import sys, time\n"
        "from keras_landslide.stacking import build, working_files\n"
        "def wait(*_):\n"
        "    print('here', flush=True)\n"
        "    time.sleep(60)\n"
        "if sys.argv[3] == 'assembly':\n"
        "    build._check_valid = wait\n"
        "else:\n"
        "    make = working_files.WorkingFiles.make\n"
        "    def stop(self, name, *rest):\n"
        "        path = make(self, name, *rest)\n"
        "        return wait() if name == sys.argv[3] else path\n"
        "    working_files.WorkingFiles.make = stop\n"
        "build.build_stack(sys.argv[1], sys.argv[2])\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, scene, out, step], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "here\n"
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert not out.exists()
    work = out.with_name(".stack.tif.work")
    kept = {path.name: path.stat().st_mtime_ns for path in work.glob("*.tif")}
    assert kept
    started = time.time_ns()
    build_stack(scene, out)
    assert out.read_bytes() == whole.read_bytes()
    assert max(kept.values()) < started  # they were there before, and were not made again
    assert [path.name for path in out.parent.iterdir()] == ["stack.tif"]


def test_changed_input_is_not_taken_from_an_earlier_run(scene, tmp_path):
    out = tmp_path / "stack.tif"
    build_stack(scene, out)
    first = out.read_bytes()
    text = scene.read_text()
    scene.write_text(text.replace('path = "dem.tif"', 'path = "dem.tif"\nresampling = "cubic"'))
    build_stack(scene, out)
    assert out.read_bytes() != first


def test_recipe_changed_after_a_kill(scene, tmp_path, monkeypatch):
    """Working files that a killed run left are not taken for those of another resampling."""
    text = scene.read_text()
    slow = 'path = "dem.tif"\nderive_on = "grid"\nresampling = "{}"'
    scene.write_text(text.replace('path = "dem.tif"', slow.format("nearest")))
    monkeypatch.setattr(build, "_assemble", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build_stack(scene, tmp_path / "stack.tif")
    monkeypatch.undo()
    scene.write_text(text.replace('path = "dem.tif"', slow.format("cubic")))
    build_stack(scene, tmp_path / "stack.tif")
    build_stack(scene, tmp_path / "fresh.tif")
    assert (tmp_path / "stack.tif").read_bytes() == (tmp_path / "fresh.tif").read_bytes()


def interrupted(*_):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    "order",
    ["osgeo.gdal rasterio tensorflow", "tensorflow rasterio osgeo.gdal"],
)
def test_stack_works_beside_tensorflow_in_any_import_order(scene, tmp_path, order):
    code = (
        "import importlib, os, sys\n"
        "os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'\n"
        f"for name in {order.split()!r}: importlib.import_module(name)\n"
        "from keras_landslide.stacking.build import build_stack\n"
        "build_stack(sys.argv[1], sys.argv[2])\n"
    )
    subprocess.run([sys.executable, "-c", code, scene, tmp_path / "a.tif"], check=True)
    build_stack(scene, tmp_path / "b.tif")
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()
