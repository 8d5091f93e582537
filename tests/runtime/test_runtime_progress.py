import os
import pty
import subprocess
import sys
import termios

FAILS = """
from keras_landslide.cli import main as cli_main
from keras_landslide.errors import InputFileError
from keras_landslide.runtime import progress
import click, time
progress.LOG_INTERVAL_S = {interval}
@click.command()
def command():
    for number in progress.progress(range(4), "stack", unit="tile"):
        time.sleep(0.02)
        if number == 2:
            raise InputFileError("dem.tif is cut short")
cli_main.main([], command)
"""


def lines(interval: float, terminal: bool) -> list[str]:
    """What stands on standard error, line by line, after the bars' redrawing."""
    command = [sys.executable, "-c", FAILS.format(interval=interval)]
    if not terminal:
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 2
        return done.stderr.splitlines()
    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (24, 80))
    child = subprocess.Popen(command, stderr=follower)
    os.close(follower)
    text = b""
    try:
        while part := os.read(leader, 4096):
            text += part
    except OSError:  # how Linux says that the other side has closed
        pass
    assert child.wait() == 2
    return [line.rstrip("\r").split("\r")[-1] for line in text.decode().split("\n") if line.strip()]


def test_short_work_in_a_log_prints_no_bar():
    assert lines(15.0, terminal=False) == ["error: dem.tif is cut short"]


def test_long_work_in_a_log_prints_whole_lines():
    *bars, last = lines(0.01, terminal=False)
    assert bars and all(bar.startswith("stack: ") and "tile" in bar for bar in bars)
    assert last == "error: dem.tif is cut short"


def test_an_error_starts_a_line_of_its_own_below_the_bar():
    *bars, last = lines(15.0, terminal=True)
    assert bars[-1].startswith("stack: ")
    assert last == "error: dem.tif is cut short"
