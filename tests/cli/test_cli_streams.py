"""The process's edges: closed and full streams, paths that no system takes. In processes of their
own, since streams belong to the whole process."""

import subprocess
import sys

import pytest

PROGRAM = f"{sys.executable} -m keras_landslide"


def shell(command, folder=None):
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=folder)


@pytest.mark.parametrize(
    "place, words", [(">/dev/full", "No space left on device"), (">&-", "it is closed")]
)
def test_what_cannot_be_printed_is_told_and_counts(place, words):
    done = shell(f"{PROGRAM} models lacnn {place}")
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2
    assert line.startswith("error: the standard output cannot be written") and words in line


@pytest.mark.parametrize("place", ["2>/dev/full", "2>&-", ">&- 2>&- <&-"])
def test_an_error_that_nobody_can_read_still_counts(place):
    done = shell(f"{PROGRAM} stack no.toml {place}")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


def test_a_closed_error_stream_leaves_the_output_alone():
    """The first file that is opened would get its number."""
    done = shell(f"{PROGRAM} models lacnn 2>&-")
    assert done.returncode == 0
    assert done.stdout.startswith("lacnn: ")


def test_nothing_of_ours_goes_into_a_file_that_got_the_number_of_a_closed_stream(tmp_path):
    (tmp_path / "space.toml").write_text("[search")
    done = shell(f"{PROGRAM} tune space.toml -o search >&- 2>&- <&-", tmp_path)
    assert done.returncode == 2
    assert [path.name for path in tmp_path.iterdir()] == ["space.toml"]


def test_a_reader_that_has_gone_is_no_error():
    done = shell(f"{{ {PROGRAM} models; echo $? >&2; }} | true")
    assert done.stdout == ""
    assert done.stderr.strip() in ("0", "1", "141")


@pytest.mark.parametrize(
    "verb", ["stack {}", "stack no.toml -o {}", "train no.toml -o {}", "export {}", "patches {}"]
)
def test_a_path_of_5000_letters(verb):
    done = shell(f"{PROGRAM} {verb.format('a' * 5000)}")
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2
    assert line.startswith("error: ") and len(line) < 500
