"""Bad inputs, and the one line that each has to get: status 2, nothing written, no traceback.

A new report becomes a row of one of the lists: a generator, and words of the line that says which
file or option is wrong and what to do.
"""

import hashlib
import shutil

import pytest
from bad_cases import MISSING, Case, content, cut, each_damage, entry
from good_world import make_world

from keras_landslide.cli.main import main

NAN, INFINITE = float("nan"), float("inf")


def run_files():
    """What a run tells of itself."""
    for name in ("metrics.json", "data.json"):
        path = f"run/{name}"
        for damage, spoil in each_damage(path):
            yield Case(f"{name}-{damage}", "train run.toml -o run", spoil, (path, "train again"))
    for key, value in (
        ("threshold", MISSING),
        ("threshold", None),
        ("threshold", "0.5"),
        ("threshold", [[0.5]]),
        ("threshold", -1),
        ("threshold", 1e300),
        ("threshold", NAN),
        ("threshold", True),
        ("threshold", 10**400),
        ("threshold_rule", MISSING),
        ("threshold_rule", 3),
        ("backend", None),
        ("best_epoch", "first"),
        ("best_epoch", -1),
        ("best_epoch", 1e300),
        ("epochs", 0),
        ("epochs", [1]),
        ("test", "good"),
        ("test", [0.5]),
        ("test.f1", "high"),
        ("test.f1", INFINITE),
        ("test.f1", [[0.5]]),
        ("val.iou", 7),
    ):
        name = f"metrics-{key}-{str(value)[:9]}" if value is not MISSING else f"metrics-no-{key}"
        spoil = entry("run/metrics.json", key, value)
        yield Case(name, "train run.toml -o run", spoil, (f"run/metrics.json: '{key}'", "again"))
    for key, value in (
        ("fingerprint", [1]),
        ("simulated", MISSING),
        ("simulated", "no"),
        ("bands", []),
        ("bands", "red"),
        ("bands", None),
        ("pixel_size_m", "ten"),
        ("pixel_size_m", -10),
        ("pixel_size_m", NAN),
        ("patch_size_px", 10**6 + 0.5),
        ("patch_size_px", 10**15),
        ("training_area", "here"),
        ("band_ranges", [1]),
        ("band_ranges.red", None),
        ("band_ranges.red.std", -1),
        ("patches", [3]),
        ("patches.train", -3),
    ):
        name = f"data-{key}-{str(value)[:9]}" if value is not MISSING else f"data-no-{key}"
        spoil = entry("run/data.json", key, value)
        yield Case(name, "export run -o out", spoil, (f"run/data.json: '{key}'", "train again"))
    path = "run/config.toml"
    for name, spoil in (
        ("truncated", cut(path, 0.03)),
        ("binary", content(path, b"\xff\xfe\x00")),
        ("nested", content(path, "a = " + "[" * 100_000)),
        ("number", content(path, "training = 3")),
        ("digits", content(path, "a = " + "9" * 10_000)),
    ):
        yield Case(f"config-{name}", "train run.toml -o run", spoil, (path,))


CASES = [*run_files()]


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """The folder that cases work in, and what it has to hold before each."""
    folder = tmp_path_factory.mktemp("bad_input")
    world, fine = folder / "world", folder / "fine"
    world.mkdir()
    make_world(world)
    shutil.copytree(world, fine)
    return world, fine


def snapshot(folder):
    """Every file with its content, and every folder."""
    return {
        path.relative_to(folder): hashlib.md5(path.read_bytes()).digest() if path.is_file() else b""
        for path in folder.rglob("*")
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_bad_input_is_one_line(case, places, monkeypatch, capsys):
    world, fine = places
    shutil.rmtree(world)
    shutil.copytree(fine, world)
    monkeypatch.chdir(world)
    case.spoil(world)
    before = snapshot(world)
    with pytest.raises(SystemExit) as stop:
        main(case.command.split())
    said = capsys.readouterr()
    assert stop.value.code == 2, said.err
    (line,) = said.err.splitlines()
    assert line.startswith("error: ") and len(line) < 600
    for words in case.words:
        assert words in line
    assert snapshot(world) == before


def test_the_files_are_fine(places, monkeypatch, capsys):
    """Or nothing would tell a bad input from a bad world."""
    world, fine = places
    shutil.rmtree(world)
    shutil.copytree(fine, world)
    monkeypatch.chdir(world)
    for command in (
        "train run.toml -o run",
        "evaluate --probability map.tif --stack stack.tif -o s",
    ):
        main(command.split())
    assert (world / "s" / "metrics.json").is_file()
    assert capsys.readouterr().err == ""
