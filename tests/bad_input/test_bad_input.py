"""Bad inputs, and the one line that each has to get: status 2, nothing written, no traceback.

A new report becomes a row of one of the lists: a generator, and words of the line that says which
file or option is wrong and what to do.
"""

import hashlib
import shutil

import h5py
import numpy as np
import pytest
from affine import Affine
from bad_cases import MISSING, Case, both, content, cut, each_damage, entry, nothing, swap
from good_world import make_world
from spoiling import BOX, first_band, hdf5, inventory, label, npy, png, polygon, raster

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


E20, E30 = "1" + 20 * "0", "1" + 30 * "0"
EVALUATE = "evaluate --probability map.tif --stack stack.tif -o out"
STACK = "stack recipe.toml -o new.tif"
TRAIN = "train run.toml -o new"


def options():
    """Numbers that a user gives."""
    for command, given in {
        "patches stack.tif -o new.gpkg": (
            "--size -1", f"--size {E20}", f"--block {E20}", f"--buffer {E20}", "--buffer -1",
            "--overlap 1e20", f"--seed {E30}", "--folds 100000000", "--test-fold -1",
            "--min-valid nan", "--split 1e30,0,0",
        ),
        "predict bundle stack.tif -o out": (
            "--batch-size 100000", "--window 1000000000", "--threshold nan", "--workers 100000000",
            "--minimum-area 1e308", "--fill-holes inf", "--simplify 1e20", "--rule-slope 1000",
            "--dropout-draws 100000000000",
        ),
        "susceptibility stack.tif -o out": (
            "--patch-px 1000000", f"--epochs {E20}", f"--margin {E20}", f"--block {E20}",
            f"--buffer {E20}", "--members 100000000", f"--seed {E30}",
            "--held-out rows:99999999999999", "--held-out rows:1", "--held-out circles:5",
        ),
        EVALUATE: (
            f"--block {E20}", f"--seed {E30}", "--minimum-area 1e308", "--threshold 1e30",
        ),
        "adapt run stack.tif patches.gpkg -o out": (
            f"--steps {E20}", "--learning-rate 1e30", "--learning-rate nan", f"--draws {E20}",
            f"--labelled {E20}", f"--seed {E30}",
        ),
        "audit run.toml -o out": ("--seeds 100000000000", f"--block {E20}", f"--seed {E30}"),
        "simulate out": ("--size 100000000", f"--seed {E30}"),
        "tune space.toml -o search": (
            f"--epochs {E20}", f"--max-patches {E20}", "--workers 100000000",
            "--threads 100000000000", "--memory-gb 1e300", "--listen x", "--listen a:99999999",
            f"--set search.repeats={E20}",
            f"--set search.seed={E30}", "--set base.training.learning_rate=1e30",
        ),
        STACK: ("--memory-mb 100000000000000", "--workers 10000000"),
        "models unet_colombia": ("--size 1000000000", "--channels 100000000000"),
        "reproduce bijie --data chips_png -o out": ("--seeds 1000000", f"--folds {E20}"),
        "data check chips_png -o out": ("--size 1000000000", "--mask-threshold nan"),
    }.items():  # fmt: skip
        for each in given:
            flag = each.split()[0]
            words = () if flag == "--set" else (flag,)
            yield Case(f"{command.split()[0]}-{each}".replace(" ", "="), f"{command} {each}",
                       nothing, words)  # fmt: skip
    table = "epochs = 1\npatience = 1\nbatch_size = 4\n"
    for key, value in (
        ("learning_rate", "1e30"),
        ("learning_rate", "nan"),
        ("epochs", E20),
        ("batch_size", "100000"),
        ("patience", E20),
        ("seed", E30),
        ("weight_decay", "1e30"),
        ("plateau_patience", E20),
        ("band_dropout", "nan"),
    ):
        spoil = swap("run.toml", table, f"{key} = {value}\n")
        yield Case(f"train-{key}={value}", TRAIN, spoil, ("run.toml", f"training.{key}"))
    for value, word in (
        ("{ filters = -1 }", "filters"),
        ("{ levels = 1000000 }", "levels"),
        ("{ dropout = 1e30 }", "dropout"),
        ("{ zzz = 1 }", "zzz"),
    ):
        spoil = swap("run.toml", "{ filters = 4, levels = 2 }", value)
        yield Case(f"train-{value}", TRAIN, spoil, (word,))


