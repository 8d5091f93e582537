import subprocess
import sys

import pytest

from keras_landslide.huge_pages import SETTING, VARIABLE, wanted_tunables


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
        "import os, re, sys; from keras_landslide.huge_pages import restart_with_huge_pages\n"
        "print('begins', flush=True); restart_with_huge_pages()\n"
        "import numpy as np; held = np.ones(64 << 20, np.uint8)\n"
        "huge = re.search(r'AnonHugePages: +(\\d+)', open('/proc/self/smaps_rollup').read())[1]\n"
        "print(os.getpid(), sys.argv[1:], int(huge) >= 32 << 10)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, "a b", "--c"], stdout=subprocess.PIPE, text=True,
        env={"PATH": ""},
    )  # fmt: skip
    lines, _ = process.communicate()
    assert lines.splitlines() == ["begins", "begins", f"{process.pid} ['a b', '--c'] True"]
