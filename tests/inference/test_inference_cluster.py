"""The strips on a real Dask cluster of processes: same bytes, lost workers, dead schedulers."""

import os
import signal
import socket
import time

import pytest
from dask_processes import Cluster
from test_inference_predict import refused, start

from keras_landslide.errors import InputFileError
from keras_landslide.inference import cluster as cluster_module
from keras_landslide.inference.strips import SceneJob
from keras_landslide.inference.windows import exact_plan
from keras_landslide.workflows.predict import predict

pytest.importorskip("distributed")
pytestmark = pytest.mark.timeout(240)
WINDOW = {"window_px": 64}


def same_files(paths, others):
    return all(paths[name].read_bytes() == others[name].read_bytes() for name in others)


def test_two_workers_give_the_same_bytes(make_bundle, make_stack, tmp_path):
    bundle = make_bundle()
    stack, _ = make_stack((150, 128))
    options = {**WINDOW, "flag_missing": True}
    alone = predict(bundle, stack, tmp_path / "alone", **options)
    two = predict(bundle, stack, tmp_path / "two", workers=2, **options)
    assert same_files(two.paths, alone.paths)


@pytest.mark.parametrize(
    ("strips", "tasks", "lengths"),
    [(2, 4, [1, 1]), (9, 4, [2, 2, 2, 2, 1]), (9, 2, [4, 4, 1]), (1, 4, [1])],
)
def test_few_strips_are_shared_among_all_workers(strips, tasks, lengths):
    plan = exact_plan((32 * strips, 30), window_px=64, halo_px=16, stride_px=4)
    job = SceneJob("stack.tif", ("red",), plan, bounded=True)
    runs = cluster_module._runs(job, list(range(strips)), tasks)
    assert [len(run) for run in runs] == lengths
    assert [index for run in runs for index in run] == list(range(strips))


def wait_for_strips(work, count, process):
    while len(list(work.glob("strip-*.npy"))) < count and process.poll() is None:
        time.sleep(0.002)


@pytest.fixture
def cluster(tmp_path):
    cluster = Cluster(tmp_path)
    yield cluster
    cluster.close()


def test_a_worker_takes_the_engine_of_each_run(cluster, make_bundle, make_stack, tmp_path):
    """It keeps a loaded network for the next task, which is no other engine's."""
    pytest.importorskip("openvino")
    cluster.add_worker()
    bundle = make_bundle()
    stack, _ = make_stack((150, 128))
    for engine in ("tensorflow", "openvino"):
        options = {**WINDOW, "engine": engine}
        alone = predict(bundle, stack, tmp_path / engine, **options)
        far = predict(
            bundle, stack, tmp_path / f"far-{engine}", scheduler=cluster.address, **options
        )
        assert same_files(far.paths, alone.paths)
    maps = [(tmp_path / f"far-{name}" / "probability.tif") for name in ("tensorflow", "openvino")]
    assert maps[0].read_bytes() != maps[1].read_bytes()


def test_killed_worker_costs_nothing_but_time(cluster, make_bundle, make_stack, tmp_path):
    bundle = make_bundle(bounded=False)  # blended strips, several per task
    stack, _ = make_stack((1600, 64))
    alone = predict(bundle, stack, tmp_path / "alone", window_px=64)
    out = tmp_path / "out"
    doomed, _ = cluster.add_worker(), cluster.add_worker()
    process = start(bundle, stack, out, options=["--scheduler", cluster.address])
    wait_for_strips(out / ".probability.tif.work", 4, process)
    os.kill(doomed.pid, signal.SIGKILL)
    _, noise = process.communicate()
    assert process.returncode == 0, noise
    assert doomed.wait() == -signal.SIGKILL
    assert same_files({name: out / path.name for name, path in alone.paths.items()}, alone.paths)


def test_errors_on_workers_are_those_of_one_process(cluster, make_bundle, make_stack, tmp_path):
    cluster.add_worker()
    stack, _ = make_stack((600, 300))
    content = stack.read_bytes()
    stack.write_bytes(content[: len(content) // 2])
    options = {**WINDOW, "scheduler": cluster.address}
    with pytest.raises(InputFileError, match=r"stack\.tif: cannot be read"):
        predict(make_bundle(), stack, tmp_path / "out", **options)
    assert list((tmp_path / "out").iterdir()) == []


def test_killed_scheduler_loses_nothing(cluster, make_bundle, make_stack, tmp_path):
    cluster.add_worker()
    bundle = make_bundle()
    stack, _ = make_stack((1600, 64))  # 50 strips
    out = tmp_path / "out"
    process = start(bundle, stack, out, options=["--scheduler", cluster.address])
    work = out / ".probability.tif.work"
    wait_for_strips(work, 3, process)
    cluster.scheduler.kill()
    _, noise = process.communicate()
    lines = [line for line in noise.splitlines() if "error:" in line]
    assert process.returncode == 2, noise
    assert len(lines) == 1 and "cluster was lost" in lines[0], noise
    assert 3 <= len(list(work.glob("strip-*.npy"))) < 50
    again = predict(bundle, stack, out, **WINDOW)
    alone = predict(bundle, stack, tmp_path / "alone", **WINDOW)
    assert same_files(again.paths, alone.paths)


def test_no_scheduler_there(make_bundle, make_stack, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("keras_landslide.runtime.cluster.ANSWER_S", 1.0)
    stack, _ = make_stack((40, 40))
    bundle = make_bundle()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    command = ["predict", bundle, stack, "-o", tmp_path / "out", "--scheduler"]
    assert "no Dask scheduler answers there" in refused(capsys, *command, address)
    assert "no Dask scheduler answers there" in refused(capsys, *command, "nonsense://1:2:3")
    assert "exclude each other" in refused(capsys, *command, address, "--workers", "2")