def rasters():
    """Stacks and maps."""
    place = {
        "nan": Affine(10, 0, NAN, 0, -10, 7e5),
        "infinite": Affine(10, 0, INFINITE, 0, -10, 7e5),
        "zeros": Affine(0, 0, 4e5, 0, 0, 7e5),
        "huge": Affine(1e300, 0, 4e5, 0, -1e300, 7e5),
    }
    for command in (
        "patches stack.tif -o new.gpkg",
        EVALUATE,
        TRAIN,
        "check bundle stack.tif -o out",
    ):
        verb = command.split()[0]
        for name, transform in place.items():
            spoil = raster("stack.tif", transform=transform)
            yield Case(f"{verb}-{name}", command, spoil, ("stack.tif: its geotransform",))
        for name, spoil in (
            ("text", content("stack.tif", "hello")),
            ("no-crs", raster("stack.tif", crs=None)),
        ):
            yield Case(f"{verb}-stack-{name}", command, spoil, ("stack.tif",))
    for value in (1e38, -3e38):
        spoil = raster("stack.tif", first_band(value))
        yield Case(f"train-band-{value}", TRAIN, spoil, ("stack.tif", "band red", "nodata"))
    for name, value in (("seven", 7), ("missing", NAN)):
        spoil = raster("stack.tif", label(value))
        yield Case(f"patches-label-{name}", "patches stack.tif -o new.gpkg --size 16", spoil,
                   ("stack.tif",))  # fmt: skip
    for value in (2, -1, INFINITE, NAN):
        spoil = raster("map.tif", lambda bands, value=value: np.full_like(bands, value))
        yield Case(f"evaluate-map-{value}", EVALUATE, spoil, ("map.tif",))
    for name, spoil in (
        ("tag", raster("map.tif", tags={"THRESHOLD": "high"})),
        ("tag-nan", raster("map.tif", tags={"THRESHOLD": "nan"})),
        ("cut", cut("map.tif")),
        ("place", raster("map.tif", transform=place["nan"])),
    ):
        yield Case(f"evaluate-map-{name}", EVALUATE, spoil, ("map.tif",))


def inventories():
    """Polygons that are none."""
    nan = [(NAN, 699500), *BOX[1:4], (NAN, 699500)]
    infinite = [(INFINITE, 699500), *BOX[1:4], (INFINITE, 699500)]
    command = f"{EVALUATE} --inventory slides.gpkg"
    for name, feature in (
        ("nan", polygon(nan)),
        ("infinite", polygon(infinite)),
        ("far", polygon([(1e300 * x, 1e300 * y) for x, y in BOX])),
        ("point", "POINT (400100 699500)"),
        ("line", "LINESTRING (400100 699500, 400200 699600)"),
    ):
        for verb, each in (("evaluate", command), ("stack", STACK)):
            spoil = inventory("slides.gpkg", feature)
            yield Case(f"{verb}-inventory-{name}", each, spoil, ("slides.gpkg",))
    for name, spoil in (("text", content("slides.gpkg", "x")), ("cut", cut("slides.gpkg"))):
        yield Case(f"evaluate-inventory-{name}", command, spoil, ("slides.gpkg",))
    for name, text in (("deep", "[" * 100_000), ("empty", ""), ("list", "[]")):
        spoil = content("slides.geojson", text)
        yield Case(f"evaluate-geojson-{name}", command.replace("gpkg", "geojson"), spoil,
                   ("slides.geojson",))  # fmt: skip
    spoil = inventory("area.gpkg", polygon(nan))
    yield Case("evaluate-surveyed", f"{command} --surveyed area.gpkg", spoil, ("area.gpkg",))


def chips():
    """Chips that say more than they hold: bounds come before bytes."""
    for part in ("images", "masks"):
        path = f"chips_png/{part}/chip0.png"
        for name, data in (
            ("60000", png(60_000, 60_000)),
            ("2^31", png(2**31 - 1, 2**31 - 1)),
            ("0", png(0, 0)),
            ("text", b"x"),
        ):
            yield Case(f"png-{part}-{name}", "train chips_png.toml -o new", content(path, data),
                       (path,))  # fmt: skip
        path = f"chips_npy/{part}/chip0.npy"
        for name, data in (
            ("huge", npy("(200000, 200000, 3)")),
            ("negative", npy("(-5, 5, 3)")),
            ("both-negative", npy("(-1, -1, 3)")),
            ("absurd", npy(f"({E30}, 1, 1)")),
            ("zero", npy("(0, 0, 3)")),
            ("text", npy("('a', 3)")),
            ("objects", npy("(2,)", "|O")),
            ("complex", npy("(16, 16, 3)", "<c8", bytes(6144))),
            ("cut", npy("(16, 16, 3)")),
        ):
            yield Case(f"npy-{part}-{name}", "train chips_npy.toml -o new", content(path, data),
                       (path,))  # fmt: skip
    path = "chips_npy/images/chip0.npy"
    full = np.full((16, 16, 3), 1e38, "<f4").tobytes()
    huge = npy("(16, 16, 3)", body=full)
    yield Case("npy-1e38", "train chips_npy.toml -o new", both(content(path, huge), content(
        path.replace("0", "1"), huge)), ("chips_npy", "band red"))  # fmt: skip
    path = "chips_h5/images/chip0.h5"
    for name, write in (
        ("200000", lambda file: file.create_dataset(
            "img", (200_000, 200_000, 3), "f4", chunks=(1000, 1000, 3))),
        ("zero", lambda file: file.create_dataset("img", (0, 0, 3), "f4")),
        ("group", lambda file: file.create_group("img")),
        ("link", lambda file: file.__setitem__("img", h5py.ExternalLink("/etc/hosts", "x"))),
        ("no-key", lambda file: file.create_group("zzz")),
    ):  # fmt: skip
        yield Case(f"h5-{name}", "train chips_h5.toml -o new", hdf5(path, write), (path,))


