import pytest

from keras_landslide.errors import InputFileError, RecipeError
from keras_landslide.recipe import load_recipe

GOOD = '[[raster]]\npath = "a.tif"\nbands = { red = 1 }\n'


def write(tmp_path, text):
    path = tmp_path / "r.toml"
    path.write_text(text)
    return path


def test_defaults_and_paths(tmp_path):
    recipe = load_recipe(write(tmp_path, GOOD + '[dem]\npath = "d.tif"\ncurvature_factor = 100\n'))
    assert recipe.name == "r" and recipe.simulated is False
    assert recipe.resolve("a.tif") == tmp_path / "a.tif"
    assert recipe.dem.derive == ["elevation", "slope", "curvature"]
    assert recipe.dem.curvature_factor == 100.0


def test_root_of_the_recipe_and_of_the_caller(tmp_path):
    path = write(tmp_path, 'root = "data"\n' + GOOD)
    assert load_recipe(path).resolve("a.tif") == tmp_path / "data" / "a.tif"
    assert str(load_recipe(path, root="/x").resolve("a.tif")) == "/x/a.tif"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no raster"),
        (GOOD + "resampeling = 'mode'", "unknown key 'resampeling'"),
        (GOOD + "resampling = 'best'", "choose from: nearest"),
        (GOOD + "scale = '2'", "should be a number"),
        ('[[raster]]\npath = "a.tif"\n', "lacks the key 'bands'"),
        ('[[raster]]\npath = "a.tif"\nbands = {red = "1"}\n', "should be a whole number"),
        ('[[raster]]\npath = "a.tif"\nbands = [1]\n', "should be a dict"),
        ('[raster]\npath = "a.tif"\nbands = {red = 1}\n', "two brackets"),
        (GOOD + "[dem]\npath='d'\nderive=['slop']", "derive = 'slop'"),
        (GOOD + "[[sar]]\npath='d'\nband='vv_pre'\ninput='dB'", "input = 'dB'"),
        (GOOD + "[[sar]]\npath='d'\nband='vv_pre'\nwindow=4", "odd"),
        (GOOD + "[[sar]]\npath='d'\nband='../escaped'", "is no name for a band"),
        (GOOD.replace("red", "'/etc/red'"), "is no name for a band"),
        (GOOD + "[inventory]\nlayer='x'", "path .polygons. or raster"),
        (GOOD + "[inventory]\nraster='a.tif'\nsurveyed='b.gpkg'", "surveyed goes with polygons"),
        (GOOD + "[grid]\nlike='a.tif'\nresolution=3", "leave the other keys out"),
        (GOOD + "[grid]\nbounds=[1, 2, 3]", "left, bottom, right, top"),
        (GOOD + "[grid]\nbounds=[3, 2, 1, 4]", "left < right"),
        (GOOD + "[grid]\nbounds=[nan, 2, 3, 4]", "left < right"),
        (GOOD + "[grid]\nresolution=0", "greater than 0"),
        (GOOD + "[grid]\nresolution=nan", "greater than 0"),
        (GOOD + "[grid]\nresolution=inf", "greater than 0"),
        (GOOD + "scale = 0", "scale should be finite and not 0"),
        (GOOD + "offset = nan", "offset finite"),
        ('[[raster]]\npath = "a.tif"\nbands = {"" = 1}\n', "names no band"),
        (GOOD + "[dem]\npath='d'\nderive=[]", "derive names no band"),
        (GOOD + "[dem]\npath='d'\ncurvature_factor=0", "curvature_factor should be"),
        (GOOD + "[[sar]]\npath='d'\nband=''", "names no band"),
        (GOOD + "[[sar]]\npath='d'\nband='vv_pre'\nlooks=nan", "looks > 0"),
        ("name = 3\n" + GOOD, "name = 3 should be text"),
        ("root = 3\n" + GOOD, "root = 3 should be text"),
        ("simulated = 1\n" + GOOD, "true or false"),
        ("grids = 1\n" + GOOD, "unknown key 'grids'"),
        ("grid = 1\n" + GOOD, "expected a table"),
        ("a = [", "not valid TOML"),
    ],
)
def test_mistakes_are_named(tmp_path, text, message):
    with pytest.raises(RecipeError, match=message) as caught:
        load_recipe(write(tmp_path, text))
    assert "r.toml" in str(caught.value) and "\n" not in str(caught.value)


def test_missing_recipe(tmp_path):
    with pytest.raises(InputFileError, match=r"none\.toml"):
        load_recipe(tmp_path / "none.toml")


def test_a_byte_order_mark_is_no_part_of_the_recipe(tmp_path):
    path = tmp_path / "r.toml"
    path.write_text(GOOD, encoding="utf-8-sig")
    assert load_recipe(path).text == GOOD


def test_files_of_a_recipe(tmp_path):
    more = "[dem]\npath='d.tif'\n[inventory]\npath='i.gpkg'\nsurveyed='s.gpkg'\n"
    recipe = load_recipe(write(tmp_path, GOOD + more))
    names = ["a.tif", "d.tif", "i.gpkg", "s.gpkg"]
    assert recipe.files == [tmp_path / name for name in names]
