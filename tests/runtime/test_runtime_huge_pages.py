import os
import subprocess
import sys

import pytest

from keras_landslide.runtime.huge_pages import (
    BEGUN_AGAIN,
    SETTING,
    VARIABLE,
    restart_with_huge_pages,
    wanted_tunables,
)


@pytest.fixture
def setting(tmp_path):
    def write(text):
        (tmp_path / "enabled").write_text(text)
        return tmp_path / "enabled"

    return write


def test_asked_for_only_where_that_changes_anything(setting, tmp_path):
    on_request = setting("always [madvise] never\n")
    ours = "glibc.malloc.hugetlb=1"
    assert wanted_tunables({}, on_request) == ours
    others = {VARIABLE: "glibc.malloc.check=3"}
    assert wanted_tunables(others, on_request) == f"glibc.malloc.check=3:{ours}"
    assert wanted_tunables({VARIABLE: "glibc.malloc.hugetlb=0"}, on_request) is None
    assert wanted_tunables({VARIABLE: ours}, on_request) is None
    assert wanted_tunables({}, setting("[always] madvise never\n")) is None
    assert wanted_tunables({}, setting("always madvise [never]\n")) is None
    assert wanted_tunables({}, tmp_path / "none") is None


def test_process_goes_on_with_huge_pages():
    """Once more, with the same number and arguments; a large array then lies in huge pages."""
    if wanted_tunables({}) is None:
        pytest.skip(f"{SETTING} does not give huge pages on request")
    code = (
        "import os, re, sys\n"
        "from keras_landslide.runtime.huge_pages import restart_with_huge_pages\n"
        "print('begins', flush=True); restart_with_huge_pages()\n"
        "import numpy as np; held = np.ones(64 << 20, np.uint8)\n"
        "huge = re.search(r'AnonHugePages: +(\\d+)', open('/proc/self/smaps_rollup').read())[1]\n"
        "print(os.getpid(), sys.argv[1:], int(huge) >= 32 << 10)\n"
        "print([name for name in os.environ if 'LANDSLIDE' in name])"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, "a b", "--c"], stdout=subprocess.PIPE, text=True,
        env={"PATH": ""},
    )  # fmt: skip
    lines, _ = process.communicate()
    assert lines.splitlines() == ["begins", "begins", f"{process.pid} ['a b', '--c'] True", "[]"]


def test_begins_again_only_once(monkeypatch):
    """Where the tunable does not survive the start of a program, say: no endless circle."""
    begun = []
    monkeypatch.setattr("os.execve", lambda *given: begun.append(given))
    monkeypatch.setattr("keras_landslide.runtime.huge_pages.wanted_tunables", lambda _: "some=1")
    monkeypatch.setenv(BEGUN_AGAIN, "yes")
    restart_with_huge_pages()
    assert not begun and BEGUN_AGAIN not in os.environ
    restart_with_huge_pages()
    (given,) = begun
    assert given[2][BEGUN_AGAIN] == "yes" and given[2][VARIABLE] == "some=1"


def test_a_program_that_cannot_begin_again_goes_on(monkeypatch):
    monkeypatch.setattr("keras_landslide.runtime.huge_pages.wanted_tunables", lambda _: "some=1")
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    before = dict(os.environ)
    restart_with_huge_pages()
    assert dict(os.environ) == before