def recipes():
    """Scene recipes, and outputs that cannot be."""
    for name, old, new in (
        ("resolution-nan", "resolution = 10.0", "resolution = nan"),
        ("resolution-tiny", "resolution = 10.0", "resolution = 1e-30"),
        ("resolution-digits", "resolution = 10.0", "resolution = " + "9" * 5000),
        (
            "bounds-1e300",
            "resolution = 10.0",
            "resolution = 10.0\nbounds = [0.0, 0.0, 1e300, 1e300]",
        ),
        ("bounds-1e9", "resolution = 10.0", "resolution = 10.0\nbounds = [0.0, 0.0, 1e9, 1e9]"),
        ("crs", "EPSG:32618", "EPSG:99999999"),
        ("band-1e20", "red = 1", f"red = {E20}"),
        ("scale-1e300", "bands = {", "scale = 1e300\nbands = {"),
        ("path-long", "optical.tif", "a" * 5000),
        ("path-nul", "optical.tif", "a\\u0000b"),
        ("nested", 'name = "here"', "name = " + "[" * 100_000),
        ("name", 'name = "here"', "name = 3"),
    ):
        yield Case(f"recipe-{name}", STACK, swap("recipe.toml", old, new), ())
    for name, command in (
        ("long", "patches stack.tif -o " + "a" * 5000),
        ("device", "patches stack.tif -o /dev/full"),
        ("file", "evaluate --probability map.tif --stack stack.tif -o stack.tif"),
        ("input", "stack recipe.toml -o dem.tif"),
        ("system", "stack recipe.toml -o /proc/x.tif"),
    ):
        yield Case(f"output-{name}", command, nothing, ())


def notes():
    """Bundles, audits and tables of patches."""
    for damage, spoil in each_damage("bundle/bundle.json"):
        yield Case(
            f"bundle-{damage}", "check bundle stack.tif -o out", spoil, ("bundle.json", "export")
        )
    for key, value in (("halo_px", 10**6), ("stride_px", 0), ("threshold", "0.5"), ("bands", None)):
        spoil = entry("bundle/bundle.json", key, value)
        yield Case(f"bundle-{key}", "check bundle stack.tif -o out", spoil, (f"'{key}'", "export"))
    command = f"{EVALUATE} --audit audit.json"
    for damage, spoil in each_damage("audit.json"):
        yield Case(f"audit-{damage}", command, spoil, ("audit.json", "writes one"))
    for key, value in (("basins", [1]), ("basins.here.gap.f1", "x"), ("basins.here.gap.f1", 1e300),
                       ("basins.here.gap.interval", [1])):  # fmt: skip
        spoil = entry("audit.json", key, value)
        yield Case(f"audit-{key}-{value}", command, spoil, ("audit.json", "writes one"))
    for name, spoil in (("text", content("patches.gpkg", "x")), ("cut", cut("patches.gpkg"))):
        yield Case(f"patches-{name}", TRAIN, spoil, ("patches.gpkg",))


CASES = [
    *run_files(),
    *options(),
    *rasters(),
    *inventories(),
    *chips(),
    *recipes(),
    *notes(),
]


def test_there_are_many():
    assert len(CASES) >= 150
    assert len({case.name for case in CASES}) == len(CASES)


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
    # Cut patches and decoded chips lie beside what they come from, for the next run.
    return {
        path.relative_to(folder): hashlib.md5(path.read_bytes()).digest() if path.is_file() else b""
        for path in folder.rglob("*")
        if not any("cache" in part for part in path.parts)
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


@pytest.mark.parametrize(
    ("feature", "words"),
    [
        (polygon(BOX[:4]), "rings were open, and are closed now"),
        ("TIN (((400100 699500 0, 400200 699500 0, 400200 699600 0, 400100 699500 0)))", ""),
        ("TRIANGLE ((400100 699500, 400200 699500, 400200 699600, 400100 699500))", ""),
    ],
)
def test_what_can_be_mended_is_used_and_said(feature, words, places, monkeypatch, capsys):
    world, fine = places
    shutil.rmtree(world)
    shutil.copytree(fine, world)
    monkeypatch.chdir(world)
    inventory("slides.gpkg", feature)(world)
    main(f"{EVALUATE} --inventory slides.gpkg".split())
    said = capsys.readouterr()
    assert words in said.err and bool(words) == bool(said.err)
    assert "of 1 found" in said.out
