"""Stacking by real Dask workers: the bytes of one process, lost workers, one line for errors."""

import pickle
import signal
import socket
from types import SimpleNamespace

import pytest
from dask_processes import Cluster

from keras_landslide.cli.main import main
from keras_landslide.errors import ClusterError, InputFileError
from keras_landslide.rasters.write import RasterWriter
from keras_landslide.stacking import build, cluster, working_files
from keras_landslide.stacking.build import build_stack
from keras_landslide.stacking.working_files import Layer, Part, WorkingFiles

pytest.importorskip("distributed")
pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def small_tiles(monkeypatch):
    """Tiles so small that the tiny scene has 42, and each is a task of its own."""
    monkeypatch.setattr(build, "TILE_PX", 16)
    monkeypatch.setattr(cluster, "TILES_PER_TASK", 1)


@pytest.fixture
def processes(tmp_path):
    """A scheduler without a worker."""
    processes = Cluster(tmp_path)
    yield processes
    processes.close()


def kill_at_third_tile(monkeypatch, process):
    """Let the process die while tiles are with the cluster."""
    written = []

    class Killing(RasterWriter):
        def write(self, *arguments):
            super().write(*arguments)
            written.append(1)
            if len(written) == 3:
                process.send_signal(signal.SIGKILL)
                process.wait()

    monkeypatch.setattr(build, "RasterWriter", Killing)
    return written


def test_lost_workers_and_schedulers(scene, processes, small_tiles, tmp_path, monkeypatch):
    alone = build_stack(scene, tmp_path / "alone.tif").read_bytes()
    doomed, _ = processes.add_worker(), processes.add_worker()
    out = tmp_path / "out" / "stack.tif"
    written = kill_at_third_tile(monkeypatch, doomed)
    # The workers run in another folder than this process, which may give relative paths.
    monkeypatch.chdir(scene.parent)
    build_stack("recipe.toml", "../out/stack.tif", scheduler=processes.address)
    assert len(written) == 42 and doomed.returncode == -signal.SIGKILL
    assert out.read_bytes() == alone
    assert [path.name for path in out.parent.iterdir()] == ["stack.tif"]

    cut = out.with_name("cut.tif")
    content = (scene.parent / "sar.tif").read_bytes()
    (scene.parent / "sar.tif").write_bytes(content[: len(content) // 2])
    with pytest.raises(InputFileError, match=r"sar\.tif: cannot be read"):
        build_stack(scene, cut, scheduler=processes.address)
    assert [path.name for path in out.parent.iterdir()] == ["stack.tif"]
    (scene.parent / "sar.tif").write_bytes(content)

    again = out.with_name("again.tif")
    kill_at_third_tile(monkeypatch, processes.scheduler)
    with pytest.raises(ClusterError, match=r"cluster was lost.*finished working files are kept"):
        build_stack(scene, again, scheduler=processes.address)
    monkeypatch.setattr(build, "RasterWriter", RasterWriter)
    work = again.with_name(".again.tif.work")
    kept = {path.name: path.stat().st_mtime_ns for path in work.glob("*.tif")}
    assert kept and not again.exists()
    monkeypatch.setattr(
        "keras_landslide.stacking.working_files.warp", None
    )  # nothing is warped again
    assert build_stack(scene, again).read_bytes() == alone


def test_workers_started_here(scene, small_tiles, tmp_path):
    alone = build_stack(scene, tmp_path / "alone.tif").read_bytes()
    out = tmp_path / "out.tif"
    main(["stack", str(scene), "-o", str(out), "--workers", "1"])
    assert out.read_bytes() == alone


def test_files_that_are_not_shared(scene, tmp_path):
    """A worker with another file under the same path, and one whose files are not seen here."""
    for path, size in ((tmp_path / "none.tif", 3), (scene, scene.stat().st_size + 1)):
        with pytest.raises(ClusterError, match=rf"{path.name}: is missing or another file on a w"):
            cluster._make(lambda: [], {path: size}, 1 << 20)

    class Client:
        """Works at once, in this process."""

        def submit(self, function, *arguments, **_):
            return SimpleNamespace(result=lambda: function(*arguments))

        def cancel(self, futures):
            pass

    workers = cluster.ClusterWorkers(Client(), {}, 1 << 20)
    layer = Layer((), (Part(tmp_path / "gone.tif", (1,)),), lambda values: values)
    with pytest.raises(
        ClusterError, match=r"gone\.tif: was made by a worker and is not to be seen"
    ):
        workers.layers([lambda: [layer]])


def test_another_worker_takes_over_working_files(scene, tmp_path, monkeypatch):
    """Those of a step are the client's, on whichever machine it is made."""
    (tmp_path / "work").mkdir()
    ours = WorkingFiles(None, tmp_path / "work", 64)
    here = ours.make("step", scene, {}, lambda out: out.write_text("made"))
    (tmp_path / "boot_id").write_text("another machine")
    monkeypatch.setattr(working_files, "BOOT_ID", tmp_path / "boot_id")
    assert pickle.loads(pickle.dumps(ours)).make("step", scene, {}, None) == here
    assert WorkingFiles(None, tmp_path / "work", 64).make("step", scene, {}, lambda out: 0) != here


def test_one_line_for_a_scheduler_that_is_not_there(scene, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("keras_landslide.runtime.cluster.ANSWER_S", 1.0)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    command = ["stack", str(scene), "-o", str(tmp_path / "out.tif"), "--scheduler", address]
    for more, said in (((), "no Dask scheduler answers"), (("--workers", "2"), "exclude each")):
        with pytest.raises(SystemExit) as stop:
            main([*command, *more])
        lines = [line for line in capsys.readouterr().err.splitlines() if "error:" in line]
        assert stop.value.code == 2 and len(lines) == 1 and said in lines[0]
