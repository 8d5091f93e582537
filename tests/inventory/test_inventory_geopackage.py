import resource
from contextlib import contextmanager
from importlib import resources
from xml.etree import ElementTree

import pytest
import shapely
from osgeo import gdal

from keras_landslide.errors import CrsError, OutputError
from keras_landslide.inventory.geopackage import Layer, write_layer

LAYER = Layer("things", "Polygon", {"name": "str", "value": "float", "many": "int64", "ok": "bool"})
SQUARE = shapely.to_wkb(shapely.box(0, 0, 1, 1))


@contextmanager
def file_size_limit(limit):
    """What a full disk does, without filling one."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_values_null_and_metadata_come_back(tmp_path):
    path = tmp_path / "things.gpkg"
    rows = [(SQUARE, ["a", None, 2**40, 1]), (SQUARE, [None, 0.5, 0, 0])]
    assert write_layer(path, LAYER, "EPSG:32618", rows, {"made": "by hand"}) == 2
    gdal.UseExceptions()
    dataset = gdal.OpenEx(str(path))
    layer = dataset.GetLayerByName("things")
    assert layer.GetSpatialRef().GetAuthorityCode(None) == "32618"
    assert layer.GetMetadata() == {"made": "by hand"}
    assert [[f[n] for n in LAYER.fields] for f in layer] == [
        ["a", None, 2**40, True],
        [None, 0.5, 0, False],
    ]


def test_a_full_disk_leaves_the_old_file(tmp_path):
    path = tmp_path / "things.gpkg"
    write_layer(path, LAYER, "EPSG:32618", [])
    before = path.read_bytes()
    with file_size_limit(50_000), pytest.raises(OutputError, match=r"things\.gpkg: no space"):
        write_layer(path, LAYER, "EPSG:32618", [(SQUARE, ["a", 1.0, 1, 1])])
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["things.gpkg"]


def test_a_crs_that_is_none_is_named(tmp_path):
    with pytest.raises(CrsError, match="'nonsense' is no coordinate reference system"):
        write_layer(tmp_path / "x.gpkg", LAYER, "nonsense", [])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("package", "name", "attribute", "classes"),
    [
        ("keras_landslide.inventory", "landslides.qml", "mean_probability", "range"),
        ("keras_landslide.patches", "patches.qml", "split", "category"),
    ],
)
def test_styles_are_packaged_and_each_class_has_its_symbol(package, name, attribute, classes):
    text = resources.files(package).joinpath(name).read_text(encoding="utf-8")
    renderer = ElementTree.fromstring(text).find("renderer-v2")
    assert renderer.get("attr") == attribute
    wanted = {each.get("symbol") for each in renderer.iter(classes)}
    assert wanted == {each.get("name") for each in renderer.iter("symbol")}
