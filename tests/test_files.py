import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import keras_landslide as kl
from keras_landslide.errors import OutputError
from keras_landslide.files import (
    file_sha256,
    fingerprint,
    output_errors,
    refuse_folder_of_another,
    replacing,
    write_json,
    write_text,
)


def test_failure_leaves_the_old_file_and_no_part(tmp_path):
    target = tmp_path / "a.txt"
    write_text(target, "old")
    with pytest.raises(ValueError, match="boom"), replacing(target) as part:
        part.write_text("half")
        raise ValueError("boom")
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_replaces_a_folder(tmp_path):
    target = tmp_path / "bundle"
    for text in ("one", "two"):
        with replacing(target) as part:
            part.mkdir()
            (part / "x").write_text(text)
    assert (target / "x").read_text() == "two"
    assert [p.name for p in tmp_path.iterdir()] == ["bundle"]


def test_a_kill_between_the_renames_of_a_folder_loses_nothing(tmp_path):
    target = tmp_path / "bundle"
    target.mkdir()
    (target / "x").write_text("old")
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from keras_landslide import files\n"
        "from keras_landslide.files import replacing\n"
        "files._exchanged = lambda *_: False\n"  # a system without it
        "rename = Path.rename\n"
        "def dying(self, target):\n"
        "    rename(self, target)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "Path.rename = dying\n"
        "with replacing(sys.argv[1]) as part:\n"
        "    part.mkdir()\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(target)], check=False)
    assert done.returncode == -signal.SIGKILL and not target.exists()
    with pytest.raises(ValueError, match="boom"), replacing(target):
        raise ValueError("boom")
    assert (target / "x").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["bundle"]


def test_a_folder_is_replaced_in_one_step(tmp_path, monkeypatch):
    """Where the system can: no moment without it, and no rename that could be the last."""
    if not sys.platform.startswith("linux"):
        pytest.skip("exchanges folders on Linux alone")
    target = tmp_path / "bundle"
    target.mkdir()
    (target / "x").write_text("old")
    monkeypatch.setattr(Path, "rename", lambda *_: pytest.fail("two renames"))
    with replacing(target) as part:
        part.mkdir()
        (part / "y").write_text("new")
    assert [p.name for p in target.iterdir()] == ["y"]
    assert [p.name for p in tmp_path.iterdir()] == ["bundle"]


def test_a_folder_where_a_file_should_be_is_one_clear_line(tmp_path):
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        write_text(tmp_path / "a.txt", "x")
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_pipe_or_device_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "a.txt")
    with pytest.raises(OutputError, match=r"a\.txt: a device or pipe, which cannot be replaced"):
        write_text(tmp_path / "a.txt", "x")
    assert (tmp_path / "a.txt").is_fifo()


def test_kill_leaves_the_old_file_and_the_next_run_cleans_up(tmp_path):
    target = tmp_path / "a.txt"
    write_text(target, "old")
    code = (
        "import os, signal, sys\n"
        "from keras_landslide.files import replacing\n"
        "with replacing(sys.argv[1]) as part:\n"
        "    part.write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(target)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert target.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2
    write_text(target, "new")
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert target.read_text() == "new"


def test_a_full_disk_is_one_clear_line():
    with pytest.raises(OutputError, match="no space left"), output_errors("map.tif"):
        full = os.open("/dev/full", os.O_WRONLY)
        try:
            os.write(full, b"x")
        finally:
            os.close(full)


def test_a_file_where_a_folder_should_be_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_text(tmp_path / "file" / "a.txt", "x")


def test_json_refuses_nan(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"x": float("nan")})
    assert not list(tmp_path.iterdir())


def test_digests(tmp_path):
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    # FIPS 180-2, appendix B.1
    assert file_sha256(path).startswith("ba7816bf8f01cfea414140de5dae2223")
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})
    assert fingerprint(Path("x")) == fingerprint("x")


@pytest.mark.parametrize("name", ["history.csv", "bundle.json", "trials.csv"])
def test_the_folder_of_another_verb(name, tmp_path):
    refuse_folder_of_another(tmp_path / "new")
    refuse_folder_of_another(tmp_path)
    (tmp_path / name).write_text("kept")
    with pytest.raises(OutputError, match=f"is a folder of `.*holds {name}.*choose another output"):
        refuse_folder_of_another(tmp_path)


def test_evaluate_leaves_a_run_alone(tmp_path):
    (tmp_path / "history.csv").write_text("epoch\n")
    with pytest.raises(OutputError, match="is a folder of `train`"):
        kl.evaluate("p.tif", "s.tif", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["history.csv"]
