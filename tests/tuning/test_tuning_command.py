"""The command on a tiny stack, in its own process, killed and run again."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from keras_landslide.cli.main import main
from keras_landslide.config import load_run_config

from outcome import outcome  # isort: skip

ROOT = Path(__file__).parents[2]


def start(script, *arguments):
    """A script of `tuning/`, started in another folder than the repository's."""
    command = [sys.executable, str(ROOT / "tuning" / script), *map(str, arguments)]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd="/", **streams)


def test_kill_9_in_the_middle_then_the_same_command_gives_the_same_files(basin):
    whole, killed = basin / "whole", basin / "killed"
    search = ("search.py", "--space", basin / "space.toml", "-o")
    first, victim = start(*search, whole), start(*search, killed)

    # Kill inside the second trial, after its first epoch.
    def begun():
        return list((killed / "trials").glob("trial_1/run_0.*/history.csv"))

    deadline = time.monotonic() + 400
    while not begun() and victim.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    os.kill(victim.pid, signal.SIGKILL)
    victim.communicate()
    assert victim.returncode == -signal.SIGKILL
    assert begun()
    assert not (killed / "best.toml").exists()

    # Nobody else's process can go on with it as a worker.
    other = ("--worker", "127.0.0.1:1", "--epochs", 9)
    worker = start(*search, killed, *other)
    again = start(*search, killed)
    screen, errors = again.communicate(timeout=500)
    assert again.returncode == 0, errors
    _, errors = first.communicate(timeout=500)
    assert first.returncode == 0, errors
    assert outcome(killed) == outcome(whole)
    assert len(outcome(killed)[0]) == 4
    assert not [path for path in killed.rglob("run_*") if path.name != "run_0"]
    _, errors = worker.communicate(timeout=60)
    assert worker.returncode == 2
    assert "the chief searches something else (it differs in search.epochs)" in errors
    assert (killed / "trials.png").stat().st_size > 1000
    for word in ("trials.csv", "best.toml", "simulated", "val_precision", "learning_rate"):
        assert word in screen
    # Neither Keras Tuner's chatter nor TensorFlow's banner.
    assert "Reloading Tuner" not in screen + errors
    assert "Search: Running Trial" not in screen
    assert "To enable the following instructions" not in errors

    best = load_run_config(whole / "best.toml")
    assert (best.training.epochs, best.training.seed) == (3, 3 + int(best_trial(whole)["trial"]))
    assert Path(best.data.stack) == basin / "stack.tif"

    report = start("report.py", whole, killed)
    screen, errors = report.communicate(timeout=60)
    assert report.returncode == 0, errors
    assert screen.count("All trials of the search space (simulated data)") == 2


def best_trial(folder):
    rows = outcome(folder)[0]
    return min(rows, key=lambda row: float(row["score"]))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--stack", "/nowhere/stack.tif"], "/nowhere/stack.tif"),
        (["--image-model", "rgb_terrain"], "slope"),
        (["--image-model", "rgbx"], "rgb_terrain_sar"),
        (["--epochs", "0"], "epochs"),
        (["--patches", "space.toml"], "space.toml"),
    ],
)
def test_wrong_input_is_one_line_and_status_2(basin, tmp_path, capsys, arguments, words):
    with pytest.raises(SystemExit) as stopped:
        main(["tune", str(basin / "space.toml"), "-o", str(tmp_path / "out"), *arguments])
    error = capsys.readouterr().err.strip()
    assert stopped.value.code == 2
    assert error.startswith("error: ")
    assert "\n" not in error
    assert words in error
    assert not (tmp_path / "out" / "trials.csv").exists()


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("model.options.filtrs = [2, 4]", "no option 'filtrs'; choose from: filters"),
        ('loss = ["dice", "dicee"]', "unknown loss 'dicee'; choose one of"),
        ('model = ["unet_colombia", "unett"]', "unknown model 'unett'; choose one of"),
    ],
)
def test_what_there_is_not_is_refused_before_the_first_trial(
    basin, tmp_path, capsys, entry, message
):
    space = tmp_path / "space.toml"
    text = (basin / "space.toml").read_text().replace("filters = [2, 4]", entry)
    space.write_text(text.replace('"stack.tif"', f'"{basin}/stack.tif"').replace(
        '"patches.gpkg"', f'"{basin}/patches.gpkg"'))  # fmt: skip
    with pytest.raises(SystemExit):
        main(["tune", str(space), "-o", str(tmp_path / "out")])
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
